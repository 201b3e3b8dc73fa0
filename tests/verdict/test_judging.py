"""The walk over the rounds: when contrasts freeze, which variants go on, and what the interval is."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from paribus.errors import ResultsError
from paribus.verdict import Rule, Verdict, judge

Runs = dict[str, dict[int, float]]


def simulated(means: Mapping[str, float], rounds: int, *, seed: int = 0, spread: float = 0.1) -> Runs:
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 0.2, rounds)
    return {
        name: {s: round(float(mean + shared[s] + rng.normal(0, spread)), 2) for s in range(rounds)}
        for name, mean in means.items()
    }


def train_until_decided(source: Runs, **options: Any) -> tuple[Verdict, Runs]:  # noqa: ANN401 - passed on
    """What `run` does: train the next seed of the variants that are needed."""
    runs: Runs = {name: {} for name in source}
    verdict = judge(runs, **options)
    while verdict.needed:
        for name in verdict.needed:
            seed = len(runs[name])
            runs[name][seed] = source[name][seed]
        verdict = judge(runs, **options)
    return verdict, runs


def test_with_one_look_the_interval_is_that_of_scipys_paired_t_test() -> None:
    runs = simulated({"a": 96, "b": 96.2}, 7)
    (contrast,) = judge(runs, rule=Rule(min_rounds=7, max_rounds=7)).contrasts
    expected = stats.ttest_rel(list(runs["b"].values()), list(runs["a"].values())).confidence_interval(0.95)
    assert (contrast.low_pp, contrast.high_pp) == pytest.approx((expected.low, expected.high), rel=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_within_the_margin_agrees_with_two_one_sided_tests(seed: int) -> None:
    runs = simulated({"a": 96, "b": 96 + 0.02 * (seed % 5)}, 8, seed=seed, spread=0.08)
    (contrast,) = judge(runs, rule=Rule(alpha=0.1, min_rounds=8, max_rounds=8)).contrasts
    d = np.subtract(list(runs["b"].values()), list(runs["a"].values()))
    p, _, _ = DescrStatsW(d).ttost_mean(-0.1, 0.1)
    assert (contrast.size == "within") == (p < 0.05)


def test_two_one_sided_tests_come_out_both_ways_in_that_comparison() -> None:
    sizes = set()
    for seed in range(40):
        runs = simulated({"a": 96, "b": 96 + 0.02 * (seed % 5)}, 8, seed=seed, spread=0.08)
        sizes.add(judge(runs, rule=Rule(alpha=0.1, min_rounds=8, max_rounds=8)).contrasts[0].size)
    assert {"within", "unsettled"} <= sizes


def test_no_rounds_yet_need_all_variants_of_the_claims_only() -> None:
    verdict = judge({"a": {}, "b": {}, "c": {}}, claims=["a < c"])
    assert verdict.needed == ("a", "c")
    assert not verdict.decided
    assert verdict.contrasts[0].difference_pp is None


def test_before_the_first_look_there_is_a_difference_but_no_interval() -> None:
    (contrast,) = judge({"a": {0: 90.0, 1: 91.0}, "b": {0: 93.0, 1: 93.0}}).contrasts
    assert contrast.state == "early"
    assert contrast.difference_pp == pytest.approx(2.5)
    assert contrast.low_pp is None
    assert contrast.direction == "unsettled"


def test_a_variant_stops_training_when_no_open_contrast_needs_it() -> None:
    source = simulated({"max-same": 96.7, "avg-same": 93.3, "max-valid": 96.55}, 20)
    verdict, runs = train_until_decided(source, claims=["avg-same < max-valid < max-same"])
    assert verdict.claims[0].verdict == "supported"
    assert len(runs["avg-same"]) < len(runs["max-same"])
    assert {contrast.state for contrast in verdict.contrasts} == {"settled"}
    assert [contrast.rounds for contrast in verdict.contrasts] == [
        len(runs["avg-same"]),
        len(runs["max-same"]),
    ]


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=40, deadline=None)
def test_more_rounds_than_were_needed_change_nothing(seed: int, claimed: bool) -> None:
    source = simulated({"a": 96, "b": 96.05, "c": 96.3}, 20, seed=seed)
    claims = ["a < b < c", "a ~ b"] if claimed else []
    verdict, _ = train_until_decided(source, claims=claims)
    whole = judge(source, claims=claims)
    assert whole == verdict


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_arrival_changes_nothing(shuffle: random.Random) -> None:
    source = simulated({"a": 96, "b": 96.1, "c": 96.3}, 9, seed=4)
    verdict = judge(source)
    shuffled = {}
    for name in source:
        runs = list(source[name].items())
        shuffle.shuffle(runs)
        shuffled[name] = dict(runs)
    assert judge(shuffled) == verdict


def test_a_missing_run_blocks_its_look_and_all_later_ones() -> None:
    runs = simulated({"a": 96, "b": 96.01}, 12)
    before = judge({name: {s: v for s, v in r.items() if s < 5} for name, r in runs.items()})
    del runs["b"][5]
    verdict = judge(runs)
    assert verdict.rounds == 5
    assert verdict.waiting == (("b", 5),)
    assert verdict.contrasts == before.contrasts
    assert any("waits for b with seed 5" in note for note in verdict.notes)


def test_a_seed_that_failed_for_all_blocks_when_the_seeds_are_declared() -> None:
    runs = {"a": {1: 90.0, 2: 90.0, 3: 90.1}, "b": {1: 95.0, 2: 95.1, 3: 95.0}}
    assert judge(runs, seeds=range(20)).waiting == (("a", 0), ("b", 0))
    assert judge(runs).rounds == 3


def test_a_round_that_nobody_has_begun_is_needed_but_blocks_nothing() -> None:
    verdict = judge({"a": {0: 90.0}, "b": {0: 91.0}}, seeds=range(20))
    assert verdict.needed == ("a", "b")
    assert verdict.waiting == ()


def test_identical_accuracies_in_all_rounds_are_equivalent_not_certain() -> None:
    same = dict.fromkeys(range(5), 97.31)
    (contrast,) = judge({"a": same, "b": dict(same)}).contrasts
    assert contrast.size == "within"
    assert contrast.direction == "unsettled"
    assert contrast.pairing_gain is None
    assert contrast.sd_pp == pytest.approx((2 * 0.01**2 / 12) ** 0.5)


def test_few_test_images_make_equal_accuracies_say_less() -> None:
    same = dict.fromkeys(range(3), 90.0)
    (contrast,) = judge({"a": same, "b": dict(same)}, images=10).contrasts
    assert contrast.size == "unsettled"
    assert contrast.sd_pp == pytest.approx((2 * 10**2 / 12) ** 0.5)


def test_perfect_accuracy_is_judged_like_any_other() -> None:
    perfect = dict.fromkeys(range(4), 100.0)
    verdict = judge({"a": perfect, "b": {0: 99.0, 1: 99.1, 2: 98.9, 3: 99.0}})
    assert verdict.contrasts[0].direction == "lower"
    assert verdict.decided


def test_a_constant_difference_settles_at_the_first_look() -> None:
    runs = simulated({"a": 96}, 3)
    runs["b"] = {seed: value + 1 for seed, value in runs["a"].items()}
    (contrast,) = judge(runs).contrasts
    assert (contrast.direction, contrast.size, contrast.rounds) == ("higher", "beyond", 3)


def test_a_diverged_run_counts() -> None:
    runs = {"a": dict.fromkeys(range(6), 96.0), "b": dict.fromkeys(range(6), 97.0) | {2: 9.8}}
    (contrast,) = judge(runs, rule=Rule(min_rounds=6, max_rounds=6)).contrasts
    assert contrast.difference_pp == pytest.approx((5 - 86.2) / 6)
    assert contrast.direction == "unsettled"


@pytest.mark.parametrize("value", [-0.1, 100.5, float("nan"), float("inf")])
def test_what_is_no_percentage_is_refused(value: float) -> None:
    with pytest.raises(ResultsError, match="no percentage"):
        judge({"a": {0: 90.0}, "b": {0: value}})


def test_one_variant_is_nothing_to_compare() -> None:
    with pytest.raises(ResultsError, match="nothing to compare"):
        judge({"a": {0: 90.0}})


def test_pairing_gain_is_large_where_seeds_move_both_variants() -> None:
    rng = np.random.default_rng(1)
    shared = rng.normal(0, 1, 15)
    runs = {name: {s: float(90 + shared[s] + rng.normal(0, 0.1)) for s in range(15)} for name in ("a", "b")}
    (contrast,) = judge(runs, rule=Rule(min_rounds=15, max_rounds=15)).contrasts
    a, b = (np.array(list(runs[name].values())) for name in ("a", "b"))
    assert contrast.pairing_gain == pytest.approx((a.var(ddof=1) + b.var(ddof=1)) / (b - a).var(ddof=1))
    assert contrast.pairing_gain is not None
    assert contrast.pairing_gain > 20


FLAT = dict.fromkeys(range(3), 90.0)


def constant(**means: float) -> Runs:
    return {name: dict.fromkeys(range(3), mean) for name, mean in means.items()}


@pytest.mark.parametrize(
    ("claim", "means", "answer"),
    [
        ("a < b", {"a": 90, "b": 92}, "supported"),
        ("a < b", {"a": 92, "b": 90}, "refuted"),
        ("a < b", {"a": 90, "b": 90}, "not supported"),
        ("a ~ b", {"a": 90, "b": 90}, "supported"),
        ("a ~ b", {"a": 90, "b": 92}, "refuted"),
        ("a ~ b", {"a": 92, "b": 90}, "refuted"),
        ("a < b < c", {"a": 90, "b": 91, "c": 92}, "supported"),
        ("a < b < c", {"a": 90, "b": 92, "c": 91}, "refuted"),
        ("a < b < c", {"a": 90, "b": 91, "c": 91}, "not supported"),
        ("a < b ~ c", {"a": 90, "b": 91, "c": 91}, "supported"),
        ("a < b ~ c", {"a": 92, "b": 91, "c": 91}, "refuted"),
        ("c < b < a", {"a": 91, "b": 91, "c": 92}, "refuted"),
    ],
)
def test_claims_are_answered_as_the_table_says(claim: str, means: dict[str, float], answer: str) -> None:
    verdict = judge(constant(**means), claims=[claim])
    assert verdict.claims[0].verdict == answer
    assert verdict.claims[0].final
    assert verdict.decided
    assert verdict.needed == ()


def test_a_claim_and_its_reverse_get_opposite_answers_from_one_contrast() -> None:
    verdict = judge(constant(a=90, b=92), claims=["a < b", "b < a"])
    assert [claim.verdict for claim in verdict.claims] == ["supported", "refuted"]
    assert len(verdict.contrasts) == 1


def test_a_refuted_link_closes_the_rest_of_its_claim() -> None:
    runs = simulated({"b": 96, "c": 96.01}, 20, spread=0.3)
    runs["a"] = {seed: value + 3 for seed, value in runs["b"].items()}
    verdict = judge(runs, claims=["a < b < c"])
    assert verdict.claims[0].verdict == "refuted"
    assert [contrast.state for contrast in verdict.contrasts] == ["settled", "closed"]
    assert verdict.needed == ()
    assert verdict.contrasts[1].rounds == verdict.contrasts[0].rounds == 3
    assert "no claim needs it" in verdict.contrasts[1].sentence


def test_a_contrast_of_two_claims_goes_on_until_both_are_answered() -> None:
    runs = simulated({"a": 96, "b": 96.2}, 20, seed=8)
    direction_only = judge(runs, claims=["a < b"])
    both = judge(runs, claims=["a < b", "a ~ b"])
    assert direction_only.contrasts[0].rounds < both.contrasts[0].rounds
    assert both.contrasts[0].size != "unsettled" or both.contrasts[0].state == "at the cap"


def test_at_the_cap_an_unsettled_contrast_says_how_many_rounds_it_would_need() -> None:
    runs = simulated({"a": 96, "b": 96.08}, 5, seed=3, spread=0.3)
    verdict = judge(runs, rule=Rule(max_rounds=5))
    (contrast,) = verdict.contrasts
    assert contrast.state == "at the cap"
    assert verdict.needed == ()
    assert not verdict.decided
    assert contrast.rounds_needed is not None
    assert contrast.rounds_needed > 5


@pytest.mark.parametrize(("claim", "reach"), [("a < b", 0.2), ("a ~ b", 0.1)])
def test_the_rounds_needed_are_those_at_which_the_interval_would_be_short_enough(
    claim: str, reach: float
) -> None:
    d = np.array([0.9, -0.5, 0.2, 0.7, -0.3])  # mean 0.2: 0.2 from zero, 0.1 from a margin of 0.1
    runs = {"a": dict.fromkeys(range(5), 90.0), "b": dict(enumerate((90 + d).tolist()))}
    (contrast,) = judge(runs, rule=Rule(max_rounds=5), claims=[claim]).contrasts
    assert contrast.critical_value is not None
    needed = (contrast.critical_value * d.std(ddof=1) / reach) ** 2
    assert contrast.rounds_needed == pytest.approx(needed, abs=1)


def test_without_claims_a_direction_is_enough_and_the_size_may_stay_open() -> None:
    runs = simulated({"a": 96, "b": 96.2}, 20, seed=8)
    (contrast,) = judge(runs).contrasts
    assert contrast.direction == "higher"
    assert contrast.size == "unsettled"
    assert contrast.state == "settled"


def test_swapping_two_variants_mirrors_the_verdict() -> None:
    runs = simulated({"a": 96, "b": 96.2}, 20, seed=8)
    (one,) = judge(runs).contrasts
    (other,) = judge({"b": runs["b"], "a": runs["a"]}).contrasts
    assert one.low_pp is not None
    assert (other.low_pp, other.high_pp) == pytest.approx((-(one.high_pp or 0), -one.low_pp))
    assert other.sentence == one.sentence
