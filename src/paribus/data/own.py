"""The user's own images: found, read, split once, and kept in the cache until they change.

A folder is decoded into a pool; an archive is read. Both are then arranged into training images and images to
evaluate, and prepared as one file. What decides a run is the fingerprint of that file's content: it knows
neither where the images lay nor in which format.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISDIR

import numpy as np
import numpy.typing as npt

from paribus.data.cache import prepare as make_folder
from paribus.data.dataset import Dataset
from paribus.data.known import Duplicates, Evaluated, Facts, Skipped
from paribus.data.listing import Listing, list_images, not_there
from paribus.data.prepared import Part, Prepared, forget_others, kept, per_class, read, splits, write
from paribus.data.sources import Progress
from paribus.data.splitting import Indices, arranged, pixel_digests, refuse_test_share
from paribus.errors import DataError
from paribus.spec import Data

LOCK_PATIENCE_S = 7200.0
"""How long to wait for another process that decodes the same images: large folders take their time."""

_TITLES = {"folder": "your images, a folder for each class", "npz": "your images, in a NumPy archive"}
"""No place is named: what is known of the data goes into reports, which are passed on."""

_FORM = 1
"""Version of what is kept in the cache."""


@dataclass(frozen=True)
class Place:
    """Where own data lie, and where what is made of them is kept.

    Attributes:
        data: What the study says of them.
        name: How messages call them.
        home: Folder of the cache.
        stem: Name of the prepared file there.
        source: Digest of the state of the files.
        listing: Those files, of a folder.
    """

    data: Data
    name: str
    home: Path
    stem: str
    source: str
    listing: Listing | None


def own_facts(data: Data, cache: Path, progress: Progress) -> Facts:
    """Facts of own data, which are decoded if the cache does not hold them.

    Raises:
        DataError: They cannot be used; the message says which files, and how to mend it.
    """
    place = _place(data, cache)
    return _facts(place, _prepared(place, progress))


def own_dataset(data: Data, cache: Path, progress: Progress) -> Dataset:
    """Own data, mapped from the cache; arguments and errors as in `own_facts`."""
    place = _place(data, cache)
    prepared = _prepared(place, progress)
    found = splits(place.home, place.stem, prepared)
    if found is None:  # damaged since it was written
        (place.home / f"{place.stem}.json").unlink(missing_ok=True)
        prepared = _prepared(place, progress)
        found = splits(place.home, place.stem, prepared)
    if found is None:
        raise DataError(
            f"the prepared images of {place.name} in {place.home} do not stay as they were written",
            expected="files that nothing else writes to",
            found="bytes that are not those written a moment ago",
            means="the images are not used, and nothing was trained on them",
            mend="run the command again; if it happens again, check the disk",
        )
    train, test = found
    return Dataset(place.name, prepared.classes, prepared.fingerprint, train, test)


def kept_facts(data: Data, cache: Path) -> Iterator[Facts]:
    """Facts of all own images that the cache holds, for a study of whose images only their form is known.

    Args:
        data: What the study says of them; its path is not looked at.
        cache: Folder of the cache.
    """
    for manifest, prepared in kept(cache / "own"):
        called = manifest.parent.name.rpartition("-")[0]
        yield _facts_of(data, called, prepared)


def own_home(data: Data, cache: Path) -> Path:
    """The folder of the cache that holds what is made of own data."""
    return _place(data, cache).home


def _place(data: Data, cache: Path) -> Place:
    path = data.path.absolute()
    called = Path(os.path.normpath(path)).name or str(path)
    name = f"{data.own}:{called}"
    if data.own == "folder":
        listing = list_images(path)
        source = listing.digest
        kind = [data.size, data.channels, data.resize]
    else:
        listing = None
        source = _state(path)
        kind = []
    slug = re.sub(r"[^A-Za-z0-9]+", "-", called)[:32].strip("-") or "data"
    home = cache / "own" / f"{slug}-{_short(str(path.resolve()), kind)}"
    stem = _short(data.test_share, data.split_seed, data.validation, data.broken)
    return Place(data, name, home, stem, source, listing)


def _state(path: Path) -> str:
    try:
        status = path.stat()
    except OSError as error:
        raise not_there(path, "npz", "a .npz archive") from error
    if S_ISDIR(status.st_mode):
        raise not_there(path, "npz", "a .npz archive")
    return f"{status.st_size} bytes of {status.st_mtime_ns}"


def _short(*parts: object) -> str:
    return hashlib.sha256(json.dumps([_FORM, *parts]).encode()).hexdigest()[:16]


def _prepared(place: Place, progress: Progress) -> Prepared:
    found = read(place.home, place.stem, place.source)
    if found is not None:
        return found
    with _alone(place, progress):
        found = read(place.home, place.stem, place.source)  # the process that was waited for may have made it
        if found is not None:
            return found
        forget_others(place.home, place.source)
        made = _of_folder(place, place.listing, progress) if place.listing else _of_archive(place)
        progress(f"{place.name}: {_in_short(made)}")
        return made


@contextmanager
def _alone(place: Place, progress: Progress) -> Iterator[None]:
    from paribus.data.locking import alone  # noqa: PLC0415  # mapping what is prepared needs none of it

    make_folder(place.home)
    with alone(place.home, place.name, progress, LOCK_PATIENCE_S, "decoding"):
        for leftover in place.home.glob(".*.part"):
            leftover.unlink(missing_ok=True)
        yield


def _of_folder(place: Place, listing: Listing, progress: Progress) -> Prepared:
    from paribus.data.pool import decoded, pixels, refusal  # noqa: PLC0415  # loads Pillow

    data = place.data
    if listing.is_split:
        refuse_test_share(data)
    pool = decoded(listing, data, place.home, place.name, progress)
    if pool.broken and data.broken == "refuse":
        raise refusal(listing, place.name, pool.broken)
    skipped = tuple(Skipped(listing.files[each.number].name, each.broken) for each in pool.broken)
    images = pixels(pool, place.home)[..., : data.channels or pool.channels]
    labels = np.array([file.label for file in listing.files])
    digests = [bytes.fromhex(reading.digest) for reading in pool.readings]
    sound = np.flatnonzero([not reading.broken for reading in pool.readings])
    # By the digests of the pixels: names, formats and places of the files must not decide the order.
    order = sorted(sound, key=lambda index: (digests[index], labels[index]))
    sides = np.array([file.side or "" for file in listing.files])
    sets = [np.array([i for i in order if sides[i] == side], dtype=np.intp) for side in _sides(listing)]
    _require_every_class(listing, labels, sets)
    train, test = arranged(data, labels, digests, sets)
    return _write(
        place,
        Part(images, labels, train),
        Part(images, labels, test),
        listing.classes,
        skipped=skipped,
        ignored=listing.ignored,
        name_of=lambda split, index: listing.files[(train if split == "train" else test)[index]].name,
    )


def _sides(listing: Listing) -> Sequence[str]:
    return ("train", "test") if listing.is_split else ("",)


def _require_every_class(listing: Listing, labels: npt.NDArray[np.integer], sets: Sequence[Indices]) -> None:
    for chosen, side in zip(sets, _sides(listing), strict=True):
        counts = np.bincount(labels[chosen], minlength=len(listing.classes))
        if not counts.all():
            name = "/".join(filter(None, [side, listing.classes[int(counts.argmin())]]))
            raise DataError(
                f"{listing.root}: no image of {name} can be read",
                expected="images of every class",
                found="broken files only, which are left out",
                means="a net cannot be trained or tested on a class without images",
                mend="replace its files, or remove the class folder",
            )


def _of_archive(place: Place) -> Prepared:
    from paribus.data.npz import read_npz  # noqa: PLC0415  # mapping what is prepared needs none of it

    data = place.data
    arrays = read_npz(data.path)
    from_training = len(arrays.images) == 1 or data.validation > 0
    digests = list(pixel_digests(arrays.images[0])) if from_training else []
    everything: list[Indices] = [np.arange(len(labels)) for labels in arrays.labels]
    train, test = arranged(data, arrays.labels[0], digests, everything)
    evaluated = 0 if from_training else 1
    return _write(
        place,
        Part(arrays.images[0], arrays.labels[0], train),
        Part(arrays.images[evaluated], arrays.labels[evaluated], test),
        arrays.classes,
        ignored=arrays.ignored,
        name_of=lambda split, index: f"{split}[{index}]",
    )


def _write(
    place: Place,
    train: Part,
    test: Part,
    classes: tuple[str, ...],
    *,
    skipped: tuple[Skipped, ...] = (),
    ignored: tuple[str, ...] = (),
    name_of: Callable[[str, int], str],
) -> Prepared:
    evaluated: Evaluated = "validation" if place.data.validation else "test"

    def about(sha256: str, duplicates: Duplicates) -> Prepared:
        height, width, channels = train.images.shape[1:]
        return Prepared(
            source=place.source,
            classes=classes,
            shape=(height, width, channels),
            train_per_class=per_class(train, len(classes)),
            test_per_class=per_class(test, len(classes)),
            evaluated=evaluated,
            sha256=sha256,
            duplicates=duplicates,
            skipped=skipped,
            ignored=ignored,
        )

    return write(
        place.home,
        place.stem,
        train,
        test,
        classes=len(classes),
        evaluated=evaluated,
        about=about,
        name_of=name_of,
    )


def _facts(place: Place, prepared: Prepared) -> Facts:
    found = _facts_of(place.data, place.name.partition(":")[2], prepared)
    return replace(found, ignored=place.listing.ignored) if place.listing else found


def _facts_of(data: Data, called: str, prepared: Prepared) -> Facts:
    height, width, channels = prepared.shape
    return Facts(
        name=f"{data.own}:{called}",
        title=_TITLES[data.own or "folder"],
        classes=prepared.classes,
        image_shape=(channels, height, width),
        train_per_class=prepared.train_per_class,
        test_per_class=prepared.test_per_class,
        fingerprint=prepared.fingerprint,
        evaluated=prepared.evaluated,
        duplicates=prepared.duplicates,
        skipped=prepared.skipped,
        ignored=prepared.ignored,
    )


def _in_short(prepared: Prepared) -> str:
    train, test = sum(prepared.train_per_class), sum(prepared.test_per_class)
    height, width, channels = prepared.shape
    return (
        f"{train:,} training and {test:,} {prepared.evaluated} images of {channels}×{height}×{width}, "
        f"{len(prepared.classes):,} classes, kept in the cache"
    )
