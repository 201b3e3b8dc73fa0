"""The documents of --json, read back as JSON and held against what they are made of."""

import json
import math
import statistics
from typing import Any

import pytest

from paribus.report.forecast import Forecast
from paribus.report.json_format import as_json, plan_document, study_document
from paribus.spec import study_digest
from paribus.standing import Standing
from paribus.verdict import Expectation, Plan, Rule


def refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def read(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(as_json(document), parse_constant=refuse)
    return found


def test_a_study_has_its_parts_in_the_order_that_is_documented(settled: Standing) -> None:
    document = read(study_document(settled, ending="decided"))
    assert list(document) == ["format", "study", "runs", "contrasts", "claims"]
    assert document["format"] == 1
    study = document["study"]
    assert study["name"] == "mnist-pooling"
    assert study["digest"] == study_digest(settled.layout.study)
    assert study["claims"] == ["avg-same < max-same", "avg-same < max-valid < max-same"]
    assert study["variants"] == {
        "max-same": {},
        "avg-same": {"net.pool": "avg"},
        "max-valid": {"net.padding": "valid"},
    }
    assert study["decision"] == {
        "alpha": 0.05,
        "margin_pp": 0.1,
        "min_rounds": 3,
        "max_rounds": 20,
        "first_seed": 0,
    }
    assert study["numerics"] == "torch-1 torch-2.13.0 AVX512 threads-1"
    assert study["registered_at"] == "2026-07-01T10:00:00+00:00"
    assert (study["post_hoc"], study["rounds"], study["decided"]) == (False, 5, True)
    assert study["ending"] == "decided"


def test_only_run_has_an_ending(settled: Standing) -> None:
    assert "ending" not in read(study_document(settled))["study"]


def test_a_run_carries_its_result_and_its_proofs(settled: Standing) -> None:
    runs = read(study_document(settled))["runs"]
    assert [(run["variant"], run["seed"]) for run in runs] == [
        (name, seed) for name in ("max-same", "avg-same", "max-valid") for seed in range(5)
    ]
    first = runs[0]
    assert first["accuracy"] == 96.77
    assert (first["train_loss"], first["test_loss"], first["state"]) == (0.1234, 0.11, "done")
    assert first["evaluations"][-1] == {
        "iteration": 3000,
        "train_loss": 0.1234,
        "test_loss": 0.11,
        "accuracy": 96.77,
    }
    assert (first["seconds"], first["training_seconds"], first["evaluation_seconds"]) == (75.2, 70.0, 5.0)
    assert first["order_digest"] == runs[5]["order_digest"] == "order 0"
    assert first["weights_digest"] == "weights max-same 0"


def test_variants_that_start_alike_have_one_initial_digest_and_others_have_not(settled: Standing) -> None:
    by_variant = {run["variant"]: run for run in read(study_document(settled))["runs"] if run["seed"] == 0}
    same, average, valid = (by_variant[name] for name in ("max-same", "avg-same", "max-valid"))
    assert same["initial_digest"] == average["initial_digest"] != valid["initial_digest"]
    assert same["initial_digests"]["conv2.weight"] == valid["initial_digests"]["conv2.weight"]
    assert same["initial_digests"]["fc1.weight"] != valid["initial_digests"]["fc1.weight"]


def test_contrasts_are_the_paired_differences(settled: Standing, measured: dict[str, list[float]]) -> None:
    contrasts = {
        (contrast["a"], contrast["b"]): contrast for contrast in read(study_document(settled))["contrasts"]
    }
    for (a, b), contrast in contrasts.items():
        rounds = contrast["rounds"]
        differences = [y - x for x, y in zip(measured[a], measured[b], strict=True)][:rounds]
        assert contrast["difference_pp"] == pytest.approx(statistics.mean(differences))
        assert contrast["sd_pp"] == pytest.approx(statistics.stdev(differences))
        half = contrast["critical_value"] * statistics.stdev(differences) / math.sqrt(rounds)
        assert contrast["low_pp"] == pytest.approx(statistics.mean(differences) - half)
        assert contrast["high_pp"] == pytest.approx(statistics.mean(differences) + half)
        assert contrast["weights"] == {a: -1.0, b: 1.0}
    assert contrasts["avg-same", "max-same"]["direction"] == "higher"
    assert contrasts["avg-same", "max-same"]["size"] == "beyond"


def test_claims_point_at_their_contrasts(settled: Standing) -> None:
    document = read(study_document(settled))
    chain = document["claims"][1]
    assert (chain["claim"], chain["verdict"]) == ("avg-same < max-valid < max-same", "supported")
    assert chain["final"] is True
    for link in chain["links"]:
        contrast = document["contrasts"][link["contrast"]]
        assert (contrast["a"], contrast["b"]) == (link["a"], link["b"])
        assert (link["relation"], link["answer"]) == ("<", "supported")
        assert link["sentence"] == contrast["sentence"]
    assert chain["sentence"].startswith("Claim `avg-same < max-valid < max-same`: supported")


def test_numbers_that_are_not_finite_are_null(troubled: Standing) -> None:
    runs = read(study_document(troubled))["runs"]
    diverged = next(run for run in runs if run["state"] == "diverged")
    assert diverged["accuracy"] == 9.8
    assert diverged["train_loss"] is None
    assert diverged["test_loss"] is None
    assert diverged["reason"] == "the training loss was nan at iteration 12"
    assert diverged["flags"] == ["accuracy at chance"]


def test_a_failed_run_has_its_place_and_the_fields_of_every_run(troubled: Standing) -> None:
    runs = read(study_document(troubled))["runs"]
    failed = next(run for run in runs if run["state"] == "failed")
    assert (failed["variant"], failed["seed"]) == ("max-valid", 3)
    assert runs[-1] is failed
    assert list(failed) == list(runs[0])
    assert failed["accuracy"] is None
    assert failed["seconds"] is None
    assert failed["finished_at"] is None
    assert failed["evaluations"] == []


def test_a_post_hoc_study_says_so_with_its_reason(troubled: Standing) -> None:
    study = read(study_document(troubled))["study"]
    assert study["post_hoc"] is True
    assert "4 of its runs were already in the store" in study["post_hoc_reason"]
    assert study["waiting"] == [{"variant": "max-valid", "seed": 3}]


def test_the_text_is_ascii_without_control_characters(troubled: Standing) -> None:
    text = as_json(study_document(troubled))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()


def test_a_study_never_run_knows_nothing_yet(untouched: Standing) -> None:
    document = read(study_document(untouched))
    assert document["runs"] == []
    assert document["study"]["numerics"] is None
    assert document["study"]["registered_at"] is None
    assert all(contrast["difference_pp"] is None for contrast in document["contrasts"])


def test_a_plan_has_the_shapes_of_the_notebook(untouched: Standing) -> None:
    forecast = Forecast({"max-same": 60.0, "avg-same": 60.0}, workers=2)
    document = read(plan_document(untouched, forecast))
    assert list(document) == ["format", "study", "variants", "work", "chances"]
    same, average, valid = document["variants"]
    assert same["parameters"] == {
        "conv1.weight": [16, 1, 5, 5],
        "conv1.bias": [16],
        "conv2.weight": [32, 16, 5, 5],
        "conv2.bias": [32],
        "fc1.weight": [10, 1568],
        "fc1.bias": [10],
    }
    assert average["parameters"] == same["parameters"]
    assert valid["parameters"] == same["parameters"] | {"fc1.weight": [10, 512]}
    assert [layer["output"] for layer in valid["layers"] if layer["kind"] == "conv"] == [
        [16, 24, 24],
        [32, 8, 8],
    ]
    assert (same["iterations"], same["epochs"], same["batches_per_epoch"]) == (3000, 5.0, 600)
    assert same["flops"] == pytest.approx(5.26e12, rel=1e-3)
    assert (same["seconds"], valid["seconds"]) == (60.0, None)
    assert document["chances"] is None


def test_a_plan_has_the_work_that_is_left_and_what_can_be_found(early: Standing) -> None:
    chances = Plan(Rule(), 3, 0.89, (Expectation(1.0, 0.9, 13.3),), 20_000)
    forecast = Forecast({"max-same": 60.0, "avg-same": 60.0, "max-valid": 30.0}, 1, chances)
    document = read(plan_document(early, forecast))
    assert document["work"] == {
        "workers": 1,
        "runs_least": 2,
        "runs_most": 53,
        "seconds_least": 90.0,
        "seconds_most": 2640.0,
    }
    assert document["chances"] == {
        "contrasts": 3,
        "detectable_sd": 0.89,
        "studies": 20_000,
        "expectations": [{"difference_sd": 1.0, "power": 0.9, "mean_rounds": 13.3}],
    }
