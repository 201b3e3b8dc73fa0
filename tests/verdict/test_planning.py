"""Plans, and the arrays they are computed with, against the rule itself and against known values."""

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from paribus.errors import UsageError
from paribus.verdict import Rule, critical_values, judge, plan
from paribus.verdict.replay import look, stop


def test_arrays_of_studies_stop_where_judge_stops() -> None:
    rule = Rule(max_rounds=12)
    rng = np.random.default_rng(2)
    a = np.round(96 + rng.normal(0, 0.1, (150, 12)), 2)
    b = np.round(a + rng.normal(rng.choice([0, 0.05, 0.1, 0.3], (150, 1)), 0.07, (150, 12)), 2)
    critical = critical_values(rule.alpha, 3, 12)
    floor = (2 * 0.01**2 / 12) ** 0.5
    stops = stop(look(b - a, critical, 3, floor_sd=floor), margin=rule.margin_pp)
    kinds = set()
    for i in range(150):
        verdict = judge({"a": dict(enumerate(a[i].tolist())), "b": dict(enumerate(b[i].tolist()))}, rule=rule)
        (contrast,) = verdict.contrasts
        assert contrast.rounds == stops.rounds[i]
        assert {"higher": 1, "lower": -1, "unsettled": 0}[contrast.direction] == stops.direction[i]
        assert (contrast.size == "within") == stops.within[i]
        assert verdict.decided == stops.settled[i]
        assert contrast.difference_pp == pytest.approx(stops.mean[i], abs=1e-9)
        assert contrast.low_pp == pytest.approx(stops.mean[i] - stops.half[i], abs=1e-9)
        kinds.add((contrast.direction, contrast.size, verdict.decided))
    assert len(kinds) >= 4


def test_power_and_rounds_equal_those_simulated_elsewhere() -> None:
    found = {item.difference_sd: item for item in plan().expectations}
    assert found[1.0].power == pytest.approx(0.965, abs=0.006)
    rounds = [found[size].mean_rounds for size in (1.0, 2.0, 5.0)]
    assert rounds == pytest.approx([11.0, 6.2, 4.1], rel=0.02)


def test_with_one_look_the_detectable_difference_is_that_of_the_t_test() -> None:
    found = plan(Rule(min_rounds=8, max_rounds=8)).detectable_sd
    assert found == pytest.approx(TTestPower().solve_power(nobs=8, alpha=0.05, power=0.8), rel=0.02)


def test_more_contrasts_make_the_detectable_difference_larger() -> None:
    assert plan(contrasts=10).detectable_sd > 1.2 * plan().detectable_sd


def test_the_detectable_difference_is_found_with_80_percent_power() -> None:
    rule = Rule(max_rounds=10)
    size = plan(rule).detectable_sd
    again = plan(rule, differences_sd=[size], seed=1).expectations[0]
    assert again.power == pytest.approx(0.8, abs=0.01)


def test_it_is_given_in_percentage_points_for_a_known_spread() -> None:
    one = plan()
    assert one.detectable_pp(0.11) == pytest.approx(0.11 * one.detectable_sd)


def test_the_same_plan_twice_is_the_same() -> None:
    assert plan(Rule(max_rounds=7)) == plan(Rule(max_rounds=7))


def test_a_plan_for_no_contrast_is_refused() -> None:
    with pytest.raises(UsageError, match="contrasts"):
        plan(contrasts=0)
