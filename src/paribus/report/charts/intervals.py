"""All contrasts with their intervals on one axis: the zero line, the margin, and every round behind them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from paribus.report.charts.axes import Scale, fitting, scale, shorten, text_width
from paribus.report.charts.figure import NARROW, WIDE, Figure
from paribus.report.charts.svg import Drawing, Element, label, line, marker, node
from paribus.report.numbers import count
from paribus.report.standing_words import contrast_label
from paribus.report.tables import Table, count_cell, pp_cell
from paribus.verdict import ContrastVerdict, Rule, Verdict
from paribus.verdict.interval import Interval
from paribus.verdict.words import confidence, decimals_needed, pp

MOST_CONTRASTS = 78
"""So many contrasts are drawn, which is all pairs of 13 variants; the table has all."""

_MOST_PP = 100.0
"""The axis goes no further: accuracies differ by no more, however wide an early interval is."""

_TOP, _LINE, _BOTTOM, _EDGE = 6.0, 18.0, 46.0, 12.0

_MOST_WORDS = 0.58
"""Share of the width that names and numbers may take beside the intervals; else they stand above."""

Differences = Mapping[str, Mapping[int, float]]
"""Name of a contrast to seed to difference, percentage points."""


def interval_figure(verdict: Verdict, differences: Differences) -> Figure | None:
    """The contrasts of a verdict.

    Args:
        verdict: What the runs say.
        differences: The difference of each round that counts.

    Returns:
        None before the first round.
    """
    shown = [contrast for contrast in verdict.contrasts if contrast.difference_pp is not None]
    if not shown:
        return None
    drawn = shown[:MOST_CONTRASTS]
    left_out = len(verdict.contrasts) - len(drawn)
    sentences = " ".join(contrast.sentence for contrast in drawn[:12])
    more = (
        f" {count(left_out, 'further contrast is', 'further contrasts are')} in the table."
        if left_out
        else ""
    )
    return Figure(
        name="intervals",
        title="Differences between variants, with their intervals",
        description=f"Interval plot of {count(len(drawn), 'contrast')}. {sentences}{more}",
        caption=_caption(drawn, verdict.rule) + more,
        drawings=(
            _drawing(drawn, verdict.rule, differences, WIDE),
            _drawing(drawn, verdict.rule, differences, NARROW),
        ),
        table=contrast_table(verdict),
    )


def contrast_table(verdict: Verdict) -> Table:
    """All contrasts of a verdict as a table."""
    rows = []
    for index, contrast in enumerate(verdict.contrasts):
        path, decimals = f"contrasts.{index}", contrast_decimals(contrast, verdict.rule)
        rows.append(
            (
                contrast_label(contrast),
                pp_cell(contrast.difference_pp, f"{path}.difference_pp", decimals=decimals),
                pp_cell(contrast.low_pp, f"{path}.low_pp", decimals=decimals),
                pp_cell(contrast.high_pp, f"{path}.high_pp", decimals=decimals),
                pp_cell(contrast.sd_pp, f"{path}.sd_pp"),
                count_cell(contrast.rounds, f"{path}.rounds"),
                _settled(contrast),
            )
        )
    return Table(
        caption=f"Differences in final test accuracy, pp, with {confidence(verdict.rule)} intervals",
        columns=("contrast", "difference", "low", "high", "SD over rounds", "rounds", "state"),
        rows=tuple(rows),
        keys=("contrast", "difference_pp", "low_pp", "high_pp", "sd_pp", "rounds", "state"),
    )


def contrast_decimals(contrast: ContrastVerdict, rule: Rule) -> int:
    """Decimals with which a contrast's interval is written, here as in its sentence."""
    if contrast.low_pp is None or contrast.high_pp is None:
        return 2
    return decimals_needed(Interval(contrast.low_pp, contrast.high_pp), rule.margin_pp)


def _settled(contrast: ContrastVerdict) -> str:
    direction = {"higher": "above zero", "lower": "below zero", "unsettled": "direction open"}[
        contrast.direction
    ]
    size = {"beyond": "beyond the margin", "within": "within the margin", "unsettled": "size open"}[
        contrast.size
    ]
    return f"{contrast.state}: {direction}, {size}" if contrast.low_pp is not None else contrast.state


def _caption(contrasts: Sequence[ContrastVerdict], rule: Rule) -> str:
    words = []
    if any(contrast.low_pp is not None for contrast in contrasts):
        words.append(
            f"Dot and line: mean and {confidence(rule)} interval; filled and solid where the question is "
            "settled, hollow and dashed where it is not."
        )
    if any(contrast.low_pp is None for contrast in contrasts):
        words.append("A hollow dot alone: the mean, too early for an interval.")
    words.append("Small rings: the difference in each round.")
    if any(contrast.a for contrast in contrasts):
        words.append("Right of zero, the variant named first is the more accurate one.")
    if rule.margin_pp:
        words.append(
            f"The band is the margin of {rule.margin_pp:g} pp, within which differences count as equal."
        )
    return " ".join(words)


def _drawing(
    contrasts: Sequence[ContrastVerdict], rule: Rule, differences: Differences, width: float
) -> Drawing:
    frame = _Frame.of(contrasts, rule, width)
    axis = _axis(contrasts, rule, differences, frame)
    elements: list[Element] = []
    for index, contrast in enumerate(contrasts):
        top = _TOP + frame.row * index
        begin = top + _LINE * frame.lines + (4 if frame.lines else 0)
        elements += _lane(axis, rule, begin, top + frame.row)
        elements += frame.words(contrast, rule, top)
        elements += _row(contrast, differences.get(contrast.name, {}), axis, begin + 14)
    bottom = _TOP + frame.row * len(contrasts)
    elements += _below(axis, bottom)
    return Drawing(width, bottom + _BOTTOM, tuple(elements))


