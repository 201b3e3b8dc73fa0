"""The two noises against an analysis of variance by statsmodels, and against a world whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from paribus.errors import ResultsError
from paribus.verdict import judge, tell_noises_apart

Tables = tuple[np.ndarray, np.ndarray]


def tables(n: int, images: int, *, gain: float = 0.0, seed: int = 0, seed_spread: float = 0.0) -> Tables:
    """Who was right: images of different difficulty, of which B does some better and some worse than A."""
    rng = np.random.default_rng(seed)
    difficulty, taste = rng.normal(1.5, 1, images), rng.normal(gain, 0.5, images)
    luck = rng.normal(0, seed_spread, (n, 1))
    a = rng.normal(size=(n, images)) < difficulty
    b = rng.normal(size=(n, images)) < difficulty + taste + luck
    return a, b


@pytest.mark.parametrize("seed", range(3))
def test_mean_squares_equal_an_analysis_of_variance(seed: int) -> None:
    a, b = tables(4, 30, seed=seed)
    found = tell_noises_apart(a, b).mean_squares
    d = b.astype(int) - a.astype(int)
    rows, columns = np.indices(d.shape)
    frame = pd.DataFrame({"d": d.ravel(), "seed": rows.ravel(), "image": columns.ravel()})
    table = anova_lm(ols("d ~ C(seed) + C(image)", frame).fit())
    expected = (table["sum_sq"] / table["df"]).to_numpy()
    assert (found.seed, found.image, found.residual) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_error_over_seeds_is_that_of_the_verdict() -> None:
    a, b = tables(6, 400, seed_spread=0.3)
    noises = tell_noises_apart(a, b)
    runs = {
        name: {seed: 100 * float(row.mean()) for seed, row in enumerate(table)}
        for name, table in (("a", a), ("b", b))
    }
    (contrast,) = judge(runs, images=400).contrasts
    assert noises.difference_pp == pytest.approx(contrast.difference_pp)
    d = np.subtract(list(runs["b"].values()), list(runs["a"].values()))
    assert noises.seed_se_pp == pytest.approx(d.std(ddof=1) / np.sqrt(6))


def test_boolean_and_byte_tables_mean_the_same() -> None:
    a, b = tables(3, 50)
    assert tell_noises_apart(a, b) == tell_noises_apart(a.astype(np.uint8), 7 * b.astype(np.uint8))


def test_the_wider_interval_covers_the_truth_over_new_seeds_and_new_images() -> None:
    hits, narrow_hits, worlds = 0, 0, 400
    truth = _true_difference(gain=0.1)
    for seed in range(worlds):
        noises = tell_noises_apart(*tables(5, 600, gain=0.1, seed=seed, seed_spread=0.05))
        hits += noises.low_pp < truth < noises.high_pp
        half = stats.t.ppf(0.975, 4) * noises.seed_se_pp
        narrow_hits += abs(noises.difference_pp - truth) < half
    assert hits / worlds > 0.93
    assert narrow_hits < hits


def _true_difference(gain: float) -> float:
    # P(N(0,1) < N(m, s²)) = Φ(m/√(1+s²))
    right = stats.norm.cdf(1.5 / np.sqrt(2))
    better = stats.norm.cdf((1.5 + gain) / np.sqrt(1 + 1 + 0.25 + 0.05**2))
    return 100 * float(better - right)


def test_twice_the_images_needed_settle_the_direction_and_a_tenth_do_not() -> None:
    few = tell_noises_apart(*tables(10, 2000, gain=0.5, seed=3))
    assert few.images_needed is not None
    more = tell_noises_apart(*tables(10, 2 * few.images_needed, gain=0.5, seed=4))
    less = tell_noises_apart(*tables(10, few.images_needed // 10, gain=0.5, seed=5))
    assert more.low_pp > 0
    assert less.low_pp < 0


def test_more_seeds_are_not_promised_to_settle_what_images_leave_open() -> None:
    rng = np.random.default_rng(0)
    a = np.tile(rng.random(300) < 0.9, (8, 1))
    b = np.tile(rng.random(300) < 0.88, (8, 1))  # every seed gives the same answers: only images vary
    noises = tell_noises_apart(a, b)
    assert noises.low_pp < 0 < noises.high_pp
    assert noises.rounds_needed is None
    assert noises.images_needed is not None
    assert noises.both_se_pp > 10 * noises.seed_se_pp


def test_equal_tables_have_no_direction_and_a_finite_interval() -> None:
    a, _ = tables(3, 100)
    noises = tell_noises_apart(a, a)
    assert noises.difference_pp == 0
    assert noises.low_pp < 0 < noises.high_pp
    assert noises.images_needed is None
    assert noises.rounds_needed is None
    assert noises.images_for_a == noises.images_for_b == 0


def test_images_are_counted_for_the_variant_that_gets_them_right_more_often() -> None:
    a = np.array([[1, 1, 0, 0], [1, 0, 0, 1]], bool)
    b = np.array([[0, 1, 1, 0], [0, 0, 1, 1]], bool)
    noises = tell_noises_apart(a, b)
    assert (noises.images_for_a, noises.images_for_b) == (1, 1)


@pytest.mark.parametrize("shape", [(1, 10), (3, 1), (3,)])
def test_tables_without_two_rounds_and_two_images_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ResultsError, match="cannot be compared"):
        tell_noises_apart(np.ones(shape, bool), np.ones(shape, bool))


def test_tables_of_different_images_are_refused() -> None:
    with pytest.raises(ResultsError, match="cannot be compared"):
        tell_noises_apart(np.ones((3, 10), bool), np.ones((3, 11), bool))
