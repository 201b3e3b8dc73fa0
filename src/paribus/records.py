"""What a run is asked for and leaves behind: the form that execute, train, store, report and page share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from paribus.spec import Configuration

RunState = Literal["done", "diverged", "failed"]
"""`diverged` counts in the verdict with the accuracy its weights have; `failed` is missing from it."""

Flag = Literal["loss stayed at chance", "weights did not move", "accuracy at chance"]
"""What a run's own proof of training found odd; a flagged run is still a result."""


@dataclass(frozen=True)
class Assignment:
    """A run to be trained.

    Attributes:
        run_key: Its identity.
        configuration: What is trained.
        seed: Seed of the round.
    """

    run_key: str
    configuration: Configuration
    seed: int


@dataclass(frozen=True)
class Evaluation:
    """One measurement on the test images.

    Attributes:
        iteration: Minibatches trained on so far.
        train_loss: Cross-entropy of the last of them, nats; NaN once diverged.
        test_loss: Mean cross-entropy over the test images, nats.
        accuracy: Share of test images classified correctly, percent.
    """

    iteration: int
    train_loss: float
    test_loss: float
    accuracy: float


@dataclass(frozen=True)
class Timing:
    """Where a run's wall time went, in seconds.

    Attributes:
        total: From reading the task to handing in the result.
        training: Training steps.
        evaluation: Evaluations.
    """

    total: float
    training: float
    evaluation: float


@dataclass(frozen=True)
class RunRecord:
    """One finished run.

    Attributes:
        run_key: Digest of all that decides the result in exact arithmetic.
        numerics: Engine, instruction set, threads and precision that decide its last bits.
        seed: Seed of the round.
        state: How it ended.
        iterations: Minibatches trained on.
        evaluations: Measurements, ascending by iteration; the last one is the final one.
        order_digest: SHA-256 of the indices of the training images in the order they were seen.
        initial_digests: Parameter name to SHA-256 of its initial bits.
        weights_digest: SHA-256 of all final parameters and buffers.
        weights_moved: Euclidean distance between initial and final parameters.
        correct_per_class: Test images of each class classified correctly at the end, ``(classes,)``.
        images_per_class: Test images of each class, ``(classes,)``.
        predictions: Predicted class of each test image at the end, ``(test images,)`` uint8 or uint16.
        timing: Wall time, seconds.
        finished_at: When it finished, ISO 8601 in UTC.
        environment: Versions and machine, for the reader.
        flags: What the run's own proof of training found odd.
        reason: Why it failed or diverged; empty otherwise.
        weights_file: SHA-256 of the stored weights file; empty when weights are not kept.
    """

    run_key: str
    numerics: str
    seed: int
    state: RunState
    iterations: int
    evaluations: tuple[Evaluation, ...]
    order_digest: str
    initial_digests: Mapping[str, str]
    weights_digest: str
    weights_moved: float
    correct_per_class: tuple[int, ...]
    images_per_class: tuple[int, ...]
    predictions: npt.NDArray[np.unsignedinteger]
    timing: Timing
    finished_at: str
    environment: Mapping[str, str]
    flags: tuple[Flag, ...] = ()
    reason: str = ""
    weights_file: str = ""

    @property
    def accuracy(self) -> float:
        """Final test accuracy, percent; NaN for a failed run."""
        return self.evaluations[-1].accuracy if self.evaluations else float("nan")

    @property
    def counts(self) -> bool:
        """Whether the verdict may use the run."""
        return self.state != "failed"


@dataclass(frozen=True)
class TrainedRun:
    """A run as training hands it over: its record and its weights.

    Attributes:
        record: What is kept of it in any case.
        weights: Parameter and buffer name to values; empty for a failed run.
    """

    record: RunRecord
    weights: Mapping[str, npt.NDArray[np.generic]] = field(default_factory=dict)


@dataclass(frozen=True)
class Registration:
    """When a study was first run against a store, and what was known by then.

    Attributes:
        study_digest: Digest of what the study declares.
        name: The study's name.
        numerics: Numerics its runs are pinned to.
        registered_at: ISO 8601 in UTC.
        runs_existing: How many of its possible runs the store held already.
        declaration: The declared study as JSON text.
    """

    study_digest: str
    name: str
    numerics: str
    registered_at: str
    runs_existing: int
    declaration: str

    @property
    def post_hoc(self) -> bool:
        """Whether some of the study's runs were known before it was declared."""
        return self.runs_existing > 0


def failed_run(run_key: str, numerics: str, seed: int, reason: str) -> TrainedRun:
    """A run that could not be trained: no result, only why.

    Args:
        run_key: Its identity.
        numerics: What it would have been computed with.
        seed: Seed of the round.
        reason: What happened, in words.
    """
    record = RunRecord(
        run_key=run_key,
        numerics=numerics,
        seed=seed,
        state="failed",
        iterations=0,
        evaluations=(),
        order_digest="",
        initial_digests={},
        weights_digest="",
        weights_moved=0.0,
        correct_per_class=(),
        images_per_class=(),
        predictions=np.empty(0, dtype=np.uint8),
        timing=Timing(0.0, 0.0, 0.0),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        environment={},
        reason=reason,
    )
    return TrainedRun(record)
