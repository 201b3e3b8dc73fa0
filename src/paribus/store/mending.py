"""Putting a damaged store in order: what is intact is kept, the damaged file is moved aside, never deleted.

What is lost by it counts as not trained (a run) or as without weights, and is trained again from its seed.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from paribus.errors import StoreDamagedError
from paribus.store import encoding
from paribus.store.checking import database_faults
from paribus.store.database import DATABASE_FILE, Database, connect, lay_out, set_journal_aside
from paribus.store.durable import ASIDE, sync_folder
from paribus.store.ledger import Ledger, Row, Table, opened
from paribus.store.lock import WriterLock
from paribus.store.store import Store, lock_folder
from paribus.store.words import database_faults_in_words, in_one_sentence, system_faults_in_words


def mend(folder: Path) -> list[str]:
    """Put a store in order, if it is not.

    A damaged database is replaced in one step by a new one with every row that is as it was written, and kept
    beside it as ``runs.sqlite.damaged-1`` (or the next number). Damaged weights are renamed to ``….damaged``.

    Args:
        folder: The store.

    Returns:
        What was wrong and what became of it, one sentence each; empty if the store was intact.

    Raises:
        StoreBusyError: If another process writes to it.
        StoreError: If it cannot be written to, or was written by a newer paribus.
    """
    if not folder.exists():
        return []
    lock = lock_folder(folder, purpose="mend the store")
    try:
        sentences = _mend_database(folder / DATABASE_FILE)
        sentences += _mend_weights(folder, lock)
    finally:
        lock.release()
    return sentences


def _mend_database(path: Path) -> list[str]:
    damage = _damage(path)
    if damage is None:
        return []
    aside = path.with_name(f"{path.name}.{os.getpid()}{ASIDE}")
    with system_faults_in_words(path), database_faults_in_words(path):
        aside.unlink(missing_ok=True)
        lay_out(aside)
        kept = _salvage(path, aside)
        ending = _free_ending(path)
        shutil.copyfile(path, path.with_name(f"{path.name}.{ending}"))
        set_journal_aside(path, ending)
        aside.replace(path)
        sync_folder(path.parent)
    return [f"{damage}; kept {kept}; moved the damaged file to {path.name}.{ending}"]


def _damage(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with closing(Database(path, writable=True)) as database:
            faults = database_faults(database)
    except StoreDamagedError as error:
        faults = [error]
    return in_one_sentence(faults[0]) if faults else None


def _mend_weights(folder: Path, lock: WriterLock) -> list[str]:
    with closing(Database(folder / DATABASE_FILE, writable=True)) as database:
        moved = Store(folder, database, lock).quarantine_damaged_weights()
    return [f"{sentence}; moved it aside" for sentence in moved]


def _salvage(damaged: Path, fresh: Path) -> str:
    """Copy every row that is as it was written; of a run only together with its predictions."""
    with closing(Database(fresh, writable=True)) as database, closing(connect(damaged)) as old:
        ledger = Ledger(database)
        counts = []
        with database.transaction():
            for table in Table:
                rows = _intact_rows(old, table)
                if table is Table.RUNS:
                    rows = [row for row in rows if _copy_predictions(old, database, row)]
                ledger.restore(table, rows)
                counts.append(f"{len(rows)} {table.value}")
        return ", ".join(counts)


def _intact_rows(old: sqlite3.Connection, table: Table) -> list[Row]:
    """Rows from both ends of the table up to where it cannot be read on, one for each id and each key."""
    by_id: dict[int, Row] = {}
    for statement in (table.all, table.newest_first):
        for found in _readable(old, statement):
            row = opened(table, found)
            if row is not None:
                by_id[row.id] = row
    rows = [by_id[row_id] for row_id in sorted(by_id)]
    if table is Table.FAILURES:
        return rows
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        first.setdefault((row.key, row.numerics if table is Table.RUNS else ""), row)
    return list(first.values())


def _readable(old: sqlite3.Connection, statement: str, values: tuple[object, ...] = ()) -> Iterator[Any]:
    try:
        yield from old.execute(statement, values)
    except (sqlite3.Error, UnicodeDecodeError):
        return


def _copy_predictions(old: sqlite3.Connection, database: Database, row: Row) -> bool:
    for (packed,) in _readable(old, "SELECT packed FROM predictions WHERE run_id = ?", (row.id,)):
        try:
            encoding.check_predictions(row.content, packed)
        except (ValueError, TypeError):
            return False
        database.execute("INSERT INTO predictions VALUES (?, ?)", (row.id, packed))
        return True
    return False


def _free_ending(path: Path) -> str:
    number = 1
    while path.with_name(f"{path.name}.damaged-{number}").exists():
        number += 1
    return f"damaged-{number}"
