"""The way in: a dataset by name, from the cache, fetched first where it is not there or not intact.

Every load hashes every byte. The machinery of fetching is imported only when something is missing.
"""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paribus.data import cache as cached
from paribus.data import idx
from paribus.data.catalogue import DataFile, DatasetEntry, facts
from paribus.data.dataset import Dataset, Split
from paribus.data.sources import Fetched, Progress, Source
from paribus.errors import DataError


def load(
    name: str,
    *,
    cache: Path | None = None,
    folder: Path | None = None,
    offline: bool = False,
    progress: Progress | None = None,
) -> Dataset:
    """A dataset, its bytes checked; fetched first where the cache does not hold it intact.

    Args:
        name: Name in the catalogue.
        cache: Folder of the cache; by default `cache_folder`.
        folder: A folder of yours that holds the files, asked before any place outside this machine.
        offline: Ask no place outside this machine.
        progress: Told in a sentence what happens. Without it, only a damaged file is told, as a warning.

    Raises:
        DataError: No such dataset, or no source has it; the message has the reason of each.
    """
    entry = facts(name)
    return load_entry(entry, _home(entry, cache), _sources(entry, folder, offline=offline), progress)


def fetch(
    name: str,
    *,
    cache: Path | None = None,
    folder: Path | None = None,
    offline: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Make sure that the cache holds a dataset, intact; arguments and errors as in `load`.

    Returns:
        Which source served each file.
    """
    entry = facts(name)
    return fetch_entry(entry, _home(entry, cache), _sources(entry, folder, offline=offline), progress)


def is_cached(name: str, *, cache: Path | None = None) -> bool:
    """Whether the cache holds a dataset, intact; reads and hashes what is there.

    Raises:
        DataError: No such dataset.
    """
    entry = facts(name)
    return _intact(entry, _home(entry, cache)) is not None


def load_entry(
    entry: DatasetEntry, home: Path, sources: Iterable[Source], progress: Progress | None = None
) -> Dataset:
    """As `load`, with the sources given.

    Args:
        entry: The dataset.
        home: Its own folder in the cache.
        sources: Asked in this order, and only if something is missing.
        progress: As in `load`.
    """
    contents = _intact(entry, home)
    if contents is None:
        fetched = fetch_entry(entry, home, sources, progress)
        if progress is None:
            for path in fetched.quarantined:
                warnings.warn(f"{entry.name}: a damaged file was moved to {path} and replaced", stacklevel=3)
        contents = _intact(entry, home)
    if contents is None:
        raise DataError(
            f"the files of {entry.name} in {home} changed while they were opened",
            expected="files that nothing else writes to",
            found="bytes that are not those checked a moment ago",
            means="the data are not used, and nothing was trained on them",
            mend="run the command again; if it happens again, check the disk",
        )
    return _dataset(entry, home, contents)


def fetch_entry(
    entry: DatasetEntry, home: Path, sources: Iterable[Source], progress: Progress | None = None
) -> Fetched:
    """As `fetch`, with the sources given; arguments as in `load_entry`."""
    from paribus.data.fetching import fetch_missing  # noqa: PLC0415  # loading intact data needs none of it

    return fetch_missing(entry, home, sources, progress or _untold)


def _intact(entry: DatasetEntry, home: Path) -> dict[DataFile, npt.NDArray[np.uint8]] | None:
    found = {file: cached.intact(file, home) for file in entry.files}
    raw = {file: content for file, content in found.items() if content is not None}
    return raw if len(raw) == len(found) else None


def _dataset(entry: DatasetEntry, home: Path, raw: dict[DataFile, npt.NDArray[np.uint8]]) -> Dataset:
    def values(file: DataFile) -> npt.NDArray[np.uint8]:
        return idx.parse(raw[file], str(home / file.name), file.dims)

    def split(name: str, images: DataFile, labels: DataFile) -> Split:
        return Split(name, values(images).reshape(-1, *entry.image_shape), values(labels))

    return Dataset(
        entry.name,
        entry.classes,
        entry.fingerprint,
        split("train", entry.train_images, entry.train_labels),
        split("test", entry.test_images, entry.test_labels),
    )


def _home(entry: DatasetEntry, cache: Path | None) -> Path:
    return (cache or cached.cache_folder()) / entry.name


def _sources(entry: DatasetEntry, folder: Path | None, *, offline: bool) -> Iterable[Source]:
    """The usual sources, made only when asked for the first of them."""
    from paribus.data.fetching import usual_sources  # noqa: PLC0415  # loading intact data needs none of it

    yield from usual_sources(entry, folder, offline=offline)


def _untold(_message: str) -> None:
    """Progress that nobody asked for."""
