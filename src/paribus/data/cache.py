"""The folder of raw IDX files: what is in it, what to do about it, and the one way in.

A file enters only when its size and SHA-256 are the published ones; it is written aside and moved, so that no
reader ever sees half of it. What is found damaged is moved out of the way and kept. Where the bytes come from
is not decided here.
"""

import enum
import hashlib
import itertools
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

import numpy as np
import numpy.typing as npt
import platformdirs

from paribus.data.published import DataFile
from paribus.data.sources import FileRefusedError
from paribus.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's number for "a gzip header and the largest window"
_SLACK_BYTES = 1 << 16  # what a gzip file may be larger than its content


class Action(enum.Enum):
    """What to do about a file of the cache."""

    USE = "use"
    FETCH = "fetch"
    REPLACE = "replace"


@dataclass(frozen=True, eq=False)
class Content:
    """What lies at a path of the cache.

    Attributes:
        size: Bytes, or -1 for what is no regular file.
        sha256: SHA-256 of all bytes, in hexadecimal; empty where the size already tells that they are wrong.
        raw: The very bytes that were hashed, ``(size,)`` uint8, a read-only memory map; None if not hashed.
        noted: The SHA-256 that was noted when the file came, for a file of which none is published.
    """

    size: int
    sha256: str = ""
    raw: npt.NDArray[np.uint8] | None = field(default=None, repr=False)
    noted: str = ""


def cache_folder() -> Path:
    """Where data are kept: ``PARIBUS_DATA_DIR``, else ``paribus/data`` in the user's cache (XDG on Linux)."""
    named = os.environ.get("PARIBUS_DATA_DIR")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("paribus") / "data"


def action_for(file: DataFile, content: Content | None) -> Action:
    """What to do about a file, given what lies in its place (None: nothing)."""
    if content is None:
        return Action.FETCH
    right = file.sha256 or content.noted
    intact = bool(right) and content.size == file.size and content.sha256 == right
    return Action.USE if intact else Action.REPLACE


def inspect(file: DataFile, home: Path) -> Content | None:
    """Map and hash what lies in a file's place.

    Args:
        file: The file meant.
        home: The dataset's folder in the cache.

    Returns:
        What is there, or None where there is nothing.

    Raises:
        DataError: The file is there but cannot be read.
    """
    path = home / file.name
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            return Content(-1)
        if status.st_size != file.size:
            return Content(status.st_size)
        # A plain array over the mapping: np.memmap as a type slows every later index and adds nothing.
        raw = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
        return Content(len(raw), hashlib.sha256(raw.data).hexdigest(), raw, _noted(file, home))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:  # emptied since its size was asked
        return Content(0)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read",
            expected="a file that this user may read",
            found=str(error.strerror),
            means="the data cannot be checked, so they are not used",
            mend="correct its permissions, or name another folder with PARIBUS_DATA_DIR",
        ) from error


def intact(file: DataFile, home: Path) -> npt.NDArray[np.uint8] | None:
    """The bytes of a file, just checked, or None where they are not there or not the published ones.

    Returns:
        ``(size,)`` uint8, a read-only memory map of the file.

    Raises:
        DataError: The file is there but cannot be read.
    """
    content = inspect(file, home)
    return content.raw if content is not None and action_for(file, content) is Action.USE else None


def quarantine(file: DataFile, home: Path) -> Path:
    """Move a damaged file out of the way, keeping it as ``<name>.damaged-<n>``.

    Returns:
        Where it is now.

    Raises:
        DataError: It cannot be moved.
    """
    path = home / file.name
    aside = next(
        candidate
        for n in itertools.count(1)
        if not (candidate := path.with_name(f"{file.name}.damaged-{n}")).exists()
    )
    with writing(home):
        path.rename(aside)
    return aside


