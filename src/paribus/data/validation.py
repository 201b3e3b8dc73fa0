"""Validation images held out of the training images of a named dataset, prepared in the dataset's folder."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from paribus.data.cache import prepare
from paribus.data.dataset import Dataset
from paribus.data.known import Duplicates
from paribus.data.prepared import Part, Prepared, per_class, read, splits, write
from paribus.data.published import DatasetEntry
from paribus.data.sources import Progress
from paribus.data.splitting import arranged, held_out_count, pixel_digests
from paribus.errors import DataError
from paribus.spec import Data

_LOCK_PATIENCE_S = 900.0


def validation_fingerprint(entry: DatasetEntry, data: Data) -> str:
    """Identity of what is trained and evaluated on: the dataset's, with share and seed of the validation."""
    text = f"{entry.fingerprint}\nvalidation {data.validation!r} of seed {data.split_seed}\n"
    return hashlib.sha256(text.encode()).hexdigest()


def validation_counts(entry: DatasetEntry, data: Data) -> tuple[int, ...]:
    """Validation images of each class."""
    return tuple(held_out_count(count, data.validation) for count in entry.train_per_class)


def prepared_validation(entry: DatasetEntry, data: Data, home: Path) -> Prepared | None:
    """What is prepared of a dataset with this validation; None if nothing is."""
    return read(home, _stem(entry, data), entry.fingerprint)


def validation_dataset(
    entry: DatasetEntry, data: Data, home: Path, whole: Callable[[], Dataset], progress: Progress
) -> Dataset:
    """A named dataset with validation images in the place of its test images.

    Args:
        entry: The dataset.
        data: Share and seed of the validation.
        home: The dataset's own folder in the cache.
        whole: Loads the dataset as it is; asked only if nothing is prepared.
        progress: Told if another process is at it.

    Raises:
        DataError: The dataset cannot be loaded, or the cache cannot be written.
    """
    found = _mapped(entry, data, home)
    if found is None:
        _prepare(entry, data, home, whole(), progress)
        found = _mapped(entry, data, home)
    if found is None:
        raise DataError(
            f"the validation images of {entry.name} in {home} do not stay as they were written",
            expected="files that nothing else writes to",
            found="bytes that are not those written a moment ago",
            means="the images are not used, and nothing was trained on them",
            mend="run the command again; if it happens again, check the disk",
        )
    return found


def _mapped(entry: DatasetEntry, data: Data, home: Path) -> Dataset | None:
    prepared = prepared_validation(entry, data, home)
    found = prepared and splits(home, _stem(entry, data), prepared)
    if not found:
        return None
    return Dataset(entry.name, entry.classes, validation_fingerprint(entry, data), *found)


def _prepare(entry: DatasetEntry, data: Data, home: Path, whole: Dataset, progress: Progress) -> None:
    from paribus.data.locking import alone  # noqa: PLC0415  # mapping what is prepared needs none of it

    images = whole.train.images.transpose(0, 2, 3, 1)
    labels = whole.train.labels
    everything = np.arange(len(labels))
    digests = list(pixel_digests(images))
    with_test = (everything, np.empty(0, dtype=np.intp))
    chosen = arranged(data, labels, digests, with_test)
    train, test = (Part(images, labels, part) for part in chosen)

    def about(sha256: str, duplicates: Duplicates) -> Prepared:
        height, width, channels = images.shape[1:]
        return Prepared(
            source=entry.fingerprint,
            classes=entry.classes,
            shape=(height, width, channels),
            train_per_class=per_class(train, len(entry.classes)),
            test_per_class=per_class(test, len(entry.classes)),
            evaluated="validation",
            sha256=sha256,
            duplicates=duplicates,
        )

    prepare(home)
    with alone(home, entry.name, progress, _LOCK_PATIENCE_S, "preparing"):
        write(
            home,
            _stem(entry, data),
            train,
            test,
            classes=len(entry.classes),
            evaluated="validation",
            about=about,
            name_of=lambda split, index: f"{split}[{index}]",
        )


def _stem(entry: DatasetEntry, data: Data) -> str:
    return f"validation-{validation_fingerprint(entry, data)[:16]}"
