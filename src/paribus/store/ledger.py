"""Sealed rows: each carries a digest of its content, each table a tally of its rows.

A bit flipped in the file shows as a wrong digest, a row lost or doubled as a wrong tally; neither is ever
taken for a result. What the contents say is not this module's concern.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from paribus.store.database import Database
from paribus.store.words import damaged


class Table(Enum):
    """A table of sealed rows and its statements."""

    RUNS = "runs"
    FAILURES = "failures"
    REGISTRATIONS = "registrations"

    def __init__(self, name: str) -> None:
        columns = "SELECT id, key, numerics, content, digest"
        self.all = f"{columns} FROM {name} NOT INDEXED ORDER BY id"
        self.newest_first = f"{columns} FROM {name} NOT INDEXED ORDER BY id DESC"
        self.since = f"{columns} FROM {name} WHERE id > ? ORDER BY id"
        self.by_key = f"{columns} FROM {name} WHERE key = ? ORDER BY id"
        self.insert = f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?)"  # noqa: S608 - one of the names above
        self.update = f"UPDATE {name} SET content = ?, digest = ? WHERE id = ?"  # noqa: S608 - as above
        self.among = f"{columns} FROM {name} WHERE numerics = ? AND key IN (SELECT value FROM json_each(?))"  # noqa: S608 - as above


class Row(NamedTuple):
    """A row whose digest was found right.

    Attributes:
        id: Ascends in the order of commits.
        key: Run key or study digest.
        numerics: Numerics.
        content: JSON text, UTF-8.
        digest: SHA-256 over the others.
    """

    id: int
    key: str
    numerics: str
    content: bytes
    digest: bytes


class _Tally(NamedTuple):
    number: int
    last_id: int
    digest: bytes


_EMPTY = _Tally(0, 0, bytes(32))


class Ledger:
    """The sealed rows of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, table: Table) -> list[Row]:
        """All rows of a table, oldest first, with proof that none is missing.

        The rows are read in the order of the file, never through an index, which could hide some.

        Raises:
            StoreDamagedError: If a row is not as written, or one is missing or too many.
        """
        with self._database.snapshot():
            found = self._database.execute(table.all)
            tally = self._tally(table)
        rows = [self._opened(table, row) for row in found]
        last_id = rows[-1].id if rows else 0
        if (len(rows), _combined(rows)) != (tally.number, tally.digest) or last_id > tally.last_id:
            raise damaged(
                self._database.path,
                expected=f"{tally.number} {table.value}, as counted when they were written",
                found=f"{len(rows)} that do not add up to them",
            )
        return rows

    def find(self, table: Table, key: str, numerics: str | None = None) -> Row | None:
        """The row of a key, if there is one; of these numerics where they are given."""
        for found in self._database.execute(table.by_key, (key,)):
            row = self._opened(table, found)
            if row.key == key and (numerics is None or row.numerics == numerics):
                return row
        return None

    def among(self, table: Table, keys: AbstractSet[str], numerics: str) -> list[Row]:
        """The rows of some keys under one numerics, oldest first, in a table that has one row for both.

        They are looked up through the index, so that a large table costs no more than a small one. Only
        where one is not found is the whole table read: then it is proved missing, and not hidden.

        Raises:
            StoreDamagedError: If one of them is not as written, or the table may have lost one.
        """
        with self._database.snapshot():
            found = self._database.execute(table.among, (numerics, json.dumps(list(keys))))
            rows = _of(keys, numerics, (self._opened(table, row) for row in found))
            if len(rows) < len(keys):
                rows = _of(keys, numerics, self.rows(table))
        return sorted(rows.values())

    def since(self, table: Table, row_id: int) -> list[Row]:
        """Rows committed after the one of that id, oldest first."""
        return [self._opened(table, row) for row in self._database.execute(table.since, (row_id,))]

    def last_id(self, table: Table) -> int:
        """Id of the row written last; 0 before the first one."""
        return self._tally(table).last_id

    def append(self, table: Table, key: str, numerics: str, content: str) -> int:
        """Add a row within a transaction.

        Returns:
            Its id, higher than any before.
        """
        tally = self._tally(table)
        row = sealed(table, tally.last_id + 1, key, numerics, content.encode())
        insert(self._database, table, row)
        self._set_tally(table, _Tally(tally.number + 1, row.id, _toggled(tally.digest, row.digest)))
        return row.id

    def rewrite(self, table: Table, row: Row, content: str) -> None:
        """Give a row another content within a transaction."""
        tally = self._tally(table)
        new = sealed(table, row.id, row.key, row.numerics, content.encode())
        self._database.execute(table.update, (content, new.digest, row.id))
        digest = _toggled(_toggled(tally.digest, row.digest), new.digest)
        self._set_tally(table, tally._replace(digest=digest))

    def restore(self, table: Table, rows: Sequence[Row]) -> None:
        """Put rows of another database, ids and all, into an empty table within a transaction."""
        for row in rows:
            insert(self._database, table, row)
        last_id = max((row.id for row in rows), default=0)
        self._set_tally(table, _Tally(len(rows), last_id, _combined(rows)))

    def _opened(self, table: Table, found: Any) -> Row:  # noqa: ANN401 - whatever the file holds
        row = opened(table, found)
        if row is None:
            path: Path = self._database.path
            raise damaged(
                path,
                expected=f"row {found[0]} of {table.value} as it was written",
                found="a row whose digest does not fit its content",
            )
        return row

    def _tally(self, table: Table) -> _Tally:
        found = self._database.execute(
            "SELECT number, last_id, digest FROM tallies WHERE name = ?", (table.value,)
        )
        if not found:
            return _EMPTY
        number, last_id, digest = found[0]
        if not (isinstance(last_id, int) and isinstance(digest, bytes) and len(digest) == 32):
            raise damaged(self._database.path, expected=f"a tally of {table.value}", found=repr(found[0]))
        return _Tally(number, last_id, digest)

    def _set_tally(self, table: Table, tally: _Tally) -> None:
        self._database.execute("INSERT OR REPLACE INTO tallies VALUES (?, ?, ?, ?)", (table.value, *tally))