@dataclass(frozen=True)
class _Frame:
    """Where words and plot stand.

    Attributes:
        width: Of the drawing.
        left: Where the plot begins.
        right: Where it ends.
        lines: Lines of words above each interval: none where they fit beside it.
    """

    width: float
    left: float
    right: float
    lines: int

    @classmethod
    def of(cls, contrasts: Sequence[ContrastVerdict], rule: Rule, width: float) -> "_Frame":
        names = max(text_width(contrast_label(contrast), 13) for contrast in contrasts)
        numbers = max(text_width(_numbers(contrast, rule), 13) for contrast in contrasts)
        if names + numbers <= width * _MOST_WORDS:
            return cls(width, names + 16, width - numbers - 12, 0)
        lines = 1 if names + numbers + 16 <= width else 2
        return cls(width, _EDGE, width - _EDGE, lines)

    @property
    def row(self) -> float:
        """Height of a contrast."""
        return _LINE * self.lines + (48 if self.lines else 40)

    def words(self, contrast: ContrastVerdict, rule: Rule, top: float) -> Iterator[Element]:
        """The name of a contrast and its numbers."""
        name, numbers = contrast_label(contrast), _numbers(contrast, rule)
        shown = shorten(name, fitting(self.left if self.lines == 0 else self.width, 13))
        baseline = top + (18.5 if self.lines == 0 else 13)
        yield label(0, baseline, shown, css="strong", full=name)
        if self.lines == 2:
            yield label(0, baseline + _LINE, numbers)
        else:
            yield label(self.width, baseline, numbers, anchor="end")


def _axis(contrasts: Sequence[ContrastVerdict], rule: Rule, differences: Differences, frame: _Frame) -> Scale:
    ends = [
        value
        for contrast in contrasts
        for value in (contrast.low_pp, contrast.difference_pp, contrast.high_pp)
        if value is not None
    ]
    single = [value for contrast in contrasts for value in differences.get(contrast.name, {}).values()]
    values = [0.0, rule.margin_pp, -rule.margin_pp, *ends, *single]
    capped = [min(max(value, -_MOST_PP), _MOST_PP) for value in values]
    most_ticks = 8 if frame.right - frame.left > 300 else 6
    return scale(capped, frame.left, frame.right, most_ticks=most_ticks, room=0.03)


def _lane(axis: Scale, rule: Rule, top: float, bottom: float) -> Iterator[Element]:
    """What lies behind one interval: the margin, round values, the zero line."""
    if rule.margin_pp:
        left, right = axis(-rule.margin_pp), axis(rule.margin_pp)
        yield node("rect", x=left, y=top, width=max(right - left, 2), height=bottom - top, css="margin")
    for tick in axis.ticks:
        yield line(axis(tick), top, axis(tick), bottom, "grid thin")
    yield line(axis(0), top, axis(0), bottom, "ink thin")


def _below(axis: Scale, bottom: float) -> Iterator[Element]:
    for tick in axis.ticks:
        text = axis.tick_text(tick, signed=True)
        yield label(axis(tick), bottom + 18, text, css="small muted", anchor="middle")
    middle = (axis.start + axis.end) / 2
    yield label(middle, bottom + 38, "difference in final accuracy, pp", css="small muted", anchor="middle")


def _numbers(contrast: ContrastVerdict, rule: Rule) -> str:
    decimals = contrast_decimals(contrast, rule)
    mean = pp(contrast.difference_pp or 0.0, decimals)
    rounds = count(contrast.rounds, "round")
    if contrast.low_pp is None or contrast.high_pp is None:
        return f"{mean} after {rounds}"
    return f"{mean} ({pp(contrast.low_pp, decimals)} to {pp(contrast.high_pp, decimals)}), {rounds}"


def _row(
    contrast: ContrastVerdict, differences: Mapping[int, float], axis: Scale, y: float
) -> Iterator[Element]:
    for seed, value in differences.items():
        yield node(
            "circle",
            node("title", f"seed {seed}: {pp(value)} pp"),
            cx=axis(value),
            cy=y + 11,
            r=2.6,
            css="axis open",
        )
    settled = contrast.state == "settled"
    colour = "c0" if settled else "c1"
    if contrast.low_pp is not None and contrast.high_pp is not None:
        low, high = axis(contrast.low_pp), axis(contrast.high_pp)
        yield line(low, y, high, y, f"{colour} interval", "" if settled else "5 3")
        yield from _end(low, y, -1, colour, cut=contrast.low_pp < axis.low)
        yield from _end(high, y, 1, colour, cut=contrast.high_pp > axis.high)
    mean = axis(contrast.difference_pp or 0.0)
    yield marker("circle", mean, y, 5, f"{colour} mark{'' if settled else ' hollow'}", contrast.sentence)


def _end(x: float, y: float, side: int, colour: str, *, cut: bool) -> Iterator[Element]:
    """The end of an interval: a bar, or an arrow where the interval goes on beyond the axis."""
    if cut:
        yield node(
            "path",
            d=f"M{x - 6 * side:.1f} {y - 5:.1f}L{x:.1f} {y:.1f}L{x - 6 * side:.1f} {y + 5:.1f}",
            css=f"{colour} interval",
        )
    else:
        yield line(x, y - 5, x, y + 5, f"{colour} interval")
