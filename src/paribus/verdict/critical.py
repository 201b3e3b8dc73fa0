"""Critical values of the repeated t-interval: how far t has to go at each look before it counts.

Here is the numerical integration only; what is done with the values belongs to the other modules.

With normal differences d_1, d_2, … of mean zero the direction of (d_1, …, d_n) is uniform on the sphere,
whatever their spread. So the path of t_n is a Markov chain without unknowns, and it is simplest backwards:
given t_n, a coordinate z of density ∝ (1 − z²)^((n−4)/2) says what the last difference was, and so
fixes t_{n−1}. Let h_n(t) be the probability that no look before n was crossed, given t_n = t. Then h_n(t) is
the expectation of h_{n−1}(t_{n−1}) over those z that leave |t_{n−1}| below its critical value, and look n is
the first one crossed with probability ∫ h_n f_n over |t| > c_n, where f_n is the density of Student's t.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.chebyshev import chebval
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from paribus.verdict import student

Array = NDArray[np.float64]

_NODES = 32
"""Chebyshev nodes for h_n. With 32 of them and as many points for the integrals the critical values differ by
less than 1e-6 (relative) from those with 160 and 200."""

_POINTS, _WEIGHTS = ((x + shift) / 2 for x, shift in zip(leggauss(32), (1, 0), strict=True))
"""Gauss-Legendre rule on [0, 1]."""

_ANGLES = np.pi * (np.arange(_NODES) + 0.5) / _NODES
_TO_SERIES = (2 / _NODES) * np.cos(np.outer(np.arange(_NODES), _ANGLES))
_TO_SERIES[0] /= 2
"""Matrix from a function's values at the Chebyshev nodes cos(angle) to its series."""


@lru_cache(maxsize=256)
def critical_values(alpha: float, min_rounds: int, max_rounds: int) -> Array:
    """The levels c_n that |t_n| is the first to exceed with probability alpha / (number of looks).

    Args:
        alpha: Probability that any look is crossed when there is no difference, 0 < alpha < 1.
        min_rounds: Rounds at the first look, at least 3.
        max_rounds: Rounds at the last look.

    Returns:
        c_n for n = min_rounds, …, max_rounds; shape (max_rounds − min_rounds + 1,), read-only. Method:
        recursive integration (Armitage, McPherson & Rowe 1969) over the path of t, alpha spent in equal
        steps (Lan & DeMets 1983).
    """
    step = alpha / (max_rounds - min_rounds + 1)
    values = [student.quantile(step / 2, min_rounds - 1)]
    survival = _Survival(edge=math.inf, series=np.ones(1))
    for rounds in range(min_rounds + 1, max_rounds + 1):
        survival = _next_survival(survival, values[-1], rounds)
        spent = step * (rounds - min_rounds + 1)
        values.append(_solve(survival, rounds, step, start=student.quantile(spent / 2, rounds - 1)))
    result = np.array(values)
    result.flags.writeable = False
    return result


@dataclass(frozen=True)
class _Survival:
    """h_n for |t| < edge (it is zero beyond), as a Chebyshev series in s = √(1 − (t/edge)²).

    At the edge h_n begins like a square root: it is smooth in s and not in t.
    """

    edge: float
    series: Array

    def __call__(self, t: Array) -> Array:
        s = np.sqrt(np.maximum(0.0, 1 - (t / self.edge) ** 2))
        return np.asarray(chebval(2 * s - 1, self.series))


def _next_survival(survival: _Survival, critical: float, rounds: int) -> _Survival:
    """h_n for n = `rounds`, from h_{n−1} and its critical value.

    In v = Σd/√Σd² and the last difference's share w = d_n/√Σd² the step is v_{n−1} = (v_n − w)/√(1 − w²); so
    with w = sin φ and c = |v_{n−1}|: v_n = √(1 + c²) sin(φ ± arctan c).
    """
    before = rounds - 1
    limit = float(_share(np.array(critical), before))
    radius = math.hypot(1, limit)
    left = before * (before - 1) / (before - 1 + critical**2)  # before − limit², without cancellation
    edge = radius * math.sqrt(before / left)
    t = edge * np.sqrt(1 - ((np.cos(_ANGLES) + 1) / 2) ** 2)  # (nodes,)
    v = _share(t, rounds)
    # Given v_n, w = centre + free·sin θ with density ∝ cos^(n−3) θ; the bounds are where |v_{n−1}| = limit.
    centre, free = v / rounds, np.sqrt(before / rounds * before / (before + t**2))
    turn, angle = math.atan(limit), np.arcsin(np.minimum(1.0, v / radius))
    low, high = (np.arcsin(np.clip((np.sin(angle + sign * turn) - centre) / free, -1, 1)) for sign in (-1, 1))
    theta = low[:, None] + np.outer(high - low, _POINTS)  # (nodes, points)
    w = centre[:, None] + free[:, None] * np.sin(theta)
    v_before = np.clip((v[:, None] - w) / np.sqrt(np.maximum(1e-300, 1 - w**2)), -limit, limit)
    t_before = v_before * np.sqrt((before - 1) / (before - v_before**2))
    integrand = np.cos(theta) ** (rounds - 3) * survival(t_before)
    total = math.exp(math.lgamma(0.5) + math.lgamma(rounds / 2 - 1) - math.lgamma(rounds / 2 - 0.5))
    return _Survival(edge, _TO_SERIES @ ((high - low) * (integrand @ _WEIGHTS) / total))


def _share(t: Array, rounds: int) -> Array:
    """V = Σd/√Σd² of t."""
    return np.asarray(t * np.sqrt(rounds / (rounds - 1 + t**2)))


def _solve(survival: _Survival, rounds: int, step: float, *, start: float) -> float:
    """The level first crossed with probability `step`: Newton's method from the left of a convex function."""
    critical = start
    for _ in range(100):
        slope = 2 * student.density(np.array(critical), rounds - 1) * survival(np.array(critical))
        move = (_crossing(survival, rounds, critical) - step) / float(slope)
        critical += move
        if abs(move) < 1e-9 * critical:
            break
    return critical


def _crossing(survival: _Survival, rounds: int, critical: float) -> float:
    """Probability that |t| exceeds `critical` at this look and no look before was crossed.

    Integrated over r in log t = log edge − length·r², which takes the square root out of the edge.
    """
    length = math.log(survival.edge / critical)
    t = survival.edge * np.exp(-length * _POINTS**2)
    integrand = student.density(t, rounds - 1) * survival(t) * t * 2 * length * _POINTS
    return float(2 * integrand @ _WEIGHTS)
