"""Whether a database holds what was written to it. Nothing is changed here."""

from paribus.errors import StoreDamagedError
from paribus.store.database import Database
from paribus.store.ledger import Ledger, Table
from paribus.store.run_rows import RunRows


def check_rows(database: Database) -> None:
    """Check the structure of a database and the digest of every row, predictions aside.

    Raises:
        StoreDamagedError: If something is wrong.
    """
    database.check()
    ledger = Ledger(database)
    for table in Table:
        ledger.rows(table)


def database_faults(database: Database) -> list[StoreDamagedError]:
    """What is wrong with a database, predictions included; if its rows cannot be trusted, only that."""
    try:
        check_rows(database)
    except StoreDamagedError as error:
        return [error]
    runs = RunRows(database)
    faults = [runs.fault(row) for row in Ledger(database).rows(Table.RUNS)]
    return [fault for fault in faults if fault is not None]
