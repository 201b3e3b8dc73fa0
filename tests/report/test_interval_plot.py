"""The interval plot read back: where its signs stand, against the numbers they stand for."""

from collections.abc import Callable

import pytest

from paribus.report.interval_plot import interval_plot
from paribus.verdict import Rule, judge

Show = Callable[..., str]

STEADY = {"a": [90.0, 90.1, 90.2, 90.0], "b": [92.0, 92.2, 92.1, 92.1], "c": [90.1, 89.9, 90.3, 89.9]}


def lines_of(show: Show, accuracies: dict[str, list[float]], *, width: int, rule: Rule) -> dict[str, str]:
    """Contrast to its line."""
    verdict = judge({name: dict(enumerate(values)) for name, values in accuracies.items()}, rule=rule)
    text = show(interval_plot(verdict.contrasts, rule), width=width)
    return {line[:5]: line[5:] for line in text.splitlines() if line[1:4] == " - "}


@pytest.mark.parametrize("width", [60, 100, 200])
def test_signs_stand_in_proportion_to_the_numbers(width: int, show: Show) -> None:
    rule = Rule()
    verdict = judge({name: dict(enumerate(values)) for name, values in STEADY.items()}, rule=rule)
    lines = lines_of(show, STEADY, width=width, rule=rule)
    zero = lines["b - a"].index("│")
    for contrast in verdict.contrasts:
        line = lines[contrast.name]
        assert contrast.low_pp is not None
        assert contrast.difference_pp is not None
        assert contrast.high_pp is not None
        ends = [line.index("├"), line.index("●"), line.rindex("┤")]
        values = [contrast.low_pp, contrast.difference_pp, contrast.high_pp]
        span = (ends[2] - ends[0]) / (values[2] - values[0])
        for at, value in zip(ends, values, strict=True):
            assert at - zero == pytest.approx(value * span, abs=2)


@pytest.mark.parametrize("width", [60, 100, 200])
@pytest.mark.parametrize("tiny", [0.02, 0.05, 0.2])
def test_an_interval_off_zero_never_touches_the_zero_line(width: int, tiny: float, show: Show) -> None:
    noise = [0.0, 0.01, 0.0, 0.01, 0.0, 0.01, 0.0, 0.01]
    accuracies = {
        "a": [90.0] * 8,
        "b": [90 + tiny + 0.3 + extra for extra in noise],
        "c": [70.0 + extra for extra in noise],
    }
    lines = lines_of(show, accuracies, width=width, rule=Rule(max_rounds=8))
    assert "│" in lines["b - a"]
    assert "┼" not in lines["b - a"]
    assert lines["c - a"].index("●") < lines["c - a"].index("│")


def test_an_interval_that_holds_zero_crosses_the_zero_line(show: Show) -> None:
    lines = lines_of(show, STEADY, width=100, rule=Rule())
    assert "┼" in lines["c - a"]
    assert lines["c - a"].index("┼") == lines["b - a"].index("│")


def test_the_margin_is_marked_and_an_absent_one_is_not(show: Show) -> None:
    wide = lines_of(show, STEADY, width=100, rule=Rule(margin_pp=1.0))["b - a"]
    none = lines_of(show, STEADY, width=100, rule=Rule(margin_pp=0.0))["b - a"]
    assert wide.count("░") > 5
    assert "░" not in none


def test_before_the_first_look_only_means_are_drawn(show: Show) -> None:
    accuracies = {name: values[:2] for name, values in STEADY.items()}
    verdict = judge({name: dict(enumerate(values)) for name, values in accuracies.items()})
    text = show(interval_plot(verdict.contrasts, Rule()))
    assert text.count("○") == 4  # three contrasts and the legend
    assert "too early for an interval" in text
    assert "├" not in text


def test_an_interval_wider_than_possible_leaves_the_axis_at_an_arrow(show: Show) -> None:
    accuracies = {"a": [90.0, 10.0, 90.0], "b": [91.0, 91.0, 91.0]}
    line = lines_of(show, accuracies, width=80, rule=Rule())["b - a"]
    assert "<─" in line
    assert "─>" in line
