"""Images in the order they are trained and evaluated on, in one file of the cache that all processes map.

Made once from what lies elsewhere, and used again only while that is unchanged and the bytes are intact. The
file holds the labels of the training images, those of the evaluated ones, then the pixels of both, channels
last.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from paribus.data.cache import writing
from paribus.data.dataset import Split
from paribus.data.known import Duplicates, Evaluated, Skipped
from paribus.data.sealed import read_sealed, write_sealed
from paribus.data.splitting import Images, Labels, pixel_digests

_CHUNK_BYTES = 8 << 20
_EXAMPLES = 5

Indices = npt.NDArray[np.intp]
NameOf = Callable[[str, int], str]
"""Split and index to how messages call an image."""


@dataclass(frozen=True, eq=False)
class Part:
    """Images of which some are taken.

    Attributes:
        images: ``(N, H, W, C)`` uint8.
        labels: ``(N,)``.
        chosen: Which of them, in which order.
    """

    images: Images
    labels: npt.NDArray[np.integer]
    chosen: Indices


@dataclass(frozen=True)
class Prepared:
    """What is known of a prepared file.

    Attributes:
        source: Digest of what it was made of.
        classes: Names of the classes.
        shape: Of one image, ``(H, W, C)``.
        train_per_class: Training images of each class.
        test_per_class: Evaluated images of each class.
        evaluated: Where the evaluated images come from.
        sha256: Of the file.
        duplicates: Evaluated images that are training images too.
        skipped: Broken files that were left out.
        ignored: What else was not looked at, in words.
    """

    source: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    train_per_class: tuple[int, ...]
    test_per_class: tuple[int, ...]
    evaluated: Evaluated
    sha256: str
    duplicates: Duplicates
    skipped: tuple[Skipped, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Identity of the data: SHA-256 over class names, sizes, labels and pixels, and nothing else."""
        content = [self.classes, self.shape, sum(self.train_per_class), sum(self.test_per_class), self.sha256]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the file."""
        height, width, channels = self.shape
        count = sum(self.train_per_class) + sum(self.test_per_class)
        return count * (label_type(len(self.classes)).itemsize + height * width * channels)


_CODEC = TypeAdapter(Prepared)


def label_type(classes: int) -> "np.dtype[np.uint8] | np.dtype[np.uint16]":
    """The type that labels are kept in: bytes up to 256 classes, above that 16 bits, the low byte first."""
    return np.dtype(np.uint8) if classes <= 256 else np.dtype("<u2")


def read(home: Path, stem: str, source: str) -> Prepared | None:
    """What is prepared of a source; None if nothing is, or not of this state of it.

    Args:
        home: Folder of the cache.
        stem: Name of the file, without a suffix.
        source: Digest of what it must have been made of.
    """
    content = read_sealed(home / f"{stem}.json")
    if content is None:
        return None
    try:
        found = _CODEC.validate_json(content)
        size = (home / f"{stem}.u8").stat().st_size
    except (OSError, ValidationError):
        return None
    return found if found.source == source and found.size == size else None


def kept(folder: Path) -> Iterator[tuple[Path, Prepared]]:
    """Everything that is prepared in the folders of a folder of the cache, of whatever source, by place."""
    for manifest in sorted(folder.glob("*/*.json")):
        content = read_sealed(manifest) if manifest.stem != "pool" else None
        if content is not None:
            with contextlib.suppress(ValidationError):  # of another version of paribus
                yield manifest, _CODEC.validate_json(content)


def forget_others(home: Path, source: str) -> None:
    """Delete what was prepared of other states of a source; what is mapped stays until it is let go."""
    for manifest in home.glob("*.json"):
        pixels = manifest.with_suffix(".u8")
        if manifest.stem != "pool" and read(home, manifest.stem, source) is None:
            with writing(home):
                pixels.unlink(missing_ok=True)
                manifest.unlink(missing_ok=True)


def splits(home: Path, stem: str, prepared: Prepared) -> tuple[Split, Split] | None:
    """The training and the evaluated images, mapped; None if the bytes are not those that were written."""
    try:
        raw = np.asarray(np.memmap(home / f"{stem}.u8", dtype=np.uint8, mode="r"))
    except (OSError, ValueError):
        return None
    if hashlib.sha256(raw.data).hexdigest() != prepared.sha256:
        return None
    kind = label_type(len(prepared.classes))
    train, test = sum(prepared.train_per_class), sum(prepared.test_per_class)
    middle = (train + test) * kind.itemsize
    labels: Labels = raw[:middle].view(kind)
    images = raw[middle:].reshape(-1, *prepared.shape).transpose(0, 3, 1, 2)
    return (
        Split("train", images[:train], labels[:train]),
        Split(prepared.evaluated, images[train:], labels[train:]),
    )


def write(
    home: Path,
    stem: str,
    train: Part,
    test: Part,
    *,
    classes: int,
    evaluated: Evaluated,
    about: Callable[[str, Duplicates], Prepared],
    name_of: NameOf,
) -> Prepared:
    """Prepare images.

    Args:
        home: Folder of the cache; it exists, and this process holds its lock.
        stem: Name of the file, without a suffix.
        train: The training images.
        test: The images to evaluate.
        classes: How many classes there are.
        evaluated: Where the images to evaluate come from.
        about: What is known of the file, given its SHA-256 and the duplicates.
        name_of: How messages call an image.

    Raises:
        DataError: The cache cannot be written.
    """
    with writing(home):
        aside = home / f".{stem}.{os.getpid()}.part"
        digest = hashlib.sha256()
        try:
            with aside.open("wb") as stream:
                for block in _blocks(train, test, label_type(classes)):
                    digest.update(block)
                    stream.write(block)
                stream.flush()
                os.fsync(stream.fileno())
            aside.replace(home / f"{stem}.u8")
        finally:
            aside.unlink(missing_ok=True)
        prepared = about(digest.hexdigest(), find_duplicates(train, test, evaluated, name_of))
        write_sealed(home / f"{stem}.json", _CODEC.dump_json(prepared))
    return prepared


def find_duplicates(train: Part, test: Part, evaluated: Evaluated, name_of: NameOf) -> Duplicates:
    """The evaluated images that are training images too, pixel for pixel; arguments as in `write`."""
    copies: dict[bytes, dict[int, int]] = {}  # digest to label to the first training image of both
    for index, digest in enumerate(_digests(train)):
        copies.setdefault(digest, {}).setdefault(int(train.labels[train.chosen[index]]), index)
    pairs = []
    differing = 0
    for index, digest in enumerate(_digests(test)):
        of_label = copies.get(digest)
        if of_label is not None:
            own = int(test.labels[test.chosen[index]])
            others = [other for label, other in of_label.items() if label != own]
            differing += bool(others)
            pairs.append((index, others[0] if others else of_label[own]))
    examples = [(name_of(evaluated, one), name_of("train", other)) for one, other in pairs[:_EXAMPLES]]
    return Duplicates(len(pairs), differing, tuple(examples))


def per_class(part: Part, classes: int) -> tuple[int, ...]:
    """Images of each class."""
    return tuple(np.bincount(part.labels[part.chosen].astype(np.int64), minlength=classes).tolist())


def _blocks(train: Part, test: Part, kind: "np.dtype[np.uint8] | np.dtype[np.uint16]") -> Iterator[bytes]:
    for part in (train, test):
        yield part.labels[part.chosen].astype(kind).tobytes()
    for part in (train, test):
        for rows in _chunks(part):
            yield np.ascontiguousarray(part.images[rows]).tobytes()


def _digests(part: Part) -> Iterator[bytes]:
    for rows in _chunks(part):
        yield from pixel_digests(part.images[rows])


def _chunks(part: Part) -> Sequence[Indices]:
    size = max(_CHUNK_BYTES // int(np.prod(part.images.shape[1:])), 1)
    return [part.chosen[start : start + size] for start in range(0, len(part.chosen), size)]
