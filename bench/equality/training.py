"""The ways to train the rounds: the plain loop of the speed bench, and paribus on either engine."""

import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from bench.speed.contest import compete
from bench.speed.roster import ROSTER
from bench.speed.setting import STUDY, Setting

import paribus
from paribus.errors import NumericsError
from paribus.kernels import ENGINE
from paribus.spec import Study
from paribus.standing import Event, Outcome, RunFinished
from paribus.train import set_up_process

LOOP = ROSTER["tensors"]


def plain_loops(setting: Setting, net: str, seeds: Iterable[int]) -> Iterator[tuple[int, float]]:
    """Train the plain in-memory loop, one process of one thread a core at a time.

    Args:
        setting: The tasks: paribus' initial weights and order of the images.
        net: Name of the study's variant.
        seeds: Of the runs.

    Yields:
        Seed and final test accuracy in percent, as runs finish.

    Raises:
        CompetitorError: If its program fails; runs under way are finished first.
    """

    def train(seed: int) -> tuple[int, float]:
        sample = compete(
            LOOP,
            setting.task(net, seed),
            variant=net,
            turn=0,
            seed=seed,
            flops=setting.flops(net),
            threads=1,
        )
        return seed, sample.accuracy

    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        for done in as_completed([pool.submit(train, seed) for seed in seeds]):
            seed, accuracy = done.result()
            sys.stderr.write(f"plain loop, seed {seed}: {accuracy:.2f} %\n")
            yield seed, accuracy
    finally:
        pool.shutdown(cancel_futures=True)


def paribus_runs(setting: Setting, net: str, rounds: int, store: Path) -> Outcome:
    """Train the same rounds through `paribus.run`; runs that the store holds are not trained again.

    Args:
        setting: The tasks.
        net: Name of the study's variant.
        rounds: Seeds from 0, at least 3.
        store: Folder of the store.

    Raises:
        RuntimeError: If a run failed, or Ctrl-C stopped it.
        NumericsError: If the store holds such rounds of other numerics than this machine has now.
    """
    outcome = paribus.run(rounds_of(setting, net, rounds), store=store, progress=_tell)
    if len(outcome.runs[net]) < rounds:
        raise RuntimeError(f"paribus did not train all rounds: {outcome.ending}")
    numerics = set_up_process().numerics
    if outcome.standing.numerics != numerics:
        raise NumericsError(
            "the rounds in the store are of other numerics",
            expected=numerics,
            found=outcome.standing.numerics,
            means="they say nothing of what paribus computes now",
            mend="train them in another store (--store FOLDER)",
        )
    return outcome


def torch_engine_runs(setting: Setting, net: str, rounds: int, store: Path) -> dict[int, float]:
    """Train the same rounds through `paribus.run` without its kernels.

    Args:
        setting: The tasks.
        net: Name of the study's variant.
        rounds: Seeds from 0, at least 3.
        store: Folder of a store of its own.

    Returns:
        Seed to final test accuracy, percent.

    Raises:
        RuntimeError: If a run failed, Ctrl-C stopped it, or it was computed by another engine after all.
    """
    os.environ[ENGINE] = "torch"  # for the workers, which inherit it
    try:
        outcome = paribus.run(rounds_of(setting, net, rounds), store=store, progress=_tell)
    finally:
        del os.environ[ENGINE]
    if len(outcome.runs[net]) < rounds or not outcome.standing.numerics.startswith("torch-"):
        raise RuntimeError(
            f"not all rounds of the torch engine: {outcome.ending}, {outcome.standing.numerics}"
        )
    return {seed: record.accuracy for seed, record in outcome.runs[net].items()}


def rounds_of(setting: Setting, net: str, rounds: int) -> Study:
    """A study of one variant for a fixed number of rounds.

    A study has at least two variants; the second one here trains for a single iteration and costs next to
    nothing. The first has the run keys that it has in the built-in study.
    """
    base = paribus.read(STUDY)
    trained = setting.layout.study.protocol
    differences = base.differences[net]
    changes = {
        "name": "equality",
        "claims": [],
        "protocol": trained.model_dump(mode="json", exclude_unset=True),
        "variants": {
            net: differences,
            "one-iteration": {**differences, "protocol.iterations": 1, "protocol.evaluate_every": 1},
        },
        "decision": {"min_rounds": rounds, "max_rounds": rounds, "first_seed": 0},
    }
    return Study(**(base.model_dump(mode="json", exclude_unset=True) | changes))


def _tell(event: Event) -> None:
    if isinstance(event, RunFinished) and event.variant != "one-iteration":
        sys.stderr.write(f"paribus, seed {event.seed}: {event.record.accuracy:.2f} %\n")
