"""How often the rule errs where the truth is known: directions, equivalence, coverage."""

import math
from collections.abc import Callable, Iterator

import numpy as np
from bench.calibration.row import Row, coverage, share
from numpy.typing import NDArray
from scipy import stats

from paribus.verdict import DEFAULT_RULE, critical_values
from paribus.verdict.replay import Looks, look, stop

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Array]

ROUNDS = DEFAULT_RULE.max_rounds
FIRST = DEFAULT_RULE.min_rounds
FLOOR_PP = math.sqrt(2 * 0.01**2 / 12)
"""Floor of s_d at 10,000 test images."""

SPREAD_PP = 0.1
"""Spread of one variant's accuracy over seeds, as in small networks on MNIST."""


def looks_at(differences: Array, *, contrasts: int = 1, floor_pp: float = 0.0) -> Looks:
    """All looks at studies whose alpha is shared by `contrasts`."""
    critical = critical_values(DEFAULT_RULE.alpha / contrasts, FIRST, ROUNDS)
    return look(differences, critical, FIRST, floor_sd=floor_pp)


def pairs(variants: Array) -> list[Array]:
    """The three differences of three variants; shape (studies, rounds, 3) to three of (studies, rounds)."""
    return [variants[..., j] - variants[..., i] for i, j in ((0, 1), (0, 2), (1, 2))]


def normal_rows(rng: np.random.Generator, studies: int) -> Iterator[Row]:
    """Direction and coverage under the assumptions of the rule."""
    case = "A/A, normal differences, looked at after every round"
    one = looks_at(rng.standard_normal((studies, ROUNDS)))
    yield share(case, "a direction called, one contrast", stop(one).direction != 0, most=0.052)
    three = [looks_at(d, contrasts=3) for d in pairs(rng.standard_normal((studies, ROUNDS, 3)))]
    called = np.any([stop(looks).direction != 0 for looks in three], axis=0)
    yield share(case, "some direction called, family of 3", called, most=0.052)
    yield _naive(case, rng, studies)
    case = "coverage, normal differences"
    missed = [np.any(np.abs(looks.mean) > looks.half, axis=1) for looks in (one, *three)]
    yield coverage(case, "all intervals at all looks, one contrast", ~missed[0], least=0.948)
    yield coverage(case, "all intervals at all looks, family of 3", ~np.any(missed[1:], axis=0), least=0.948)
    for size in (0.25, 0.5, 1.0, 2.0):
        stops = stop(looks_at(rng.standard_normal((studies, ROUNDS))).shifted(size), margin=size / 2)
        covered = np.abs(stops.mean - size) <= stops.half
        yield coverage(case, f"the interval at stopping, Δ = {size} s_d", covered, least=0.948)


def _naive(case: str, rng: np.random.Generator, studies: int) -> Row:
    quantiles = np.asarray(stats.t.ppf(1 - DEFAULT_RULE.alpha / 2, np.arange(FIRST, ROUNDS + 1) - 1))
    naive = stop(look(rng.standard_normal((studies, ROUNDS)), quantiles, FIRST))
    row = share(case, "control: a 5 % t-test at every look", naive.direction != 0)
    return Row(row.case, row.measure, row.value, row.error, studies, "far above 5 %", row.value > 0.15)


def margin_rows(rng: np.random.Generator, studies: int) -> Iterator[Row]:
    """Equivalence called where the true difference is the margin itself."""
    for size in (0.1, 0.5, 1.0, 2.0, 5.0):
        case = "Δ = ±m, normal differences"
        sign = rng.choice([-1.0, 1.0], (studies, 1))
        looks = looks_at(rng.standard_normal((studies, ROUNDS)) + sign * size)
        within = np.any((looks.mean - looks.half > -size) & (looks.mean + looks.half < size), axis=1)
        yield share(case, f"“within the margin” at some look, m = {size} s_d", within, most=0.052)


def other_rows(rng: np.random.Generator, studies: int) -> Iterator[Row]:
    """The same A/A comparison where the differences are not normal."""
    for case, draw in _OTHERS.items():
        differences = draw(rng, studies)
        looks = looks_at(differences, floor_pp=FLOOR_PP)
        yield share(f"A/A, {case}", "a direction called, one contrast", stop(looks).direction != 0)
        within = stop(looks, margin=DEFAULT_RULE.margin_pp)
        yield share(f"A/A, {case}", "the same, stopping also within 0.1 pp", within.direction != 0)
        for first, name in ((10, "min_rounds = 10"), (ROUNDS, "a fixed number of 20 rounds, plain t-test")):
            critical = critical_values(DEFAULT_RULE.alpha, first, ROUNDS)
            later = stop(look(differences, critical, first, floor_sd=FLOOR_PP))
            yield share(f"A/A, {case}", f"for comparison: {name}", later.direction != 0)


def _heavy(rng: np.random.Generator, studies: int) -> Array:
    return SPREAD_PP * rng.standard_t(3, (studies, ROUNDS))


def _half_skewed(rng: np.random.Generator, studies: int) -> Array:
    skewed = 1 - rng.exponential(size=(studies, ROUNDS))
    return SPREAD_PP * (skewed - rng.standard_normal((studies, ROUNDS)))


def _skewed(rng: np.random.Generator, studies: int) -> Array:
    return SPREAD_PP * (1 - rng.exponential(size=(studies, ROUNDS)))


def _rounded(spread: float) -> Draw:
    def draw(rng: np.random.Generator, studies: int) -> Array:
        a, b = (np.round(96.5 + spread * rng.standard_normal((studies, ROUNDS)), 2) for _ in range(2))
        return b - a

    return draw


def _diverging(rng: np.random.Generator, studies: int) -> Array:
    a, b = (
        np.where(
            rng.random((studies, ROUNDS)) < 0.05,
            9.8,
            96.5 + SPREAD_PP * rng.standard_normal((studies, ROUNDS)),
        )
        for _ in range(2)
    )
    return b - a


def _diverging_in_one(rng: np.random.Generator, studies: int) -> Array:
    """B diverges in 5 % of its runs and is otherwise so much better that the means agree."""
    drop = 86.7
    diverged = rng.random((studies, ROUNDS)) < 0.05
    return SPREAD_PP * rng.standard_normal((studies, ROUNDS)) - drop * diverged + 0.05 * drop


_OTHERS: dict[str, Draw] = {
    "t(3) differences": _heavy,
    "one variant skewed (exponential), the other normal": _half_skewed,
    "wholly skewed differences (exponential)": _skewed,
    "accuracies rounded to 0.01 pp, spread 0.1 pp": _rounded(0.1),
    "accuracies rounded to 0.01 pp, spread 0.01 pp": _rounded(0.01),
    "5 % of the runs of either variant diverge": _diverging,
    "5 % of the runs of one variant diverge, means equal": _diverging_in_one,
}
