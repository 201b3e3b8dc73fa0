"""Faults of the operating system and of SQLite, told in the words of paribus. No fault is handled here."""

import errno
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paribus.errors import StoreBusyError, StoreDamagedError, StoreError

KEPT = "every run acknowledged before is kept; the one at hand is not recorded"
RETRAINED = "what cannot be read is not used; those runs are trained again from their seeds"

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def system_faults_in_words(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` at a file of the store into a ``StoreError``."""
    try:
        yield
    except OSError as error:
        raise _system_fault(error, path) from error


@contextmanager
def database_faults_in_words(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into a ``StoreError``, ``StoreBusyError`` or ``StoreDamagedError``."""
    try:
        yield
    except sqlite3.Error as error:
        raise _database_fault(error, path) from error
    except UnicodeDecodeError as error:  # sqlite3 quotes a damaged schema and fails to decode it
        raise damaged(path, expected="a database of runs as paribus wrote it", found=str(error)) from error


def damaged(path: Path, *, expected: str, found: str) -> StoreDamagedError:
    """A file of a store that does not hold what was written to it, and how to mend the store.

    Args:
        path: The file.
        expected: What was written.
        found: What is there.
    """
    folder = shlex.quote(str(folder_of(path)))
    return StoreDamagedError(
        f"{path} is damaged",
        expected=expected,
        found=found,
        means=RETRAINED,
        mend=f"run `paribus doctor --mend --store {folder}`, which keeps what is intact and moves the "
        "damaged file aside; then run the study again",
    )


def in_one_sentence(damage: StoreDamagedError) -> str:
    """What is wrong with a file, without what to do about it."""
    return f"{damage.what}: expected {damage.expected}, found {damage.found}"


def folder_of(path: Path) -> Path:
    """The store that a file in it belongs to."""
    return path.parents[2] if path.parent.parent.name == "weights" else path.parent


def _system_fault(error: OSError, path: Path) -> StoreError:
    reason = error.strerror or str(error)
    if error.errno in _NO_SPACE:
        return _no_space(path, reason)
    if error.errno in _NOT_ALLOWED:
        return _not_allowed(path, reason)
    return StoreError(
        f"{path} cannot be read or written",
        found=reason,
        means=KEPT,
        mend="see to the disk or the path, then run the study again",
    )


def _database_fault(error: sqlite3.Error, path: Path) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary is None:
        return StoreError(f"{path} cannot be used", found=str(error), mend="open the store again")
    if primary == sqlite3.SQLITE_FULL:
        return _no_space(path, str(error))
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusyError(
            f"{path} is in use by another process",
            found=str(error),
            means=KEPT,
            mend="wait for the other process, then try again",
        )
    if code == sqlite3.SQLITE_READONLY_ROLLBACK:
        return StoreError(
            f"{path} was left in the middle of a write and this process may not undo it",
            found=str(error),
            means="every acknowledged run is kept, but none can be read until that is done",
            mend="open the store once where it may be written to, for example with `paribus show`",
        )
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return _not_allowed(path, str(error))
    if primary == sqlite3.SQLITE_IOERR and code != sqlite3.SQLITE_IOERR_SHORT_READ:
        return _system_fault(OSError(errno.EIO, str(error)), path)
    return damaged(path, expected="a database of runs as paribus wrote it", found=str(error))


def _no_space(path: Path, reason: str) -> StoreError:
    return StoreError(
        f"no space left to write {path}",
        found=reason,
        means=KEPT,
        mend="free some space, then run the study again: it goes on with the runs that are missing",
    )


def _not_allowed(path: Path, reason: str) -> StoreError:
    return StoreError(
        f"{path} cannot be opened as needed",
        expected="a store that this user may read, and write to in order to train",
        found=reason,
        means=KEPT,
        mend="change its permissions, or name another store with --store",
    )
