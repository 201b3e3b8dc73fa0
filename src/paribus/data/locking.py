"""One process at a time works in a folder of the cache; others wait for it and find its work done."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from paribus.data import cache
from paribus.data.sources import Progress
from paribus.errors import DataError

LOCK_PATIENCE_S = 900.0


@contextmanager
def alone(
    home: Path, name: str, progress: Progress, patience: float, doing: str = "fetching"
) -> Iterator[None]:
    """Hold the lock of a folder.

    Args:
        home: The folder; it exists.
        name: What is worked on, as messages call it.
        progress: Told if another process has to be waited for.
        patience: How long to wait for it, in s.
        doing: What the other process is doing.

    Raises:
        DataError: The other process takes too long, or the folder cannot be written.
    """
    lock = filelock.FileLock(home / ".lock")
    with cache.writing(home):
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            progress(f"{name}: another process is {doing} it; waiting")
            _wait_for(lock, name, patience, doing)
    try:
        yield
    finally:
        lock.release()


def _wait_for(lock: filelock.BaseFileLock, name: str, patience: float, doing: str) -> None:
    try:
        lock.acquire(timeout=patience)
    except filelock.Timeout as error:
        raise DataError(
            f"another process has been {doing} {name} for over {patience:g} s",
            expected=f"the lock {lock.lock_file} to be free",
            found="a process that holds it",
            means=f"nothing was done here, and what the other process is {doing} is not touched",
            mend="wait for the other process or end it, then run the command again",
        ) from error
