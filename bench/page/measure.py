"""Times of the page: of its answers over HTTP, and as a reader has them, in a browser."""

import io
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
from bench.page.stores import MadeStore
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

INDEX_MS, STUDY_MS, DIGIT_MS = 200.0, 500.0, 300.0
"""The bars: the list of studies, a study with sixty runs, a drawn digit and three variants of five seeds."""

_NOTE_TIME = """() => {
  const shown = document.getElementById("shown");
  let began = 0;
  addEventListener("pointerup", () => { began = performance.now(); }, { capture: true, once: true });
  new MutationObserver(() => {
    if (began && !shown.hasAttribute("aria-busy")) window.took = performance.now() - began;
  }).observe(shown, { attributes: true, attributeFilter: ["aria-busy"] });
}"""


@dataclass(frozen=True)
class Times:
    """How long something took, again and again.

    Attributes:
        what: What was asked for.
        where: ``HTTP``: until the answer is whole; ``browser``: until it stands on the page.
        bar: Milliseconds that it may take.
        each: Milliseconds of each time, the first one first.
    """

    what: str
    where: str
    bar: float
    each: tuple[float, ...]

    @property
    def first(self) -> float:
        """Of the first time, when nothing is remembered yet."""
        return self.each[0]

    @property
    def median(self) -> float:
        """Of all times."""
        return float(np.median(self.each))

    @property
    def least(self) -> float:
        """Of all times: what it takes where nothing else wants the machine."""
        return min(self.each)


def over_http(port: int, made: MadeStore, turns: int) -> Iterator[Times]:
    """Times of the server's answers; each turn draws another digit, so that none is remembered."""
    address = f"/study/{made.few_slug}/look/image?name=drawn"
    pictures = iter([_digit(turn) for turn in range(turns + 1)])
    _ask(port, "POST", address, next(pictures))  # loads torch and the nets, which happens once
    asks: tuple[tuple[str, float, Callable[[], None]], ...] = (
        ("list of studies", INDEX_MS, lambda: _ask(port, "GET", "/")),
        ("study of 60 runs", STUDY_MS, lambda: _ask(port, "GET", f"/study/{made.whole_slug}")),
        ("drawn digit, 3 × 5 nets", DIGIT_MS, lambda: _ask(port, "POST", address, next(pictures))),
    )
    for what, bar, ask in asks:
        yield Times(what, "HTTP", bar, tuple(_timed(ask) for _ in range(turns)))


def in_browser(page: Page, origin: str, made: MadeStore, turns: int) -> Iterator[Times]:
    """Times as a reader has them: until the page is loaded, and from the end of a stroke to the answers."""
    for what, bar, path in (
        ("list of studies", INDEX_MS, "/"),
        ("study of 60 runs", STUDY_MS, f"/study/{made.whole_slug}"),
    ):
        yield Times(what, "browser", bar, tuple(_loaded(page, origin + path) for _ in range(turns)))
    page.goto(f"{origin}/study/{made.few_slug}/look")
    expect(page.locator("#draw")).to_be_visible()
    each = tuple(_drawn(page, turn) for turn in range(turns))
    yield Times("drawn digit, 3 × 5 nets", "browser", DIGIT_MS, each)


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """The port of the page, served by a process of its own."""
    command = [sys.executable, "-m", "paribus", "serve", "--store", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None, "it was asked for"
        line = process.stderr.readline()
        found = re.search(r":(\d+)/", line)
        if found is None:
            raise RuntimeError(f"the page is not served: {line}")
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()


def _loaded(page: Page, address: str) -> float:
    page.goto(address)
    return float(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))


def _drawn(page: Page, turn: int) -> float:
    page.get_by_role("button", name="Clear").click()
    page.evaluate(_NOTE_TIME)
    box = page.locator("#paper").bounding_box()
    assert box is not None, "the page has no paper"
    page.mouse.move(box["x"] + 60, box["y"] + 60 + turn)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 60 + 2 * turn, steps=5)
    page.mouse.move(box["x"] + 120, box["y"] + 230 - turn, steps=5)
    page.mouse.up()
    expect(page.locator("[aria-busy]")).to_have_count(0)
    return float(page.evaluate("window.took"))


def _digit(turn: int) -> bytes:
    """A seven as the paper sends it, a little different each time."""
    paper = Image.new("L", (280, 280), 255)
    stroke = [(60, 60 + turn), (200, 60 + 2 * turn), (120, 230 - turn)]
    ImageDraw.Draw(paper).line(stroke, fill=0, width=20, joint="curve")
    file = io.BytesIO()
    paper.save(file, format="PNG")
    return file.getvalue()


def _timed(ask: Callable[[], None]) -> float:
    began = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - began)


def _ask(port: int, method: str, path: str, body: bytes | None = None) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
