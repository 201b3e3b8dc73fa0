"""Every run of a study as a line of CSV: the file that ``paribus judge`` reads."""

import math
from collections.abc import Iterator, Sequence

from paribus.report.standing_words import failures
from paribus.report.tables import rows_as_csv
from paribus.standing import Standing
from paribus.verdict.results import NOT_NEEDED

COLUMNS = (
    "variant",
    "seed",
    "accuracy",
    "state",
    "iterations",
    "train_loss",
    "test_loss",
    "seconds",
    "finished_at",
    "flags",
    "reason",
    "run_key",
    "weights_digest",
)

_Row = tuple[str | float | int | None, ...]


def runs_csv(standing: Standing) -> str:
    """All runs, by variant and seed: accuracy in percent, losses in nats, times in seconds.

    A run that the verdict did without, since its contrasts had settled, has a line of its own that says so.
    """

    def place(row: Sequence[str | float | None]) -> tuple[int, int]:
        return standing.layout.names.index(str(row[0])), int(row[1] or 0)

    return rows_as_csv(COLUMNS, sorted(_rows(standing), key=place))


def not_needed(standing: Standing) -> list[tuple[str, int]]:
    """(variant, seed) of the runs that others of their round have, and the verdict does without."""
    verdict, seeds = standing.verdict, standing.layout.seeds
    waiting = set(verdict.waiting) | {(name, seed) for name, seed, _ in failures(standing)}
    trained = {seed for runs in standing.runs.values() for seed, record in runs.items() if record.counts}
    judged = set(seeds[: verdict.rounds])
    return [
        (name, seed)
        for name in standing.layout.names
        for seed in sorted(trained)
        if seed not in standing.runs.get(name, {})
        and (name, seed) not in waiting
        and (seed in judged or name not in verdict.needed)
    ]


def _rows(standing: Standing) -> Iterator[_Row]:
    rest = ("",) * (len(COLUMNS) - 4)
    for name, runs in standing.runs.items():
        for seed, record in runs.items():
            if record.counts:
                final = record.evaluations[-1]
                yield (
                    name,
                    seed,
                    final.accuracy,
                    record.state,
                    record.iterations,
                    _finite(final.train_loss),
                    _finite(final.test_loss),
                    record.timing.total,
                    record.finished_at,
                    "; ".join(record.flags),
                    record.reason,
                    record.run_key,
                    record.weights_digest,
                )
    for name, seed, reason in failures(standing):
        yield (name, seed, "", "failed", *rest[:6], reason, "", "")
    for name, seed in not_needed(standing):
        yield (name, seed, "", NOT_NEEDED, *rest)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
