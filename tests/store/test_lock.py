"""One writer at a time, by a lock that no clock and no crash can leave wrong."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paribus.errors import StoreBusyError
from paribus.records import TrainedRun
from paribus.store import Store, mend

Make = Callable[..., TrainedRun]
Start = Callable[[Callable[[], None]], Any]
Until = Callable[[Callable[[], bool]], None]


def holding(folder: Path, ready: Path) -> Callable[[], None]:
    def hold() -> None:
        with Store.writer(folder, purpose="run mnist-pooling"):
            ready.touch()
            time.sleep(60)

    return hold


def test_a_second_writer_is_told_who_writes(folder: Path, child: Start, until: Until) -> None:
    ready = folder.parent / "ready"
    holder = child(holding(folder, ready))
    until(ready.exists)
    with pytest.raises(StoreBusyError) as caught:
        Store.writer(folder, purpose="run other")
    assert f"process {holder.pid}" in str(caught.value)
    assert "run mnist-pooling" in str(caught.value)
    with pytest.raises(StoreBusyError):
        mend(folder)


def test_the_lock_of_a_killed_writer_is_free_at_once(folder: Path, child: Start, until: Until) -> None:
    ready = folder.parent / "ready"
    holder = child(holding(folder, ready))
    until(ready.exists)
    holder.kill()
    Store.writer(folder, purpose="run other").close()


@pytest.mark.parametrize("shift", [-86_400.0, 86_400.0])
def test_a_clock_that_is_a_day_off_frees_no_lock(
    folder: Path, child: Start, until: Until, monkeypatch: pytest.MonkeyPatch, shift: float
) -> None:
    ready = folder.parent / "ready"
    child(holding(folder, ready))
    until(ready.exists)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + shift)
    for file in folder.glob("writer.*"):
        os.utime(file, (now() - shift, now() - shift))
    with pytest.raises(StoreBusyError):
        Store.writer(folder, purpose="run other", wait_seconds=0.2)


def test_a_writer_that_waits_gets_its_turn(folder: Path, child: Start, until: Until) -> None:
    ready = folder.parent / "ready"

    def hold_shortly() -> None:
        with Store.writer(folder, purpose="short"):
            ready.touch()
            time.sleep(0.3)

    child(hold_shortly)
    until(ready.exists)
    with pytest.raises(StoreBusyError):
        Store.writer(folder, purpose="run other")
    Store.writer(folder, purpose="run other", wait_seconds=20).close()


def test_in_a_race_of_processes_every_run_is_recorded_once(
    folder: Path, child: Start, made: Make, numerics: str
) -> None:
    runs = [made(number) for number in range(8)]

    def work() -> None:
        for run in runs:
            with Store.writer(folder, purpose="race", wait_seconds=30) as store:
                store.commit(run)

    racers = [child(work) for _ in range(4)]
    assert [racer.wait() for racer in racers] == [0] * 4
    with Store.reader(folder) as store:
        assert [record.seed for _, record in store.finished_since(0)] == list(range(8))
        assert store.check() == []


def test_readers_work_while_a_writer_writes(folder: Path, child: Start, until: Until, made: Make) -> None:
    with Store.writer(folder, purpose="first") as store:
        store.commit(made(0))

    def write() -> None:
        with Store.writer(folder, purpose="write") as store:
            for number in range(1, 20):
                store.commit(made(number))

    process = child(write)
    seen = [1]
    while seen[-1] < 20:
        with Store.reader(folder) as reader:
            keys = [made(number).record.run_key for number in range(20)]
            seen.append(len(reader.runs(keys, made(0).record.numerics)))
    assert seen == sorted(seen)
    assert process.wait() == 0


def test_an_unreadable_note_of_the_holder_does_not_hide_the_reason(
    folder: Path, child: Start, until: Until
) -> None:
    ready = folder.parent / "ready"
    child(holding(folder, ready))
    until(ready.exists)
    (folder / "writer.json").write_bytes(b"\xff[1, 2")
    with pytest.raises(StoreBusyError, match="another process is writing"):
        Store.writer(folder, purpose="run other")