def admit(file: DataFile, chunks: Iterable[bytes], home: Path, *, checked: bool = False) -> int:
    """Take a file into the cache if its bytes are the published ones; otherwise nothing remains of it.

    Where no hash of the raw bytes is published, they are taken if they come out of an archive that was
    checked, and their SHA-256 is noted beside the file.

    Args:
        file: What it must turn out to be.
        chunks: Its bytes, raw or gzipped.
        home: The dataset's folder in the cache; it exists.
        checked: Whether they come out of such an archive.

    Returns:
        Bytes written.

    Raises:
        FileRefusedError: The bytes are others.
        SourceDownError: The source gave up while they were read.
        DataError: The cache cannot be written.
    """
    if not file.sha256 and not checked:
        raise FileRefusedError("cannot be checked by itself: only the hash of its archive is published")
    aside = home / f".{file.name}.{os.getpid()}-{secrets.token_hex(4)}.part"
    digest, size = hashlib.sha256(), 0
    with writing(home):
        try:
            with aside.open("xb") as stream:
                for block in raw_blocks(chunks, file.size):
                    digest.update(block)
                    size += stream.write(block)
                _refuse_unless_published(file, size, digest.hexdigest())
                stream.flush()
                os.fsync(stream.fileno())
            if not file.sha256:
                _note(file, digest.hexdigest(), home)
            aside.replace(home / file.name)
        finally:
            aside.unlink(missing_ok=True)
        _sync_folder(home)
    return size


def raw_blocks(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Bytes as they are, or decompressed where they begin like a gzip file; never more than the limit.

    Args:
        chunks: The bytes; of these, too, not much more than the limit is read.
        limit: Bytes of the file that is hoped for.

    Raises:
        FileRefusedError: It is longer than the limit, or a gzip stream that does not decompress.
    """
    pieces = _joined_start(_capped(chunks, limit + _SLACK_BYTES))
    first = next(pieces, b"")
    everything = itertools.chain([first], pieces)
    yield from _gunzip(everything, limit) if first.startswith(_GZIP_MAGIC) else _capped(everything, limit)


def remove_leftovers(home: Path) -> None:
    """Delete what a process that was killed had written aside; only for the holder of the folder's lock.

    Raises:
        DataError: It cannot be deleted.
    """
    with writing(home):
        for path in home.glob(".*.part"):
            path.unlink(missing_ok=True)


def prepare(home: Path) -> None:
    """Make the dataset's folder.

    Raises:
        DataError: It cannot be made.
    """
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Puts it in words when the operating system refuses a change to a folder of the cache.

    Raises:
        DataError: It did.
    """
    try:
        yield
    except OSError as error:
        raise DataError(
            f"the data cache {home} cannot be written",
            expected="a folder that this user may write to, with room for about 55 MB a dataset",
            found=str(error.strerror or error),
            means="the dataset cannot be kept, so no run can be trained on it",
            mend="free space or correct its permissions, or name another folder with PARIBUS_DATA_DIR",
        ) from error


def _noted(file: DataFile, home: Path) -> str:
    """The SHA-256 noted when a file came; empty if one is published, or none was noted."""
    path = _note_of(file, home)
    return (
        path.read_text(encoding="ascii", errors="replace").strip()
        if not file.sha256 and path.is_file()
        else ""
    )


def _note(file: DataFile, sha256: str, home: Path) -> None:
    """Note the SHA-256 of a file before it enters: a file without its note would count as damaged."""
    path = _note_of(file, home)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    aside.write_text(f"{sha256}\n", encoding="ascii")
    aside.replace(path)


def _note_of(file: DataFile, home: Path) -> Path:
    return home / f"{file.name}.sha256"


def _refuse_unless_published(file: DataFile, size: int, sha256: str) -> None:
    if size != file.size:
        raise FileRefusedError(f"ends after {size:,} of {file.size:,} bytes")
    if file.sha256 and sha256 != file.sha256:
        raise FileRefusedError(f"has other bytes: its SHA-256 is {sha256[:12]}…, not {file.sha256[:12]}…")


def _capped(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit:
            raise FileRefusedError(f"is longer than the {limit:,} bytes it may have")
        yield chunk


def _joined_start(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, with a first piece long enough to hold the magic number."""
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= len(_GZIP_MAGIC):
            break
    yield start
    yield from chunks


def _gunzip(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    inflater, total = zlib.decompressobj(_GZIP_WINDOW), 0
    try:
        for chunk in chunks:
            block = inflater.decompress(chunk, limit + 1 - total)
            total += len(block)
            if total > limit:
                raise FileRefusedError(f"decompresses to more than {limit:,} bytes")
            yield block
    except zlib.error as error:
        raise FileRefusedError(f"does not decompress ({error})") from error


def _sync_folder(home: Path) -> None:
    if os.name != "posix":
        return
    folder = os.open(home, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
