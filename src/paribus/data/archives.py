"""Archives with a published digest: brought whole, checked, and only then unpacked.

Where no hash of the raw bytes is published, the archive's is what stands between a mirror and the cache.
"""

import gzip
import hashlib
import io
import struct
import tarfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paribus.data.mirrors import Mirror
from paribus.data.packages import Limited, temporary_folder
from paribus.data.published import Archive, DataFile
from paribus.data.sources import FileRefusedError, Offer, SourceDownError, chunks_of, read_file

_CIFAR_RECORD = 1 + 3 * 32 * 32  # a label, then the red, green and blue plane, row by row
_CIFAR_RECORDS = 10_000
_CIFAR_FOLDER = "cifar-10-batches-bin"
_CIFAR_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_CIFAR_TEST = ("test_batch.bin",)
_CIFAR_ARCHIVE_BYTES = 256 << 20  # the six batches are 184 MB


@dataclass(frozen=True)
class ArchiveSource:
    """A folder or a mirror that holds archives under their published names.

    Args:
        place: The folder, or the mirror (without a suffix).
        archives: What it may hold.
    """

    place: Path | Mirror
    archives: tuple[Archive, ...]

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"folder {self.place}" if isinstance(self.place, Path) else self.place.name

    def offers(self, files: Sequence[DataFile]) -> Generator[Offer]:
        """See `Source.offers`; what comes out of an archive that was checked is offered as checked."""
        if isinstance(self.place, Path) and not self.place.is_dir():
            raise SourceDownError("is not a folder" if self.place.exists() else "does not exist")
        for archive in self.archives:
            wanted = [file for file in files if file.name in archive.files]
            if wanted and self._may_hold(archive):
                with temporary_folder() as folder:
                    contents = self._contents(archive, folder)
                    for file in wanted:
                        yield Offer(file, contents[file.name], checked=True)

    def _may_hold(self, archive: Archive) -> bool:
        return not isinstance(self.place, Path) or (self.place / archive.name).exists()

    def _contents(self, archive: Archive, folder: Path) -> Mapping[str, Iterable[bytes]]:
        """Name of each data file to its bytes; they refuse to be read if the archive is not as published."""
        packed = folder / archive.name
        if isinstance(self.place, Path):
            arriving: Iterable[bytes] = read_file(self.place / archive.name)
        else:
            arriving = self.place.download(archive.name)
        try:
            _bring(arriving, archive, packed)
            if archive.form == "cifar":
                return _cifar(packed, folder)
            return {name: read_file(packed) for name in archive.files}
        except FileRefusedError as error:
            return dict.fromkeys(archive.files, _Refusal(f"({archive.name}) {error.what}"))


@dataclass(frozen=True)
class _Refusal:
    """Bytes that are not to be had."""

    reason: str

    def __iter__(self) -> Iterator[bytes]:
        raise FileRefusedError(self.reason)


def _bring(chunks: Iterable[bytes], archive: Archive, packed: Path) -> None:
    """Write an archive to a file if it is the published one."""
    digests = [hashlib.new(algorithm, usedforsecurity=False) for algorithm, _ in archive.digests]
    size = 0
    try:
        with packed.open("xb") as stream:
            for chunk in chunks:
                size += len(chunk)
                if size > archive.size:
                    raise FileRefusedError(f"is longer than the {archive.size:,} bytes it may have")
                for digest in digests:
                    digest.update(chunk)
                stream.write(chunk)
    except OSError as error:
        raise SourceDownError(f"cannot be kept in the temporary folder ({error.strerror})") from error
    if size != archive.size:
        raise FileRefusedError(f"ends after {size:,} of {archive.size:,} bytes")
    for digest, (algorithm, published) in zip(digests, archive.digests, strict=True):
        if digest.hexdigest() != published:
            raise FileRefusedError(
                f"has other bytes: its {_spoken(algorithm)} is {digest.hexdigest()[:12]}…, "
                f"not {published[:12]}…"
            )


def _spoken(algorithm: str) -> str:
    return {"sha256": "SHA-256", "md5": "MD5"}[algorithm]


def _cifar(packed: Path, folder: Path) -> Mapping[str, Iterable[bytes]]:
    """CIFAR-10's batches as the four IDX files of a dataset, pixels before channels."""
    found = _cifar_batches(packed, folder)
    train, test = ([found[name] for name in names] for names in (_CIFAR_TRAIN, _CIFAR_TEST))
    return {
        "train-images-idx4-ubyte": _images(train),
        "train-labels-idx1-ubyte": _labels(train),
        "test-images-idx4-ubyte": _images(test),
        "test-labels-idx1-ubyte": _labels(test),
    }


def _cifar_batches(packed: Path, folder: Path) -> dict[str, Path]:
    """Name of each batch to a file with its bytes: members of exact name and size, nothing else."""
    wanted = {f"{_CIFAR_FOLDER}/{name}": name for name in (*_CIFAR_TRAIN, *_CIFAR_TEST)}
    found: dict[str, Path] = {}
    try:
        with (
            gzip.open(packed) as stream,
            tarfile.open(fileobj=Limited(stream, _CIFAR_ARCHIVE_BYTES), mode="r|") as tar,
        ):
            for member in tar:
                name = wanted.get(member.name)
                content = (
                    tar.extractfile(member) if name and member.isreg() and not member.issparse() else None
                )
                if name is None or content is None:
                    continue
                if member.size != _CIFAR_RECORD * _CIFAR_RECORDS:
                    raise FileRefusedError(f"holds {name} of {member.size:,} bytes")
                found[name] = folder / name
                with found[name].open("wb") as batch:
                    for chunk in chunks_of(content):
                        batch.write(chunk)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise FileRefusedError(f"does not unpack ({error})") from error
    except OSError as error:
        raise SourceDownError(f"cannot be unpacked in the temporary folder ({error})") from error
    missing = [name for name in wanted.values() if name not in found]
    if missing:
        raise FileRefusedError(f"does not hold {', '.join(missing)}")
    return found


def _records(batch: Path) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    return np.fromfile(batch, dtype=np.uint8).reshape(_CIFAR_RECORDS, _CIFAR_RECORD)


def _images(batches: Sequence[Path]) -> Iterator[bytes]:
    yield struct.pack(">4B4I", 0, 0, 8, 4, _CIFAR_RECORDS * len(batches), 32, 32, 3)
    for batch in batches:
        planes = _records(batch)[:, 1:].reshape(-1, 3, 32, 32)
        yield from chunks_of(io.BytesIO(planes.transpose(0, 2, 3, 1).tobytes()))


def _labels(batches: Sequence[Path]) -> Iterator[bytes]:
    yield struct.pack(">4BI", 0, 0, 8, 1, _CIFAR_RECORDS * len(batches))
    for batch in batches:
        yield _records(batch)[:, 0].tobytes()
