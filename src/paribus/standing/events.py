"""What running a study tells the outside while it works."""

from dataclasses import dataclass

from paribus.records import Evaluation, RunRecord
from paribus.standing.layout import Layout
from paribus.standing.state import Outcome, Standing


@dataclass(frozen=True)
class StudyStarted:
    """A study begins.

    Attributes:
        standing: How it stands before this call trains anything.
        workers: Worker processes; none where nothing is left to train.
        seconds_a_run: Expected seconds of one run of each variant on one worker.
    """

    standing: Standing
    workers: int
    seconds_a_run: dict[str, float]

    @property
    def layout(self) -> Layout:
        """The study laid out."""
        return self.standing.layout


@dataclass(frozen=True)
class RunStarted:
    """A worker begins a run; attempts count from 1."""

    variant: str
    seed: int
    attempt: int


@dataclass(frozen=True)
class RunStepped:
    """A run goes on; told about once a second, with the loss of the last minibatch."""

    variant: str
    seed: int
    iteration: int
    loss: float


@dataclass(frozen=True)
class RunEvaluated:
    """A run was evaluated on the test images."""

    variant: str
    seed: int
    evaluation: Evaluation


@dataclass(frozen=True)
class RunFinished:
    """A run is trained and recorded durably."""

    variant: str
    seed: int
    record: RunRecord


@dataclass(frozen=True)
class RunFailed:
    """An attempt at a run failed; `final` when it will not be tried again in this call."""

    variant: str
    seed: int
    attempt: int
    reason: str
    final: bool


@dataclass(frozen=True)
class RoundJudged:
    """A round is complete; its verdict is provisional while it needs more rounds.

    Attributes:
        standing: How the study stands with it.
        seconds_left: Expected seconds to the cap if nothing settles before; None where unknown.
    """

    standing: Standing
    seconds_left: float | None


@dataclass(frozen=True)
class StudyStopped:
    """The study ends."""

    outcome: Outcome


Event = (
    StudyStarted
    | RunStarted
    | RunStepped
    | RunEvaluated
    | RunFinished
    | RunFailed
    | RoundJudged
    | StudyStopped
)
