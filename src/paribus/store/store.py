"""The store of runs: one folder, one writer, many readers. The way of a run into it is ``Store.commit``."""

import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from paribus.errors import StoreDamagedError, StoreError
from paribus.records import Registration, RunRecord, TrainedRun
from paribus.store import encoding
from paribus.store.checking import check_rows, database_faults
from paribus.store.database import DATABASE_FILE, Database
from paribus.store.durable import ASIDE, make_folder
from paribus.store.ledger import Ledger, Row, Table
from paribus.store.lock import HOLDER_FILE, WriterLock
from paribus.store.run_rows import RunRows, light, without_garbage_collection
from paribus.store.weights import WeightsFolder
from paribus.store.words import in_one_sentence, system_faults_in_words

DEFAULT_FOLDER = Path("paribus-store")

_RUN_KEY = re.compile(r"[0-9a-f]{64}")
_STUDY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")


class Store:
    """The runs of a folder; made by ``Store.reader`` or ``Store.writer``, closed by ``close`` or ``with``.

    **What is guaranteed.** A run that ``commit`` has returned is on the disk, weights first, and is there
    after a crash of the process or the machine. A run killed in the middle of its commit is there wholly or
    not at all. There is one result for a run key under one numerics. What is read is what was written, to
    the bit, or ``StoreDamagedError`` is raised.

    **Who may do what.** One process at a time writes, by a lock that ends with it. Any number of processes
    read at any time, without a lock, from folders that may be read-only. The threads of a process may share a
    store.

    **Failed runs** are history, not results: ``run`` and ``runs`` do not know them, so nothing stands in the
    way of training them; ``failures`` shows them until they are trained.
    """

    def __init__(self, folder: Path, database: Database, lock: WriterLock | None) -> None:
        self.folder = folder
        self._database = database
        self._lock = lock
        self._ledger = Ledger(database)
        self._run_rows = RunRows(database)
        self._weights = WeightsFolder(folder / "weights")
        self._turn = threading.RLock()

    @classmethod
    def reader(cls, folder: Path) -> Self:
        """Open a store for reading. A folder that does not exist is an empty store, and is not made.

        Raises:
            StoreError: If the store cannot be read, or was written by a newer paribus.
            StoreDamagedError: If its database is damaged.
        """
        _refuse_file(folder)
        return cls(folder, Database(folder / DATABASE_FILE, writable=False), None)

    @classmethod
    def writer(cls, folder: Path, *, purpose: str, wait_seconds: float = 0) -> Self:
        """Open a store for writing; make it where it is missing.

        The whole database is checked first, since writing to a damaged one could damage more of it.

        Args:
            folder: The store.
            purpose: What is going to be done, such as ``run mnist-pooling``; told to other would-be writers.
            wait_seconds: How long to wait for another writer, s.

        Raises:
            StoreBusyError: If another process writes to it.
            StoreError: If it cannot be written to, or was written by a newer paribus.
            StoreDamagedError: If its database is damaged.
        """
        lock = lock_folder(folder, purpose=purpose, wait_seconds=wait_seconds)
        try:
            store = cls(folder, Database(folder / DATABASE_FILE, writable=True), lock)
        except BaseException:
            lock.release()
            raise
        try:
            check_rows(store._database)
            store._remove_leftovers()
        except BaseException:
            store.close()
            raise
        return store

    def run(self, run_key: str, numerics: str) -> RunRecord | None:
        """One finished run with its predictions, or None if it is not there."""
        return self.runs([run_key], numerics, predictions=True).get(run_key)

    def runs(
        self, run_keys: Iterable[str], numerics: str, *, predictions: bool = False
    ) -> dict[str, RunRecord]:
        """The finished runs among these keys, done or diverged.

        Args:
            run_keys: Run keys.
            numerics: Numerics they were trained under.
            predictions: Whether to load the predicted classes too; they are empty arrays otherwise.

        Returns:
            Run key to record, oldest first.

        Raises:
            StoreDamagedError: If one of them is not as written, or may have been lost.
        """
        decode = self._run_rows.whole if predictions else light
        with self._database.snapshot(), without_garbage_collection():
            rows = self._ledger.among(Table.RUNS, set(run_keys), numerics)
            return {row.key: decode(row) for row in rows}

    def numerics_of(self, run_keys: Iterable[str]) -> Counter[str]:
        """How many runs of these keys there are under which numerics."""
        wanted = set(run_keys)
        return Counter(row.numerics for row in self._ledger.rows(Table.RUNS) if row.key in wanted)

    def finished_since(self, row_id: int) -> list[tuple[int, RunRecord]]:
        """Runs committed after the one of that row id, oldest first, without predictions; 0 for all.

        Returns:
            Row ids, which ascend in the order of commits, and records.
        """
        return [(row.id, light(row)) for row in self._ledger.since(Table.RUNS, row_id)]

    def last_row(self) -> int:
        """Row id of the run committed last; 0 before the first one."""
        return self._ledger.last_id(Table.RUNS)

    def failures(self, run_keys: Iterable[str], numerics: str) -> dict[str, tuple[RunRecord, ...]]:
        """Failed attempts at runs of these keys that have not been trained since.

        Returns:
            Run key to the records of its attempts, the first attempt first.
        """
        wanted = set(run_keys)
        attempts: dict[str, tuple[RunRecord, ...]] = {}
        with self._database.snapshot():
            for row in self._ledger.rows(Table.FAILURES):
                if row.numerics == numerics and row.key in wanted:
                    attempts[row.key] = (*attempts.get(row.key, ()), light(row))
            for row in self._ledger.among(Table.RUNS, attempts.keys(), numerics):
                del attempts[row.key]
        return attempts

    def without_weights(self, run_keys: Iterable[str], numerics: str) -> list[str]:
        """Finished runs among these keys whose weights are not kept, moved aside as damaged, or gone.

        Trained and committed again, they get their weights back; their results are kept as they are.
        """
        finished = self.runs(run_keys, numerics).values()
        return [
            record.run_key
            for record in finished
            if not record.weights_file or not self._weights_path(record).exists()
        ]

    def commit(self, trained: TrainedRun, *, keep_weights: bool = True) -> RunRecord:
        """Record a finished run; once this returns, it is not lost again.

        A second commit of an equal result is no second run; it only adds weights that were missing.
        Results are equal if they agree in ``encoding.RESULT_FIELDS``, to the bit.

        Args:
            trained: The run. One that failed goes to the history of failures.
            keep_weights: Whether to keep its weights.

        Returns:
            The record as stored, with the hash of its weights file.

        Raises:
            StoreError: If there is another result for this run, or the disk is full or read-only. Nothing
                that was committed before is lost.
        """
        record = trained.record
        self._check_may_write()
        _check_key(record.run_key)
        with self._turn:
            if record.state == "failed":
                return self._commit_failure(record)
            stored = self._ledger.find(Table.RUNS, record.run_key, record.numerics)
            weights = trained.weights if keep_weights else {}
            if stored is not None:
                _refuse_another_result(stored, record)
                return self._commit_again(stored, TrainedRun(record, weights))
            record = self._with_weights(TrainedRun(record, weights))
            self._run_rows.add(record)
            return record

    def weights(self, record: RunRecord) -> dict[str, npt.NDArray[np.generic]]:
        """The weights of a stored run: parameter and buffer name to values.

        Raises:
            StoreError: If its weights are not kept.
            StoreDamagedError: If the file is gone or is not the one that was written.
        """
        if not record.weights_file:
            raise StoreError(
                f"the weights of run {record.run_key[:12]} are not kept in {self.folder}",
                means="its results are there, but nothing that needs the trained net can be done",
                mend="set keep_weights = true in the study and run it again: the run is trained once more",
            )
        return self._weights.read(self._weights_path(record), record.weights_file)

    def register(self, registration: Registration) -> Registration:
        """Record that a study was declared; the first registration of a study digest stays.

        Returns:
            The registration as stored: this one or the earlier one.
        """
        self._check_may_write()
        with self._turn, self._database.transaction():
            row = self._ledger.find(Table.REGISTRATIONS, registration.study_digest)
            if row is not None:
                return _registration(row)
            content = encoding.encode_registration(registration)
            self._ledger.append(
                Table.REGISTRATIONS, registration.study_digest, registration.numerics, content
            )
        return registration

    def registration(self, study_digest: str) -> Registration | None:
        """The registration of a study, or None if it was never run against this store."""
        return next((entry for entry in self.registrations() if entry.study_digest == study_digest), None)

    def registrations(self) -> list[Registration]:
        """All registrations, oldest first."""
        return [_registration(row) for row in self._ledger.rows(Table.REGISTRATIONS)]

    def progress_path(self, study_name: str) -> Path:
        """The file that tells what a study is running now.

        Raises:
            StoreError: If the name is not that of a study.
        """
        if not _STUDY_NAME.fullmatch(study_name):
            raise StoreError("not the name of a study", found=repr(study_name[:80]))
        return self.folder / "progress" / f"{study_name}.jsonl"

    def check(self) -> list[str]:
        """Check everything there is: the database, every row, predictions and files of weights.

        Returns:
            What is wrong, one sentence each; empty if the store is intact.
        """
        faults = database_faults(self._database)
        if not faults:
            records = [light(row) for row in self._ledger.rows(Table.RUNS)]
            faults = [fault for record in records if (fault := self._weights_fault(record)) is not None]
        return [in_one_sentence(fault) for fault in faults]

    def quarantine_damaged_weights(self) -> list[str]:
        """Move damaged files of weights aside; their runs then count among ``without_weights``.

        Returns:
            What was wrong, one sentence for each file.
        """
        self._check_may_write()
        sentences = []
        for row in self._ledger.rows(Table.RUNS):
            record = light(row)
            fault = self._weights_fault(record)
            if fault is not None:
                self._run_rows.set_weights_file(row, "")
                self._weights.quarantine(self._weights_path(record))
                sentences.append(in_one_sentence(fault))
        return sentences

    def close(self) -> None:
        """Close the store and give the lock back; a second time does nothing."""
        self._database.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _commit_again(self, stored: Row, trained: TrainedRun) -> RunRecord:
        kept = self._run_rows.whole(stored)
        if not trained.weights or (kept.weights_file and self._weights_fault(kept) is None):
            return kept
        record = self._with_weights(TrainedRun(kept, trained.weights))
        self._run_rows.set_weights_file(stored, record.weights_file)
        return record

    def _commit_failure(self, record: RunRecord) -> RunRecord:
        record = replace(record, weights_file="")
        content = encoding.encode_record(record)
        with self._database.transaction():
            attempts = self._ledger.rows(Table.FAILURES)
            same = (record.run_key, record.numerics, content.encode())
            if all((row.key, row.numerics, row.content) != same for row in attempts):
                self._ledger.append(Table.FAILURES, record.run_key, record.numerics, content)
        return record

    def _with_weights(self, trained: TrainedRun) -> RunRecord:
        """The record with the hash of its weights, which are on the disk by then."""
        record = trained.record
        if not trained.weights:
            return replace(record, weights_file="")
        sha256 = self._weights.write(self._weights_path(record), trained.weights)
        return replace(record, weights_file=sha256)

    def _remove_leftovers(self) -> None:
        for pattern in (f"{DATABASE_FILE}.*{ASIDE}*", f"{HOLDER_FILE}.*{ASIDE}"):
            for leftover in self.folder.glob(pattern):
                with system_faults_in_words(leftover):
                    leftover.unlink(missing_ok=True)
        self._weights.remove_leftovers()

    def _weights_fault(self, record: RunRecord) -> StoreDamagedError | None:
        if not record.weights_file:
            return None
        return self._weights.fault(self._weights_path(record), record.weights_file)

    def _weights_path(self, record: RunRecord) -> Path:
        return self._weights.path(record.run_key, record.numerics)

    def _check_may_write(self) -> None:
        if self._lock is None:
            raise StoreError(
                f"the store {self.folder} was opened for reading", mend="open it with Store.writer"
            )


