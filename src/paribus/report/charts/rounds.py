"""Every run as a dot, the runs of a seed joined: the reader sees what pairing by seed does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.report.charts.axes import Scale, fitting, scale, short_names, text_width
from paribus.report.charts.figure import NARROW, WIDE, Figure
from paribus.report.charts.svg import Drawing, Element, label, line, marker, path
from paribus.report.charts.theme import series_style
from paribus.report.numbers import count
from paribus.report.tables import Table, percent_cell, seed_cell

_ROW, _TOP, _BOTTOM = 52.0, 6.0, 46.0
_MOST_NOTES = 1200
"""Beyond so many runs the dots carry no notes, which would make most of the file."""

Accuracies = Mapping[str, Mapping[int, float]]
"""Variant to seed to final test accuracy, percent."""


def rounds_figure(
    accuracies: Accuracies, diverged: Sequence[tuple[str, int]], paths: Mapping[tuple[str, int], str]
) -> Figure | None:
    """The final accuracy of every run, joined by seed.

    Args:
        accuracies: Variants in their order; those without runs are left empty.
        diverged: Runs that diverged; where they lie far from the others they are set at the edge.
        paths: (variant, seed) to the run's place in the document of ``--json``.

    Returns:
        None before the first run.
    """
    if not any(accuracies.values()):
        return None
    seeds = sorted({seed for runs in accuracies.values() for seed in runs})
    means = ", ".join(
        f"{name} {np.mean(list(runs.values())):.2f} % over {count(len(runs), 'run')}"
        for name, runs in accuracies.items()
        if runs
    )
    drawings = (_drawing(accuracies, diverged, WIDE), _drawing(accuracies, diverged, NARROW))
    caption = (
        "Each dot is a run, each thin line joins the runs of one seed, the upright stroke is the variant’s "
        "mean. With the variants’ means taken out, lines that stay upright show luck of a seed that the "
        "variants share, which pairing takes out of their difference."
    )
    if diverged:
        caption += " A diverged run stands at the left edge where its accuracy lies beyond."
    return Figure(
        name="runs-by-seed",
        title="Every run, joined by seed",
        description=f"Dot plot of final test accuracy by variant, runs of a seed joined. Means: {means}.",
        caption=caption,
        drawings=drawings,
        table=_table(accuracies, seeds, paths),
    )


def _table(accuracies: Accuracies, seeds: Sequence[int], paths: Mapping[tuple[str, int], str]) -> Table:
    rows = tuple(
        (
            seed_cell(seed),
            *(
                percent_cell(runs.get(seed), f"{paths[name, seed]}.accuracy" if seed in runs else "")
                for name, runs in accuracies.items()
            ),
        )
        for seed in seeds
    )
    return Table("Final test accuracy of every run, percent", ("seed", *accuracies), rows)


def _drawing(accuracies: Accuracies, diverged: Sequence[tuple[str, int]], width: float) -> Drawing:
    """The accuracies, and where it can be seen, the same runs less their variant's mean."""
    wide, names = width == WIDE, list(accuracies)
    short = short_names(names, 26 if wide else fitting(width, 13))
    left = 18 + max(text_width(name, 13) for name in short.values()) if wide else 0.0
    deviations = _deviations(accuracies, set(diverged))
    end = (left + 12 + (width - left - 100) * 0.56 if deviations else width - 70) if wide else width - 58
    row, below = (_ROW, 24.0) if wide else (_ROW + 4, 36.0)
    x = _axis(accuracies, set(diverged), left + 12, end)
    plot = _Plot(accuracies, x, _TOP, row, below, "final accuracy, %")
    notes = _notes(accuracies, diverged)
    elements = [*plot.background(), *_means(plot, end + 54), *plot.names(short, left, beside=wide)]
    elements += plot.runs(notes)
    if not deviations:
        return Drawing(width, plot.bottom + _BOTTOM, tuple(elements))
    spread = [value for runs in deviations.values() for value in runs.values()]
    start, top = (end + 84, _TOP) if wide else (12.0, plot.bottom + _BOTTOM + 14)
    shifted = _Plot(
        deviations,
        scale([*spread, 0.0], start, width - 12, most_ticks=6, room=0.06),
        top,
        row,
        below,
        "less the variant’s mean, pp",
    )
    elements += [*shifted.background(signed=True), *shifted.runs(notes)]
    elements += [] if wide else shifted.names(short, left, beside=False)
    return Drawing(width, shifted.bottom + _BOTTOM, tuple(elements))


