"""Writing a file so that it is either wholly there or not at all, whatever happens. Nothing of runs here."""

import os
from contextlib import suppress
from pathlib import Path

ASIDE = ".tmp"
"""Ending of a file that is still being written; what a killed writer leaves has it."""


def write_durably(path: Path, data: bytes) -> None:
    """Write a file aside, bring it to the disk, and give it its name.

    Raises:
        OSError: If any step fails; the file of that name is then the earlier one, or the new one whole.
    """
    make_folder(path.parent)
    aside = path.with_name(f"{path.name}.{os.getpid()}{ASIDE}")
    try:
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each entered durably in the one that holds it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk; Windows keeps no handle to a folder and does so by itself."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
