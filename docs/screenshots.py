"""Takes the pictures of README and docs/page.md from a study that was really trained.

    paribus run mnist-pooling
    python -m docs.screenshots --store paribus-store

The pictures are written to docs/pictures, light and dark, with few enough colours to stay small. The page is
served as `paribus serve` does it, and looked at by the browser that the tests use.
"""

import argparse
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from tests.page.browser import bring

from paribus import api
from paribus.spec import study_digest

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

PICTURES = Path(__file__).parent / "pictures"
STUDY = "mnist-pooling"

COLOURS = 256
"""Colours of a picture: text on paper, charts and shades need no more."""

SEVEN = ((76, 70), (205, 64), (168, 130), (128, 226))
"""The stroke that is drawn, in pixels of the paper."""


@dataclass(frozen=True)
class Shot:
    """A picture.

    Attributes:
        name: Stem of its files.
        path: What comes after the address of the study's page; of the report, its file.
        size: Of the window, CSS pixels.
        prepare: What is done before the picture is taken.
    """

    name: str
    path: str
    size: tuple[int, int]
    prepare: Callable[[Page], None]


def take(
    browser: Browser,
    store: Path,
    folder: Path,
    *,
    study: str = STUDY,
    themes: Sequence[Theme] = THEMES,
    shots: "Sequence[Shot] | None" = None,
) -> list[Path]:
    """Take pictures.

    Args:
        browser: What looks at the page.
        store: Where the study was run.
        folder: Where the pictures go; they replace earlier ones.
        study: The study: a file or a built-in one.
        themes: Light, dark or both.
        shots: Which pictures; all of `SHOTS` when left out.

    Returns:
        The pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with tempfile.TemporaryDirectory() as aside, _served(store, study) as address:
        (report,) = api.report(study, Path(aside) / "report.html", store=store)
        for theme in themes:
            for shot in SHOTS if shots is None else shots:
                at = report.as_uri() if shot.path == "report" else f"{address}{shot.path}"
                path = folder / f"{shot.name}-{theme}.png"
                path.write_bytes(_small(_picture(browser, shot, at, theme)))
                written.append(path)
    return written


def _picture(browser: Browser, shot: Shot, address: str, theme: Theme) -> bytes:
    width, height = shot.size
    context = browser.new_context(viewport=ViewportSize(width=width, height=height), color_scheme=theme)
    try:
        page = context.new_page()
        page.goto(address)
        shot.prepare(page)
        return page.screenshot(animations="disabled")
    finally:
        context.close()


def _small(content: bytes) -> bytes:
    """A picture with few colours, which takes a fraction of the bytes."""
    with Image.open(io.BytesIO(content)) as picture:
        few = picture.convert("RGB").quantize(
            COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
    file = io.BytesIO()
    few.save(file, format="PNG", optimize=True)
    return file.getvalue()


def _nothing(_page: Page) -> None:
    pass


def _drawn(page: Page) -> None:
    """A seven drawn on the paper, and one value of a feature map pointed at."""
    box = page.locator("#paper").bounding_box()
    assert box is not None, "the page has no paper to draw on"
    (x, y), *rest = SEVEN
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
    page.mouse.up()
    expect(page.locator(".seen figcaption")).to_contain_text("Your drawing")
    expect(page.locator("[aria-busy]")).to_have_count(0)
    page.locator("h1").evaluate("heading => heading.scrollIntoView()")
    page.mouse.move(0, 0)


def _drawn_and_said(page: Page) -> None:
    """A seven drawn on the paper, and what the nets say of it."""
    _drawn(page)
    page.locator("#seen").evaluate("seen => seen.scrollIntoView()")


def _to(identity: str) -> Callable[[Page], None]:
    def scroll(page: Page) -> None:
        page.locator(f"#{identity}").evaluate("section => section.scrollIntoView()")

    return scroll


SHOTS = (
    Shot("study", "", (1240, 860), _nothing),
    Shot("curves", "", (1240, 1030), _to("intervals")),
    Shot("look", "/look", (1240, 1500), _drawn),
    Shot("lesson", "/lesson", (1240, 900), _to("convolution")),
    Shot("report-phone", "report", (360, 780), _nothing),
    Shot("intervals-phone", "report", (360, 780), _to("intervals")),
    Shot("look-phone", "/look", (360, 780), _drawn_and_said),
)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=bring(), args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _served(store: Path, study: str) -> Iterator[str]:
    """The address of the study's page, served by a process of its own."""
    command = [sys.executable, "-m", "paribus", "serve", study, "--store", str(store), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None, "it was asked for"
        line = process.stderr.readline()
        found = re.search(r"http://[^/]+", line)
        if found is None:
            raise SystemExit(f"the page is not served: {line}")
        yield f"{found[0]}/study/{_slug(study)}"
    finally:
        process.terminate()
        process.wait()


def _slug(study: str) -> str:
    read = api.read(study)
    return f"{read.name}-{study_digest(read)[:10]}"


def main() -> None:
    """Take the pictures and say how large they are."""
    parser = argparse.ArgumentParser(prog="python -m docs.screenshots", description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, default=Path("paribus-store"), help="where the study was run")
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder of the pictures")
    options = parser.parse_args()
    with _browser() as browser:
        written = take(browser, options.store, options.out)
    for path in written:
        sys.stdout.write(f"{path} {path.stat().st_size / 1000:.0f} kB\n")
    sys.stdout.write(f"{sum(path.stat().st_size for path in written) / 1000:.0f} kB together\n")


if __name__ == "__main__":
    main()