@dataclass(frozen=True)
class _Plot:
    """A row of dots for each variant, the runs of a seed joined.

    Attributes:
        values: Variant to seed to value.
        x: The axis.
        top: Where the first row begins.
        row: Height of a row.
        below: Where the dots stand in a row.
        words: What the axis shows.
    """

    values: Accuracies
    x: Scale
    top: float
    row: float
    below: float
    words: str

    @property
    def bottom(self) -> float:
        """Where the axis lies."""
        return self.top + self.row * len(self.values) + 4

    def height(self, index: int) -> float:
        """Where the dots of a variant stand."""
        return self.top + self.row * index + self.below

    def background(self, *, signed: bool = False) -> Iterator[Element]:
        """Round values and the axis' words."""
        x, bottom = self.x, self.bottom
        for tick in x.ticks:
            css = "ink thin" if signed and tick == 0 else "grid thin"
            yield line(x(tick), self.top, x(tick), bottom, css)
            text = x.tick_text(tick, signed=signed)
            yield label(x(tick), bottom + 18, text, css="small muted", anchor="middle")
        yield label((x.start + x.end) / 2, bottom + 38, self.words, css="small muted", anchor="middle")

    def names(self, short: Mapping[str, str], left: float, *, beside: bool) -> Iterator[Element]:
        """The variants' names, beside their rows or above them."""
        for index, name in enumerate(self.values):
            y = self.height(index)
            at, baseline, anchor = (left, y + 4.5, "end") if beside else (0.0, y - 16, "")
            yield label(at, baseline, short[name], css="strong halo", anchor=anchor, full=name)

    def runs(self, notes: Mapping[tuple[str, int], str]) -> Iterator[Element]:
        """The lines of the seeds, and the dots on them."""
        for seed in sorted({seed for runs in self.values.values() for seed in runs}):
            places = [
                (self.x(runs[seed]), self.height(index))
                for index, runs in enumerate(self.values.values())
                if seed in runs
            ]
            if len(places) > 1:
                yield path(places, "seed")
        for index, (name, runs) in enumerate(self.values.items()):
            style = series_style(index)
            for seed, value in runs.items():
                shape = "triangle-left" if value < self.x.low else style.marker
                css, note = f"{style.colour} mark", notes.get((name, seed), "")
                yield marker(shape, self.x(value), self.height(index), 3.8, css, note)


def _means(plot: _Plot, right: float) -> Iterator[Element]:
    for index, runs in enumerate(plot.values.values()):
        if runs:
            mean, y = float(np.mean(list(runs.values()))), plot.height(index)
            yield line(plot.x(mean), y - 11, plot.x(mean), y + 11, "ink mark")
            yield label(right, y + 4.5, f"{mean:.2f}", anchor="end")
    yield label(right, plot.bottom + 18, "mean", css="small muted", anchor="end")


def _notes(accuracies: Accuracies, diverged: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """What is shown on pointing at a run."""
    if sum(map(len, accuracies.values())) > _MOST_NOTES:
        return {}
    return {
        (name, seed): f"{name}, seed {seed}: {value:.2f} %{', diverged' if (name, seed) in diverged else ''}"
        for name, runs in accuracies.items()
        for seed, value in runs.items()
    }


def _deviations(accuracies: Accuracies, diverged: set[tuple[str, int]]) -> dict[str, dict[int, float]]:
    """Runs less the mean of their variant, diverged ones left out; nothing where no two seeds are shared."""
    deviations = {}
    for name, runs in accuracies.items():
        usual = {seed: value for seed, value in runs.items() if (name, seed) not in diverged}
        mean = float(np.mean(list(usual.values()))) if usual else 0.0
        deviations[name] = {seed: value - mean for seed, value in usual.items()}
    seeds = [seed for runs in deviations.values() for seed in runs]
    shared = [seed for seed in set(seeds) if seeds.count(seed) > 1]
    return deviations if len(shared) > 1 else {}


def _axis(accuracies: Accuracies, diverged: set[tuple[str, int]], start: float, end: float) -> Scale:
    """All runs; but diverged ones that lie further off than the others spread do not stretch it."""
    values = [(name, seed, value) for name, runs in accuracies.items() for seed, value in runs.items()]
    usual = [value for name, seed, value in values if (name, seed) not in diverged]
    odd = [value for name, seed, value in values if (name, seed) in diverged]
    if usual:
        room = max(max(usual) - min(usual), 1.0)
        usual += [value for value in odd if min(usual) - room <= value <= max(usual) + room]
    return scale(usual or odd, start, end, most_ticks=6, room=0.06)
