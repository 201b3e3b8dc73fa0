"""Accuracy over training: a line and a band for each variant, and a panel for each paired difference."""

from collections.abc import Iterator, Mapping, Sequence

from paribus.report.charts.axes import Scale, apart, fitting, scale, short_names, shorten, text_width
from paribus.report.charts.figure import NARROW, WIDE, Figure
from paribus.report.charts.svg import Drawing, Element, area, label, line, marker, node, path
from paribus.report.charts.theme import SeriesStyle, series_style
from paribus.report.curves import Curve, Point
from paribus.report.numbers import count
from paribus.report.tables import Table, count_cell, percent_cell, pp_cell
from paribus.verdict.words import pp

MOST_PANELS = 12
_MOST_MARKERS = 10
_BOTTOM, _LEFT = 46.0, 46.0


def learning_figure(curves: Sequence[Curve], order: Sequence[str], level: str) -> Figure | None:
    """Mean test accuracy of each variant over training.

    Args:
        curves: At least one point each.
        order: All variants, which decides their styles.
        level: Confidence of the bands, such as ``95 %``.

    Returns:
        None where there are fewer than two points to join.
    """
    if not curves or max(len(curve.points) for curve in curves) < 2:
        return None
    styles = {name: series_style(index) for index, name in enumerate(order)}
    ends = ", ".join(f"{curve.name} {curve.points[-1].mean:.2f} %" for curve in curves)
    return Figure(
        name="learning-curves",
        title="Learning curves",
        description=f"Line chart of mean test accuracy over iterations. At the end: {ends}.",
        caption=(
            "Mean test accuracy over all runs of a variant. Shaded: the "
            f"{level} interval of the mean at that iteration by itself (Student’s t), where there are two "
            "runs or more; it describes the curve and decides nothing."
        ),
        drawings=(_learning(curves, styles, WIDE), _learning(curves, styles, NARROW)),
        table=_table(curves, "Mean test accuracy over training", "accuracy %", difference=False),
    )


def difference_figure(curves: Sequence[Curve], labels: Mapping[str, str], margin: float) -> Figure | None:
    """Paired differences over training, a panel each, all on one scale.

    Args:
        curves: Contrasts; the first `MOST_PANELS` are drawn.
        labels: Name of a contrast to what it is called.
        margin: Within which differences count as equal, percentage points.

    Returns:
        None where there are fewer than two points to join.
    """
    if not curves or max(len(curve.points) for curve in curves) < 2:
        return None
    drawn = curves[:MOST_PANELS]
    more = len(curves) - len(drawn)
    ends = ", ".join(f"{labels[curve.name]} {pp(curve.points[-1].mean)} pp" for curve in drawn)
    early = [labels[curve.name] for curve in drawn if not curve.ends_with_training]
    caption = "Mean difference over the rounds that count, seed by seed."
    if any(point.low is not None for curve in drawn for point in curve.points):
        caption += (
            " Shaded: as many standard errors as in the verdict, so that the last point is the verdict’s "
            "interval; the points before it describe."
        )
    if early:
        caption += f" Not so for {', '.join(early)}: its variants do not end at the same iteration."
    if more:
        caption += f" {count(more, 'further contrast')} in the table."
    return Figure(
        name="difference-curves",
        title="Paired differences over training",
        description=f"Line charts of paired differences over iterations, one a contrast. At the end: {ends}.",
        caption=caption,
        drawings=(
            _panels(drawn, labels, margin, WIDE, 3 if len(drawn) > 2 else len(drawn)),
            _panels(drawn, labels, margin, NARROW, 1),
        ),
        table=_table(
            [Curve(labels[curve.name], curve.points) for curve in curves],
            "Mean paired difference over training",
            "difference pp",
            difference=True,
        ),
    )


