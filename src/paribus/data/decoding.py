"""All images of a folder read at once, by as many processes as there are cores."""

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from paribus.data.decoder import Job, Reading, job_line, read_all, read_reading
from paribus.data.sources import Progress
from paribus.errors import DataError

FEW = 64
"""So many images are read faster here than a process starts."""

SECONDS_BETWEEN_WORDS = 5.0


def read_images(job: Job, name: str, progress: Progress) -> list[Reading]:
    """Read all images of a job.

    A file that ends the process that reads it counts as broken.

    Args:
        job: The images.
        name: What they are called in messages.
        progress: Told now and then how far it is.

    Returns:
        What came of each image, by row.

    Raises:
        DataError: No process can be started.
    """
    total = len(job.names)
    doing = "measured" if job.form is None else "decoded"
    processes = _cores() if total > FEW else 1
    if job.form is not None and total > FEW:
        progress(f"{name}: decoding {total:,} images with {processes} processes")
    readings = []
    spoken = time.monotonic()
    for reading in _in_processes(job, processes) if total > FEW else read_all(job):
        readings.append(reading)
        if time.monotonic() - spoken >= SECONDS_BETWEEN_WORDS:
            spoken = time.monotonic()
            progress(f"{name}: {len(readings):,} of {total:,} images {doing}")
    return sorted(readings, key=lambda reading: reading.number)


@dataclass(eq=False)
class _Reader:
    """A process and what it has still to read, in order."""

    process: "subprocess.Popen[str]"
    job: Job
    done: int = 0
    ready: bool = False


@dataclass
class _Crew:
    """The processes at work, and what they say."""

    heard: "queue.SimpleQueue[tuple[_Reader, str]]" = field(default_factory=queue.SimpleQueue)
    readers: list[_Reader] = field(default_factory=list)

    def start(self, job: Job) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "paribus.data.decoder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for this process, which ends the others
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            text=True,
            encoding="ascii",
        )
        reader = _Reader(process, job)
        self.readers.append(reader)
        threading.Thread(target=self._listen, args=(reader,), daemon=True).start()
        assert process.stdin is not None, "a pipe was asked for"
        with contextlib.suppress(OSError):  # a process that has died already is heard of below
            process.stdin.write(job_line(job))
            process.stdin.close()

    def _listen(self, reader: _Reader) -> None:
        assert reader.process.stdout is not None, "a pipe was asked for"
        with contextlib.suppress(OSError, ValueError):
            for line in reader.process.stdout:
                self.heard.put((reader, line))
        self.heard.put((reader, ""))

    def end(self) -> None:
        for reader in self.readers:
            reader.process.kill()
            reader.process.wait()


def _in_processes(job: Job, count: int) -> Iterator[Reading]:
    crew = _Crew()
    try:
        for first in range(count):
            crew.start(_part(job, slice(first, None, count)))
        while crew.readers:
            reader, line = crew.heard.get()
            if not line:
                crew.readers.remove(reader)
                yield from _ended(crew, reader)
            elif not reader.ready:
                reader.ready = True
            else:
                reader.done += 1
                yield read_reading(line)
    finally:
        crew.end()


def _ended(crew: _Crew, reader: _Reader) -> Iterator[Reading]:
    """Go on behind the image that a process ended at, if it did not come to the end of its job."""
    code = reader.process.wait()
    if not reader.ready:
        raise DataError(
            "processes to decode images cannot be started",
            expected=f"`{sys.executable} -m paribus.data.decoder` to start",
            found=f"exit code {code}",
            means="no image was read",
            mend="run `paribus doctor`",
        )
    if reader.done == len(reader.job.names):
        return
    yield Reading(reader.job.numbers[reader.done], f"ended the process that decoded it (exit code {code})")
    rest = _part(reader.job, slice(reader.done + 1, None))
    if rest.names:
        crew.start(rest)


def _part(job: Job, which: slice) -> Job:
    return replace(job, names=job.names[which], numbers=job.numbers[which])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
