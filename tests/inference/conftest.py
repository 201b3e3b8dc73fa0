"""Nets, trained once a session through paribus itself, and digits drawn as a person would draw them.

The strokes of the digits are written down once, in a square from (0, 0) top left to (1, 1), as points and
arcs, never from a font; they were not changed after any net had seen them. What varies is the pen, the paper,
place, size and slant.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image, ImageDraw

from paribus import api, data
from paribus.spec import Study

QUICK = {
    "protocol.iterations": "400",
    "protocol.evaluate_every": "400",
    "protocol.learning_rate": "0.1",
    "protocol.momentum": "0.9",
    "protocol.schedule": "one-cycle",
    "decision.max_rounds": "3",
}
"""Two thirds of an epoch of mnist-pooling in three seeds: enough for about 98 %."""

Point = tuple[float, float]
Stroke = list[Point]
Color = tuple[int, int, int]


def arc(centre: Point, radii: Point, start: float, end: float) -> Stroke:
    """Points along an ellipse; degrees clockwise from three o'clock, as in Pillow."""
    angles = np.linspace(math.radians(start), math.radians(end), 40)
    return [(centre[0] + radii[0] * math.cos(a), centre[1] + radii[1] * math.sin(a)) for a in angles]


DIGITS: dict[int, list[Stroke]] = {
    0: [arc((0.5, 0.5), (0.3, 0.46), -80, 285)],
    1: [[(0.34, 0.24), (0.54, 0.04), (0.52, 0.96)]],
    2: [[*arc((0.48, 0.28), (0.27, 0.24), 195, 390), (0.5, 0.66), (0.2, 0.94)], [(0.2, 0.94), (0.82, 0.92)]],
    3: [
        [*arc((0.46, 0.27), (0.26, 0.22), 200, 440), (0.44, 0.49)],
        arc((0.46, 0.71), (0.29, 0.24), 270, 510),
    ],
    4: [[(0.56, 0.05), (0.18, 0.6), (0.84, 0.6)], [(0.64, 0.36), (0.62, 0.96)]],
    5: [
        [(0.76, 0.06), (0.32, 0.08), (0.28, 0.44), *arc((0.46, 0.66), (0.3, 0.27), 235, 500)],
    ],
    6: [[(0.64, 0.05), (0.42, 0.2), (0.27, 0.48), *arc((0.5, 0.7), (0.25, 0.24), 170, 535)]],
    7: [[(0.2, 0.08), (0.8, 0.07), (0.58, 0.48), (0.44, 0.96)]],
    8: [[*arc((0.5, 0.27), (0.22, 0.21), 90, 450), *arc((0.5, 0.72), (0.27, 0.24), 270, 630)]],
    9: [[*arc((0.5, 0.3), (0.24, 0.24), -10, -350), (0.74, 0.26), (0.7, 0.6), (0.58, 0.95)]],
}


@dataclass(frozen=True)
class Sheet:
    """A sheet of paper and a pen.

    Attributes:
        size: Width and height, pixels.
        paper: Colour of the paper, or of a gradient's left and right side, or None if it is transparent.
        ink: Colour of the pen.
        pen: Width of the stroke as a share of the digit's height.
        height: Height of the digit, pixels.
        at: Left and top of the digit, pixels.
        slant: Rotation, degrees clockwise.
        noise: Standard deviation of the paper's grain, of 255.
    """

    size: tuple[int, int]
    paper: Color | tuple[Color, Color] | None
    ink: Color
    pen: float
    height: int
    at: tuple[int, int]
    slant: float = 0.0
    noise: float = 0.0


def draw(digit: int, sheet: Sheet, seed: int = 0) -> Image.Image:
    """A digit on a sheet, drawn at four times the size and reduced, so that its edges are soft."""
    fine = 4
    width, height = sheet.size
    mask = Image.new("L", (width * fine, height * fine), 0)
    pen = ImageDraw.Draw(mask)
    for stroke in DIGITS[digit]:
        points = [_placed(point, sheet, fine) for point in stroke]
        radius = max(sheet.pen * sheet.height * fine / 2, 1.0)
        pen.line(points, fill=255, width=max(round(2 * radius), 1), joint="curve")
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    cover = mask.resize(sheet.size, Image.Resampling.BOX)
    if sheet.paper is None:
        strokes = Image.new("RGBA", sheet.size, (*sheet.ink, 0))
        strokes.putalpha(cover)
        return strokes
    picture = _paper(sheet, seed)
    picture.paste(sheet.ink, (0, 0, width, height), cover)
    return picture


