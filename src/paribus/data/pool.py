"""The decoded images of a folder, kept in the cache until a file of the folder changes.

Each image is decoded once; which of them train and which test is decided afterwards, by others.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from paribus.data.cache import writing
from paribus.data.decoder import Job, Reading
from paribus.data.decoding import read_images
from paribus.data.image_file import Form
from paribus.data.listing import Listing
from paribus.data.sealed import read_sealed, write_sealed
from paribus.data.sources import Progress
from paribus.errors import DataError
from paribus.spec import Data

_SHOWN = 10
_SIZES_SHOWN = 4
_PIXELS, _INDEX = "pool.u8", "pool.json"


@dataclass(frozen=True)
class Pool:
    """Decoded images, in the order of their listing; the rows of broken files are empty.

    Attributes:
        source: Digest of the listing.
        shape: ``(N, H, W, C)``; colour where it was not declared.
        sha256: Of the file of pixels.
        readings: What came of each file.
    """

    source: str
    shape: tuple[int, int, int, int]
    sha256: str
    readings: tuple[Reading, ...]

    @cached_property
    def broken(self) -> tuple[Reading, ...]:
        """The files that could not be read."""
        return tuple(reading for reading in self.readings if reading.broken)

    @property
    def channels(self) -> int:
        """Channels that the images need: 1 if all are grey."""
        return self.shape[3] if any(reading.colour for reading in self.readings) else 1


_CODEC = TypeAdapter(Pool)


def decoded(listing: Listing, data: Data, home: Path, name: str, progress: Progress) -> Pool:
    """The images of a listing, from the cache if it has them, decoded otherwise.

    Args:
        listing: The files.
        data: What to bring them to.
        home: Folder of the cache for this folder and form; it exists, and this process holds its lock.
        name: What the images are called in messages.
        progress: Told what happens.

    Raises:
        DataError: Their sizes differ, and no size was declared; or no file can be read.
    """
    kept = _kept(listing, home)
    if kept is not None:
        return kept
    size = data.size or _common_size(listing, name, progress)
    form = Form(size, data.channels or 3, data.resize)
    shape = (len(listing.files), *size, form.channels)
    with writing(home):
        _make_room(home / _PIXELS, int(np.prod(shape, dtype=np.int64)))
    job = _job(listing, form, str(home / _PIXELS))
    readings = tuple(read_images(job, name, progress))
    if data.size is None:
        _require_one_size(listing, name, readings)
    with (home / _PIXELS).open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    pool = Pool(listing.digest, shape, sha256, readings)
    with writing(home):
        write_sealed(home / _INDEX, _CODEC.dump_json(pool))
    return pool


def pixels(pool: Pool, home: Path) -> npt.NDArray[np.uint8]:
    """The pixels of a pool, ``(N, H, W, C)`` uint8, a read-only memory map."""
    return np.asarray(np.memmap(home / _PIXELS, dtype=np.uint8, mode="r", shape=pool.shape))


def refusal(listing: Listing, name: str, broken: Sequence[Reading]) -> DataError:
    """The error that names the broken files of a folder."""
    shown = [f"\n    {listing.files[each.number].name} {each.broken}" for each in broken[:_SHOWN]]
    more = f"\n    and {len(broken) - _SHOWN:,} more" if len(broken) > _SHOWN else ""
    files = "1 broken file" if len(broken) == 1 else f"{len(broken):,} broken files"
    return DataError(
        f"{name}: {files} among {len(listing.files):,}",
        expected="PNG, JPEG and WebP images that can be read",
        found=f"{files} in {listing.root}:" + "".join(shown) + more,
        means="nothing was trained: whether these images are missed is for you to say",
        mend='replace or remove these files, or leave them out, counted, with broken = "skip" in [data]',
    )


def _kept(listing: Listing, home: Path) -> Pool | None:
    """What the cache has, if it was made of these very files and is intact."""
    content = read_sealed(home / _INDEX)
    if content is None:
        return None
    try:
        pool = _CODEC.validate_json(content)
        if pool.source != listing.digest:
            return None
        with (home / _PIXELS).open("rb") as stream:
            intact = hashlib.file_digest(stream, "sha256").hexdigest() == pool.sha256
    except (OSError, ValidationError):
        return None
    return pool if intact else None


def _common_size(listing: Listing, name: str, progress: Progress) -> tuple[int, int]:
    """The size that all images have; the broken ones are left to decoding."""
    readings = read_images(_job(listing, None, ""), name, progress)
    _require_one_size(listing, name, readings)
    sizes = {reading.size for reading in readings if not reading.broken}
    if not sizes:
        raise refusal(listing, name, readings)
    (height, width) = sizes.pop()
    if max(height, width) > 1024:
        raise DataError(
            f"{name}: the images are too large to train on as they are",
            expected="at most 1024 pixels in height and width, or `image_size` in [data]",
            found=f"{height} × {width} pixels",
            means="nothing was decoded",
            mend="give `image_size` in [data], such as image_size = 64",
        )
    return height, width


def _require_one_size(listing: Listing, name: str, readings: Sequence[Reading]) -> None:
    first: dict[tuple[int, int], str] = {}
    for reading in readings:
        if not reading.broken:
            first.setdefault(reading.size, listing.files[reading.number].name)
    if len(first) <= 1:
        return
    smallest, largest = min(first, key=_area), max(first, key=_area)
    shown = list(dict.fromkeys((smallest, largest, *first)))[:_SIZES_SHOWN]
    examples = ", ".join(f"{first[size]} has {size[0]} × {size[1]}" for size in shown)
    raise DataError(
        f"{name}: the images differ in size",
        expected="images of one size, or `image_size` in [data]",
        found=f"{len(first):,} sizes (height × width), such as: {examples}",
        means="a net takes images of one size; nothing was decoded",
        mend="give `image_size` in [data], such as image_size = 64 or image_size = [48, 64]",
    )


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _job(listing: Listing, form: Form | None, pool: str) -> Job:
    count = len(listing.files)
    return Job(
        str(listing.root), [file.name for file in listing.files], list(range(count)), form, pool, count
    )


def _make_room(path: Path, size: int) -> None:
    """A file of zeros with its room on disk: to run out of it later would end the processes that write."""
    with path.open("wb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, size)
        else:
            stream.truncate(size)
