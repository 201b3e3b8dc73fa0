"""Image files read one after another into a file of pixels; as a process of its own, one of several.

Started as ``python -m paribus.data.decoder``; takes a job as one JSON line on its standard input and tells of
each image in one JSON line. Nothing is pickled, and no code of the user's is imported.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paribus.data.image_file import BrokenImageError, Form, decode, measure


@dataclass(frozen=True)
class Job:
    """Images to read.

    Attributes:
        root: Folder that their names start at.
        names: Path of each image from there.
        numbers: Row of each image in the file of pixels.
        form: What to bring them to; None to measure them only.
        pool: The file of pixels, ``(count, H, W, C)`` uint8; it has its size already.
        count: Its rows.
    """

    root: str
    names: Sequence[str]
    numbers: Sequence[int]
    form: Form | None = None
    pool: str = ""
    count: int = 0


@dataclass(frozen=True)
class Reading:
    """What came of one image.

    Attributes:
        number: Its row.
        broken: Why it could not be read; empty if it could.
        size: Its own height and width.
        digest: SHA-256 of its own pixels.
        colour: Whether any pixel is not grey.
    """

    number: int
    broken: str = ""
    size: tuple[int, int] = (0, 0)
    digest: str = ""
    colour: bool = False


def read_all(job: Job) -> Iterator[Reading]:
    """Do a job, image by image."""
    pool = None
    if job.form is not None:
        shape = (job.count, *job.form.size, job.form.channels)
        pool = np.memmap(job.pool, dtype=np.uint8, mode="r+", shape=shape)
    for name, number in zip(job.names, job.numbers, strict=True):
        path = Path(job.root, name)
        try:
            if job.form is None or pool is None:
                yield Reading(number, size=measure(path))
            else:
                decoded = decode(path, job.form)
                pool[number] = decoded.pixels
                yield Reading(number, "", decoded.size, decoded.digest, decoded.colour)
        except BrokenImageError as error:
            yield Reading(number, str(error))


def job_line(job: Job) -> str:
    """A job as a line."""
    return json.dumps(asdict(job)) + "\n"


def read_job(line: str) -> Job:
    """The job of a line."""
    fields: dict[str, Any] = json.loads(line)
    form = fields.pop("form")
    return Job(**fields, form=form and Form(tuple(form["size"]), form["channels"], form["resize"]))


def read_reading(line: str) -> Reading:
    """The reading of a line."""
    fields: dict[str, Any] = json.loads(line)
    return Reading(**{**fields, "size": tuple(fields["size"])})


def main() -> None:
    """Serve one job."""
    told = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever a decoder prints goes to standard error
    told.write("ready\n")
    told.flush()
    for reading in read_all(read_job(sys.stdin.readline())):
        told.write(json.dumps(asdict(reading)) + "\n")
        told.flush()


if __name__ == "__main__":
    main()
