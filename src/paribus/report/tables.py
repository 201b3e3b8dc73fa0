"""Tables of values: what stands behind a chart, in a report's section, or in a CSV file; no layout.

A number carries its full value beside its text, and where it stands in the document of ``--json``.
"""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paribus.report.numbers import duration, loss
from paribus.report.terminal import clean
from paribus.verdict.words import pp

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

UNKNOWN = "–"


@dataclass(frozen=True)
class Number:
    """A number as a cell.

    Attributes:
        value: In full; None where it is not known or not finite.
        text: As it is shown.
        path: Where it stands in the document of ``show --json``, such as ``contrasts.0.low_pp``; empty where
            it does not.
    """

    value: float | int | None
    text: str
    path: str = ""


Cell = str | Number


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        caption: What it holds.
        columns: Heading of each column; columns of numbers are set to the right.
        rows: Cells, as many in each row as there are columns; the first cell heads its row.
        keys: Names of the columns in a CSV file; the headings when left out.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: tuple[str, ...] = ()

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers only."""
        return bool(self.rows) and all(isinstance(row[column], Number) for row in self.rows)


def percent_cell(value: float | None, path: str = "") -> Number:
    """An accuracy in percent, without the unit."""
    return _cell(value, lambda number: f"{number:.2f}", path)


def pp_cell(value: float | None, path: str = "", *, decimals: int = 2) -> Number:
    """Percentage points, without the unit."""
    return _cell(value, lambda number: pp(number, decimals), path)


def loss_cell(value: float | None, path: str = "") -> Number:
    """A cross-entropy in nats, without the unit."""
    return _cell(value, loss, path)


def seconds_cell(value: float | None, path: str = "") -> Number:
    """A time, with its unit."""
    return _cell(value, duration, path)


def count_cell(value: int | None, path: str = "") -> Number:
    """A whole number."""
    return Number(None, UNKNOWN) if value is None else Number(int(value), f"{value:,}", path)


def seed_cell(value: int) -> Number:
    """A seed, whose digits are not grouped."""
    return Number(value, str(value))


def as_csv(table: Table) -> str:
    """A table as CSV text: numbers in full, unknown ones empty, lines ended as RFC 4180 has them."""
    return rows_as_csv(
        table.keys or table.columns,
        [[_plain(cell) for cell in row] for row in table.rows],
    )


def rows_as_csv(columns: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> str:
    """Rows as CSV text; a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([_safe(value) for value in row] for row in rows)
    return file.getvalue()


def _cell(value: float | None, text: Callable[[float], str], path: str) -> Number:
    if value is None or not math.isfinite(value):
        return Number(None, UNKNOWN, path)
    return Number(float(value), text(float(value)), path)


def _plain(cell: Cell) -> str | float | None:
    return cell.value if isinstance(cell, Number) else cell


def _safe(value: str | float | None) -> str | float | None:
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
