"""The lock of the one writer: held by the operating system, so that it ends with the process that holds it.

No clock and no process id decides who may write; the side file only serves the message to who may not.
"""

import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from paribus.errors import StoreBusyError
from paribus.store.words import system_faults_in_words

LOCK_FILE = "writer.lock"
HOLDER_FILE = "writer.json"


class WriterLock:
    """The right to write to one store, held from ``acquire`` to ``release`` or the end of the process.

    A forked child inherits the lock with the open file: start workers by a fresh interpreter (loky does).
    """

    def __init__(self, lock: FileLock, holder: Path) -> None:
        self._lock = lock
        self._holder = holder

    @classmethod
    def acquire(cls, folder: Path, *, purpose: str, wait_seconds: float = 0) -> Self:
        """Take the lock.

        Args:
            folder: The store; it exists.
            purpose: What this process is going to do, for the message to others.
            wait_seconds: How long to wait for another writer, s.

        Raises:
            StoreBusyError: If another writer still holds it after that time.
            StoreError: If the store cannot be written to.
        """
        lock = FileLock(folder / LOCK_FILE, thread_local=False)
        holder = folder / HOLDER_FILE
        with system_faults_in_words(folder / LOCK_FILE):
            try:
                lock.acquire(timeout=max(wait_seconds, 0))
            except Timeout as timeout:
                raise _busy(folder, holder, wait_seconds) from timeout
        with suppress(OSError):
            _tell_holder(holder, purpose)
        return cls(lock, holder)

    def release(self) -> None:
        """Give the lock back; a second time does nothing."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._holder.unlink(missing_ok=True)
            self._lock.release()


def _tell_holder(holder: Path, purpose: str) -> None:
    aside = holder.with_name(f"{holder.name}.{os.getpid()}.tmp")
    aside.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose}))
    aside.replace(holder)


def _busy(folder: Path, holder: Path, waited: float) -> StoreBusyError:
    return StoreBusyError(
        f"another process is writing to the store {folder}",
        expected="one writer at a time" + (f"; waited {waited:g} s" if waited > 0 else ""),
        found=_who(holder),
        means="nothing was started here; reading the store works meanwhile",
        mend="wait until it has finished, stop it, or name another store with --store",
    )


def _who(holder: Path) -> str:
    try:
        told = json.loads(holder.read_text())
        return f"process {told['pid']} on {told['host']}: {told['purpose']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that did not say what it does"
