"""The Python way in: a study from declaration to arrays, with real runs on real MNIST."""

from pathlib import Path

import numpy as np
import pytest

import paribus
from paribus import Block, Data, Decision, Net, Protocol, Study, data
from paribus.errors import StudyError, UsageError
from paribus.standing import Event, RunFinished, StudyStarted, StudyStopped


@pytest.fixture(scope="module")
def study(mnist: data.Dataset) -> Study:
    """Six runs of a fraction of a second each."""
    assert mnist.name == "mnist"
    return Study(
        name="tiny",
        claims=["slow < fast"],
        data=Data(dataset="mnist", train_images=1000),
        net=Net(blocks=(Block(channels=4, kernel=3),)),
        protocol=Protocol(batch_size=50, iterations=20, evaluate_every=10, learning_rate=0.1),
        variants={"fast": {}, "slow": {"protocol.learning_rate": 0.001}},
        decision=Decision(min_rounds=3, max_rounds=3),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api") / "store"


@pytest.fixture(scope="module")
def outcome(study: Study, store: Path) -> paribus.Outcome:
    return paribus.run(study, store=store)


def test_every_exported_name_is_there() -> None:
    for name in paribus.__all__:
        assert getattr(paribus, name) is not None
    assert dir(paribus) == sorted(paribus.__all__)


def test_an_outcome_holds_its_runs_as_records_and_as_arrays(outcome: paribus.Outcome) -> None:
    assert (outcome.ending in ("decided", "at the cap"), outcome.trained) == (True, 6)
    assert {name: list(runs) for name, runs in outcome.runs.items()} == {"fast": [0, 1, 2], "slow": [0, 1, 2]}
    arrays = outcome.arrays()
    assert arrays["variant"].tolist() == ["fast"] * 3 + ["slow"] * 3
    assert arrays["seed"].tolist() == [0, 1, 2] * 2
    records = [record for runs in outcome.runs.values() for record in runs.values()]
    assert arrays["accuracy"].tolist() == [record.accuracy for record in records]
    assert (arrays["seconds"] > 0).all()
    assert set(arrays["state"]) == {"done"}
    assert arrays["iterations"].tolist() == [20] * 6


def test_curves_end_with_the_accuracies_of_the_arrays(outcome: paribus.Outcome) -> None:
    arrays = outcome.arrays()
    for name in ("fast", "slow"):
        curves = outcome.curves(name)
        assert curves.iterations.tolist() == [10, 20]
        assert np.isfinite(curves.accuracy).all()
        assert np.isfinite(curves.test_loss).all()
        assert curves.accuracy[:, -1].tolist() == arrays["accuracy"][arrays["variant"] == name].tolist()


def test_the_verdict_is_readable_in_words(outcome: paribus.Outcome) -> None:
    assert isinstance(outcome.verdict, paribus.Verdict)
    (claim,) = outcome.verdict.claims
    assert claim.claim == "slow < fast"
    assert str(outcome).endswith(str(outcome.verdict))
    assert all(sentence in str(outcome) for sentence in outcome.verdict.sentences)


def test_show_has_the_same_arrays_and_trains_nothing(
    study: Study, store: Path, outcome: paribus.Outcome
) -> None:
    standing = paribus.show(study, store=store)
    assert isinstance(standing, paribus.Standing)
    assert standing.arrays()["run_key"].tolist() == outcome.arrays()["run_key"].tolist()
    assert standing.arrays()["accuracy"].tolist() == outcome.arrays()["accuracy"].tolist()


def test_progress_is_shown_on_stderr_when_asked_for(
    study: Study, store: Path, outcome: paribus.Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    again = paribus.run(study, store=store, progress=True)
    assert (again.trained, again.arrays()["seed"].tolist()) == (0, outcome.arrays()["seed"].tolist())
    shown = capsys.readouterr()
    assert "tiny, 2 variants: nothing to train; 6 runs are recorded already" in shown.err
    assert shown.out == ""
    paribus.run(study, store=store)
    assert capsys.readouterr() == ("", "")


def test_a_callable_is_told_every_event(study: Study, tmp_path: Path) -> None:
    events: list[Event] = []
    fewer = Study(**(study.model_dump(exclude={"claims"}, exclude_unset=True) | {"name": "told"}))
    paribus.run(fewer, store=tmp_path / "store", progress=events.append)
    assert isinstance(events[0], StudyStarted)
    assert isinstance(events[-1], StudyStopped)
    assert sum(isinstance(event, RunFinished) for event in events) == 6


def test_read_takes_a_name_a_file_or_a_study(study: Study, tmp_path: Path) -> None:
    assert paribus.read(study) is study
    assert paribus.read("mnist-pooling", {"decision.max_rounds": "5"}).decision.max_rounds == 5
    with pytest.raises(UsageError, match="no study 'mnist-poling'"):
        paribus.read("mnist-poling")
    (tmp_path / "broken.toml").write_text('name = "x"\n[protocol]\niteration = 1\n')
    with pytest.raises(StudyError, match="did you mean `iterations`"):
        paribus.read(tmp_path / "broken.toml")