def lock_folder(folder: Path, *, purpose: str, wait_seconds: float = 0) -> WriterLock:
    """Make a store's folder where it is missing and take its lock.

    Raises:
        StoreBusyError: If another process writes to it.
        StoreError: If the folder cannot be made or written to.
    """
    _refuse_file(folder)
    with system_faults_in_words(folder):
        make_folder(folder)
    return WriterLock.acquire(folder, purpose=purpose, wait_seconds=wait_seconds)


def _refuse_file(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise StoreError(
            f"{folder} is not a store",
            expected="a folder",
            found="a file",
            mend="name another folder with --store",
        )


def _check_key(run_key: str) -> None:
    if not _RUN_KEY.fullmatch(run_key):
        raise StoreError("not a run key", expected="64 hexadecimal digits", found=repr(run_key[:80]))


def _refuse_another_result(stored: Row, record: RunRecord) -> None:
    differing = encoding.differing_fields(stored.content, record)
    if differing:
        raise StoreError(
            f"two results for one run: {record.run_key} under {record.numerics}",
            expected=f"weights {light(stored).weights_digest}, as stored",
            found=f"weights {record.weights_digest}; different: {', '.join(differing)}",
            means="the same run did not give the same bits twice; the stored result is kept as it is",
            mend="run `paribus verify` on the study; without an answer there, report it with both digests",
        )


def _registration(row: Row) -> Registration:
    return encoding.decode_registration(row.key, row.numerics, row.content)
