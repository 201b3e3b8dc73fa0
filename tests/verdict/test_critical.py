"""Critical values against values found independently and against simulated paths."""

import numpy as np
import pytest
from scipy import stats

from paribus.verdict import critical_values


def first_crossings(critical: np.ndarray, min_rounds: int, *, paths: int, seed: int) -> np.ndarray:
    """Share of simulated t-paths that cross first at each look."""
    rng = np.random.default_rng(seed)
    total = square = np.zeros(paths)
    alive = np.ones(paths, bool)
    shares = []
    for n in range(1, min_rounds + len(critical)):
        d = rng.standard_normal(paths)
        total, square = total + d, square + d * d
        if n >= min_rounds:
            t = total / np.sqrt(n * (square - total**2 / n) / (n - 1))
            crossed = alive & (np.abs(t) > critical[n - min_rounds])
            shares.append(crossed.mean())
            alive &= ~crossed
    return np.array(shares)


def test_a_cap_of_20_rounds_gives_the_values_found_independently() -> None:
    values = critical_values(0.05, 3, 20)
    found = [values[n - 3] for n in (3, 4, 5, 8, 10, 20)]
    assert found == pytest.approx([18.93, 8.62, 6.01, 3.91, 3.45, 2.66], rel=0.002)


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        (10, {3: 12.5, 4: 6.39, 5: 4.70, 8: 3.21, 10: 2.86}),
        (40, {4: 11.2, 5: 7.44, 8: 4.57, 10: 3.99, 20: 3.07, 40: 2.57}),
    ],
)
def test_other_caps_agree_with_values_simulated_elsewhere(cap: int, expected: dict[int, float]) -> None:
    values = critical_values(0.05, 3, cap)
    for n, value in expected.items():
        assert values[n - 3] == pytest.approx(value, rel=0.02)


@pytest.mark.parametrize(
    ("alpha", "min_rounds", "cap"), [(0.05, 3, 20), (0.05 / 3, 3, 60), (0.3, 5, 9), (0.002, 3, 12)]
)
def test_simulated_paths_cross_first_equally_often_at_every_look(
    alpha: float, min_rounds: int, cap: int
) -> None:
    paths = 200_000
    shares = first_crossings(critical_values(alpha, min_rounds, cap), min_rounds, paths=paths, seed=1)
    step = alpha / len(shares)
    error = np.sqrt(step * (1 - step) / paths)
    assert np.all(np.abs(shares - step) < 4.5 * error)
    assert abs(shares.sum() - alpha) < 4 * np.sqrt(alpha * (1 - alpha) / paths)


@pytest.mark.parametrize("n", [3, 7, 200])
def test_a_single_look_is_the_t_test(n: int) -> None:
    (value,) = critical_values(0.05, n, n)
    assert value == pytest.approx(stats.t.ppf(0.975, n - 1), rel=1e-9)


def test_two_looks_agree_with_numerical_integration_of_the_joint_density() -> None:
    c3, c4 = critical_values(0.1, 3, 4)
    assert c3 == pytest.approx(stats.t.ppf(1 - 0.05 / 2, 2), rel=1e-9)
    # Directions of (d1..d4) on the sphere: take d4's share w and t3, which are independent.
    w = np.sin((np.arange(4000) + 0.5) / 4000 * np.pi - np.pi / 2)
    w_weight = np.sqrt(1 - w**2) ** 2
    p = (np.arange(4000) + 0.5) / 4000
    t3 = stats.t.ppf(p, 2)
    v3 = t3 * np.sqrt(3 / (2 + t3**2))
    v4 = np.sqrt(1 - w[:, None] ** 2) * v3 + w[:, None]
    t4 = v4 * np.sqrt(3 / np.maximum(1e-12, 4 - v4**2))
    first = (np.abs(t4) > c4) & (np.abs(t3) <= c3)
    assert (w_weight @ first.mean(axis=1)) / w_weight.sum() == pytest.approx(0.05, rel=2e-3)


@pytest.mark.parametrize("alpha", [1e-6 / 2016, 0.05 / 45, 0.05, 0.5])
@pytest.mark.parametrize("cap", [4, 50, 200])
def test_extreme_levels_and_caps_give_finite_falling_values(alpha: float, cap: int) -> None:
    values = critical_values(alpha, 3, cap)
    assert np.all(np.isfinite(values))
    assert np.all(np.diff(values) < 0)
    # No look spends more than a t-test of that step alone would need, nor less than one of all alpha.
    looks = len(values)
    df = np.arange(2, cap)
    assert np.all(values <= stats.t.isf(alpha / looks / 2, df) * (1 + 1e-9))
    assert np.all(values >= stats.t.isf(alpha / 2, df) * (1 - 1e-9))
