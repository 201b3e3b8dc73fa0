"""Student's t distribution: density, tail, quantile, for any degrees of freedom.

scipy has all three, but importing it takes longer than `paribus show` may take in all; tests compare the two.
"""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_TINY = 1e-300


def density(t: Array, df: float) -> Array:
    """Density at `t`."""
    return np.asarray((1 + t**2 / df) ** (-(df + 1) / 2) * math.exp(-_log_beta(df / 2)) / math.sqrt(df))


def quantile(upper: float, df: float) -> float:
    """The level that t exceeds with probability `upper`, 0 < upper < 1.

    Newton's method on the logarithm of the tail over log t: it is concave, so that every step but the first
    comes from the right and none overshoots.
    """
    if upper > 0.5:
        return -quantile(1 - upper, df)
    if upper == 0.5:
        return 0.0
    log_t, target = 0.0, math.log(upper)
    for _ in range(200):
        log_tail = log_upper_tail(math.exp(log_t), df)
        slope = -math.exp(_log_density(math.exp(log_t), df) + log_t - log_tail)
        move = (target - log_tail) / slope
        log_t += move
        if abs(move) < 1e-13:
            break
    return math.exp(log_t)


def log_upper_tail(t: float, df: float) -> float:
    """Logarithm of the probability that t is exceeded, t > 0: half of I_x(df/2, 1/2) at x = df/(df + t²)."""
    a, x, rest = df / 2, df / (df + t * t), t * t / (df + t * t)
    front = a * math.log(x) + 0.5 * math.log(rest) - _log_beta(a)
    if x < (a + 1) / (a + 2.5):
        return front - math.log(2 * a) + math.log(_continued_fraction(a, 0.5, x))
    return math.log(0.5) + math.log1p(-math.exp(front) * _continued_fraction(0.5, a, rest) / 0.5)


def _log_density(t: float, df: float) -> float:
    return -(df + 1) / 2 * math.log1p(t * t / df) - _log_beta(df / 2) - 0.5 * math.log(df)


def _log_beta(a: float) -> float:
    """Logarithm of the beta function B(a, 1/2)."""
    return math.lgamma(a) + math.lgamma(0.5) - math.lgamma(a + 0.5)


def _continued_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8)."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 1000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + numerator * d)
            c = _away_from_zero(1 + numerator / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