def _table(curves: Sequence[Curve], caption: str, value: str, *, difference: bool) -> Table:
    cell = pp_cell if difference else percent_cell
    rows = tuple(
        (
            curve.name,
            count_cell(point.iteration),
            cell(point.mean),
            cell(point.low),
            cell(point.high),
            count_cell(point.runs),
        )
        for curve in curves
        for point in curve.points
    )
    first = "contrast" if difference else "variant"
    columns = (first, "iteration", value, "low", "high", "runs")
    return Table(
        caption, columns, rows, (first, "iteration", value.replace(" %", "").replace(" ", "_"), *columns[3:])
    )


def _learning(curves: Sequence[Curve], styles: Mapping[str, SeriesStyle], width: float) -> Drawing:
    wide = width == WIDE
    names = short_names([curve.name for curve in curves], 20 if wide else fitting(width - 60, 13))
    top = 14.0 if wide else 14.0 + 20 * len(curves)
    height = max(340.0, 22.0 * len(curves)) if wide else 250.0
    right = width - (16 + max(text_width(name, 13) for name in names.values()) + 22 if wide else 18)
    x = _iterations(curves, _LEFT, right, 7 if wide else 4)
    y = _accuracies(curves, top + height, top)
    elements = list(_axes(x, y, "iterations (minibatches)", " %"))
    strength = "area" if len(curves) <= 6 else "area faint"
    for curve in curves:
        elements += _band(curve.points, x, y, f"{styles[curve.name].colour} {strength}")
    for curve in curves:
        elements += _line(curve, x, y, styles[curve.name])
    elements += _end_labels(curves, names, styles, x, y) if wide else _legend(curves, names, styles)
    return Drawing(width, top + height + _BOTTOM, tuple(elements))


def _iterations(curves: Sequence[Curve], start: float, end: float, most_ticks: int) -> Scale:
    return scale(
        [0.0, *(float(point.iteration) for curve in curves for point in curve.points)],
        start,
        end,
        most_ticks=most_ticks,
        room=0.0,
    )


def _accuracies(curves: Sequence[Curve], start: float, end: float) -> Scale:
    """The axis holds all means, and the bands as far as they reach no further than the means spread."""
    means = [point.mean for curve in curves for point in curve.points]
    room = max(max(means) - min(means), 1.0) / 2
    bands = [
        min(max(value, min(means) - room), max(means) + room)
        for curve in curves
        for point in curve.points
        for value in (point.low, point.high)
        if value is not None
    ]
    values = [min(max(value, 0.0), 100.0) for value in (*means, *bands)]
    return scale(values, start, end, most_ticks=8)


def _axes(x: Scale, y: Scale, x_words: str, unit: str) -> Iterator[Element]:
    for tick in y.ticks:
        text = y.tick_text(tick) + (unit if tick == y.ticks[-1] else "")
        yield line(x.start, y(tick), x.end, y(tick), "grid thin")
        yield label(x.start - 8, y(tick) + 4, text, css="small muted", anchor="end")
    yield line(x.start, y.start, x.end, y.start, "axis thin")
    for tick in x.ticks:
        yield line(x(tick), y.start, x(tick), y.start + 4, "axis thin")
        yield label(x(tick), y.start + 18, x.tick_text(tick), css="small muted", anchor="middle")
    yield label((x.start + x.end) / 2, y.start + 38, x_words, css="small muted", anchor="middle")


def _band(points: Sequence[Point], x: Scale, y: Scale, css: str) -> Iterator[Element]:
    inside = [point for point in points if point.low is not None and point.high is not None]
    if len(inside) < 2:
        return
    upper = [(x(point.iteration), y(point.high or 0.0)) for point in inside]
    lower = [(x(point.iteration), y(point.low or 0.0)) for point in inside]
    yield area(upper, lower, css)


