"""Rows of finished runs as records and back: each a sealed row, its predictions in a table of their own.

The row's seal covers the digest of the predictions, so that 10,000 records are read without loading them.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from paribus.errors import StoreDamagedError
from paribus.records import RunRecord
from paribus.store import encoding
from paribus.store.database import Database
from paribus.store.ledger import Ledger, Row, Table
from paribus.store.words import damaged


class RunRows:
    """The finished runs of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ledger = Ledger(database)

    def add(self, record: RunRecord) -> None:
        """Add a run and its predictions, both or neither."""
        content = encoding.encode_record(record)
        packed = encoding.pack_predictions(record.predictions)
        with self._database.transaction():
            row_id = self._ledger.append(Table.RUNS, record.run_key, record.numerics, content)
            self._database.execute("INSERT INTO predictions VALUES (?, ?)", (row_id, packed))

    def set_weights_file(self, row: Row, weights_file: str) -> None:
        """Record another hash of the stored weights; empty if there are none any more."""
        with self._database.transaction():
            self._ledger.rewrite(Table.RUNS, row, encoding.with_weights_file(row.content, weights_file))

    def whole(self, row: Row) -> RunRecord:
        """The record with its predictions.

        Raises:
            StoreDamagedError: If the predictions are not as written.
        """
        try:
            return encoding.decode_record(row.key, row.numerics, row.content, self._packed(row))
        except ValueError as error:
            raise self._damaged(row, str(error)) from error

    def fault(self, row: Row) -> StoreDamagedError | None:
        """What is wrong with the predictions of a run, if anything is."""
        try:
            encoding.check_predictions(row.content, self._packed(row))
        except ValueError as error:
            return self._damaged(row, str(error))
        return None

    def _packed(self, row: Row) -> bytes:
        found = self._database.execute("SELECT packed FROM predictions WHERE run_id = ?", (row.id,))
        if len(found) != 1 or not isinstance(found[0][0], bytes):
            raise ValueError("none")
        packed: bytes = found[0][0]
        return packed

    def _damaged(self, row: Row, found: str) -> StoreDamagedError:
        expected = f"the predictions of run {row.key[:12]} as they were written"
        return damaged(self._database.path, expected=expected, found=found)


def light(row: Row) -> RunRecord:
    """The record of a run with empty predictions."""
    return encoding.decode_record(row.key, row.numerics, row.content)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Hold back the collector of cycles: there are none in records, and it takes a third of reading many."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
