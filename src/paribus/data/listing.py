"""What lies in a folder of images: a folder for each class, perhaps below ``train`` and ``test``.

Nothing is opened here. Links are followed; a link back to a folder above it is refused.
"""

import difflib
import hashlib
import json
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from stat import S_ISDIR
from typing import Literal

from paribus.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MOST_CLASSES = 1 << 16
_SPLITS = ("train", "test")
_LEFT_ASIDE = ("val", "valid", "validation")
_SHOWN = 10

Side = Literal["train", "test"]


@dataclass(frozen=True)
class ImageFile:
    """One file that is an image by its name.

    Attributes:
        name: Its path from the root, with forward slashes.
        label: Its class.
        side: The split that its folder names; None where there is one set to be split.
        size: Its bytes; -1 for a link that leads nowhere.
        modified: When it was last modified, in ns since the epoch.
    """

    name: str
    label: int
    side: Side | None
    size: int
    modified: int


@dataclass(frozen=True)
class Listing:
    """The image files of a folder.

    Attributes:
        root: The folder.
        classes: Names of the classes, sorted.
        files: The image files, by name.
        ignored: What was left aside, in words.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[ImageFile, ...]
    ignored: tuple[str, ...]

    @property
    def is_split(self) -> bool:
        """Whether the folder says itself which images are for testing."""
        return self.files[0].side is not None

    @cached_property
    def digest(self) -> str:
        """SHA-256 over classes, names, sizes and times of modification: changes when any file does."""
        lines = [json.dumps(self.classes)]
        lines += [json.dumps([file.name, file.size, file.modified]) for file in self.files]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass
class _Aside:
    """What is left aside while a folder is listed."""

    hidden: int = 0
    loose: int = 0
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def in_words(self) -> Iterator[str]:
        if self.hidden:
            yield f"{_counted(self.hidden, 'hidden file or folder', 'hidden files or folders')}"
        if self.others:
            what = _counted(len(self.others), "file", "files")
            yield f"{what} whose name does not end in {', '.join(SUFFIXES)} (such as {min(self.others)})"
        if self.loose:
            yield f"{_counted(self.loose, 'image', 'images')} in no class folder"
        for name in sorted(self.folders):
            yield f"the folder {name}"


@dataclass(frozen=True)
class _Found:
    """An entry of a folder, links followed."""

    name: str
    path: str
    folder: bool
    size: int
    modified: int
    identity: tuple[int, int]


def list_images(root: Path) -> Listing:
    """List a folder of images.

    Args:
        root: It holds a folder for each class, or the folders ``train`` and ``test`` that do.

    Raises:
        DataError: It cannot be listed, or is not of that form.
    """
    aside = _Aside()
    top = _entries(root, str(root), "", aside)
    folders = {entry.name: entry for entry in top if entry.folder}
    _note_loose(top, aside)
    sides = [side for side in _SPLITS if side in folders]
    if len(sides) == 1:
        missing = next(side for side in _SPLITS if side not in folders)
        raise _misshapen(root, f"the folder {sides[0]} without the folder {missing} beside it")
    if not sides:
        classes, files = _classes(root, list(folders.values()), None, aside)
    else:
        others = sorted(set(folders) - set(_SPLITS) - set(_LEFT_ASIDE))
        if others:
            raise _misshapen(root, f"beside train and test also {_some(others)}")
        aside.folders += [name for name in _LEFT_ASIDE if name in folders]
        classes, files = _both_sides(root, folders, aside)
    return Listing(root, classes, tuple(sorted(files, key=lambda file: file.name)), tuple(aside.in_words()))


def not_there(path: Path, form: Literal["folder", "npz"], expected: str) -> DataError:
    """The error that own data do not lie where they should, with what was meant where that can be guessed.

    Args:
        path: Where they should lie.
        form: What stands before the colon.
        expected: What should lie there.
    """
    mend = f"correct the path after `{form}:`"
    try:
        found = "a folder" if path.is_dir() else "a file" if path.exists() else "nothing of that name"
        names = {entry.name for entry in path.parent.iterdir()} if path.parent.is_dir() else set[str]()
    except OSError as error:
        found, names = error.strerror or str(error), set()
    if found == "a file" and path.suffix == ".npz":
        mend = f"an archive is named with `npz:{path.name}`"
    elif found == "a folder":
        mend = f"a folder is named with `folder:{path.name}`"
    elif found == "nothing of that name":
        close = difflib.get_close_matches(path.name, names, n=1)
        mend += f"; did you mean `{close[0]}`?" if close else ""
        if not path.parent.is_dir():
            found = f"not even the folder {path.parent}"
    return DataError(
        f"{path} is no {'folder' if form == 'folder' else 'archive'} of images",
        expected=expected,
        found=found,
        means="nothing can be trained on it",
        mend=mend,
    )


def _both_sides(
    root: Path, folders: dict[str, _Found], aside: _Aside
) -> tuple[tuple[str, ...], list[ImageFile]]:
    found: dict[str, tuple[tuple[str, ...], list[ImageFile]]] = {}
    for side in _SPLITS:
        below = _entries(root, folders[side].path, f"{side}/", aside)
        _note_loose(below, aside)
        within = [entry for entry in below if entry.folder]
        found[side] = _classes(root, within, "train" if side == "train" else "test", aside, f"{side}/")
    (classes, files), (others, more) = found["train"], found["test"]
    if classes != others:
        only = sorted(set(classes) ^ set(others))
        raise _misshapen(root, f"other classes in train than in test: {_some(only)} on one side only")
    return classes, [*files, *more]


def _note_loose(entries: Sequence[_Found], aside: _Aside) -> None:
    """Count the files beside class folders: images that belong to no class, and others."""
    files = [entry.name for entry in entries if not entry.folder]
    aside.loose += sum(_is_image(name) for name in files)
    aside.others += [name for name in files if not _is_image(name)]


def _classes(
    root: Path, folders: Sequence[_Found], side: Side | None, aside: _Aside, prefix: str = ""
) -> tuple[tuple[str, ...], list[ImageFile]]:
    """The classes that these folders make, and their images."""
    names = {_class_name(root, folder.name): folder for folder in folders}
    if len(names) < len(folders):
        raise _misshapen(root, "two class folders whose names differ in the coding of a letter only")
    where = f" in {prefix.rstrip('/')}" if prefix else ""
    if not 2 <= len(names) <= MOST_CLASSES:
        only = f" ({next(iter(names))})" if len(names) == 1 else ""
        raise _misshapen(root, f"{_counted(len(names), 'class folder', 'class folders')}{only}{where}")
    files: list[ImageFile] = []
    empty = []
    for label, name in enumerate(sorted(names)):
        own = list(_images(root, names[name], label, side, aside, prefix))
        files += own
        if not own:
            empty.append(name)
    if empty:
        what = _counted(len(empty), "class folder", "class folders")
        raise _misshapen(root, f"{what} without images{where}: {_some(empty)}")
    return tuple(sorted(names)), files


def _images(
    root: Path, folder: _Found, label: int, side: Side | None, aside: _Aside, prefix: str
) -> Iterator[ImageFile]:
    """The images in a class folder and in all folders below it."""
    waiting = [(folder, f"{prefix}{folder.name}/", frozenset((folder.identity,)))]
    while waiting:
        here, at, above = waiting.pop()
        for entry in _entries(root, here.path, at, aside):
            if entry.folder:
                if entry.identity in above:
                    raise _misshapen(root, f"{at}{entry.name}, a link back to a folder above it")
                waiting.append((entry, f"{at}{entry.name}/", above | {entry.identity}))
            elif _is_image(entry.name):
                yield ImageFile(f"{at}{entry.name}", label, side, entry.size, entry.modified)
            else:
                aside.others.append(f"{at}{entry.name}")


def _entries(root: Path, path: str, at: str, aside: _Aside) -> list[_Found]:
    """What lies in a folder, hidden things counted and left out."""
    try:
        with os.scandir(path) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
        shown = [entry for entry in entries if not entry.name.startswith((".", "__MACOSX"))]
        aside.hidden += len(entries) - len(shown)
        return [_found(entry) for entry in shown]
    except OSError as error:
        if path == str(root) and isinstance(error, FileNotFoundError | NotADirectoryError):
            raise not_there(root, "folder", "a folder with a folder for each class") from error
        where = str(root) if path == str(root) else f"{root}, folder {at.rstrip('/')},"
        raise DataError(
            f"{where} cannot be listed",
            expected="a folder that this user may read, with a folder for each class",
            found=f"{error.strerror}: {error.filename}",
            means="its images are not known, so nothing can be trained on them",
            mend="correct the path after `folder:`, or the rights of the folder",
        ) from error


def _found(entry: "os.DirEntry[str]") -> _Found:
    try:
        status = entry.stat()
    except FileNotFoundError:  # a link that leads nowhere; a broken file, if it is an image by its name
        return _Found(entry.name, entry.path, folder=False, size=-1, modified=0, identity=(0, 0))
    return _Found(
        entry.name,
        entry.path,
        S_ISDIR(status.st_mode),
        status.st_size,
        status.st_mtime_ns,
        (status.st_dev, status.st_ino),
    )


def _class_name(root: Path, name: str) -> str:
    """The name of a class folder in the one form that all systems share."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _misshapen(root, f"a class folder whose name is not UTF-8: {os.fsencode(name)!r}") from None
    return unicodedata.normalize("NFC", name)


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _misshapen(root: Path, found: str) -> DataError:
    return DataError(
        f"{root} is no folder of images by class",
        expected="at least 2 folders, one for each class, with PNG, JPEG or WebP images in each; or these "
        "below the folders train and test, the same classes in both",
        found=found,
        means="it is not clear which image belongs to which class, so nothing can be trained",
        mend="put each image into a folder named after its class",
    )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _counted(number: int, singular: str, plural: str) -> str:
    return f"{number:,} {singular if number == 1 else plural}"
