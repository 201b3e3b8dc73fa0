"""Killed drivers and workers, hung and failing workers, interrupts: no finished run is lost or doubled."""

import contextlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from paribus import api
from paribus.data import fetch
from paribus.errors import WorkerError
from paribus.execute import Interrupt, WorkerPool, run_study
from paribus.spec import Study
from paribus.standing import Event, Outcome, RunFailed, RunFinished, Runs, lay_out
from paribus.store import Store

KILLS = 10


def command(study: Path, store: Path) -> list[str]:
    return [sys.executable, "-m", "paribus", "run", str(study), "--store", str(store), "--workers", "2"]


def start(study: Path, store: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(command(study, store), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def finished(store: Path) -> list[str]:
    with Store.reader(store) as opened:
        return [record.run_key for _, record in opened.finished_since(0)]


def digests(runs: Runs) -> dict[tuple[str, int], tuple[str, float]]:
    return {
        (name, seed): (record.weights_digest, record.accuracy)
        for name, records in runs.items()
        for seed, record in records.items()
    }


@pytest.fixture
def control(small: Study, tmp_path: Path) -> dict[tuple[str, int], tuple[str, float]]:
    """The results of the undisturbed study."""
    return digests(api.run(small, store=tmp_path / "control").runs)


def workers_of(driver: int) -> list[psutil.Process]:
    """The driver's live worker processes; one may just have died."""
    workers = []
    for process in psutil.Process(driver).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "paribus.execute.worker" in process.cmdline() and process.cpu_times().user > 0:
                workers.append(process)
    return workers


@pytest.mark.slow
def test_driver_killed_ten_times_loses_nothing_and_ends_as_the_undisturbed_study(
    small_file: Path, small: Study, tmp_path: Path, control: dict[tuple[str, int], tuple[str, float]]
) -> None:
    store, dice = tmp_path / "store", random.Random(0)
    kept: list[str] = []
    for _ in range(KILLS):
        driver = start(small_file, store)
        workers: list[psutil.Process] = []
        assert driver.stderr is not None
        for line in driver.stderr:  # kill it at a random moment after work has begun
            if "started" in line:
                workers = workers_of(driver.pid)
                time.sleep(dice.uniform(0, 0.5))
                break
        driver.send_signal(signal.SIGKILL)
        driver.communicate()
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive, "workers must end with their driver"
        now = finished(store) if store.exists() else []
        assert now[: len(kept)] == kept, "a finished run was lost"
        assert len(set(now)) == len(now), "a run was recorded twice"
        kept = now
    outcome = api.run(small, store=store)
    assert outcome.trained == 12 - len(kept)
    assert digests(outcome.runs) == control
    with Store.reader(store) as opened:
        assert opened.check() == []


@pytest.mark.slow
def test_workers_killed_ten_times_cost_nothing_but_time(
    small_file: Path, small: Study, tmp_path: Path, control: dict[tuple[str, int], tuple[str, float]]
) -> None:
    store, dice, kills = tmp_path / "store", random.Random(1), 0
    driver = start(small_file, store)
    assert driver.stderr is not None
    for line in driver.stderr:
        if "started" in line and "attempt" not in line and kills < KILLS and dice.random() < 0.9:
            workers = workers_of(driver.pid)
            if workers:
                dice.choice(workers).kill()
                kills += 1
    assert driver.wait() == 0
    assert kills == KILLS
    standing = api.show(small, store=store)
    assert digests(standing.runs) == control
    assert len(finished(store)) == 12


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_first_interrupt_keeps_everything_and_exits_with_130_within_five_seconds(
    sent: signal.Signals, small_file: Path, small: Study, tmp_path: Path
) -> None:
    driver = start(small_file, tmp_path / "store")
    assert driver.stderr is not None
    for line in driver.stderr:
        if "finished" in line or "%" in line:
            break
    driver.send_signal(sent)
    began = time.monotonic()
    driver.communicate(timeout=30)
    assert driver.returncode == 130
    assert time.monotonic() - began < 5
    kept = len(finished(tmp_path / "store"))
    assert kept >= 1
    assert api.run(small, store=tmp_path / "store").trained == 12 - kept


def test_second_interrupt_ends_at_once(small_file: Path, tmp_path: Path) -> None:
    driver = start(small_file, tmp_path / "store")
    assert driver.stderr is not None
    for line in driver.stderr:
        if "started" in line:
            break
    driver.send_signal(signal.SIGINT)
    driver.send_signal(signal.SIGINT)
    driver.communicate(timeout=5)
    assert driver.returncode in (130, -signal.SIGINT)


FAULTY_WORKER = """
import os, sys, time
from paribus.execute import wire
incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
wire.send(outgoing, wire.Message("ready", {{"numerics": "faulty", "environment": {{}}}}))
while True:
    message = wire.receive(incoming)
    if message is None:
        sys.exit()
    {fault}
"""


def run_with(
    worker: str, small: Study, store: Path, silence_seconds: float = 60.0
) -> tuple[list[Event], Outcome]:
    told: list[Event] = []
    with (
        Store.writer(store, purpose="test") as opened,
        WorkerPool(2, command=[sys.executable, "-c", worker], silence_seconds=silence_seconds) as pool,
    ):
        outcome = run_study(lay_out(small), opened, pool, on_event=told.append, interrupt=Interrupt())
    return told, outcome


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("time.sleep(1000)", "silent for 3 s"),
        ("os.kill(os.getpid(), 9)", "killed"),
        ("sys.exit(7)", "exit code 7"),
        (
            "wire.send(outgoing, wire.Message('failed', {'reason': 'out of memory', 'again': True}))",
            "out of memory",
        ),
    ],
    ids=["hung", "killed", "ended", "out of memory"],
)
def test_run_whose_workers_fail_is_tried_three_times_then_failed_and_blocks_the_verdict(
    fault: str, reason: str, small: Study, tmp_path: Path
) -> None:
    worker = FAULTY_WORKER.format(fault=fault)
    told, outcome = run_with(worker, small, tmp_path / "store", silence_seconds=3.0)
    failures = [event for event in told if isinstance(event, RunFailed)]
    assert all(reason in event.reason for event in failures)
    assert [event.attempt for event in failures if (event.variant, event.seed) == ("max", 0)] == [1, 2, 3]
    assert outcome.ending == "a run failed"
    assert outcome.verdict.rounds == 0
    assert ("max", 0) in {(failure.variant, failure.seed) for failure in outcome.standing.failures}


