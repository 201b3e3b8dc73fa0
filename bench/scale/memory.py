"""Peak memory of a worker process after one run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.scale.training import assignment

from paribus import data
from paribus.execute import WorkerPool
from paribus.records import Assignment

PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class WorkerMemory:
    """The most memory that a worker had in use.

    Attributes:
        channels: Channels of the first and second block; None for a worker that has trained nothing yet.
        megabytes: Peak resident set size, 10⁶ bytes; the pages of the images, which workers share, included.
    """

    channels: tuple[int, int] | None
    megabytes: float


def worker_memory(channels: Sequence[tuple[int, int]], iterations: int) -> list[WorkerMemory]:
    """Peak memory of a fresh worker before any run, and of one each after a run on MNIST.

    Args:
        channels: Channels of the first and second block of each net.
        iterations: Iterations of the run, which ends with an evaluation.

    Returns:
        Nothing on systems without /proc.
    """
    if not Path("/proc/self/status").exists():
        return []
    data.fetch("mnist")
    return [
        WorkerMemory(None, _peak(None)),
        *(WorkerMemory(pair, _peak(assignment(iterations, pair))) for pair in channels),
    ]


def _peak(task: Assignment | None) -> float:
    with WorkerPool(1) as pool:
        _await(pool, "ready")
        if task is not None:
            pool.assign(pool.workers[0], task)
            _await(pool, "done")
        return _peak_megabytes(pool.workers[0].process.pid)


def _await(pool: WorkerPool, kind: str) -> None:
    """Hear the worker out until it says this.

    Raises:
        RuntimeError: If it ends, fails or falls silent.
    """
    while True:
        heard = pool.hear(PATIENCE_SECONDS)
        if heard is None or heard.message is None or heard.message.kind == "failed":
            raise RuntimeError(f"the worker did not get {kind}: {heard and heard.message}")
        if heard.message.kind == kind:
            return


def _peak_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"the system does not tell the peak memory of process {pid}")
