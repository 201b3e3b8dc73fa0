"""Critical values of the repeated t-interval: how far t may go at each look before it counts.

Here is the numerical integration only; what is done with the values belongs to the other modules.

With normal differences d_1, d_2, … of mean zero the direction of (d_1, …, d_n) is uniform on the sphere,
whatever their spread. So the path of t_n is a Markov chain without unknowns, and it is simplest backwards: given
t_{n+1}, the share z of the last difference has density ∝ (1 − z²)^((n−3)/2) and fixes t_n. Let
h_n(t) be the probability that no earlier look was crossed, given t_n = t. Then h_{n+1}(t) is the expectation of
h_n(t_n) over z with |t_n| below its critical value, and the probability that look n is the first one
crossed is ∫_{|t| > c_n} h_n(t) f_n(t) dt with f_n the density of Student's t. All of it is smooth
and one-dimensional.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

_NODES = 40
"""Chebyshev nodes for h_n; with 40 of them the critical values are stable to 1e-6 relative."""

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_UNIT_POINTS, _UNIT_WEIGHTS = (_POINTS + 1) / 2, _WEIGHTS / 2
"""Gauss-Legendre rule on [0, 1]."""

_CHEBYSHEV = (np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES) + 1) / 2
"""Chebyshev nodes on [0, 1]."""


@lru_cache(maxsize=256)
def critical_values(alpha: float, min_rounds: int, max_rounds: int) -> Array:
    """The levels c_n which |t_n| first exceeds at look n with probability alpha / (number of looks).

    Args:
        alpha: Probability that any look is crossed when there is no difference.
        min_rounds: Rounds at the first look, at least 2.
        max_rounds: Rounds at the last look.

    Returns:
        c_n for n = min_rounds, …, max_rounds; shape (max_rounds − min_rounds + 1,), read-only. Method: numerical
        integration in the manner of Armitage, McPherson & Rowe (1969), on the t-path, with equal
        steps of alpha spent at each look (Lan & DeMets 1983).
    """
    looks = max_rounds - min_rounds + 1
    step = alpha / looks
    critical = float(special.stdtrit(min_rounds - 1, 1 - step / 2))
    values = [critical]
    survival = _Survival(edge=math.inf, coefficients=np.ones(1))
    for rounds in range(min_rounds + 1, max_rounds + 1):
        survival = _next_survival(survival, critical, rounds)
        spent = step * (rounds - min_rounds + 1)
        critical = _solve(survival, rounds, step, start=float(special.stdtrit(rounds - 1, 1 - spent / 2)))
        values.append(critical)
    result = np.array(values)
    result.flags.writeable = False
    return result


class _Survival:
    """h_n on |t| < edge (zero beyond): a Chebyshev series in s = √(1 − (t/edge)²).

    At the edge h_n starts like a square root, so that it is analytic in s but not in t.
    """

    def __init__(self, edge: float, coefficients: Array) -> None:
        self.edge = edge
        self.coefficients = coefficients

    def __call__(self, t: Array) -> Array:
        s = np.sqrt(np.maximum(0.0, 1 - (t / self.edge) ** 2))
        return np.asarray(chebyshev.chebval(2 * s - 1, self.coefficients))


def _next_survival(survival: _Survival, critical: float, rounds: int) -> _Survival:
    """h at `rounds` from h and the critical value at the look before.

    With v = Σd / √Σd² and w = d_n / √Σd² for the last difference: v_{n−1} = (v_n − w) / √(1 − w²).
    """
    before = rounds - 1
    limit = _direction(np.float64(critical), before)
    radius = math.sqrt(1 + limit**2)
    edge = radius * math.sqrt((rounds - 1) / _gap(limit, critical, before))
    t = edge * np.sqrt(1 - _CHEBYSHEV**2)
    v = _direction(t, rounds)
    # The last differences w for which |v_{n−1}| < limit, as angles; then as the share z of what v_n leaves free.
    turn, angle = math.atan(limit), np.arcsin(np.minimum(1.0, v / radius))
    centre = v / rounds
    free = np.sqrt(before / rounds) * np.sqrt((rounds - 1) / (rounds - 1 + t**2))
    low = np.arcsin(np.clip((np.sin(angle - turn) - centre) / free, -1.0, 1.0))
    high = np.arcsin(np.clip((np.sin(angle + turn) - centre) / free, -1.0, 1.0))
    theta = low[:, None] + (high - low)[:, None] * _UNIT_POINTS  # (nodes, points), z = sin θ
    w = centre[:, None] + free[:, None] * np.sin(theta)
    earlier = (v[:, None] - w) / np.sqrt(np.maximum(1e-300, 1 - w**2))
    density = np.cos(theta) ** (before - 2) / special.beta(0.5, (before - 1) / 2)
    inside = survival(_statistic(np.clip(earlier, -limit, limit), before))
    values = (high - low) * ((density * inside) @ _UNIT_WEIGHTS)
    return _Survival(float(edge), _chebyshev_coefficients(values))


def _gap(limit: float, critical: float, before: int) -> float:
    """(n + 1) − (1 + limit²) = n − limit², without cancellation."""
    del limit
    return before * (before - 1) / (before - 1 + critical**2)


def _direction(t: Array | np.float64, rounds: int) -> Array:
    """V = Σd / √Σd² of t."""
    return np.asarray(t * np.sqrt(rounds / (rounds - 1 + t**2)))


def _statistic(v: Array, rounds: int) -> Array:
    """T of v."""
    return np.asarray(v * np.sqrt((rounds - 1) / np.maximum(1e-300, rounds - v**2)))


def _chebyshev_coefficients(values: Array) -> Array:
    """Series through `values` at the Chebyshev nodes (discrete cosine transform)."""
    return _COSINES @ values


_COSINES = (
    2
    / _NODES
    * np.cos(np.outer(np.arange(_NODES), np.pi * (np.arange(_NODES) + 0.5) / _NODES))
    * np.where(np.arange(_NODES) == 0, 0.5, 1.0)[:, None]
)


def _solve(survival: _Survival, rounds: int, step: float, *, start: float) -> float:
    """The c with first-crossing probability `step`: Newton's method on a convex function, from the left."""
    critical = start
    for _ in range(60):
        excess = _crossing(survival, rounds, critical) - step
        slope = 2 * _density(np.array([critical]), rounds) * survival(np.array([critical]))
        move = float(excess / slope[0])
        critical += move
        if abs(move) < 1e-9 * critical:
            break
    return critical


def _crossing(survival: _Survival, rounds: int, critical: float) -> float:
    """Probability that |t| > critical at this look and no look before was crossed.

    Integrated in log t = log edge − length·r², which smooths the square root at the edge.
    """
    length = math.log(survival.edge / critical)
    t = survival.edge * np.exp(-length * _UNIT_POINTS**2)
    integrand = _density(t, rounds) * t * survival(t) * 2 * length * _UNIT_POINTS
    return float(2 * integrand @ _UNIT_WEIGHTS)


def _density(t: Array, rounds: int) -> Array:
    """Density of Student's t with rounds − 1 degrees of freedom."""
    df = rounds - 1
    return np.asarray((1 + t**2 / df) ** (-(df + 1) / 2) / (math.sqrt(df) * special.beta(0.5, df / 2)))
