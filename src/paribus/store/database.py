"""The SQLite file: its schema and version, opening it, transactions. What its rows mean is the ledger's."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from paribus.errors import StoreError
from paribus.store.durable import ASIDE, sync_folder
from paribus.store.words import damaged, database_faults_in_words, system_faults_in_words

DATABASE_FILE = "runs.sqlite"
APPLICATION_ID = 0x70726273
"""Marks the file as a store of paribus: "prbs"."""

SCHEMA_VERSION = 1
SCHEMA = (
    """CREATE TABLE runs (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, numerics TEXT NOT NULL, content TEXT NOT NULL,
  digest BLOB NOT NULL, UNIQUE (key, numerics))""",
    """CREATE TABLE predictions (run_id INTEGER PRIMARY KEY, packed BLOB NOT NULL)""",
    """CREATE TABLE failures (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, numerics TEXT NOT NULL, content TEXT NOT NULL,
  digest BLOB NOT NULL)""",
    """CREATE TABLE registrations (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, numerics TEXT NOT NULL, content TEXT NOT NULL,
  digest BLOB NOT NULL)""",
    """CREATE TABLE tallies (
  name TEXT PRIMARY KEY, number INTEGER NOT NULL, last_id INTEGER NOT NULL, digest BLOB NOT NULL)""",
)
MIGRATIONS: Mapping[int, Sequence[str]] = MappingProxyType({})
"""For each earlier version, the statements that make the next one of it."""

BUSY_SECONDS = 30.0
"""How long a reader waits for a commit, and a commit for readers."""


class Database:
    """A connection to the file of a store, shared safely by the threads of a process.

    A reader makes no file and changes no row, but it may undo what a killed writer left half-written; SQLite
    does so by itself where the file may be written to. A reader of a file that does not exist yet finds
    no rows, and finds them once there are some.

    Args:
        path: The file.
        writable: Whether rows may be written; the file is then made where it is missing.

    Raises:
        StoreError: If it cannot be opened, or was written by a newer paribus.
        StoreDamagedError: If it is not a database, or not with the tables of this version.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.path = path
        self._writable = writable
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._turn = threading.RLock()
        if writable and not path.exists():
            _create(path)
        _ = self.present

    @property
    def present(self) -> bool:
        """Whether there is a file to read."""
        with self._turn:
            if self._closed:
                raise StoreError(f"the store {self.path.parent} was closed", mend="open it again")
            if self._connection is None and self.path.exists():
                self._connection = self._open()
        return self._connection is not None

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Rows of one statement; text comes as UTF-8 bytes, undecoded."""
        with self._turn, database_faults_in_words(self.path):
            return (
                self._connection.execute(statement, values).fetchall()
                if self.present and self._connection
                else []
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that is executed within, durably, or nothing of it."""
        with self._within("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read all that is executed within from one state of the file; within a transaction, from its own."""
        with self._within("BEGIN"):
            yield

    def check(self) -> None:
        """Check the structure of the whole file, every page of it.

        Raises:
            StoreDamagedError: If something is wrong.
        """
        found = self.execute("PRAGMA integrity_check(5)")
        if self.present and found != [(b"ok",)]:
            lines = "; ".join(str(line, "utf-8", "replace") for (line,) in found if isinstance(line, bytes))
            raise damaged(
                self.path, expected="a sound SQLite file", found=lines.replace("\n", "; ") or "no answer"
            )

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        with self._turn:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        with self._turn:
            if not self.present or (self._connection is not None and self._connection.in_transaction):
                yield
                return
            self.execute(begin)
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _open(self) -> sqlite3.Connection:
        with database_faults_in_words(self.path):
            connection = connect(self.path)
        try:
            with database_faults_in_words(self.path):
                _check_version(connection, self.path, writable=self._writable)
                _check_tables(connection, self.path)
                if self._writable:
                    connection.execute("PRAGMA journal_mode = DELETE")
                    connection.execute("PRAGMA synchronous = FULL")
                else:
                    connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection


def connect(path: Path) -> sqlite3.Connection:
    """A bare connection to a file that exists: text as bytes, no transaction begun by itself."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.text_factory = bytes
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def lay_out(path: Path) -> None:
    """Make a new file with empty tables; its folder entry is not yet durable."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")


def set_journal_aside(path: Path, ending: str) -> None:
    """Rename the journal of a database that is gone: SQLite would undo it into the next file of that name."""
    journal = path.with_name(f"{path.name}-journal")
    if journal.exists():
        journal.replace(journal.with_name(f"{journal.name}.{ending}"))


def _create(path: Path) -> None:
    """Make the file whole under another name first: a file of that name without tables is then damaged."""
    aside = path.with_name(f"{path.name}.{os.getpid()}{ASIDE}")
    with system_faults_in_words(path), database_faults_in_words(path):
        set_journal_aside(path, "stale")
        aside.unlink(missing_ok=True)
        lay_out(aside)
        aside.replace(path)
        sync_folder(path.parent)


def _check_version(connection: sqlite3.Connection, path: Path, *, writable: bool) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        raise damaged(path, expected="a database of runs", found="a database without the mark of paribus")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer paribus",
            expected=f"version {SCHEMA_VERSION} of the store or an earlier one",
            found=f"version {version}",
            means="its runs are left untouched",
            mend="update paribus, or name another store with --store",
        )
    if version == SCHEMA_VERSION:
        return
    if version not in MIGRATIONS:
        raise damaged(path, expected=f"a version from 1 to {SCHEMA_VERSION}", found=f"version {version}")
    if not writable:
        raise StoreError(
            f"{path} was written by an earlier paribus",
            expected=f"version {SCHEMA_VERSION} of the store",
            found=f"version {version}",
            means="its runs are intact, but a command that only reads may not bring it up to date",
            mend="run the study once with `paribus run`, which does so first",
        )
    _migrate(connection, version)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for earlier in range(version, SCHEMA_VERSION):
        for statement in MIGRATIONS[earlier]:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _check_tables(connection: sqlite3.Connection, path: Path) -> None:
    if _tables(connection) != _expected_tables(SCHEMA):
        raise damaged(path, expected=f"the tables of version {SCHEMA_VERSION}", found="others")


@lru_cache
def _expected_tables(schema: Sequence[str]) -> frozenset[tuple[object, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.text_factory = bytes
        for statement in schema:
            connection.execute(statement)
        return _tables(connection)


def _tables(connection: sqlite3.Connection) -> frozenset[tuple[object, ...]]:
    return frozenset(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))
