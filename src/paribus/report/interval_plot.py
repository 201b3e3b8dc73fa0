"""Contrasts and their intervals as a plot in text: one axis for all, with the zero line and the margin.

Positions are rounded away from zero, so that an interval touches the zero line only if it holds zero.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from paribus.report.terminal import said
from paribus.verdict import ContrastVerdict, Rule
from paribus.verdict.words import confidence, pp

_LEAST_WIDTH = 15
_MOST_WIDTH = 72
_MOST_PP = 100.0
"""The axis goes no further: accuracies differ by no more, however wide an early interval is."""

_STYLES = {"higher": "green", "lower": "green", "unsettled": "yellow"}


def interval_plot(contrasts: Sequence[ContrastVerdict], rule: Rule) -> RenderableType:
    """One line for each contrast: its name, its interval on the common axis, its difference, its rounds.

    Args:
        contrasts: The contrasts; those before their first look show their mean alone.
        rule: The rule that was followed, for its margin and confidence.
    """
    margin = rule.margin_pp
    reach = _Reach.of(contrasts, margin)
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(ratio=2, max_width=44)
    table.add_column(ratio=3, no_wrap=True, min_width=_LEAST_WIDTH)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_row("", _Ruler(reach), Text("pp", style="dim"), Text("rounds", style="dim"))
    for contrast in contrasts:
        difference = "" if contrast.difference_pp is None else pp(contrast.difference_pp)
        table.add_row(said(contrast.name), _Bar(contrast, margin, reach), difference, str(contrast.rounds))
    return Group(table, Text(_legend(contrasts, rule), style="dim"))


def _legend(contrasts: Sequence[ContrastVerdict], rule: Rule) -> str:
    """What the signs mean, as far as they occur."""
    words = []
    if any(contrast.low_pp is not None for contrast in contrasts):
        words.append(f"● mean, ├─┤ {confidence(rule)} interval")
    if any(contrast.low_pp is None and contrast.difference_pp is not None for contrast in contrasts):
        words.append("○ mean, too early for an interval")
    words.append("│ zero")
    if rule.margin_pp:
        words.append(f"░ within the margin of {rule.margin_pp:g} pp")
    return ", ".join(words)


@dataclass(frozen=True)
class _Reach:
    """How far the axis goes to either side of zero, pp."""

    left: float
    right: float

    @classmethod
    def of(cls, contrasts: Sequence[ContrastVerdict], margin: float) -> "_Reach":
        values = [
            value
            for contrast in contrasts
            for value in (contrast.low_pp, contrast.difference_pp, contrast.high_pp)
            if value is not None
        ]
        most = max([_MOST_PP, *(abs(contrast.difference_pp or 0) for contrast in contrasts)])
        return cls(
            left=min(most, max([margin, *(-value for value in values)])),
            right=min(most, max([margin, *values])),
        )

    def scale(self, width: int) -> "_Scale":
        whole = self.left + self.right
        unit = whole / (width - 3) if whole > 0 else 1.0
        return _Scale(zero=math.ceil(self.left / unit), unit=unit, width=width)


@dataclass(frozen=True)
class _Scale:
    """Columns of the axis.

    Attributes:
        zero: The column of zero.
        unit: Percentage points a column.
        width: Columns in all.
    """

    zero: int
    unit: float
    width: int

    def column(self, value: float) -> int:
        away = math.ceil(value / self.unit) if value > 0 else math.floor(value / self.unit)
        return min(max(self.zero + away, 0), self.width - 1)


class _Drawing(ABC):
    """Something as wide as the column it stands in."""

    @abstractmethod
    def draw(self, width: int) -> Text:
        """The drawing at a width."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.draw(max(min(options.max_width, _MOST_WIDTH), _LEAST_WIDTH))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(_LEAST_WIDTH, _MOST_WIDTH).with_maximum(options.max_width)


@dataclass(frozen=True)
class _Bar(_Drawing):
    """One contrast's line."""

    contrast: ContrastVerdict
    margin: float
    reach: _Reach

    def draw(self, width: int) -> Text:
        scale, contrast = self.reach.scale(width), self.contrast
        signs = [" "] * width
        first, last = scale.column(-self.margin), scale.column(self.margin)
        signs[first : last + 1] = "░" * (last + 1 - first)
        signs[scale.zero] = "│"
        text = Text("".join(signs), style="dim")
        if contrast.difference_pp is None:
            return text
        point = scale.column(contrast.difference_pp)
        if contrast.low_pp is None or contrast.high_pp is None:
            signs[point] = "○"
            return Text("".join(signs), style="dim")
        low, high = scale.column(contrast.low_pp), scale.column(contrast.high_pp)
        signs[low : high + 1] = "─" * (high + 1 - low)
        signs[low] = "<" if contrast.low_pp < -self.reach.left else "├"
        signs[high] = ">" if contrast.high_pp > self.reach.right else "┤"
        if low <= scale.zero <= high:
            signs[scale.zero] = "┼"
        signs[point] = "●"
        text = Text("".join(signs), style="dim")
        text.stylize(f"not dim {_STYLES[contrast.direction]}", low, high + 1)
        return text


@dataclass(frozen=True)
class _Ruler(_Drawing):
    """The labels of the axis: zero, and the two ends where there is room."""

    reach: _Reach

    def draw(self, width: int) -> Text:
        scale = self.reach.scale(width)
        signs = [" "] * width
        signs[scale.zero] = "0"
        left, right = pp(-self.reach.left), pp(self.reach.right)
        if len(left) < scale.zero:
            signs[: len(left)] = left
        if len(right) < width - 1 - scale.zero:
            signs[width - len(right) :] = right
        return Text("".join(signs), style="dim")
