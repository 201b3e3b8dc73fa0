"""Accuracy over training, averaged over seeds: of each variant, and of each contrast's paired differences."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.records import RunRecord
from paribus.standing import Standing
from paribus.verdict import ContrastVerdict, student
from paribus.verdict.interval import estimate

MOST_POINTS = 120
"""A study that measures more often is thinned to so many points, the last one among them."""


@dataclass(frozen=True)
class Point:
    """The mean over seeds at one iteration.

    Attributes:
        iteration: Minibatches trained on.
        mean: In percent, or in percentage points for a difference.
        low: Lower end of its interval; None where there is none.
        high: Upper end.
        runs: Seeds in the mean.
    """

    iteration: int
    mean: float
    low: float | None
    high: float | None
    runs: int


@dataclass(frozen=True)
class Curve:
    """Points in ascending order of iterations.

    Attributes:
        name: The variant or the contrast.
        points: At least one.
        ends_with_training: Whether the last point is the end of training of every variant in it.
    """

    name: str
    points: tuple[Point, ...]
    ends_with_training: bool = True


def learning_curves(standing: Standing) -> tuple[Curve, ...]:
    """Mean test accuracy of each variant over training, percent.

    The interval is that of the mean at one iteration by itself, of Student's t with the study's confidence;
    it describes, and pays for no looks. A run that diverged keeps the accuracy that its weights had.
    """
    curves = []
    for name in standing.layout.names:
        records = [record for record in standing.runs.get(name, {}).values() if record.counts]
        points = []
        for iteration in _measured_at(standing, [name]):
            values = [value for record in records if (value := _accuracy_at(record, iteration)) is not None]
            if values and len(values) == len(records):
                points.append(_point(iteration, values, standing.verdict.rule.alpha))
        if points:
            curves.append(Curve(name, tuple(points)))
    return tuple(curves)


def difference_curve(standing: Standing, contrast: ContrastVerdict) -> Curve | None:
    """A contrast over training, percentage points, over the rounds that count in its verdict.

    The interval is the mean and as many standard errors as in the verdict, whose interval it is where
    training ends.

    Returns:
        None before the first round, or where its variants were never measured at the same iteration.
    """
    seeds = list(standing.layout.seeds[: contrast.rounds])
    variants = contrast.contrast.variants
    points = []
    for iteration in _measured_at(standing, variants):
        accuracy = {
            name: {
                seed: value
                for seed in seeds
                if (value := _accuracy_at(standing.runs[name][seed], iteration)) is not None
            }
            for name in variants
        }
        if not seeds or any(len(values) < len(seeds) for values in accuracy.values()):
            continue
        measured = estimate(contrast.contrast, accuracy, seeds, standing.verdict.images)
        if measured.mean is None:
            continue
        interval = None if contrast.critical_value is None else measured.interval(contrast.critical_value)
        low, high = (interval.low, interval.high) if interval else (None, None)
        points.append(Point(iteration, measured.mean, low, high, len(seeds)))
    if not points:
        return None
    ends = {standing.layout.variant(name).iterations for name in variants}
    return Curve(contrast.name, tuple(points), ends_with_training=ends == {points[-1].iteration})


def paired_differences(standing: Standing, contrast: ContrastVerdict) -> dict[int, float]:
    """Seed to difference in final test accuracy, percentage points, over the rounds that count."""
    return {
        seed: math.fsum(
            weight * standing.runs[name][seed].accuracy for name, weight in contrast.contrast.weights
        )
        for seed in standing.layout.seeds[: contrast.rounds]
    }


def _measured_at(standing: Standing, variants: Iterable[str]) -> list[int]:
    """Iterations at which all these variants are measured, thinned."""
    shared: set[int] | None = None
    for name in variants:
        variant = standing.layout.variant(name)
        points = set(variant.configuration.protocol.evaluation_points(variant.train_images))
        shared = points if shared is None else shared & points
    return _thinned(sorted(shared or ()))


def _thinned(points: list[int]) -> list[int]:
    if len(points) <= MOST_POINTS:
        return points
    chosen = np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int)
    return [points[index] for index in chosen]


def _accuracy_at(record: RunRecord, iteration: int) -> float | None:
    """The accuracy measured then; for a run that diverged before, the last one."""
    for evaluation in reversed(record.evaluations):
        if evaluation.iteration == iteration:
            return evaluation.accuracy
        if evaluation.iteration < iteration:
            return evaluation.accuracy if record.state == "diverged" else None
    return None


def _point(iteration: int, values: Sequence[float], alpha: float) -> Point:
    mean = float(np.mean(values))
    if len(values) < 2:
        return Point(iteration, mean, None, None, len(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    half = student.quantile(alpha / 2, len(values) - 1) * error
    return Point(iteration, mean, mean - half, mean + half, len(values))
