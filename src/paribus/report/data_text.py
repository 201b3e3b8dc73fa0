"""Datasets as tables: those that paribus knows, and what is in one of them."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paribus.data import Dataset, DatasetEntry, Facts, Fetched
from paribus.report.numbers import count, span
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


def described_text(facts: Facts) -> RenderableType:
    """What is in a dataset: sizes, images of each class, and what there is to mind."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for label, text in facts_rows(facts):
        grid.add_row(label, text)
    grid.add_row("fingerprint", facts.fingerprint)
    if facts.duplicates is not None and not facts.duplicates.count:
        grid.add_row("duplicates", f"no {facts.evaluated} image is a training image too")
    classes = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="dim")
    classes.add_column("class", overflow="fold")
    for title in ("training", facts.evaluated):
        classes.add_column(title, justify="right", no_wrap=True)
    for name, train, test in zip(facts.classes, facts.train_per_class, facts.test_per_class, strict=True):
        classes.add_row(said(name), f"{train:,}", f"{test:,}")
    return Legible(Group(said(facts.name, "bold"), said(facts.title), Text(""), grid, Text(""), classes))


def facts_rows(facts: Facts) -> Iterator[tuple[str, Text]]:
    """The data of a study in a few rows, label and text: how many images, how many a class, what to mind."""
    shape = "×".join(map(str, facts.image_shape))
    images = f"{facts.train_count:,} training + {facts.test_count:,} {facts.evaluated} images of {shape}"
    yield "data", said(f"{facts.name}: {images}, {count(len(facts.classes), 'class', 'classes')}")
    train, test = (_a_class(counts) for counts in (facts.train_per_class, facts.test_per_class))
    yield "a class", Text(f"{train} training, {test} {facts.evaluated}")
    for note in facts.notes:
        yield "note", said(note, "yellow")


def _a_class(counts: Sequence[int]) -> str:
    return span(f"{min(counts):,}", f"{max(counts):,}")


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
