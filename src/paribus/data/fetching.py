"""Fills the gaps of the cache from sources, one after another, and keeps why each of them failed.

One process fetches a dataset at a time; others wait for it and find the files there.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from paribus.data import cache
from paribus.data.archives import ArchiveSource
from paribus.data.digits import DigitsSource
from paribus.data.locking import LOCK_PATIENCE_S, alone
from paribus.data.mirrors import Mirror
from paribus.data.packages import DebianSource, NpmSource
from paribus.data.published import DataFile, DatasetEntry, Package
from paribus.data.sources import (
    Fetched,
    FileRefusedError,
    FolderSource,
    Offer,
    Progress,
    Served,
    Source,
    SourceDownError,
)
from paribus.errors import DataError


def usual_sources(entry: DatasetEntry, folder: Path | None, *, offline: bool) -> list[Source]:
    """The sources of a dataset, in the order they are tried: what is on this machine, mirrors, packages.

    Args:
        entry: The dataset.
        folder: A folder the user named.
        offline: Leave out every place outside this machine (and say so, should the dataset not be found).
    """
    named = [folder] if folder else []
    installed = [Path("/") / package.folder for package in entry.packages if package.manager == "debian"]
    bundled = [DigitsSource(package) for package in entry.packages if package.manager == "python"]
    managed = [package for package in entry.packages if package.manager != "python"]
    if entry.archives:
        here: list[Source] = [ArchiveSource(each, entry.archives) for each in named]
        mirrors: list[Source] = [
            ArchiveSource(Mirror(url, suffix=""), entry.archives) for url in entry.mirrors
        ]
    else:
        here = [*(FolderSource(each) for each in (*named, *installed)), *bundled]
        mirrors = list(map(Mirror, entry.mirrors))
    elsewhere = [*mirrors, *map(_package_source, managed)]
    return [*here, _Offline()] if offline and elsewhere else [*here, *elsewhere]


def fetch_missing(
    entry: DatasetEntry,
    home: Path,
    sources: Iterable[Source],
    progress: Progress,
    *,
    lock_patience: float = LOCK_PATIENCE_S,
) -> Fetched:
    """Bring what the cache does not hold intact; damaged files are moved out of the way first.

    Args:
        entry: The dataset.
        home: Its own folder in the cache.
        sources: Asked in this order until nothing is missing.
        progress: Told in a sentence what happens.
        lock_patience: How long to wait for another process that fetches the same dataset, in s.

    Raises:
        DataError: Something is still missing after the last source (the message has the reason of each), the
            cache cannot be written, or the other process takes too long.
    """
    if all(action is cache.Action.USE for action in _actions(entry, home).values()):
        return Fetched(entry.name, home, tuple(_from_cache(file) for file in entry.files))
    cache.prepare(home)
    with alone(home, entry.name, progress, lock_patience):
        return _fetch_alone(entry, home, sources, progress)


def _actions(entry: DatasetEntry, home: Path) -> dict[DataFile, cache.Action]:
    return {file: cache.action_for(file, cache.inspect(file, home)) for file in entry.files}


def _from_cache(file: DataFile) -> Served:
    return Served(file.name, "cache", file.size)


def _fetch_alone(entry: DatasetEntry, home: Path, sources: Iterable[Source], progress: Progress) -> Fetched:
    cache.remove_leftovers(home)
    actions = _actions(entry, home)  # again: the process that was waited for may have brought everything
    quarantined = _quarantine(entry, home, actions, progress)
    served = {file: _from_cache(file) for file, action in actions.items() if action is cache.Action.USE}
    failures: list[str] = []
    for source in sources:
        missing = [file for file in entry.files if file not in served]
        if not missing:
            break
        progress(f"{entry.name}: trying {source.name}")
        drawn = _draw(source, missing, home)
        served |= drawn.served
        if drawn.served:
            progress(f"{entry.name}: {len(drawn.served)} of {len(missing)} files came from {source.name}")
        if drawn.failure:
            failures.append(f"{source.name}: {drawn.failure}")
            progress(f"{entry.name}: {failures[-1]}")
    if len(served) < len(entry.files):
        raise _not_found(entry, [file for file in entry.files if file not in served], failures, quarantined)
    return Fetched(entry.name, home, tuple(served[file] for file in entry.files), quarantined)


@dataclass(frozen=True)
class _Drawn:
    """What one source gave, and in words what it did not give and why (empty: it gave everything)."""

    served: dict[DataFile, Served]
    failure: str


def _draw(source: Source, missing: Sequence[DataFile], home: Path) -> _Drawn:
    served: dict[DataFile, Served] = {}
    refused: dict[DataFile, str] = {}
    try:
        with closing(source.offers(missing)) as offers:
            for offer in offers:
                if offer.file in served:
                    continue
                try:
                    size = cache.admit(offer.file, offer.chunks, home, checked=offer.checked)
                except FileRefusedError as error:
                    refused[offer.file] = error.what
                else:
                    served[offer.file] = Served(offer.file.name, source.name, size)
    except SourceDownError as error:
        stopped = [error.what]
    else:
        stopped = [f"{file.name} is not there" for file in missing if file not in served | refused]
    reasons = [f"{file.name} {why}" for file, why in refused.items() if file not in served]
    return _Drawn(served, "; ".join([*reasons, *stopped]))


def _quarantine(
    entry: DatasetEntry, home: Path, actions: dict[DataFile, cache.Action], progress: Progress
) -> tuple[Path, ...]:
    moved = []
    for file, action in actions.items():
        if action is cache.Action.REPLACE:
            moved.append(cache.quarantine(file, home))
            progress(f"{entry.name}: {file.name} in the cache is damaged; moved to {moved[-1]}")
    return tuple(moved)


def _not_found(
    entry: DatasetEntry, missing: Sequence[DataFile], failures: Sequence[str], quarantined: Sequence[Path]
) -> DataError:
    kept = "".join(f"\n    the damaged file was kept as {path}" for path in quarantined)
    return DataError(
        f"{entry.name} is not complete: no source has {', '.join(file.name for file in missing)}",
        expected="files with the published SHA-256, from one of the sources below",
        found="no intact copy:" + "".join(f"\n    {failure}" for failure in failures) + kept,
        means=f"no run can be trained on {entry.name}",
        mend=entry.help or _usual_advice(entry),
    )


def _usual_advice(entry: DatasetEntry) -> str:
    what = ", ".join(archive.name for archive in entry.archives) or "the files"
    form = "" if entry.archives else " (raw or .gz)"
    return (
        f"download {what} elsewhere{form}, put them into a folder and run "
        f"`paribus data fetch {entry.name} --folder FOLDER`"
    )


@dataclass(frozen=True)
class _Offline:
    """Stands in the list of failures for the sources that were not asked."""

    name: str = "mirrors and package managers"

    def offers(self, files: Sequence[DataFile]) -> Generator[Offer]:
        raise SourceDownError(f"not asked for the {len(files)} missing files: offline")


def _package_source(package: Package) -> Source:
    return NpmSource(package) if package.manager == "npm" else DebianSource(package)
