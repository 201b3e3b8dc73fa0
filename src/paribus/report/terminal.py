"""How text reaches a terminal: without control characters, and in ASCII where the terminal knows no more."""

import re
import unicodedata

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P^_X][^\x07\x1b]*(\x07|\x1b\\)?|\x1b.?", re.DOTALL)

_ASCII = str.maketrans(
    "×÷−–…·•→⌊⌋⌈⌉│─├┤┼●○░≈",
    "x/--..*>[][]|-[]+oo:~",
)
"""One sign for one, so that columns stay where they are."""


def as_ascii(text: str) -> str:
    """A text in ASCII: signs by the nearest ones, letters without their accents, else a question mark."""
    plain = unicodedata.normalize("NFKD", text.translate(_ASCII))
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return letters.encode("ascii", "replace").decode("ascii")


def clean(text: str) -> str:
    """Foreign text on one line, without escape sequences, control characters and changes of direction."""
    without = _ESCAPE.sub("", text)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in without).split())


def said(text: str, style: str = "") -> Text:
    """Foreign text as it is to appear: cleaned, and never read as markup."""
    return Text(clean(text), style=style)


class Legible:
    """Something rendered in signs that the console's encoding has.

    Args:
        content: What to render.
    """

    def __init__(self, content: RenderableType) -> None:
        self.content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not options.ascii_only:
            yield self.content
            return
        for segment in console.render(self.content, options):
            text = segment.text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
            yield Segment(text, segment.style, segment.control)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.content)
