"""The live log: readable while it is written, harmless when it is not."""

from pathlib import Path

import pytest

from paribus.errors import StoreError
from paribus.store import ProgressLog, Store, read_progress


def test_events_are_readable_while_the_log_is_open(tmp_path: Path) -> None:
    path = tmp_path / "progress" / "study.jsonl"
    with ProgressLog(path) as log:
        log.write({"event": "started", "seed": 1})
        assert read_progress(path) == [{"event": "started", "seed": 1}]
        log.write({"event": "finished"})
    assert [event["event"] for event in read_progress(path)] == ["started", "finished"]


def test_a_new_run_of_a_study_starts_with_an_empty_log(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    for seed in (1, 2):
        with ProgressLog(path) as log:
            log.write({"seed": seed})
    assert read_progress(path) == [{"seed": 2}]


def test_a_half_written_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    path.write_bytes(b'{"seed": 1}\n{"seed": 2}\n{"seed": 3, "name": "Gr\xc3')
    assert read_progress(path) == [{"seed": 1}, {"seed": 2}]


def test_no_log_is_no_events(tmp_path: Path) -> None:
    assert read_progress(tmp_path / "study.jsonl") == []


def test_a_log_that_cannot_be_written_does_not_stop_the_training(tmp_path: Path) -> None:
    (tmp_path / "progress").write_text("a file where the folder should be")
    with ProgressLog(tmp_path / "progress" / "study.jsonl") as log:
        log.write({"seed": 1})
    assert read_progress(tmp_path / "progress" / "study.jsonl") == []


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", ".hidden", "a/b", "a\x00b"])
def test_the_log_stays_within_the_store(tmp_path: Path, name: str) -> None:
    store = Store.reader(tmp_path)
    assert store.progress_path("mnist-pooling") == tmp_path / "progress" / "mnist-pooling.jsonl"
    with pytest.raises(StoreError, match="name of a study"):
        store.progress_path(name)
