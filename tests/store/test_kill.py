"""kill -9 at every step of a commit and at random moments: nothing acknowledged is lost, nothing is twice."""

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from paribus.errors import StoreError
from paribus.records import TrainedRun
from paribus.store import Store

Make = Callable[..., TrainedRun]
Bits = Callable[[Any], Any]
Start = Callable[[Callable[[], None]], Any]
KILLED = -signal.SIGKILL


def die_at(step: int) -> Callable[[], None]:
    """Have this process killed after one of its calls that change files, SQL statements included.

    Args:
        step: After which of these calls, counted from 0.

    Returns:
        What starts the counting.
    """
    moments = iter(range(10_000))
    counting: list[bool] = []

    def moment() -> None:
        if counting and next(moments) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def stepping(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any function
            result = function(*arguments, **options)
            moment()
            return result

        return call

    class Connection(sqlite3.Connection):
        execute = stepping(sqlite3.Connection.execute)

    setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Connection))  # noqa: B010 - of another type
    for name in ("fsync", "replace", "mkdir", "unlink"):
        setattr(os, name, stepping(getattr(os, name)))
    return lambda: counting.append(True)


def test_a_commit_killed_at_any_step_is_there_wholly_or_not_at_all(
    folder: Path, child: Start, made: Make, bits: Bits, numerics: str
) -> None:
    with Store.writer(folder, purpose="before") as store:
        acknowledged = [store.commit(made(0)), store.commit(made(1))]
    keys = [made(number).record.run_key for number in range(3)]
    found_after: list[int] = []

    def work(copy: Path, step: int) -> None:
        start = die_at(step)
        with Store.writer(copy, purpose="killed") as store:
            start()
            store.commit(made(2))
            os._exit(0)

    for step in range(1000):
        copy = folder.with_name(f"copy-{step}")
        shutil.copytree(folder, copy)
        status = child(partial(work, copy, step)).wait()
        with Store.reader(copy) as store:
            found = store.runs(keys, numerics, predictions=True)
            found_after.append(len(found))
            assert bits([found[key] for key in keys[:2]]) == bits(acknowledged)
            for record in found.values():
                assert bits(store.weights(record)) == bits(made(record.seed).weights)
            assert len(store.finished_since(0)) == len(found)
        with Store.writer(copy, purpose="after") as store:
            committed = store.commit(made(2))
            assert bits(store.run(keys[2], numerics)) == bits(committed)
            assert bits(store.weights(committed)) == bits(made(2).weights)
            assert [record.seed for _, record in store.finished_since(0)] == [0, 1, 2]
            assert store.check() == []
        assert not list(copy.rglob("*.tmp*"))
        if status == 0:
            break
        assert status == KILLED
    assert len(found_after) > 10
    assert found_after == sorted(found_after)
    assert found_after[0] == 2
    assert found_after[-2:] == [3, 3]


def test_a_store_whose_making_is_killed_at_any_step_can_be_made(tmp_path: Path, child: Start) -> None:
    def work(folder: Path, step: int) -> None:
        die_at(step)()
        Store.writer(folder, purpose="killed")
        os._exit(0)

    status = KILLED
    for step in range(1000):
        folder = tmp_path / str(step) / "store"
        status = child(partial(work, folder, step)).wait()
        with Store.reader(folder) as store:
            assert store.finished_since(0) == []
        with Store.writer(folder, purpose="after") as store:
            assert store.check() == []
        assert not list(folder.rglob("*.tmp*"))
        if status != KILLED:
            break
    assert status == 0
    assert step > 10


def test_twenty_kills_at_random_moments_lose_and_double_nothing(
    folder: Path, child: Start, made: Make, bits: Bits, numerics: str
) -> None:
    moments = random.Random(20)
    runs = [made(number) for number in range(500)]
    keys = [run.record.run_key for run in runs]
    acknowledged: set[str] = set()
    for _ in range(20):
        reading, writing = os.pipe()

        def work(writing: int = writing) -> None:
            with Store.writer(folder, purpose="killed", wait_seconds=5) as store:
                os.write(writing, b"open\n")
                there = store.runs(keys, numerics)
                for run in runs:
                    if run.record.run_key not in there:
                        store.commit(run)
                        os.write(writing, run.record.run_key.encode() + b"\n")

        process = child(work)
        os.close(writing)
        with os.fdopen(reading, "rb") as lines:
            assert lines.readline() == b"open\n"
            time.sleep(moments.uniform(0.0, 0.08))
            process.kill()
            assert process.status == KILLED
            acknowledged |= {line.decode().strip() for line in lines if line.endswith(b"\n")}
        with Store.reader(folder) as store:
            found = store.runs(keys, numerics, predictions=True)
            assert acknowledged <= set(found)
            assert len(found) <= len(acknowledged) + 20
            assert len(store.finished_since(0)) == len(found)
            for record in found.values():
                assert bits(record.predictions) == bits(made(record.seed).record.predictions)
                assert bits(store.weights(record)) == bits(made(record.seed).weights)
    assert len(acknowledged) >= 10
    with Store.writer(folder, purpose="after") as store:
        assert store.check() == []


def leave_half_written(folder: Path) -> None:
    """Spill a transaction that changes every run to the disk, and die before it is committed."""
    connection = sqlite3.connect(folder / "runs.sqlite", isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    for _ in range(20):
        connection.execute("UPDATE runs SET content = content || hex(randomblob(4000))")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def half_written(folder: Path, child: Start, made: Make) -> Path:
    with Store.writer(folder, purpose="before") as store:
        for number in range(5):
            store.commit(made(number))
    assert child(lambda: leave_half_written(folder)).wait() == KILLED
    assert (folder / "runs.sqlite-journal").stat().st_size > 0
    return folder


def test_a_reader_undoes_what_a_killed_writer_left_half_written(
    half_written: Path, made: Make, bits: Bits
) -> None:
    with Store.reader(half_written) as store:
        found = [record for _, record in store.finished_since(0)]
        assert bits([record.evaluations for record in found]) == bits(
            [made(number).record.evaluations for number in range(5)]
        )
        assert store.check() == []


def test_a_stale_journal_is_not_undone_into_a_new_database(
    half_written: Path, made: Make, numerics: str
) -> None:
    (half_written / "runs.sqlite").rename(half_written / "elsewhere.sqlite")
    with Store.writer(half_written, purpose="anew") as store:
        store.commit(made(7))
    with Store.reader(half_written) as store:
        assert [record.seed for _, record in store.finished_since(0)] == [7]
        assert store.check() == []


def test_half_written_in_a_read_only_place_is_refused_in_words(
    half_written: Path, child: Start, unprivileged: Callable[[], None]
) -> None:
    for path in (half_written, *half_written.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)

    def look() -> None:
        unprivileged()
        with pytest.raises(StoreError, match="middle of a write"):
            Store.reader(half_written).finished_since(0)

    assert child(look).wait() == 0
