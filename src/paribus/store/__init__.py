"""The durable record of runs, their weights and the registrations of studies. One writer, many readers.

The interface is ``Store``; ``mend`` puts a damaged store in order; ``ProgressLog`` tells what is running now.
"""

from paribus.store.mending import mend
from paribus.store.progress import ProgressLog, read_progress
from paribus.store.store import DEFAULT_FOLDER, Store

__all__ = ["DEFAULT_FOLDER", "ProgressLog", "Store", "mend", "read_progress"]
