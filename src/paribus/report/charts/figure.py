"""A chart with all that belongs to it: drawings for wide and narrow places, words, the table behind it."""

from dataclasses import dataclass

from paribus.report.charts.svg import Drawing, standalone
from paribus.report.tables import Table

WIDE = 760.0
"""Width of a drawing for a column of text on a screen."""

NARROW = 328.0
"""Width of a drawing for a telephone of 360 pixels."""


@dataclass(frozen=True)
class Figure:
    """A chart.

    Attributes:
        name: Stem of its files, unlike that of any other figure of a report.
        title: What it is called.
        description: Its text alternative: what it shows, with the numbers that matter.
        caption: How to read it.
        drawings: One that suits any width, or one for wide places and one for narrow ones.
        table: The values drawn.
    """

    name: str
    title: str
    description: str
    caption: str
    drawings: tuple[Drawing] | tuple[Drawing, Drawing]
    table: Table

    def svg_file(self) -> str:
        """The chart as the text of an SVG file."""
        return standalone(self.drawings[0], title=self.title, description=self.description)

    def __repr__(self) -> str:
        return f"Figure({self.title!r}: {self.description})"

    def _repr_svg_(self) -> str:
        return self.svg_file()
