"""Pictures of the lesson with what belongs to each: words, the numbers behind it, files to save."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from paribus.report.charts.figure import NARROW, WIDE
from paribus.report.charts.svg import Drawing, inline, standalone
from paribus.report.html.environment import data_link
from paribus.report.look_cells import full
from paribus.report.tables import Cell, Number, Table, as_csv, count_cell

MOST_ROWS = 100
"""Rows of a table that stand in the page; a longer one is only saved."""

Draw = Callable[[float], Drawing]
"""From a width to a drawing."""


@dataclass(frozen=True)
class Picture:
    """A drawing of the lesson, as the template takes it.

    Attributes:
        name: Stem of its files.
        drawings: For wide and narrow places, or one for both.
        caption: How to read it.
        table: The numbers drawn.
        shown: Whether the table stands in the page too: one of many rows is only saved.
        csv: Where the table is as a file.
        svg: Where the drawing is as a file.
    """

    name: str
    drawings: tuple[Markup, ...]
    caption: str
    table: Table
    shown: bool
    csv: str
    svg: str


def maps_table(caption: str, maps: Sequence[tuple[str, npt.NDArray[np.generic]]]) -> Table:
    """Maps value by value: name of the map, row and column from 0, value."""
    rows = tuple(
        (name, count_cell(row), count_cell(column), Number(float(value), full(float(value))))
        for name, values in maps
        for (row, column), value in np.ndenumerate(values.astype(np.float64))
    )
    return Table(caption, ("map", "row", "column", "value"), rows)


def pools_table(crop: npt.NDArray[np.float64], size: int) -> Table:
    """What max and average pooling make of each window of a part of a map."""

    def row(down: int, right: int) -> tuple[Cell, ...]:
        window = crop[down * size : (down + 1) * size, right * size : (right + 1) * size]
        pooled = (float(window.max()), float(window.mean()))
        return (f"row {down}, column {right}", *(Number(value, full(value)) for value in pooled))

    rows = tuple(row(*place) for place in np.ndindex(2, 2))
    return Table("The windows", ("window", "max", "average"), rows)


def drawn_picture(name: str, draw: Draw, caption: str, table: Table) -> Picture:
    """A picture in a wide and a narrow form."""
    wide, narrow = draw(WIDE), draw(NARROW)
    wide = replace(wide, width=max(wide.width, WIDE))
    drawings = (_inline(wide, name, "wide", caption), _inline(narrow, name, "narrow", caption))
    return _picture(name, drawings, caption, table, wide)


def small_picture(name: str, drawing: Drawing, caption: str, table: Table) -> Picture:
    """A picture that suits any width."""
    return _picture(name, (_inline(drawing, name, "only", caption),), caption, table, drawing)


def _picture(
    name: str, drawings: tuple[Markup, ...], caption: str, table: Table, drawing: Drawing
) -> Picture:
    file = standalone(drawing, title=f"How a CNN sees: {name}", description=caption)
    return Picture(
        name=f"cnn-{name}",
        drawings=drawings,
        caption=caption,
        table=table,
        shown=len(table.rows) <= MOST_ROWS,
        csv=data_link("", "text/csv;charset=utf-8", as_csv(table)),
        svg=data_link("", "image/svg+xml", file),
    )


def _inline(drawing: Drawing, name: str, kind: str, caption: str) -> Markup:
    return inline(
        drawing,
        title=f"Drawing: {name}",
        description=caption,
        identity=f"lesson-{name}-{kind}",
        css=kind,
    )
