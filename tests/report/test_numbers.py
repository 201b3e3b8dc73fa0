"""Quantities as people write them."""

import pytest

from paribus.report.numbers import count, duration, flops, loss, percent, size, span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (75.2, "75 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (7140, "119 min"),
        (7170, "2 h 00 min"),
        (11_100, "3 h 05 min"),
        (200_000, "2 d 7 h"),
        (float("nan"), "unknown time"),
    ],
)
def test_a_time_has_the_unit_that_fits_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (999, "999 FLOPs"),
        (5_676_160, "5.68 MFLOPs"),
        (5_260_000_000_000, "5.26 TFLOPs"),
        (10**16, "10.0 PFLOPs"),
    ],
)
def test_flops_have_a_prefix_and_three_digits(number: int, text: str) -> None:
    assert flops(number) == text


def test_sizes_counts_and_spans_read_well() -> None:
    assert size(115_752) == "116 kB"
    assert size(999_600) == "1.00 MB"
    assert count(1, "run") == "1 run"
    assert count(1200, "run") == "1,200 runs"
    assert count(2, "run is", "runs are") == "2 runs are"
    assert span("9", "60") == "9 to 60"
    assert span("60", "60") == "60"


def test_accuracies_have_two_decimals_and_losses_four() -> None:
    assert percent(96.7) == "96.70 %"
    assert loss(0.03004816547036171) == "0.0300"
    assert loss(float("nan")) == "nan"
