"""Made-up runs, a comparison to the bit that shares no code with the store, and child processes."""

import hashlib
import os
import signal
import struct
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from paribus.records import Evaluation, RunRecord, Timing, TrainedRun

NUMERICS = "torch 2.9 avx2 1 thread fp32"


class MakeRun(Protocol):
    def __call__(self, number: int, **changes: Any) -> TrainedRun: ...  # noqa: ANN401 - any field


class Child:
    """A forked process; killed at the end of the test if it still runs."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            try:
                work()
            except BaseException:  # noqa: BLE001 - a child must not go on with the parent's tests
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        self.status: int | None = None

    def kill(self) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def wait(self) -> int:
        """Exit code; minus the number of the signal for one that was killed."""
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status


def key_of(number: int) -> str:
    return hashlib.sha256(f"run {number}".encode()).hexdigest()


def make_run(number: int, **changes: Any) -> TrainedRun:  # noqa: ANN401 - any field
    random = np.random.default_rng(number)
    weights = {
        "conv1.weight": random.normal(size=(8, 1, 5, 5)).astype(np.float32),
        "output.bias": random.normal(size=10).astype(np.float32),
    }
    values: dict[str, Any] = {
        "run_key": key_of(number),
        "numerics": NUMERICS,
        "seed": number,
        "state": "done",
        "iterations": 1000,
        "evaluations": tuple(Evaluation(500 * n, *map(float, random.normal(size=3))) for n in (1, 2)),
        "order_digest": key_of(-number),
        "initial_digests": {name: key_of(len(name) + number) for name in weights},
        "weights_digest": hashlib.sha256(b"".join(w.tobytes() for w in weights.values())).hexdigest(),
        "weights_moved": float(random.normal()),
        "correct_per_class": tuple(int(count) for count in random.integers(0, 100, 10)),
        "images_per_class": (100,) * 10,
        "predictions": random.integers(0, 10, 1000).astype(np.uint8),
        "timing": Timing(total=3.5, training=3.0, evaluation=0.25),
        "finished_at": f"2025-01-01T00:00:{number % 60:02d}Z",
        "environment": {"torch": "2.9.0", "machine": "Größe"},
    }
    record = RunRecord(**(values | changes))
    return TrainedRun(record, {} if record.state == "failed" else weights)


def bits_of(value: Any) -> Any:  # noqa: ANN401 - any value
    """A value in which two floats are equal only if all their bits are."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, np.ndarray):
        return (value.dtype.name, value.shape, value.tobytes())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: bits_of(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: bits_of(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [bits_of(item) for item in value]
    return value


@pytest.fixture(scope="session")
def made() -> MakeRun:
    return make_run


@pytest.fixture
def bits() -> Callable[[Any], Any]:
    return bits_of


@pytest.fixture
def numerics() -> str:
    return NUMERICS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "paribus-store"


@pytest.fixture
def child() -> Iterator[Callable[[Callable[[], None]], Child]]:
    children: list[Child] = []

    def start(work: Callable[[], None]) -> Child:
        children.append(Child(work))
        return children[-1]

    yield start
    for process in children:
        process.kill()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    def wait(true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not true():
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.002)

    return wait


@pytest.fixture
def unprivileged(tmp_path: Path) -> Callable[[], None]:
    """What a child calls to lose the rights of root, to whom nothing is read-only."""

    def drop() -> None:
        if os.geteuid() == 0:
            os.setuid(65534)

    if os.geteuid() == 0:
        temporary = Path(tempfile.gettempdir())
        for parent in (tmp_path, *tmp_path.parents):
            if parent in (temporary, *temporary.parents):
                break
            parent.chmod(0o755)
    return drop