def test_failed_runs_are_shown_until_they_are_trained(small: Study, tmp_path: Path) -> None:
    fault = "wire.send(outgoing, wire.Message('failed', {'reason': 'no luck', 'again': False}))"
    _, outcome = run_with(FAULTY_WORKER.format(fault=fault), small, tmp_path / "store")
    shown = api.show(small, store=tmp_path / "store")
    assert {failure.reason for failure in shown.failures} == {"no luck"}
    assert len(shown.failures) == len(outcome.standing.failures)


def test_study_goes_on_with_the_other_runs_of_a_round_in_which_one_failed(
    small: Study, tmp_path: Path
) -> None:
    told: list[Event] = []
    huge = {"net.blocks.1.channels": 8192, "net.blocks.1.kernel": 63}
    fields = {"variants": {**small.variants, "huge": huge}, "claims": ["huge < max", "avg < max"]}
    study = Study(**(small.model_dump(mode="json", exclude_unset=True) | fields))
    fetch("mnist")
    with Store.writer(tmp_path / "store", purpose="test") as opened, WorkerPool(1) as pool:
        limit_memory(pool)
        outcome = run_study(lay_out(study), opened, pool, on_event=told.append, interrupt=Interrupt())
    assert outcome.ending == "a run failed"
    assert {failure.variant for failure in outcome.standing.failures} == {"huge"}
    finished_runs = {(event.variant, event.seed) for event in told if isinstance(event, RunFinished)}
    assert {("max", 0), ("avg", 0)} <= finished_runs


def limit_memory(pool: WorkerPool) -> None:
    """Give the workers less memory than the huge net needs."""
    for worker in pool.workers:
        psutil.Process(worker.process.pid).rlimit(psutil.RLIMIT_AS, (4 * 2**30, 4 * 2**30))


def test_workers_that_cannot_start_are_an_error_in_words_not_a_loop(tmp_path: Path) -> None:
    def wait(commands: Sequence[str]) -> None:
        with WorkerPool(1, command=commands) as pool:
            while True:
                pool.hear(1.0)

    with pytest.raises(WorkerError, match="worker processes end before they are ready"):
        wait([sys.executable, "-c", "raise SystemExit(3)"])
