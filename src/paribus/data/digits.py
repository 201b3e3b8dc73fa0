"""The digits that lie inside scikit-learn, as the four files of a dataset; scikit-learn is not imported."""

import hashlib
import importlib.util
import struct
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paribus.data.cache import raw_blocks
from paribus.data.published import DataFile, Package
from paribus.data.sources import FileRefusedError, Offer, SourceDownError, read_file
from paribus.data.splitting import held_out, pixel_digests

FILE = "digits.csv.gz"
CONTENT_SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
"""Of the decompressed file, the same in every release of scikit-learn."""

TEST_SHARE = 0.2
_SIDE, _LEVELS = 8, 16
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class DigitsSource:
    """The installed package scikit-learn.

    Args:
        package: Its name, and where the file lies in it.
    """

    package: Package

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"Python package {self.package.name}"

    def offers(self, files: Sequence[DataFile]) -> Generator[Offer]:
        """See `Source.offers`."""
        contents = idx_files(self._content())
        for file in files:
            if file.name in contents:
                yield Offer(file, [contents[file.name]])

    def _content(self) -> bytes:
        top, *folders = self.package.folder.split("/")
        found = importlib.util.find_spec(top)
        if found is None or not found.submodule_search_locations:
            raise SourceDownError("is not installed")
        path = Path(found.submodule_search_locations[0], *folders, FILE)
        try:
            content = b"".join(raw_blocks(read_file(path), _MOST_BYTES))
        except FileRefusedError as error:
            raise SourceDownError(f"its file {FILE} {error.what}") from error
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != CONTENT_SHA256:
            raise SourceDownError(
                f"its file {FILE} has other content: SHA-256 {sha256[:12]}…, not {CONTENT_SHA256[:12]}…"
            )
        return content


def idx_files(content: bytes) -> Mapping[str, bytes]:
    """The images as IDX files, a fifth of each class held out for testing.

    Grey levels 0 to 16 become 0 to 255: the level × 255 / 16, rounded.

    Args:
        content: Lines of 64 levels, row by row, and a label, separated by commas.

    Returns:
        Name to bytes.
    """
    rows = np.array([line.split(b",") for line in content.split()], dtype=np.int64)
    images = np.rint(rows[:, :-1] * 255 / _LEVELS).astype(np.uint8).reshape(-1, _SIDE, _SIDE)
    labels = rows[:, -1].astype(np.uint8)
    test = held_out(labels, list(pixel_digests(images)), TEST_SHARE, 0, "test")
    return {
        f"{split}-{kind}": content
        for split, chosen in (("train", ~test), ("test", test))
        for kind, content in _pair(images[chosen], labels[chosen])
    }


def _pair(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> Iterator[tuple[str, bytes]]:
    yield "images-idx3-ubyte", struct.pack(">4B3I", 0, 0, 8, 3, *images.shape) + images.tobytes()
    yield "labels-idx1-ubyte", struct.pack(">4BI", 0, 0, 8, 1, len(labels)) + labels.tobytes()
