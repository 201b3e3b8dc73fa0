"""What a source of data files is, what came from which, and the simplest one: a folder on this machine.

A source only hands out bytes. It neither checks nor stores them: cache.py does, the same way for all.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from paribus.data.published import DataFile
from paribus.errors import DataError

CHUNK_BYTES = 1 << 16

Progress = Callable[[str], None]


class FileRefusedError(DataError):
    """This file of this source is of no use; its other files may be. Never leaves the room."""


class SourceDownError(DataError):
    """This source cannot go on, whatever it is asked for. Never leaves the room."""


@dataclass(frozen=True)
class Offer:
    """What a source believes to be a file.

    Attributes:
        file: The file meant.
        chunks: Its bytes, raw or gzipped. Reading them may raise `FileRefusedError` or `SourceDownError`, and
            must be done before the source is asked for its next offer.
        checked: Whether they come from an archive whose published digest has been checked.
    """

    file: DataFile
    chunks: Iterable[bytes]
    checked: bool = False


class Source(Protocol):
    """A place that may have data files."""

    @property
    def name(self) -> str:
        """How messages call it."""

    def offers(self, files: Sequence[DataFile]) -> Generator[Offer]:
        """What it has of the wanted files, in any order; a file may be offered more than once.

        Whatever it holds open is closed when the generator is.

        Raises:
            SourceDownError: It cannot go on; the reason is in words.
        """


class Readable(Protocol):
    """An open stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to so many of the next bytes; none at the end."""


@dataclass(frozen=True)
class Served:
    """Where a file came from.

    Attributes:
        file: Its name in the cache.
        source: What served it; ``cache`` if it was there already.
        size: Bytes of the raw file.
    """

    file: str
    source: str
    size: int


@dataclass(frozen=True)
class Fetched:
    """What fetching a dataset did.

    Attributes:
        dataset: Its name.
        folder: Where its files are.
        files: Where each of them came from.
        quarantined: Damaged files that were moved out of the way.
    """

    dataset: str
    folder: Path
    files: tuple[Served, ...]
    quarantined: tuple[Path, ...] = ()


@dataclass(frozen=True)
class FolderSource:
    """A folder that holds the files, raw or gzipped, under any of their usual names.

    Args:
        folder: Where to look; folders inside it are not searched.
    """

    folder: Path

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"folder {self.folder}"

    def offers(self, files: Sequence[DataFile]) -> Generator[Offer]:
        """See `Source.offers`."""
        if not self.folder.is_dir():
            raise SourceDownError("is not a folder" if self.folder.exists() else "does not exist")
        for file in files:
            for name in usual_names(file):
                path = self.folder / name
                if path.exists():
                    yield Offer(file, read_file(path))


def usual_names(file: DataFile) -> tuple[str, ...]:
    """The names under which a file is commonly found: a hyphen or a dot before ``idx``, raw or gzipped."""
    dotted = ".idx".join(file.name.rsplit("-idx", maxsplit=1))
    return (file.name, dotted, f"{file.name}.gz", f"{dotted}.gz")


def chunks_of(stream: Readable) -> Iterator[bytes]:
    """The bytes of an open stream, piece by piece."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def read_file(path: Path) -> Iterator[bytes]:
    """The bytes of a file, piece by piece.

    Raises:
        FileRefusedError: It is no regular file, or cannot be read.
    """
    if not path.is_file():
        raise FileRefusedError("is not a regular file")
    try:
        with path.open("rb") as stream:
            yield from chunks_of(stream)
    except OSError as error:
        raise FileRefusedError(f"cannot be read ({error.strerror})") from error
