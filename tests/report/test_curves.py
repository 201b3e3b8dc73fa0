"""Means over training: which runs are in them, where they end, and what a diverged run gives."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from paribus.records import Evaluation
from paribus.report.curves import MOST_POINTS, difference_curve, learning_curves, paired_differences
from paribus.spec import Study
from paribus.standing import Runs, Standing, lay_out

Stand = Callable[..., Standing]
Trained = Callable[..., Runs]


def test_a_diverged_run_keeps_the_accuracy_it_had(settled: Standing) -> None:
    runs = {name: dict(of) for name, of in settled.runs.items()}
    runs["avg-same"][1] = replace(
        runs["avg-same"][1], state="diverged", evaluations=(Evaluation(12, float("nan"), float("inf"), 10.0),)
    )
    curve = next(one for one in learning_curves(replace(settled, runs=runs)) if one.name == "avg-same")
    others = [record.accuracy for seed, record in runs["avg-same"].items() if seed != 1]
    assert [point.iteration for point in curve.points] == [500, 3000]
    assert curve.points[-1].mean == pytest.approx((sum(others) + 10) / 5)
    assert curve.points[0].mean == pytest.approx((sum(value - 5 for value in others) + 10) / 5)


def test_a_variant_without_runs_has_no_curve_and_one_run_has_no_band(one_round: Standing) -> None:
    runs = {name: dict(of) for name, of in one_round.runs.items()}
    runs["avg-same"] = {}
    curves = learning_curves(replace(one_round, runs=runs))
    assert [curve.name for curve in curves] == ["max-same", "max-valid"]
    assert all(point.low is None and point.runs == 1 for curve in curves for point in curve.points)


def test_variants_that_end_apart_are_compared_where_both_were_measured(
    stand: Stand, trained: Trained
) -> None:
    study = Study(
        name="longer",
        claims=["short < long"],
        protocol={"iterations": 3000, "evaluate_every": 500},
        variants={"long": {}, "short": {"protocol.iterations": 500}},
    )
    layout = lay_out(study)
    runs = trained(layout, {"long": [95.0, 95.2, 95.1], "short": [89.0, 89.1, 89.3]})
    short = {seed: replace(one, evaluations=one.evaluations[-1:]) for seed, one in runs["short"].items()}
    standing = stand(layout, {"long": runs["long"], "short": short})
    contrast = standing.verdict.contrasts[0]
    curve = difference_curve(standing, contrast)
    assert curve is not None
    assert [point.iteration for point in curve.points] == [500]
    assert curve.points[0].mean == pytest.approx((90.0 + 90.2 + 90.1 - 89.0 - 89.1 - 89.3) / 3)
    assert not curve.ends_with_training
    assert paired_differences(standing, contrast) == pytest.approx({0: 6.0, 1: 6.1, 2: 5.8})


def test_a_study_measured_very_often_is_thinned_and_keeps_its_end(stand: Stand, trained: Trained) -> None:
    study = Study(
        name="often",
        protocol={"iterations": 3000, "evaluate_every": 1},
        variants={"a": {}, "b": {"net.pool": "avg"}},
    )
    layout = lay_out(study)
    every = tuple(Evaluation(iteration, 0.1, 0.1, 90 + iteration / 1000) for iteration in range(1, 3001))
    runs = {
        name: {seed: replace(one, evaluations=every) for seed, one in of.items()}
        for name, of in trained(layout, {"a": [93.0] * 3, "b": [93.0] * 3}).items()
    }
    standing = stand(layout, runs)
    for curve in (*learning_curves(standing), difference_curve(standing, standing.verdict.contrasts[0])):
        assert curve is not None
        assert len(curve.points) == MOST_POINTS
        assert (curve.points[0].iteration, curve.points[-1].iteration) == (1, 3000)
