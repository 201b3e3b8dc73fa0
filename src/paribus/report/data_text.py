"""The datasets paribus knows, as a table; which of them lie on this machine is told by the caller."""

from collections.abc import Collection, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paribus.data import Dataset, DatasetEntry, Fetched
from paribus.report.terminal import Legible, said


def data_text(entries: Sequence[DatasetEntry], cached: Collection[str]) -> RenderableType:
    """A table of datasets.

    Args:
        entries: The datasets.
        cached: Names of those that lie on this machine, intact.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("dataset", no_wrap=True)
    table.add_column("train + test", no_wrap=True)
    table.add_column("image", no_wrap=True)
    table.add_column("classes", justify="right")
    table.add_column("here", no_wrap=True)
    table.add_column("what it is", overflow="fold")
    for entry in entries:
        here = Text("yes", style="green") if entry.name in cached else Text("no", style="dim")
        table.add_row(
            said(entry.name),
            f"{entry.train_count:,} + {entry.test_count:,}",
            "×".join(map(str, entry.image_shape)),
            str(len(entry.classes)),
            here,
            said(f"{entry.title}. {entry.licence}"),
        )
    return Legible(table)


def fetched_text(fetched: Fetched) -> RenderableType:
    """Where the files of a dataset came from, and where they are now."""
    table = Table.grid(padding=(0, 2))
    for one in fetched.files:
        table.add_row(said(one.file), f"{one.size:,} bytes", said(f"from {one.source}"))
    lines: list[RenderableType] = [table, said(f"{fetched.dataset} is intact in {fetched.folder}")]
    lines += [said(f"a damaged file was moved to {path}") for path in fetched.quarantined]
    return Legible(Group(*lines))


def image_caption(dataset: Dataset, split: str, index: int, label: int, png: Path | None) -> str:
    """What a picture shows, in a line."""
    shown = f"{dataset.name} {split}[{index}]: label {label}"
    if dataset.classes[label] != str(label):
        shown += f" ({dataset.classes[label]})"
    return f"{shown}, written to {png}" if png else shown
