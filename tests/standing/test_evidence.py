"""What lies behind a study's numbers, gathered from a real store."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from paribus import data
from paribus.spec import Study, study_digest
from paribus.standing import gather, lay_out, recall
from paribus.store import ProgressLog, Store

STUDY = Study(
    name="kept",
    protocol={"iterations": 20, "evaluate_every": 10},
    variants={"max": {}, "avg": {"net.pool": "avg"}},
)


@pytest.fixture
def store(tmp_path: Path, shelve: Callable[..., None], mnist: data.Dataset) -> Path:
    assert mnist.name == "mnist"
    folder = tmp_path / "store"
    shelve(folder, STUDY, [("max", 0), ("avg", 0), ("max", 1)])
    return folder


def test_predictions_of_every_recorded_run_are_at_hand_with_the_images(store: Path) -> None:
    with Store.reader(store) as opened:
        standing = recall(lay_out(STUDY), opened, study_digest=study_digest(STUDY))
        evidence = gather(standing, opened, now=0.0)
        assert {name: sorted(runs) for name, runs in evidence.predictions.items()} == {
            "max": [0, 1],
            "avg": [0],
        }
        for name, runs in evidence.predictions.items():
            for seed, said in runs.items():
                kept = opened.run(standing.runs[name][seed].run_key, standing.numerics)
                assert kept is not None
                assert np.array_equal(said, kept.predictions)
                assert len(said)
    assert evidence.test is not None
    assert len(evidence.test) == 10_000
    assert evidence.activity is None


def test_a_study_at_work_is_seen_in_its_progress_file(store: Path) -> None:
    with Store.reader(store) as opened:
        with ProgressLog(opened.progress_path("kept")) as log:
            log.write({"event": "StudyStarted", "at": 100.0, "workers": 2})
            log.write({"event": "RunStarted", "at": 101.0, "variant": "avg", "seed": 1, "attempt": 1})
        standing = recall(lay_out(STUDY), opened, study_digest=study_digest(STUDY))
        activity = gather(standing, opened, now=102.0).activity
        assert activity is not None
        assert [(run.variant, run.seed) for run in activity.running] == [("avg", 1)]
        assert gather(standing, opened, now=1000.0).activity is None


def test_a_store_that_does_not_exist_gives_an_empty_study(tmp_path: Path) -> None:
    with Store.reader(tmp_path / "none") as opened:
        standing = recall(lay_out(STUDY), opened, study_digest=study_digest(STUDY))
        evidence = gather(standing, opened, now=0.0)
    assert not any(evidence.predictions.values())
    assert not (tmp_path / "none").exists()
