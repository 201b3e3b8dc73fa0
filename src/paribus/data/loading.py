"""The way in: a dataset by name, from the cache, fetched first where it is not there or not intact.

Own data are decoded or read instead of fetched. Every load hashes every byte. The machinery of fetching and
decoding is imported only when something is missing.
"""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paribus.data import cache as cached
from paribus.data import idx
from paribus.data.catalogue import entry_of
from paribus.data.dataset import Dataset, Split
from paribus.data.own import own_dataset, own_facts, own_home
from paribus.data.published import DataFile, DatasetEntry
from paribus.data.sources import Fetched, Progress, Served, Source
from paribus.data.validation import validation_dataset
from paribus.errors import DataError
from paribus.spec import Data
from paribus.spec.data import own_form


def load(
    data: str | Data,
    *,
    cache: Path | None = None,
    folder: Path | None = None,
    offline: bool = False,
    progress: Progress | None = None,
) -> Dataset:
    """What a study trains and is evaluated on, its bytes checked; fetched or decoded first where needed.

    Args:
        data: The data of a study, or their name, `folder:PATH` or `npz:PATH`. Of a study's data, all training
            images are given, also where the study takes only some of them.
        cache: Folder of the cache; by default `cache_folder`.
        folder: A folder of yours that holds the files, asked before any place outside this machine.
        offline: Ask no place outside this machine.
        progress: Told in a sentence what happens. Without it, only a damaged file is told, as a warning.

    Raises:
        DataError: No such dataset; or no source has it, and the message has the reason of each; or own data
            cannot be used.
    """
    asked, root = as_data(data), cache or cached.cache_folder()
    if asked.own:
        return own_dataset(asked, root, progress or untold)
    entry = entry_of(asked.dataset)
    home = root / entry.name

    def whole() -> Dataset:
        return load_entry(entry, home, _sources(entry, folder, offline=offline), progress)

    return validation_dataset(entry, asked, home, whole, progress or untold) if asked.validation else whole()


def fetch(
    data: str | Data,
    *,
    cache: Path | None = None,
    folder: Path | None = None,
    offline: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Make sure that the cache holds a dataset, intact; arguments and errors as in `load`.

    Returns:
        Which source served each file; for own data, where they are kept.
    """
    asked, root = as_data(data), cache or cached.cache_folder()
    if asked.own:
        name = own_facts(asked, root, progress or untold).name
        home = own_home(asked, root)
        kept = sorted(path for path in home.iterdir() if path.suffix == ".u8")
        served = tuple(Served(path.name, str(asked.path), path.stat().st_size) for path in kept)
        return Fetched(name, home, served)
    entry = entry_of(asked.dataset)
    return fetch_entry(entry, root / entry.name, _sources(entry, folder, offline=offline), progress)


def is_cached(name: str, *, cache: Path | None = None) -> bool:
    """Whether the cache holds a dataset, intact; reads and hashes what is there.

    Raises:
        DataError: No such dataset.
    """
    entry = entry_of(name)
    return _intact(entry, (cache or cached.cache_folder()) / entry.name) is not None


def if_intact(entry: DatasetEntry, home: Path) -> Dataset | None:
    """A dataset as it lies in its folder of the cache; None if it is not there or not intact."""
    contents = _intact(entry, home)
    return None if contents is None else _dataset(entry, home, contents)


def as_data(data: str | Data) -> Data:
    """The data of a study as they are, or those that a name or a path stands for.

    Raises:
        DataError: No dataset has this name, or the path is missing.
    """
    if isinstance(data, Data):
        return data
    if own_form(data) is None:
        return Data(dataset=entry_of(data).name)
    try:
        return Data(dataset=data)
    except ValueError as error:
        raise DataError(
            f"`{data}` names no data",
            expected="`folder:PATH` or `npz:PATH`",
            found=f"`{data}`",
            means="nothing was loaded",
            mend="give the path after the colon",
        ) from error


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

    return fetch_missing(entry, home, sources, progress or untold)


def _intact(entry: DatasetEntry, home: Path) -> dict[DataFile, npt.NDArray[np.uint8]] | None:
    found = {file: cached.intact(file, home) for file in entry.files}
    raw = {file: content for file, content in found.items() if content is not None}
    return raw if len(raw) == len(found) else None


def _dataset(entry: DatasetEntry, home: Path, raw: dict[DataFile, npt.NDArray[np.uint8]]) -> Dataset:
    def values(file: DataFile) -> npt.NDArray[np.uint8]:
        return idx.parse(raw[file], str(home / file.name), file.dims)

    def split(name: str, images: DataFile, labels: DataFile) -> Split:
        return Split(name, _channels_first(values(images)), values(labels))

    return Dataset(
        entry.name,
        entry.classes,
        entry.fingerprint,
        split("train", entry.train_images, entry.train_labels),
        split("test", entry.test_images, entry.test_labels),
    )


def _channels_first(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Images ``(N, H, W)`` or ``(N, H, W, C)`` as ``(N, C, H, W)``, a view."""
    return images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)


def _sources(entry: DatasetEntry, folder: Path | None, *, offline: bool) -> Iterable[Source]:
    """The usual sources, made only when asked for the first of them."""
    from paribus.data.fetching import usual_sources  # noqa: PLC0415  # loading intact data needs none of it

    yield from usual_sources(entry, folder, offline=offline)


def untold(_message: str) -> None:
    """Progress that nobody asked for."""
