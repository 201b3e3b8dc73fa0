"""Which contrasts share alpha, and which are refused."""

import pytest

from paribus.errors import UsageError
from paribus.verdict import Combination, Rule, factorial_combinations, judge

NAMES = ["max-same", "avg-same", "max-valid"]


def nothing_yet() -> dict[str, dict[int, float]]:
    return {name: {} for name in NAMES}


def test_without_claims_all_pairs_are_judged() -> None:
    names = [contrast.name for contrast in judge(nothing_yet()).contrasts]
    assert names == ["avg-same - max-same", "max-valid - max-same", "max-valid - avg-same"]


def test_claims_that_share_a_comparison_share_a_contrast() -> None:
    claims = ["avg-same < max-valid < max-same", "max-same ~ max-valid"]
    verdict = judge(nothing_yet(), claims=claims)
    assert [contrast.name for contrast in verdict.contrasts] == [
        "max-valid - avg-same",
        "max-same - max-valid",
    ]
    assert [link.contrast for claim in verdict.claims for link in claim.links] == [0, 1, 1]


def test_alpha_is_divided_by_the_number_of_contrasts() -> None:
    runs = {name: {0: 90.0 + i, 1: 90.1 + i, 2: 90.3 + i**2} for i, name in enumerate(NAMES)}
    three = judge(runs, rule=Rule(alpha=0.06, max_rounds=10)).contrasts[0]
    one = judge(runs, claims=["max-same < avg-same"], rule=Rule(alpha=0.02, max_rounds=10)).contrasts[0]
    assert three.critical_value == one.critical_value
    assert (three.low_pp, three.high_pp) == (one.low_pp, one.high_pp)


def test_an_unknown_variant_in_a_claim_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="max-valid") as error:
        judge(nothing_yet(), claims=["avg-same < max-vald"])
    assert "did you mean `max-valid`?" in str(error.value)


@pytest.mark.parametrize("text", ["", "a", "a <", "a < a", "a = b", "a < b ~ a"])
def test_what_is_no_claim_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a claim"):
        judge(nothing_yet(), claims=[text])


@pytest.mark.parametrize(
    "weights",
    [(), (("a", 1.0),), (("a", 1.0), ("a", -1.0)), (("a", 1.0), ("b", 1.0)), (("a", 0.0), ("b", 0.0))],
)
def test_weights_that_are_no_contrast_are_refused(weights: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(UsageError, match="not a contrast"):
        Combination("odd", weights)


def test_a_factorial_study_yields_main_effects_and_interactions() -> None:
    effects = factorial_combinations({"net.pool": ["max", "avg"], "net.padding": ["same", "valid"]})
    accuracy = {"max-same": 97.0, "avg-same": 93.0, "max-valid": 96.0, "avg-valid": 94.0}
    runs = {name: dict.fromkeys(range(3), value) for name, value in accuracy.items()}
    found = judge(runs, combinations=effects).contrasts
    # avg − max: −4 with same, −2 with valid; valid − same: −1 with max, +1 with avg.
    assert [contrast.difference_pp for contrast in found] == pytest.approx([-3.0, 0.0, 2.0])
    assert all(contrast.a is None for contrast in found)


def test_a_combination_equal_to_a_claimed_pair_is_judged_once() -> None:
    pair = Combination.between("max-same", "avg-same")
    verdict = judge(nothing_yet(), claims=["avg-same < max-same"], combinations=[pair])
    assert len(verdict.contrasts) == 1


def test_more_contrasts_than_can_be_judged_together_are_refused() -> None:
    with pytest.raises(UsageError, match="too many contrasts"):
        judge({f"v{i}": {} for i in range(65)})
