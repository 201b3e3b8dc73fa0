"""A drawing as a PNG file: the few kinds of elements that looks are made of, painted with Pillow.

Only what `look_figure` draws is known here: rectangles, lines, frames, texts, embedded pictures, groups that
are moved. The colours are those of the light theme.
"""

import base64
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageColor, ImageDraw, ImageFont

from paribus.report.charts.svg import Drawing, Element
from paribus.report.charts.theme import LIGHT
from paribus.report.terminal import as_ascii

_NO_SIGN = "\U0010ffff"

_MOVE = re.compile(r"translate\((-?[\d.]+) (-?[\d.]+)\)")
_FRAME = re.compile(r"M(-?[\d.]+) (-?[\d.]+)h(-?[\d.]+)v(-?[\d.]+)h-?[\d.]+z")
_SIZES = {"small": 12.0, "strong": 13.0}

FONTS = (
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
    ("Arial.ttf", "Arial Bold.ttf"),
    ("segoeui.ttf", "segoeuib.ttf"),
)
"""Regular and bold form of the fonts that are looked for."""

Colour = tuple[int, int, int, int]


def png_file(drawing: Drawing, *, scale: int = 2) -> bytes:
    """A drawing as the bytes of a PNG file.

    Args:
        drawing: What to paint.
        scale: Pixels of the file for a unit of the drawing.
    """
    canvas = _Canvas(drawing, scale)
    for element in drawing.elements:
        canvas.paint(element, 0.0, 0.0)
    file = io.BytesIO()
    canvas.image.convert("RGB").save(file, format="PNG")
    return file.getvalue()


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class _Face:
    """A font; where it has no bold form, a stroke around its signs makes one."""

    font: ImageFont.FreeTypeFont | ImageFont.ImageFont
    stroke: float = 0.0


@cache
def _face(size: float, *, bold: bool) -> _Face:
    """The first of `FONTS` that this machine has, else the small one that comes with Pillow."""
    for names in FONTS:
        with suppress(OSError):
            return _Face(ImageFont.truetype(names[bold], size))
    return _Face(ImageFont.load_default(size), stroke=round(size / 36) if bold else 0.0)


@cache
def _has(face: _Face, sign: str) -> bool:
    """Whether a font has a sign, and not only the box that stands for those it has not."""
    return sign.isascii() or bytes(face.font.getmask(sign)) != bytes(face.font.getmask(_NO_SIGN))


class _Canvas:
    def __init__(self, drawing: Drawing, scale: int) -> None:
        size = (round(drawing.width * scale), round(drawing.height * scale))
        self.image = Image.new("RGBA", size, LIGHT["surface"])
        self._scale = scale

    def paint(self, element: Element, x: float, y: float) -> None:
        """Paint an element whose group stands at a place."""
        match element.tag:
            case "g":
                moved = _MOVE.fullmatch(element.get("transform", ""))
                right, down = (float(moved[1]), float(moved[2])) if moved else (0.0, 0.0)
                for child in element:
                    self.paint(child, x + right, y + down)
            case "rect":
                self._rectangle(element, _box(element, x, y))
            case "image":
                self._picture(element, _box(element, x, y))
            case "path":
                for frame in _FRAME.finditer(element.get("d", "")):
                    left, top, width, height = (float(frame[number]) for number in range(1, 5))
                    self._rectangle(element, _Box(x + left, y + top, width, height))
            case "line":
                ends = [
                    (x if name[0] == "x" else y) + float(element.get(name, "0"))
                    for name in ("x1", "y1", "x2", "y2")
                ]
                self._line(ends, _stroke(element), _width(element))
            case "text":
                self._text(element, x, y)

    def _rectangle(self, element: Element, box: _Box) -> None:
        edges = [
            round(value * self._scale) for value in (box.x, box.y, box.x + box.width, box.y + box.height)
        ]
        if edges[2] <= edges[0] or edges[3] <= edges[1]:
            return
        layer = Image.new("RGBA", (edges[2] - edges[0], edges[3] - edges[1]))
        pen = ImageDraw.Draw(layer)
        fill, width = _fill(element), _width(element)
        outline = _stroke(element) if width else None
        pen.rectangle(
            (0, 0, layer.width - 1, layer.height - 1),
            fill=fill,
            outline=outline,
            width=round(width * self._scale),
        )
        self.image.alpha_composite(layer, *_clipped(edges[0], edges[1]))

    def _picture(self, element: Element, box: _Box) -> None:
        encoded = element.get("href", "").partition("base64,")[2]
        with Image.open(io.BytesIO(base64.b64decode(encoded))) as opened:
            shown = opened.convert("RGBA")
        size = (max(1, round(box.width * self._scale)), max(1, round(box.height * self._scale)))
        place = _clipped(round(box.x * self._scale), round(box.y * self._scale))
        self.image.alpha_composite(shown.resize(size, Image.Resampling.NEAREST), *place)

    def _line(self, ends: list[float], colour: Colour, width: float) -> None:
        ImageDraw.Draw(self.image).line(
            [value * self._scale for value in ends], fill=colour, width=max(1, round(width * self._scale))
        )

    def _text(self, element: Element, x: float, y: float) -> None:
        classes = element.get("class", "").split()
        size = next((float(name[1:]) for name in classes if re.fullmatch(r"n\d+", name)), 0.0)
        size = size or next((_SIZES[name] for name in classes if name in _SIZES), 13.0)
        anchor = {"middle": "ms", "end": "rs"}.get(element.get("text-anchor", ""), "ls")
        place = (
            (x + float(element.get("x", "0"))) * self._scale,
            (y + float(element.get("y", "0"))) * self._scale,
        )
        colour = LIGHT["muted" if "muted" in classes else "ink"]
        face = _face(size * self._scale, bold="strong" in classes)
        content = element.text or ""
        ImageDraw.Draw(self.image).text(
            place,
            content if all(_has(face, sign) for sign in content) else as_ascii(content),
            fill=colour,
            font=face.font,
            anchor=anchor,
            stroke_width=face.stroke,
        )


def _box(element: Element, x: float, y: float) -> _Box:
    left, top, width, height = (float(element.get(name, "0")) for name in ("x", "y", "width", "height"))
    return _Box(x + left, y + top, width, height)


def _clipped(left: int, top: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where a layer goes, and where it begins, if it begins outside of the picture."""
    return (max(left, 0), max(top, 0)), (max(-left, 0), max(-top, 0))


def _named(element: Element) -> Iterator[str]:
    """The colours that an element's classes name."""
    for name in element.get("class", "").split():
        if name in LIGHT:
            yield name
        elif name == "grid":
            yield "rule"


def _fill(element: Element) -> Colour | None:
    if "open" in element.get("class", "").split():
        return None
    name = next(_named(element), None)
    if name is None:
        return None
    red, green, blue = ImageColor.getrgb(LIGHT[name])[:3]
    return red, green, blue, round(255 * float(element.get("fill-opacity", "1")))


def _stroke(element: Element) -> Colour:
    red, green, blue = ImageColor.getrgb(LIGHT[next(_named(element), "ink")])[:3]
    return red, green, blue, 255


def _width(element: Element) -> float:
    return float(element.get("stroke-width", "1"))
