"""Seconds of the notebook's runs and of paribus' in the same minutes, and of one study to its verdict."""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.speed.contest import Sample, compete
from bench.speed.roster import OURS, ROSTER
from bench.speed.setting import STUDY, Setting

NOTEBOOK = "notebook"


def measure(setting: Setting, turn: int, *, threads: int | None = None) -> Iterator[Sample]:
    """Let the notebook's loop and paribus train every variant, one after the other.

    Args:
        setting: The tasks.
        turn: Which repeat, from 0; it is the seed, too.
        threads: Threads for a competitor's operations; as it likes when left out.

    Raises:
        CompetitorError: If one of them fails.
    """
    for variant in setting.layout.names:
        task = setting.task(variant, seed=turn)
        for name in (NOTEBOOK, OURS):
            sample = compete(
                ROSTER[name],
                task,
                variant=variant,
                turn=turn,
                seed=turn,
                flops=setting.flops(variant),
                threads=threads,
            )
            sys.stderr.write(f"repeat {turn + 1}, {variant}, {name}: {sample.seconds:.2f} s a run\n")
            yield sample


@dataclass(frozen=True)
class RealStudy:
    """One study as a user runs it.

    Attributes:
        seconds: From the command to its end, start-up included.
        rounds: Rounds that count.
        decided: Whether it was decided.
        runs: Variant to recorded runs.
        numerics: What they were computed with.
    """

    seconds: float
    rounds: int
    decided: bool
    runs: dict[str, int]
    numerics: str


def run_study(overrides: Mapping[str, str]) -> RealStudy:
    """Run the built-in study in a store of its own, by the command.

    Args:
        overrides: Dotted field to value.

    Raises:
        CalledProcessError: If the command fails.
    """
    settings = [f"--set={field}={value}" for field, value in overrides.items()]
    with tempfile.TemporaryDirectory() as store:
        command = [sys.executable, "-m", "paribus", "run", STUDY, *settings, "--store", store, "--json"]
        began = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        seconds = time.monotonic() - began
    document = json.loads(done.stdout)
    study = document["study"]
    runs = Counter(run["variant"] for run in document["runs"])
    return RealStudy(seconds, study["rounds"], study["decided"], dict(runs), study["numerics"])
