"""Every error that a user can meet, in one tree.

A message says what is wrong, what was expected, what was found, what that means for the user's runs and how
to mend it. What is merely a bad outcome (a run that diverged, an undecided verdict) is a value, not an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class ParibusError(Exception):
    """Base of all errors of paribus; the command line prints it without a traceback.

    Args:
        what: What is wrong, in one sentence that names the field or file.
        expected: What would have been right.
        found: What was there instead.
        means: What follows for the user's runs.
        mend: What to do or type next.
    """

    def __init__(
        self,
        what: str,
        *,
        expected: str | None = None,
        found: str | None = None,
        means: str | None = None,
        mend: str | None = None,
    ) -> None:
        self.what = what
        self.expected = expected
        self.found = found
        self.means = means
        self.mend = mend
        super().__init__(what)

    def __str__(self) -> str:
        parts = (
            ("expected", self.expected),
            ("found", self.found),
            ("this means", self.means),
            ("to mend it", self.mend),
        )
        return "\n".join([self.what, *(f"  {name}: {text}" for name, text in parts if text)])


class UsageError(ParibusError):
    """The command or call itself is wrong; exit code 2."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a study.

    Attributes:
        field: Dotted path of the field, such as ``net.blocks.0.kernel``.
        expected: What the field takes.
        found: What was given, shortened.
        nearest: The nearest valid name, where a name was mistaken.
    """

    field: str
    expected: str
    found: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f"; did you mean `{self.nearest}`?" if self.nearest else ""
        return f"{self.field}: expected {self.expected}, found {self.found}{hint}"


class StudyError(UsageError):
    """A study is not valid; carries every fault found, not only the first.

    Args:
        source: The file or name the study came from.
        faults: All faults, in the order of the file.
    """

    def __init__(self, source: str, faults: Sequence[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        listed = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(
            f"{source}: {count}\n{listed}",
            means="nothing was trained",
            mend="correct the fields named above and run the command again",
        )


class DataError(ParibusError):
    """Images or labels are missing, damaged or not what was asked for."""


class StoreError(ParibusError):
    """The store of runs cannot be used as asked."""


class StoreBusyError(StoreError):
    """Another process is writing to the store."""


class StoreDamagedError(StoreError):
    """A file of the store does not hold what was written to it."""


class NumericsError(ParibusError):
    """Runs of different numerics (engine, instruction set, threads, precision) would be mixed."""


class UnequalRoundError(ParibusError):
    """The variants of a round did not share what they must share; their difference is no result."""


class ResultsError(UsageError):
    """Results given to ``judge`` cannot be compared as they are."""


class WorkerError(ParibusError):
    """A worker process ended or went silent while it trained a run."""