def _line(curve: Curve, x: Scale, y: Scale, style: SeriesStyle) -> Iterator[Element]:
    places = [(x(point.iteration), y(point.mean)) for point in curve.points]
    if len(places) > 1:
        yield path(places, f"{style.colour} line", style.dash)
    every = max(1, -(-len(places) // _MOST_MARKERS))
    for index, (place, point) in enumerate(zip(places, curve.points, strict=True)):
        if (len(places) - 1 - index) % every == 0:
            note = f"{curve.name}, iteration {point.iteration:,}: {point.mean:.2f} %"
            yield marker(style.marker, *place, 4, f"{style.colour} mark", note)


def _end_labels(
    curves: Sequence[Curve], names: Mapping[str, str], styles: Mapping[str, SeriesStyle], x: Scale, y: Scale
) -> Iterator[Element]:
    """Each variant's name beside the end of its line; lines that end close together get theirs apart."""
    ends = [(x(curve.points[-1].iteration), y(curve.points[-1].mean)) for curve in curves]
    heights = apart([height for _, height in ends], 18, y.end + 4, y.start - 4)
    for curve, (end, at), height in zip(curves, ends, heights, strict=True):
        style = styles[curve.name]
        yield path([(end + 6, at), (x.end + 14, height), (x.end + 20, height)], f"{style.colour} line thin")
        yield label(x.end + 24, height + 4.5, names[curve.name], full=curve.name)


def _legend(
    curves: Sequence[Curve], names: Mapping[str, str], styles: Mapping[str, SeriesStyle]
) -> Iterator[Element]:
    for index, curve in enumerate(curves):
        style, y = styles[curve.name], 10.0 + 20 * index
        yield line(2, y, 36, y, f"{style.colour} line", style.dash)
        yield marker(style.marker, 19, y, 4, f"{style.colour} mark")
        yield label(44, y + 4.5, names[curve.name], full=curve.name)


def _panels(
    curves: Sequence[Curve], labels: Mapping[str, str], margin: float, width: float, columns: int
) -> Drawing:
    gap, inner, left = 22.0, 150.0, 40.0
    panel = (width - gap * (columns - 1)) / columns
    height = inner + 80
    rows = -(-len(curves) // columns)
    values = [value for curve in curves for point in curve.points for value in _ends(point)]
    elements: list[Element] = []
    for index, curve in enumerate(curves):
        across, down = (panel + gap) * (index % columns), height * (index // columns)
        x = _iterations(curves, across + left, across + panel - 10, 3)
        y = scale([0.0, margin, -margin, *values], down + 28 + inner, down + 28, most_ticks=6)
        elements += _panel(curve, labels[curve.name], margin, x, y, across, panel)
    return Drawing(width, rows * height, tuple(elements))


def _ends(point: Point) -> tuple[float, ...]:
    """The mean and its interval, as far as that reaches no further than 100 pp."""
    return tuple(
        min(max(value, -100.0), 100.0) for value in (point.mean, point.low, point.high) if value is not None
    )


def _panel(
    curve: Curve, name: str, margin: float, x: Scale, y: Scale, left: float, width: float
) -> Iterator[Element]:
    title = f"{name}, pp"
    yield label(left, y.end - 14, shorten(title, fitting(width, 13)), css="strong", full=title)
    if margin:
        top = y(margin)
        yield node(
            "rect", x=x.start, y=top, width=x.end - x.start, height=max(y(-margin) - top, 1.5), css="margin"
        )
    for tick in y.ticks:
        yield line(x.start, y(tick), x.end, y(tick), "grid thin")
        yield label(x.start - 6, y(tick) + 4, y.tick_text(tick, signed=True), css="small muted", anchor="end")
    yield line(x.start, y(0), x.end, y(0), "ink thin")
    for tick in x.ticks:
        yield label(x(tick), y.start + 18, x.tick_text(tick), css="small muted", anchor="middle")
    yield label((x.start + x.end) / 2, y.start + 36, "iterations", css="small muted", anchor="middle")
    yield from _band(curve.points, x, y, "c0 area")
    places = [(x(point.iteration), y(point.mean)) for point in curve.points]
    if len(places) > 1:
        yield path(places, "c0 line")
    last = curve.points[-1]
    yield marker(
        "circle", *places[-1], 4, "c0 mark", f"{name}, iteration {last.iteration:,}: {pp(last.mean)} pp"
    )
