"""What is known of the data of a study: from the catalogue without a file, of own data from the cache."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from paribus.data import cache as cached
from paribus.data.catalogue import entry_of
from paribus.data.known import Duplicates, Facts
from paribus.data.loading import as_data, if_intact, load, untold
from paribus.data.own import kept_facts, own_facts
from paribus.data.prepared import Part, find_duplicates
from paribus.data.published import DatasetEntry
from paribus.data.sealed import read_sealed, write_sealed
from paribus.data.sources import Progress
from paribus.data.validation import prepared_validation, validation_counts, validation_fingerprint
from paribus.spec import Data

_CODEC = TypeAdapter(Duplicates)


def facts(data: str | Data, *, cache: Path | None = None, progress: Progress | None = None) -> Facts:
    """Shape, classes, counts and fingerprint of what a study trains and is evaluated on.

    Of a named dataset no image is read. Own data are decoded if the cache does not hold them.

    Args:
        data: The data of a study, or their name, `folder:PATH` or `npz:PATH`.
        cache: Folder of the cache; by default `cache_folder`.
        progress: Told in a sentence what happens.

    Raises:
        DataError: No dataset has this name, or own data cannot be used.
    """
    asked, root = as_data(data), cache or cached.cache_folder()
    if asked.own:
        return own_facts(asked, root, progress or untold)
    entry = entry_of(asked.dataset)
    if not asked.validation:
        return _of_entry(entry, _noted_duplicates(root, entry.fingerprint))
    held = validation_counts(entry, asked)
    prepared = prepared_validation(entry, asked, root / entry.name)
    return replace(
        _of_entry(entry, prepared.duplicates if prepared else None),
        train_per_class=tuple(of - out for of, out in zip(entry.train_per_class, held, strict=True)),
        test_per_class=held,
        fingerprint=validation_fingerprint(entry, asked),
        evaluated="validation",
    )


def remembered(data: Data, *, cache: Path | None = None) -> Iterator[Facts]:
    """Facts of all own images that are kept in the cache; nothing for a named dataset.

    Which of them a run was trained on, its run key tells.

    Args:
        data: The data of a study, as it declares them: the path of own images may be any.
        cache: Folder of the cache; by default `cache_folder`.
    """
    return kept_facts(data, cache or cached.cache_folder()) if data.own else iter(())


def surveyed(data: str | Data, *, cache: Path | None = None) -> Facts:
    """As `facts`, with the duplicates looked for where the images are on this machine; fetches nothing."""
    known, asked, root = facts(data, cache=cache), as_data(data), cache or cached.cache_folder()
    if known.duplicates is not None or asked.own:
        return known
    entry = entry_of(asked.dataset)
    whole = if_intact(entry, root / entry.name)
    if whole is None:
        return known
    if asked.validation:
        load(asked, cache=root, offline=True)
        return facts(data, cache=cache)
    train, test = (
        Part(split.images.transpose(0, 2, 3, 1), split.labels, np.arange(len(split)))
        for split in (whole.train, whole.test)
    )
    found = find_duplicates(train, test, "test", lambda split, index: f"{split}[{index}]")
    _note_duplicates(root, known.fingerprint, found)
    return replace(known, duplicates=found)


def _of_entry(entry: DatasetEntry, duplicates: Duplicates | None) -> Facts:
    return Facts(
        name=entry.name,
        title=entry.title,
        classes=entry.classes,
        image_shape=entry.image_shape,
        train_per_class=entry.train_per_class,
        test_per_class=entry.test_per_class,
        fingerprint=entry.fingerprint,
        duplicates=duplicates,
    )


def _note(root: Path, fingerprint: str) -> Path:
    return root / "duplicates" / f"{fingerprint}.json"


def _noted_duplicates(root: Path, fingerprint: str) -> Duplicates | None:
    content = read_sealed(_note(root, fingerprint))
    try:
        return None if content is None else _CODEC.validate_json(content)
    except ValidationError:  # of another version of paribus
        return None


def _note_duplicates(root: Path, fingerprint: str, found: Duplicates) -> None:
    """Note what was found, so that it is looked for once; where that cannot be written, it will be again."""
    path = _note(root, fingerprint)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_sealed(path, _CODEC.dump_json(found))
