"""Student's t against scipy."""

import math

import numpy as np
import pytest
from scipy import stats

from paribus.verdict import student

DEGREES = [1.0, 2, 3, 4.5, 7.36, 19, 199, 1e5]


@pytest.mark.parametrize("df", DEGREES)
@pytest.mark.parametrize("upper", [0.499, 0.3, 0.1, 0.025, 1e-3, 1e-6, 1e-9, 1e-12, 0.7, 0.999])
def test_quantiles_equal_scipys(upper: float, df: float) -> None:
    assert student.quantile(upper, df) == pytest.approx(stats.t.isf(upper, df), rel=1e-9)


def test_the_median_is_zero() -> None:
    assert student.quantile(0.5, 4) == 0


@pytest.mark.parametrize("df", DEGREES)
def test_tails_and_densities_equal_scipys(df: float) -> None:
    t = np.array([0.001, 0.5, 1, 2.5, 7, 40])
    assert np.allclose(student.density(t, df), stats.t.pdf(t, df), rtol=1e-8, atol=0)
    tails = [math.exp(student.log_upper_tail(value, df)) for value in t[:5]]
    assert tails == pytest.approx(stats.t.sf(t[:5], df), rel=1e-8)
