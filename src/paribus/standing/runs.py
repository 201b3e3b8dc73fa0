"""The runs of a study: as records, and as arrays to compute with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from paribus.errors import UsageError
from paribus.records import Evaluation, RunRecord
from paribus.spec.faults import nearest
from paribus.standing.layout import Layout

Runs = Mapping[str, Mapping[int, RunRecord]]
"""Variant to seed to record."""

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Failure:
    """A run that could not be trained and blocks the verdict.

    Attributes:
        variant: Its variant.
        seed: Its seed.
        reason: What happened, in words.
    """

    variant: str
    seed: int
    reason: str


class RunArrays(TypedDict):
    """Runs as columns of one length, in the order of the variants, then of the seeds.

    One row for each recorded or failed run, ``(runs,)``; a failed run has NaN for what it did not give. Data
    frames are made of it as it is: ``pandas.DataFrame(outcome.arrays())``.
    """

    variant: npt.NDArray[np.str_]
    """Name of the variant."""
    seed: Integers
    """Seed of the round."""
    state: npt.NDArray[np.str_]
    """``done``, ``diverged`` or ``failed``."""
    accuracy: Numbers
    """Final test accuracy, percent."""
    train_loss: Numbers
    """Cross-entropy of the last minibatch, nats."""
    test_loss: Numbers
    """Final mean cross-entropy over the test images, nats."""
    iterations: Integers
    """Minibatches trained on."""
    seconds: Numbers
    """Wall time, seconds."""
    run_key: npt.NDArray[np.str_]
    """Identity of the run."""


@dataclass(frozen=True, eq=False)
class Curves:
    """What was measured of a variant over training.

    Where a run was not measured, as after it diverged, there is NaN.

    Attributes:
        variant: Name of the variant.
        seeds: Seed of each run, ascending, ``(S,)``.
        iterations: Minibatches trained on at each measurement, ascending, ``(E,)``.
        accuracy: Test accuracy, percent, ``(S, E)``.
        train_loss: Cross-entropy of the last minibatch, nats, ``(S, E)``.
        test_loss: Mean cross-entropy over the test images, nats, ``(S, E)``.
    """

    variant: str
    seeds: Integers
    iterations: Integers
    accuracy: Numbers
    train_loss: Numbers
    test_loss: Numbers

    def __repr__(self) -> str:
        runs = "1 run" if len(self.seeds) == 1 else f"{len(self.seeds)} runs"
        return f"Curves({self.variant!r}, {runs}, measured at {self.iterations.tolist()})"


@dataclass(frozen=True)
class _Row:
    """One run, recorded or failed."""

    variant: str
    seed: int
    state: str
    iterations: int
    last: Evaluation
    seconds: float
    run_key: str


_NOTHING = Evaluation(0, float("nan"), float("nan"), float("nan"))


def run_arrays(layout: Layout, runs: Runs, failures: tuple[Failure, ...]) -> RunArrays:
    """All runs as columns.

    Args:
        layout: The study.
        runs: Its recorded runs.
        failures: Its runs that failed.
    """
    rows = list(_rows(layout, runs, failures))
    return RunArrays(
        variant=np.array([row.variant for row in rows], dtype=np.str_),
        seed=np.array([row.seed for row in rows], dtype=np.int64),
        state=np.array([row.state for row in rows], dtype=np.str_),
        accuracy=np.array([row.last.accuracy for row in rows], dtype=np.float64),
        train_loss=np.array([row.last.train_loss for row in rows], dtype=np.float64),
        test_loss=np.array([row.last.test_loss for row in rows], dtype=np.float64),
        iterations=np.array([row.iterations for row in rows], dtype=np.int64),
        seconds=np.array([row.seconds for row in rows], dtype=np.float64),
        run_key=np.array([row.run_key for row in rows], dtype=np.str_),
    )


def curves(layout: Layout, runs: Runs, variant: str) -> Curves:
    """A variant's runs over training.

    Args:
        layout: The study.
        runs: Its recorded runs.
        variant: Name of the variant.

    Raises:
        UsageError: If the study has no variant of that name.
    """
    if variant not in layout.names:
        hint = nearest(variant, layout.names)
        raise UsageError(
            f"no variant {variant!r} in {layout.study.name}",
            expected=f"one of {', '.join(layout.names)}",
            found=repr(variant),
            mend=f"did you mean {hint!r}?" if hint else None,
        )
    planned = layout.variant(variant)
    points = planned.configuration.protocol.evaluation_points(planned.train_images)
    records = sorted((seed, record) for seed, record in runs.get(variant, {}).items() if record.counts)
    measured = [{one.iteration: one for one in record.evaluations} for _, record in records]

    def matrix(value: Callable[[Evaluation], float]) -> Numbers:
        values = [[value(run.get(point, _NOTHING)) for point in points] for run in measured]
        return np.array(values, dtype=np.float64).reshape(len(records), len(points))

    return Curves(
        variant=variant,
        seeds=np.array([seed for seed, _ in records], dtype=np.int64),
        iterations=np.array(points, dtype=np.int64),
        accuracy=matrix(lambda one: one.accuracy),
        train_loss=matrix(lambda one: one.train_loss),
        test_loss=matrix(lambda one: one.test_loss),
    )


def _rows(layout: Layout, runs: Runs, failures: tuple[Failure, ...]) -> Iterator[_Row]:
    keys = layout.keys() if failures else {}
    for name in layout.names:
        recorded = runs.get(name, {})
        failed = {failure.seed for failure in failures if failure.variant == name} - recorded.keys()
        for seed in sorted(recorded.keys() | failed):
            if seed in failed:
                yield _Row(name, seed, "failed", 0, _NOTHING, float("nan"), keys[name, seed])
            else:
                yield _row(name, recorded[seed])


def _row(variant: str, record: RunRecord) -> _Row:
    last = record.evaluations[-1] if record.evaluations else _NOTHING
    seconds = record.timing.total if record.counts else float("nan")
    return _Row(variant, record.seed, record.state, record.iterations, last, seconds, record.run_key)
