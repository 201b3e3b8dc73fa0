"""What is still to be trained and about how long it takes; for `plan`, and for the first line of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paribus.standing import Runs, Standing, VariantLayout
from paribus.verdict import Plan

_BYTES_A_WEIGHT = 4


@dataclass(frozen=True)
class Forecast:
    """What a study's layout does not tell.

    Attributes:
        seconds_a_run: Expected seconds of one run of each variant on one worker.
        workers: Worker processes.
        chances: What the decision rule can find; None if nobody asked.
    """

    seconds_a_run: Mapping[str, float]
    workers: int
    chances: Plan | None = None


@dataclass(frozen=True)
class Work:
    """Runs still to be trained, if the study is decided as early as it can be, and if it goes to its cap.

    Attributes:
        runs_least: Runs at least.
        runs_most: Runs at most.
        seconds_least: Wall time at least; None where the time of a run is not known.
        seconds_most: Wall time at most; likewise.
    """

    runs_least: int
    runs_most: int
    seconds_least: float | None
    seconds_most: float | None


def remaining_work(standing: Standing, seconds_a_run: Mapping[str, float], workers: int) -> Work:
    """What a study still has to train.

    Args:
        standing: How it stands; recorded runs are not trained again.
        seconds_a_run: Expected seconds of one run of each variant on one worker.
        workers: Worker processes.
    """
    verdict, seeds = standing.verdict, standing.layout.seeds
    next_look = max(verdict.rule.min_rounds, verdict.rounds + 1)
    least = _missing(standing, seeds[verdict.rounds : next_look])
    most = _missing(standing, seeds[verdict.rounds :])
    return Work(
        runs_least=len(least),
        runs_most=len(most),
        seconds_least=_seconds(least, seconds_a_run, workers),
        seconds_most=_seconds(most, seconds_a_run, workers),
    )


def recorded(runs: Runs) -> int:
    """How many runs there are that need not be trained again."""
    return sum(record.counts for of_variant in runs.values() for record in of_variant.values())


def weights_bytes(variant: VariantLayout) -> int:
    """About how many bytes the stored weights of one run take, with what batch normalization keeps."""
    return _BYTES_A_WEIGHT * (variant.table.parameter_count + variant.table.buffer_count)


def _missing(standing: Standing, seeds: Sequence[int]) -> list[str]:
    """The variant of every wanted run that is not recorded."""
    return [
        name
        for seed in seeds
        for name in standing.verdict.needed
        if seed not in standing.runs.get(name, {}) or not standing.runs[name][seed].counts
    ]


def _seconds(names: list[str], seconds_a_run: Mapping[str, float], workers: int) -> float | None:
    """Shared evenly by the workers, but no shorter than the longest run."""
    if not names:
        return 0.0
    if any(name not in seconds_a_run for name in names):
        return None
    seconds = [seconds_a_run[name] for name in names]
    return max(sum(seconds) / workers, *seconds) if len(seconds) > 1 else seconds[0]
