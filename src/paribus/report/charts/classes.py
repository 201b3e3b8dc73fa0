"""Differences class by class, and what a variant takes for what."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from paribus.report.charts.axes import Scale, scale, short_names, shorten, text_width
from paribus.report.charts.figure import NARROW, WIDE, Figure
from paribus.report.charts.svg import Drawing, Element, label, line, node
from paribus.report.classes import ClassDifferences, row_shares
from paribus.report.numbers import count
from paribus.report.standing_words import contrast_label
from paribus.report.tables import Table, count_cell, percent_cell, pp_cell
from paribus.report.terminal import clean
from paribus.verdict.words import pp

MOST_CLASSES = 20
"""So many classes are drawn, those with the largest differences; a confusion matrix beyond is not drawn."""

_CELL, _ROW = 28.0, 20.0


def class_figure(differences: ClassDifferences, names: Sequence[str], number: int) -> Figure:
    """One contrast, class by class: the mean and every round.

    Args:
        differences: By class.
        names: Names of all classes.
        number: Tells the figures of several contrasts apart.
    """
    name, mean = contrast_label(differences.contrast), differences.mean
    order = np.arange(len(mean))
    if len(mean) > MOST_CLASSES:
        order = np.sort(np.argsort(-np.abs(mean), kind="stable")[:MOST_CLASSES])
    extreme = np.argsort(mean, kind="stable")
    least, most = int(extreme[0]), int(extreme[-1])
    title = f"{name}, class by class"
    left_out = len(mean) - len(order)
    more = (
        f" The {MOST_CLASSES} classes with the largest differences of {len(mean)}; the table has all."
        if left_out
        else ""
    )
    return Figure(
        name=f"classes-{number}",
        title=title,
        description=(
            f"Dot plot of the difference {name} for each class. Smallest: "
            f"{_class_name(names, differences, least)} {pp(float(mean[least]))} pp; largest: "
            f"{_class_name(names, differences, most)} {pp(float(mean[most]))} pp.{more}"
        ),
        caption=f"Filled: mean difference in accuracy on a class; rings: each round.{more}",
        drawings=(
            _class_drawing(differences, order, names, WIDE),
            _class_drawing(differences, order, names, NARROW),
        ),
        table=_class_table(differences, names, name),
    )


def confusion_figures(
    counted: Mapping[str, tuple[npt.NDArray[np.int64], int]], names: Sequence[str]
) -> tuple[Figure, ...]:
    """What each variant takes for what, shaded on one scale.

    Args:
        counted: Variant to predictions by true and by predicted class, ``(classes, classes)``, and how many
            runs are in them.
        names: Names of the classes.

    Returns:
        None at all where there are too many classes to draw; then there is `confusion_table`.
    """
    if len(names) > MOST_CLASSES:
        return ()
    peak = max(
        (_share(counts, *pair) for counts, _ in counted.values() for pair in _mistakes(counts)[:400]),
        default=1.0,
    )
    return tuple(
        _confusion_figure(variant, counts, runs, names, number, peak)
        for number, (variant, (counts, runs)) in enumerate(counted.items(), start=1)
    )


def confusion_table(variant: str, counts: npt.NDArray[np.int64], names: Sequence[str]) -> Table:
    """The mistakes of a variant by frequency, the most frequent 50 of them."""
    shares = row_shares(counts)
    rows = tuple(
        (
            clean(names[true]),
            clean(names[said]),
            count_cell(int(counts[true, said])),
            percent_cell(float(shares[true, said])),
        )
        for true, said in _mistakes(counts)[:50]
    )
    return Table(
        f"Most frequent mistakes of {variant}, over all its runs",
        ("true class", "taken for", "times", "% of the class"),
        rows,
        ("true_class", "predicted_class", "count", "percent_of_class"),
    )


def _confusion_figure(
    variant: str,
    counts: npt.NDArray[np.int64],
    runs: int,
    names: Sequence[str],
    number: int,
    peak: float,
) -> Figure:
    worst = "; ".join(
        f"{clean(names[true])} taken for {clean(names[said])}: {_share(counts, true, said):.2f} %"
        for true, said in _mistakes(counts)[:3]
    )
    return Figure(
        name=f"confusion-{number}",
        title=f"Confusion matrix of {variant}",
        description=f"What {variant} says for each true class. Most frequent mistakes: {worst or 'none'}.",
        caption=(
            f"Percent of the images of a true class (row) that were given a class (column), over "
            f"{count(runs, 'run')}. No number: less than 0.05 %."
        ),
        drawings=(_confusion_drawing(counts, names, peak),),
        table=confusion_table(variant, counts, names),
    )


def _class_name(names: Sequence[str], differences: ClassDifferences, index: int) -> str:
    return clean(names[differences.classes[index]])


def _class_table(differences: ClassDifferences, names: Sequence[str], contrast: str) -> Table:
    lowest, highest = differences.per_seed.min(axis=0), differences.per_seed.max(axis=0)
    rows = tuple(
        (
            _class_name(names, differences, index),
            pp_cell(float(mean)),
            pp_cell(float(lowest[index])),
            pp_cell(float(highest[index])),
        )
        for index, mean in enumerate(differences.mean)
    )
    return Table(
        f"{contrast}: difference in accuracy by class, percentage points, over "
        f"{count(len(differences.per_seed), 'round')}",
        ("class", "mean", "lowest round", "highest round"),
        rows,
        ("class", "mean_pp", "lowest_pp", "highest_pp"),
    )


def _class_drawing(
    differences: ClassDifferences, order: npt.NDArray[np.intp], names: Sequence[str], width: float
) -> Drawing:
    wide = width == WIDE
    shown = [_class_name(names, differences, int(index)) for index in order]
    most = 28 if wide else 14
    left = 14 + max(text_width(shorten(name, most), 13) for name in shown)
    values = differences.per_seed[:, order]
    x = scale(
        [0.0, *values.ravel().tolist()],
        left,
        width - (64 if wide else 52),
        most_ticks=9 if wide else 6,
        room=0.02,
    )
    bottom = 8 + _ROW * len(order) + 4
    elements = list(_class_axis(x, bottom, width))
    for row, index in enumerate(order):
        y = 8 + _ROW * row + _ROW / 2
        name = shown[row]
        elements.append(label(left - 8, y + 4.5, shorten(name, most), anchor="end", full=name))
        mean = float(differences.mean[index])
        elements += [
            node("circle", cx=x(float(value)), cy=y, r=2.6, css="axis open") for value in values[:, row]
        ]
        elements.append(line(x(0), y, x(mean), y, "c0 interval"))
        elements.append(
            node("circle", node("title", f"{name}: {pp(mean)} pp"), cx=x(mean), cy=y, r=4.2, css="c0 mark")
        )
        elements.append(label(width - 2, y + 4.5, pp(mean), anchor="end"))
    return Drawing(width, bottom + 44, tuple(elements))


def _class_axis(x: Scale, bottom: float, width: float) -> Iterator[Element]:
    for tick in x.ticks:
        yield line(x(tick), 8, x(tick), bottom, "grid thin")
        yield label(x(tick), bottom + 18, x.tick_text(tick, signed=True), css="small muted", anchor="middle")
    yield line(x(0), 8, x(0), bottom, "ink thin")
    yield label(
        (x.start + x.end) / 2, bottom + 38, "difference in accuracy, pp", css="small muted", anchor="middle"
    )
    yield label(width - 2, bottom + 18, "mean", css="small muted", anchor="end")


def _mistakes(counts: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """(true, predicted) of every mistake that occurs, by descending count."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[: np.count_nonzero(wrong)]
    return [(int(index) // len(counts), int(index) % len(counts)) for index in order]


def _share(counts: npt.NDArray[np.int64], true: int, said: int) -> float:
    return float(row_shares(counts)[true, said])


def _confusion_drawing(counts: npt.NDArray[np.int64], names: Sequence[str], peak: float) -> Drawing:
    """Rows are true classes, columns predicted ones; the darker a mistake, the more frequent."""
    shares, size = row_shares(counts), len(names)
    cell = _CELL if size <= 11 else 34.0
    short = list(short_names([f"{clean(name)}" for name in names], 9).values())
    if len(short) < size:  # two classes of one name
        short = [shorten(clean(name), 9) for name in names]
    longest = max(text_width(name, 12) for name in short)
    upright = longest > cell
    left, top = longest + 26, (longest + 26 if upright else 36)
    width = left + cell * size + 4
    elements = [
        label(left + cell * size / 2, 14, "predicted", css="small muted", anchor="middle"),
        node(
            "text",
            "true",
            css="small muted",
            text_anchor="middle",
            transform=f"translate(14 {top + cell * size / 2:.1f}) rotate(-90)",
        ),
    ]
    for true in range(size):
        y = top + cell * true
        elements.append(
            label(left - 6, y + cell / 2 + 4, short[true], css="small", anchor="end", full=clean(names[true]))
        )
        x = left + cell * true + cell / 2
        elements.append(_column_name(short[true], clean(names[true]), x, top - 6, upright=upright))
        elements += _confusion_row(shares[true], true, left, y, cell, peak)
    frame = node("rect", x=left, y=top, width=cell * size, height=cell * size, css="axis thin open")
    return Drawing(width, top + cell * size + 6, (*elements, frame))


def _column_name(short: str, name: str, x: float, y: float, *, upright: bool) -> Element:
    if not upright:
        return label(x, y, short, css="small", anchor="middle", full=name)
    made = label(0, 0, short, css="small", full=name)
    made.set("transform", f"translate({x + 4:.1f} {y:.1f}) rotate(-90)")
    return made


def _confusion_row(
    shares: npt.NDArray[np.float64], true: int, left: float, y: float, cell: float, peak: float
) -> Iterator[Element]:
    for said, share in enumerate(shares.tolist()):
        x = left + cell * said
        if said == true:
            yield node("rect", x=x, y=y, width=cell, height=cell, css="margin")
        elif share >= 0.05:
            strength = 0.1 + 0.45 * share / peak
            yield node("rect", x=x, y=y, width=cell, height=cell, css="heat", fill_opacity=strength)
        if share >= 0.05:
            text = "100" if share >= 99.95 else f"{share:.1f}"
            yield label(x + cell / 2, y + cell / 2 + 4, text, css="tiny", anchor="middle")
