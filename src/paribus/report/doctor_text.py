"""What a machine has and what paribus will use of it, as a table of named facts."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table

from paribus.report.terminal import Legible, said


def doctor_text(facts: Sequence[tuple[str, str, str]]) -> RenderableType:
    """A table of facts.

    Args:
        facts: Name, value and note of each; the note may be empty.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold", style="dim")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value, note in facts:
        table.add_row(said(name), said(value, "bold"), said(note))
    return Legible(table)