def _of(keys: AbstractSet[str], numerics: str, rows: Iterable[Row]) -> dict[str, Row]:
    return {row.key: row for row in rows if row.numerics == numerics and row.key in keys}


def sealed(table: Table, row_id: int, key: str, numerics: str, content: bytes) -> Row:
    """A row with its digest."""
    return Row(row_id, key, numerics, content, _seal(table, row_id, key.encode(), numerics.encode(), content))


def opened(table: Table, found: Sequence[Any]) -> Row | None:
    """The row that a statement gave, if its digest is right."""
    row_id, key, numerics, content, digest = found
    if not all(isinstance(value, bytes) for value in (key, numerics, content)):
        return None
    if _seal(table, row_id, key, numerics, content) != digest:
        return None
    return Row(row_id, key.decode(), numerics.decode(), content, digest)


def insert(database: Database, table: Table, row: Row) -> None:
    """Write a sealed row as it is."""
    database.execute(table.insert, (row.id, row.key, row.numerics, row.content.decode(), row.digest))


def _seal(table: Table, row_id: int, key: bytes, numerics: bytes, content: bytes) -> bytes:
    head = f"{table.value} {row_id} {len(key)} {len(numerics)}\n".encode()
    return hashlib.sha256(b"".join((head, key, numerics, content))).digest()


def _combined(rows: Sequence[Row]) -> bytes:
    """Exclusive or of all digests: independent of order, and changed by any one row."""
    combined = 0
    for row in rows:
        combined ^= int.from_bytes(row.digest, "big")
    return combined.to_bytes(32, "big")


def _toggled(combined: bytes, digest: bytes) -> bytes:
    return (int.from_bytes(combined, "big") ^ int.from_bytes(digest, "big")).to_bytes(32, "big")
