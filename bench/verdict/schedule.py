"""How long workers take over a study: the order of `paribus.execute.running`, with known seconds a run.

While the last run of a round is trained other workers begin the next rounds. What they have finished when the
study stops is recorded and does not count; what they have not finished is thrown away.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from bench.verdict.resample import Counts

Run = tuple[str, int]
"""Variant and round, from 0."""


@dataclass(frozen=True)
class Schedule:
    """One study's way to its verdict, or the mean of many.

    Attributes:
        seconds: From the first run's beginning to the end of the run that decides.
        finished: Variant to runs trained to their end, those ahead of the verdict included.
        cut_off: Variant to runs thrown away at the stop, each counted by the share of it that was done.
    """

    seconds: float
    finished: Mapping[str, float]
    cut_off: Mapping[str, float]


def mean_schedule(needed: Counts, seconds: Mapping[str, float], *, workers: int, cap: int) -> Schedule:
    """The mean over many studies.

    Args:
        needed: Rounds in which each variant is needed, shape (studies, variants).
        seconds: Variant to seconds of a run on one worker, in the order of `needed`.
        workers: Worker processes.
        cap: Rounds that no run is begun beyond.
    """
    paths, counts = np.unique(needed, axis=0, return_counts=True)
    shares = counts / counts.sum()
    ways = [schedule(dict(zip(seconds, path, strict=True)), seconds, workers, cap) for path in paths.tolist()]
    return Schedule(
        seconds=float(shares @ [way.seconds for way in ways]),
        finished={name: float(shares @ [way.finished[name] for way in ways]) for name in seconds},
        cut_off={name: float(shares @ [way.cut_off[name] for way in ways]) for name in seconds},
    )


def schedule(needed: Mapping[str, int], seconds: Mapping[str, float], workers: int, cap: int) -> Schedule:
    """Let idle workers take the next missing run, until every variant has the rounds that it is needed in.

    Args:
        needed: Variant to rounds in which it is needed.
        seconds: Variant to seconds of a run on one worker.
        workers: Worker processes.
        cap: Rounds that no run is begun beyond.
    """
    under_way: list[tuple[float, float, Run]] = []  # end, beginning, run; a heap
    begun: set[Run] = set()
    finished: set[Run] = set()
    now, judged = 0.0, 0
    while wanted := _wanted(needed, judged):
        for run in islice(_missing(wanted, range(judged, cap), begun), workers - len(under_way)):
            begun.add(run)
            heapq.heappush(under_way, (now + seconds[run[0]], now, run))
        now, _, run = heapq.heappop(under_way)
        finished.add(run)
        while wanted and finished.issuperset((name, judged) for name in wanted):
            judged += 1
            wanted = _wanted(needed, judged)
    cut_off = dict.fromkeys(needed, 0.0)
    for end, beginning, (name, _) in under_way:
        cut_off[name] += (now - beginning) / (end - beginning)
    done = Counter(name for name, _ in finished)
    return Schedule(now, {name: done[name] for name in needed}, cut_off)


def _wanted(needed: Mapping[str, int], judged: int) -> list[str]:
    return [name for name, rounds in needed.items() if rounds > judged]


def _missing(wanted: list[str], rounds: range, begun: Collection[Run]) -> Iterator[Run]:
    return ((name, turn) for turn in rounds for name in wanted if (name, turn) not in begun)
