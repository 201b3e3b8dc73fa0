"""Rerun a sample of a study's recorded runs and compare the bits."""

from collections.abc import Callable, Sequence

from paribus import streams
from paribus.errors import UsageError, WorkerError
from paribus.execute.interrupt import Interrupt
from paribus.execute.pool import Heard, WorkerPool
from paribus.execute.wire import read_trained
from paribus.records import Assignment, RunRecord
from paribus.standing import Comparison, Standing

PATIENCE_SECONDS = 0.2

Run = tuple[str, int]


def sample(standing: Standing, count: int, seed: int = 0) -> tuple[Run, ...]:
    """Recorded runs to verify: a random sample, spread over the variants.

    Args:
        standing: The study.
        count: How many runs, or as many as there are.
        seed: Of the choice.

    Raises:
        UsageError: If nothing is recorded, or `count` is below 1.
    """
    names = [name for name, records in standing.runs.items() if records]
    if count < 1 or not names:
        raise UsageError(
            f"nothing to verify in {standing.layout.study.name}",
            expected="at least one recorded run and a sample of at least one",
            found=f"{sum(map(len, standing.runs.values()))} recorded runs, a sample of {count}",
            mend="run the study first, or give --runs a whole number from 1",
        )
    shuffled = {name: _shuffled(sorted(standing.runs[name]), seed, name) for name in names}
    most = max(map(len, shuffled.values()))
    in_turn = [(name, shuffled[name][i]) for i in range(most) for name in names if i < len(shuffled[name])]
    return tuple(in_turn[:count])


def verify(
    standing: Standing,
    runs: Sequence[Run],
    pool: WorkerPool,
    *,
    on_comparison: Callable[[Comparison], None],
    interrupt: Interrupt,
) -> tuple[Comparison, ...]:
    """Train recorded runs again and compare; nothing is recorded.

    Args:
        standing: The study.
        runs: Variant and seed of each run to rerun.
        pool: Workers; the caller closes it.
        on_comparison: Told of each comparison.
        interrupt: Looked at several times a second.

    Raises:
        WorkerError: If a rerun cannot be trained.
    """
    open_runs = list(runs)
    by_key = {standing.runs[name][seed].run_key: (name, seed) for name, seed in runs}
    compared: list[Comparison] = []
    while len(compared) < len(runs) and not interrupt.requested:
        for worker in tuple(pool.idle):
            if open_runs:
                name, seed = open_runs.pop(0)
                configuration = standing.layout.variant(name).configuration
                pool.assign(worker, Assignment(standing.runs[name][seed].run_key, configuration, seed))
        heard = pool.hear(PATIENCE_SECONDS)
        rerun = None if heard is None else _rerun(heard)
        if rerun is not None:
            name, seed = by_key[rerun.run_key]
            compared.append(Comparison(name, seed, standing.runs[name][seed], rerun))
            on_comparison(compared[-1])
    return tuple(compared)


def _rerun(heard: Heard) -> RunRecord | None:
    """The record of a rerun, if that is what was heard."""
    if heard.assignment is None:
        return None
    if heard.message is None or heard.message.kind == "failed":
        reason = heard.end if heard.message is None else str(heard.message.fields["reason"])
        raise WorkerError("a run could not be trained again", found=reason, means="nothing was changed")
    return read_trained(heard.message).record if heard.message.kind == "done" else None


def _shuffled(seeds: list[int], seed: int, name: str) -> list[int]:
    return [seeds[i] for i in streams.permutation(len(seeds), seed, "verify", name)]
