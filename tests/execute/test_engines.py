"""Which engine trains a study: the machine's best one, or the one that it was begun with."""

import os
from pathlib import Path

import pytest

from paribus import api
from paribus.kernels import ENGINE, INSTRUCTIONS, find_kernels
from paribus.records import RunRecord
from paribus.spec import Study
from paribus.standing import Outcome
from paribus.train import Engine, engines

NATIVE = [engine for engine in engines() if engine.kernels is not None]
(TORCH,) = (engine for engine in engines() if engine.kernels is None)


def records(outcome: Outcome) -> list[RunRecord]:
    return [record for runs in outcome.runs.values() for record in runs.values()]


def first_rounds(study: Study, rounds: int) -> Study:
    decision = {"min_rounds": 3, "max_rounds": rounds}
    return Study(**(study.model_dump(mode="json", exclude_unset=True) | {"decision": decision}))


def test_the_best_engine_trains_and_every_record_names_it(small: Study, tmp_path: Path) -> None:
    outcome = api.run(small, store=tmp_path / "store")
    assert outcome.standing.numerics == engines()[0].numerics
    for record in records(outcome):
        assert record.numerics == engines()[0].numerics
        kernels = find_kernels()
        said = record.environment["kernels"]
        assert said == (f"not used: {kernels}" if isinstance(kernels, str) else ", ".join(kernels.offered))


def test_without_kernels_torch_trains_and_every_record_says_why(
    small: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENGINE, "torch")
    outcome = api.run(small, store=tmp_path / "store")
    assert outcome.standing.numerics == TORCH.numerics
    assert {record.environment["kernels"] for record in records(outcome)} == {
        "not used: PARIBUS_ENGINE=torch leaves them aside"
    }


def test_a_study_goes_on_with_the_engine_it_was_begun_with(
    small: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun where there were no kernels, killed after a few runs, and run again where there are some."""
    monkeypatch.setenv(ENGINE, "torch")
    begun = api.run(first_rounds(small, 4), store=tmp_path / "store")
    lost = records(begun)[0]
    for path in (tmp_path / "store").rglob("*.safetensors"):
        path.unlink()
    monkeypatch.delenv(ENGINE)
    assert ENGINE not in os.environ
    again = api.run(first_rounds(small, 4), store=tmp_path / "store")
    assert again.trained == 12
    assert again.standing.numerics == TORCH.numerics
    assert {record.weights_digest for record in records(again)} >= {lost.weights_digest}
    assert {record.numerics for record in records(again)} == {TORCH.numerics}


def test_verify_computes_with_what_the_runs_were_computed_with(
    small: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENGINE, "torch")
    api.run(small, store=tmp_path / "store")
    monkeypatch.delenv(ENGINE)
    comparisons = api.verify(small, runs=3, store=tmp_path / "store")
    assert all(comparison.same_numerics and not comparison.differing for comparison in comparisons)


@pytest.mark.parametrize("engine", NATIVE, ids=lambda engine: engine.numerics)
def test_an_instruction_set_that_is_chosen_trains(
    engine: Engine, small: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.kernels is not None
    monkeypatch.setenv(INSTRUCTIONS, engine.kernels.instructions)
    outcome = api.run(small, store=tmp_path / "store")
    assert outcome.standing.numerics == engine.numerics
