"""Worker processes: started once, fed one run at a time, replaced when they die or fall silent."""

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from paribus.errors import WorkerError
from paribus.execute.wire import Message, receive, send, train_message
from paribus.records import Assignment

SILENCE_SECONDS = 600.0
"""A worker at work that says nothing for so long is taken for hung; a step is told about once a second."""

MAX_FAILED_STARTS = 5


@dataclass(eq=False)
class Worker:
    """One worker process and what it is doing.

    Attributes:
        process: The process.
        assignment: The run it trains; None while it is idle.
        ready: Whether it has said what numerics it computes with.
        heard: When it was last heard of, on the pool's clock.
        condemned: Why it was killed, if the pool did it.
    """

    process: "subprocess.Popen[bytes]"
    assignment: Assignment | None = None
    ready: bool = False
    heard: float = 0.0
    condemned: str = ""


@dataclass(frozen=True)
class Heard:
    """What a worker said, or that it is gone (no message).

    Attributes:
        worker: The worker.
        assignment: What it was training.
        message: What it said; None when it ended.
    """

    worker: Worker
    assignment: Assignment | None
    message: Message | None

    @property
    def end(self) -> str:
        """How the worker ended, in words."""
        if self.worker.condemned:
            return self.worker.condemned
        code = self.worker.process.wait()
        if code == -9:
            return "its worker process was killed (by hand, or by the system for want of memory)"
        return f"its worker process ended with exit code {code}"


class WorkerPool:
    """A number of worker processes.

    Args:
        count: How many.
        numerics: What to compute with, where a study was begun with some. Workers that cannot say when they
            are ready what they will compute with.
        command: What starts one.
        clock: Seconds, monotonic.
        silence_seconds: After how long a silent worker counts as hung.
        log: File that collects what workers print; thrown away when left out.
    """

    def __init__(
        self,
        count: int,
        numerics: str | None = None,
        *,
        command: Sequence[str] = (sys.executable, "-m", "paribus.execute.worker"),
        clock: Callable[[], float] = time.monotonic,
        silence_seconds: float = SILENCE_SECONDS,
        log: Path | None = None,
    ) -> None:
        self._command = [*command, *([numerics] if numerics else [])]
        self._clock = clock
        self._silence = silence_seconds
        self._log = log
        self._failed_starts = 0
        self._inbox: queue.Queue[tuple[Worker, Message | None]] = queue.Queue()
        self.workers = [self._start() for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def idle(self) -> Iterator[Worker]:
        """Workers that could take a run."""
        return (worker for worker in self.workers if worker.ready and worker.assignment is None)

    @property
    def busy(self) -> tuple[Assignment, ...]:
        """Runs being trained."""
        return tuple(worker.assignment for worker in self.workers if worker.assignment)

    def assign(self, worker: Worker, assignment: Assignment) -> None:
        """Give an idle worker a run; if it has died meanwhile, `hear` will tell."""
        worker.assignment = assignment
        worker.heard = self._clock()
        with contextlib.suppress(OSError):
            send(_pipe(worker.process.stdin), train_message(assignment))

    def hear(self, timeout: float) -> Heard | None:
        """What some worker says next.

        A worker that died is replaced; one that was silent too long is killed, and heard of as dead.

        Args:
            timeout: Seconds to wait.

        Returns:
            None if nothing was heard in that time.
        """
        self._kill_silent()
        try:
            worker, message = self._inbox.get(timeout=timeout)
        except queue.Empty:
            return None
        if worker not in self.workers:
            return None  # dropped; what it still said is not wanted
        worker.heard = self._clock()
        assignment = worker.assignment
        if message is None:
            worker.process.wait()
            self._replace(worker)
        elif message.kind == "ready":
            worker.ready = True
            self._failed_starts = 0
        elif message.kind in ("done", "failed"):
            worker.assignment = None
        return Heard(worker, assignment, message)

    def drop(self, keep: Callable[[Assignment], bool]) -> None:
        """Kill the workers whose runs are no longer wanted, and start others in their place."""
        for index, worker in enumerate(self.workers):
            if worker.assignment is not None and not keep(worker.assignment):
                _kill(worker)
                self.workers[index] = self._start()

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        for worker in self.workers:
            _kill(worker)
        for worker in self.workers:
            worker.process.wait()
        self.workers = []

    def _start(self) -> Worker:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        with open(self._log or os.devnull, "ab") as log:  # noqa: PTH123 - devnull is no path to handle
            process = subprocess.Popen(  # noqa: S603 - our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the driver, which ends its workers
                env=environment,
            )
        worker = Worker(process, heard=self._clock())
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()
        return worker

    def _listen(self, worker: Worker) -> None:
        stream = _pipe(worker.process.stdout)
        with contextlib.suppress(OSError, ValueError):
            while (message := receive(stream)) is not None:
                self._inbox.put((worker, message))
        self._inbox.put((worker, None))

    def _replace(self, worker: Worker) -> None:
        self._failed_starts += not worker.ready
        if self._failed_starts > MAX_FAILED_STARTS:
            raise WorkerError(
                "worker processes end before they are ready",
                expected=f"`{' '.join(self._command)}` to start",
                found=f"exit code {worker.process.returncode}, {self._failed_starts} times in a row",
                means="no run can be trained; what is recorded is safe",
                mend="run `paribus doctor`"
                + (f"; the workers' messages are in {self._log}" if self._log else ""),
            )
        self.workers[self.workers.index(worker)] = self._start()

    def _kill_silent(self) -> None:
        for worker in self.workers:
            waiting = worker.assignment is not None or not worker.ready
            if waiting and not worker.condemned and self._clock() - worker.heard > self._silence:
                worker.condemned = f"its worker process was silent for {self._silence:.0f} s and was ended"
                worker.process.kill()


def _kill(worker: Worker) -> None:
    worker.process.kill()
    for pipe in (worker.process.stdin, worker.process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "workers are started with pipes"
    return stream