def _placed(point: Point, sheet: Sheet, fine: int) -> Point:
    x, y = (0.8 * (point[0] - 0.5), point[1] - 0.5)
    turn = math.radians(sheet.slant)
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    left, top = sheet.at
    return ((left + (x + 0.5) * sheet.height) * fine, (top + (y + 0.5) * sheet.height) * fine)


def _paper(sheet: Sheet, seed: int) -> Image.Image:
    width, height = sheet.size
    assert sheet.paper is not None
    ends = sheet.paper if isinstance(sheet.paper[0], tuple) else (sheet.paper, sheet.paper)
    share = np.linspace(0, 1, width)[np.newaxis, :, np.newaxis]
    pixels = np.asarray(ends[0]) * (1 - share) + np.asarray(ends[1]) * share
    pixels = np.repeat(pixels, height, axis=0)
    pixels = pixels + np.random.default_rng(seed).normal(0, sheet.noise, (height, width, 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


WHITE, BLACK, BLUE, RED = (255, 255, 255), (0, 0, 0), (30, 50, 160), (190, 30, 30)

SHEETS: list[Sheet] = [
    Sheet((280, 280), WHITE, BLACK, 0.09, 200, (40, 40)),
    Sheet((600, 400), WHITE, BLACK, 0.05, 180, (380, 40)),
    Sheet((600, 400), (250, 248, 240), BLUE, 0.07, 300, (60, 60), noise=3),
    Sheet((300, 300), (235, 220, 150), RED, 0.1, 190, (20, 80)),
    Sheet((280, 280), None, BLACK, 0.09, 210, (35, 35)),
    Sheet((280, 280), None, WHITE, 0.08, 200, (70, 20)),
    Sheet((400, 400), WHITE, (20, 20, 20), 0.16, 260, (70, 70)),
    Sheet((400, 400), WHITE, (60, 60, 60), 0.03, 260, (70, 70)),
    Sheet((320, 320), WHITE, BLACK, 0.09, 220, (50, 50), slant=10),
    Sheet((320, 320), (255, 252, 246), BLUE, 0.08, 220, (50, 50), slant=-10),
    Sheet((500, 350), ((255, 255, 255), (150, 150, 150)), (25, 25, 25), 0.07, 240, (120, 50)),
    Sheet((500, 350), ((120, 110, 100), (245, 240, 225)), (20, 25, 60), 0.08, 230, (30, 80), noise=4),
    Sheet((280, 280), BLACK, WHITE, 0.09, 200, (40, 40)),
    Sheet((300, 200), (40, 90, 60), (240, 240, 235), 0.08, 150, (110, 20), noise=4),
    Sheet((96, 96), WHITE, BLACK, 0.1, 70, (10, 14)),
    Sheet((48, 64), (245, 245, 245), (40, 40, 40), 0.1, 40, (4, 12)),
    Sheet((640, 480), (90, 130, 200), (250, 230, 60), 0.08, 330, (250, 90)),
    Sheet((450, 600), (255, 255, 255), (0, 120, 60), 0.06, 280, (30, 280), slant=7, noise=2),
    Sheet((1200, 900), (240, 236, 228), (40, 40, 90), 0.06, 420, (650, 380), noise=5),
    Sheet((280, 280), (128, 128, 128), (30, 30, 30), 0.09, 200, (50, 30), slant=-6),
]
"""Twenty sheets; digit `n` is drawn on sheets `n` and `n + 10`."""


@pytest.fixture(scope="session")
def twenty() -> list[tuple[int, Image.Image]]:
    """Each digit twice, on twenty sheets."""
    return [(number % 10, draw(number % 10, sheet, seed=number)) for number, sheet in enumerate(SHEETS)]


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Image.Image]:
    """Draws a digit: black on white in the middle of 280 × 280 pixels, unless fields of `Sheet` say other."""

    def draw_it(digit: int, **fields: Any) -> Image.Image:  # noqa: ANN401 - any field of a sheet
        return draw(digit, replace(SHEETS[0], **fields))

    return draw_it


@dataclass(frozen=True)
class Trained:
    """Quickly trained nets of mnist-pooling: three variants, three seeds.

    Attributes:
        store: Their store.
        study: The study as it was run.
        overrides: What it was run with.
    """

    store: Path
    study: Study
    overrides: dict[str, str]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, mnist: data.Dataset) -> Trained:
    """The nets, trained once for all worker processes of the session."""
    assert len(mnist.test) == 10_000
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    study = api.read("mnist-pooling", QUICK)
    with FileLock(folder / "trained.lock"):
        api.run(study, store=folder / "trained")
    return Trained(folder / "trained", study, QUICK)
