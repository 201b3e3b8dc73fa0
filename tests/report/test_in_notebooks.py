"""What a notebook shows of a study: the numbers of the terminal and of --json, and the same as arrays."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from paribus.errors import UsageError
from paribus.report.json_format import study_document
from paribus.report.standing_words import state_of
from paribus.report.verdict_text import verdict_text
from paribus.standing import Layout, Outcome, Runs, Standing

Show = Callable[..., str]
Tables = Callable[[str], dict[str, list[list[str]]]]

RUN_COLUMNS = [
    "variant",
    "seed",
    "state",
    "accuracy",
    "train_loss",
    "test_loss",
    "iterations",
    "seconds",
    "run_key",
]


@pytest.mark.parametrize("name", ["untouched", "early", "settled", "troubled"])
def test_numbers_are_those_of_the_terminal(
    name: str, request: pytest.FixtureRequest, show: Show, html_tables: Tables
) -> None:
    standing: Standing = request.getfixturevalue(name)
    tables = html_tables(standing._repr_html_())
    terminal = show(verdict_text(standing), width=400)
    variants = tables["Final test accuracy over all recorded runs"][1:]
    assert [row[0] for row in variants] == list(standing.layout.names)
    for variant, mean, spread, runs, _ in variants:
        assert re.search(rf"^{variant} +{mean} +{spread} +{runs} ", terminal, re.MULTILINE), variant
    (contrasts,) = (rows for caption, rows in tables.items() if caption.startswith("Differences"))
    for _, mean, interval, _, sentence in contrasts[1:]:
        assert sentence in terminal
        assert interval == "–" or f"{mean} pp (95 % interval {interval};" in sentence


def test_progress_is_worded_as_on_the_terminal(early: Standing, settled: Standing) -> None:
    for standing in (early, settled):
        assert standing.verdict.progress == state_of(standing)[1]


def test_a_standing_shows_its_question_and_what_holds_for_all(settled: Standing) -> None:
    html = settled._repr_html_()
    assert "<strong>mnist-pooling: decided after 5 rounds.</strong> Does max pooling beat" in html
    assert all(f"<li>{note}</li>" in html for note in settled.verdict.notes)


def test_an_outcome_tells_how_the_call_ended(settled: Standing) -> None:
    outcome = Outcome(settled, "decided", trained=1, seconds=75.21)
    head = "decided; 1 run trained in this call, 75.2 s"
    assert outcome._repr_html_() == f"<div><p>{head}</p>{settled._repr_html_()}</div>"
    assert repr(outcome) == f"Outcome('mnist-pooling', {head})"
    assert str(outcome).splitlines() == [
        head,
        "mnist-pooling: decided after 5 rounds",
        *settled.verdict.sentences,
    ]
    assert repr(settled) == "Standing('mnist-pooling', decided after 5 rounds)"


@pytest.mark.parametrize("name", ["untouched", "early", "settled", "troubled"])
def test_arrays_hold_a_row_for_each_run_of_the_json_document(
    name: str, request: pytest.FixtureRequest
) -> None:
    standing: Standing = request.getfixturevalue(name)
    runs = study_document(standing)["runs"]
    arrays = Outcome(standing, "interrupted", 0, 0.0).arrays()
    assert list(arrays) == RUN_COLUMNS
    for column, values in arrays.items():
        assert isinstance(values, np.ndarray)
        assert values.shape == (len(runs),)
        known = [float("nan") if run[column] is None else run[column] for run in runs]
        if values.dtype.kind == "f":
            finite = np.where(np.isfinite(values), values, np.nan)
            np.testing.assert_array_equal(finite, np.array(known, dtype=float))
        else:
            assert values.tolist() == known


def test_arrays_of_no_runs_keep_their_types(untouched: Standing) -> None:
    arrays = untouched.arrays()
    assert [arrays["accuracy"].dtype, arrays["seed"].dtype] == [np.dtype(np.float64), np.dtype(np.int64)]
    assert arrays["variant"].dtype.kind == "U"


def test_means_over_the_arrays_are_those_of_the_verdict(settled: Standing) -> None:
    arrays = settled.arrays()
    same, average = (arrays["accuracy"][arrays["variant"] == name] for name in ("max-same", "avg-same"))
    contrast = next(one for one in settled.verdict.contrasts if one.name == "max-same - avg-same")
    assert np.mean((same - average)[: contrast.rounds]) == pytest.approx(contrast.difference_pp)


def test_curves_hold_every_measurement_of_every_run(settled: Standing) -> None:
    curves = settled.curves("avg-same")
    assert curves.variant == "avg-same"
    assert curves.seeds.tolist() == [0, 1, 2, 3, 4]
    assert curves.iterations.tolist() == [500, 1000, 1500, 2000, 2500, 3000]
    assert curves.accuracy.shape == curves.train_loss.shape == curves.test_loss.shape == (5, 6)
    finals = [record.accuracy for record in settled.runs["avg-same"].values()]
    assert curves.accuracy[:, -1].tolist() == finals
    assert curves.accuracy[:, 0].tolist() == [accuracy - 5 for accuracy in finals]
    assert np.isnan(curves.accuracy[:, 1:-1]).all()  # the runs of the fixture were measured twice
    assert (curves.train_loss[0, -1], curves.test_loss[0, -1]) == (0.1234, 0.11)
    assert repr(curves) == "Curves('avg-same', 5 runs, measured at [500, 1000, 1500, 2000, 2500, 3000])"


def test_a_run_that_diverged_is_measured_up_to_there(troubled: Standing) -> None:
    curves = troubled.curves("avg-same")
    assert np.isnan(curves.accuracy[1]).all()  # it diverged at iteration 12, before the first measurement
    assert not np.isnan(curves.accuracy[0, -1])


def test_a_variant_that_failed_or_has_no_runs_has_no_curves(troubled: Standing, untouched: Standing) -> None:
    assert troubled.curves("max-valid").seeds.tolist() == [0, 1, 2]
    assert untouched.curves("max-same").accuracy.shape == (0, 6)


def test_curves_come_by_ascending_seed(
    pooling: Layout, trained: Callable[..., Runs], stand: Callable[..., Standing]
) -> None:
    runs = trained(pooling, {"max-same": [96.0, 97.0]})
    mixed = {"max-same": dict(reversed(list(runs["max-same"].items())))}
    curves = stand(pooling, mixed).curves("max-same")
    assert curves.seeds.tolist() == [0, 1]
    assert curves.accuracy[:, -1].tolist() == [96.0, 97.0]


def test_an_unknown_variant_is_refused_with_the_nearest_name(settled: Standing) -> None:
    with pytest.raises(UsageError, match=r"no variant 'max_same' in mnist-pooling") as caught:
        settled.curves("max_same")
    assert caught.value.mend == "did you mean 'max-same'?"


def test_what_a_user_wrote_cannot_become_markup(settled: Standing, html_tables: Tables) -> None:
    study = settled.layout.study.model_copy(update={"question": "<script>alert(1)</script>"})
    html = replace(settled, layout=replace(settled.layout, study=study))._repr_html_()
    html_tables(html)
    assert "<script" not in html
