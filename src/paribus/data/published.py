"""What is known of a published dataset without reading it: facts, hashes, places. Types only."""

import hashlib
import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DataFile:
    """One raw IDX file.

    Attributes:
        name: Its usual name, without ``.gz``.
        dims: Its dimensions, ``(N, H, W)`` or ``(N, H, W, C)`` for images, ``(N,)`` for labels.
        sha256: Published SHA-256 of the raw (decompressed) bytes, in hexadecimal. Empty where only the hash
            of an archive is published: then the archive is checked when it comes, and the SHA-256 of the raw
            bytes is noted beside the file and checked on every load.
    """

    name: str
    dims: tuple[int, ...]
    sha256: str = ""

    @property
    def size(self) -> int:
        """Bytes of the raw file: magic number, dimensions, and one byte a value."""
        return 4 + 4 * len(self.dims) + math.prod(self.dims)


@dataclass(frozen=True)
class Archive:
    """A file as it is published, with what is published of its bytes.

    Attributes:
        name: Its name on the mirrors.
        size: Its bytes.
        digests: Algorithm and published digest, in hexadecimal; every one of them must hold.
        files: Names of the data files that it becomes.
        form: What it is: the gzipped data file itself, or CIFAR-10's binary batches in a tar.
    """

    name: str
    size: int
    digests: tuple[tuple[Literal["sha256", "md5"], str], ...]
    files: tuple[str, ...]
    form: Literal["gzip", "cifar"] = "gzip"


@dataclass(frozen=True)
class Package:
    """A package of a package manager that holds a dataset's files.

    Attributes:
        manager: Who brings it; ``python`` for a package installed beside paribus.
        name: What the manager is asked for, with the version where it takes one.
        folder: Folder of the files inside the package, relative, with forward slashes.
    """

    manager: Literal["npm", "debian", "python"]
    name: str
    folder: str


@dataclass(frozen=True)
class DatasetEntry:
    """What is known of a dataset without reading it.

    Attributes:
        name: The name in study files.
        title: Its full name and authors.
        licence: Terms of use, in a few words.
        classes: Names of the classes, in the order of the labels.
        train_images: The file of the training images.
        train_labels: The file of their labels.
        test_images: The file of the test images.
        test_labels: The file of their labels.
        train_per_class: Training images of each class.
        test_per_class: Test images of each class.
        mirrors: HTTPS folders that hold the archives; without archives, the four files with ``.gz`` added to
            their names.
        archives: The files as published, where hashes are published of those only.
        packages: Packages that hold the four files, raw or gzipped.
        help: What to do when no source has them; empty for the usual advice.
    """

    name: str
    title: str
    licence: str
    classes: tuple[str, ...]
    train_images: DataFile
    train_labels: DataFile
    test_images: DataFile
    test_labels: DataFile
    train_per_class: tuple[int, ...] = ()
    test_per_class: tuple[int, ...] = ()
    mirrors: tuple[str, ...] = ()
    archives: tuple[Archive, ...] = ()
    packages: tuple[Package, ...] = ()
    help: str = ""

    @property
    def files(self) -> tuple[DataFile, DataFile, DataFile, DataFile]:
        """The four files in the order of the fingerprint."""
        return (self.train_images, self.train_labels, self.test_images, self.test_labels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of one image, ``(C, H, W)``."""
        height, width, *channels = self.train_images.dims[1:]
        return (math.prod(channels), height, width)

    @property
    def train_count(self) -> int:
        """Images in the training split."""
        return self.train_images.dims[0]

    @property
    def test_count(self) -> int:
        """Images in the test split."""
        return self.test_images.dims[0]

    @property
    def fingerprint(self) -> str:
        """Identity of the data: SHA-256 over the published hashes, a newline after each.

        Those of the four raw files, in hexadecimal, or else of the archives, each after its algorithm. It
        depends on nothing but bytes: run keys stay valid if names or places change.
        """
        lines = [file.sha256 for file in self.files]
        if not all(lines):
            lines = [
                f"{algorithm} {digest}" for archive in self.archives for algorithm, digest in archive.digests
            ]
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
