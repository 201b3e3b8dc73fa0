"""Rounds of a contest: every competitor once, one after the other, and the machine's rate beside them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.speed.peers import interpreter
from bench.speed.roster import Competitor

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Sample:
    """What one competitor took in one round.

    Attributes:
        competitor: Its name.
        variant: What it trained.
        round: Which round, from 0; competitors of one round are held against each other.
        seed: Seed of the run whose accuracy is told.
        seconds: Wall time of a run, everything being ready: of many runs divided by their number.
        seconds_with_start: The same from the command to its end.
        first_iteration: Seconds from the command to the end of the first minibatch; None where not seen.
        accuracy: At the end, percent.
        flops: Useful FLOP/s, dense count.
        told: All that it printed.
    """

    competitor: str
    variant: str
    round: int
    seed: int
    seconds: float
    seconds_with_start: float
    first_iteration: float | None
    accuracy: float
    flops: float
    told: Mapping[str, Any] = field(repr=False)


class CompetitorError(Exception):
    """A competitor did not finish; the message says how it ended."""


def compete(
    competitor: Competitor,
    task: Path,
    *,
    variant: str,
    turn: int,
    seed: int,
    flops: int,
    threads: int | None = None,
) -> Sample:
    """Let one competitor train a task in a process of its own.

    Args:
        competitor: Who.
        task: The task's file.
        variant: What it trains.
        turn: Which round.
        seed: Seed of the task.
        flops: Dense FLOPs of one run.
        threads: Threads for its operations; as it likes when left out.

    Raises:
        CompetitorError: If its program fails.
    """
    command = [interpreter(competitor), "-m", f"bench.speed.competitors.{competitor.program}", str(task)]
    began = time.monotonic()
    done = subprocess.run(
        [*command, *competitor.arguments],
        cwd=ROOT,
        env=_environment(threads),
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.monotonic() - began
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise CompetitorError(f"its program ended with exit code {done.returncode}")
    told = json.loads(done.stdout.splitlines()[-1])
    first = told.pop("first_iteration_at", None)
    return Sample(
        competitor=competitor.name,
        variant=variant,
        round=turn,
        seed=seed,
        seconds=told["seconds"],
        seconds_with_start=wall / told.get("runs", 1),
        first_iteration=None if first is None else first - began,
        accuracy=told["accuracies"][-1],
        flops=flops / told["seconds"],
        told=told,
    )


def _environment(threads: int | None) -> dict[str, str]:
    """This process' environment less what would set a competitor's threads or memory, but `threads`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("_NUM_THREADS") and not name.startswith(("MALLOC_", "OMP_", "KMP_"))
    }
    return kept if threads is None else kept | {"OMP_NUM_THREADS": str(threads)}
