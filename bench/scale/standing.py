"""What it costs to show a study, and to see that nothing of it is left to train, against the store's size."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.scale.fitting import Times
from bench.scale.records import RecordedRuns
from bench.scale.sizes import Sizes
from bench.scale.studies import write_study

import paribus
from paribus.spec import study_digest
from paribus.standing import Layout, lay_out, recall, with_noises
from paribus.store import Store
from paribus.verdict.critical import critical_values

FIRST_LOOK = 3


@dataclass(frozen=True)
class StandingCost:
    """What one study costs in one store.

    Attributes:
        recorded: Runs in the store.
        variants: Variants of the study.
        rounds: Its cap.
        own: Its runs that are recorded.
        finished: Whether nothing of it is left to train.
        show: ``paribus show``, from the command to its end, seconds.
        run: ``paribus run`` of a finished study, likewise; None for another.
        opening: Opening the store for writing, which checks all of it, seconds.
        recall: Laying the study out, recalling its runs and judging them, seconds.
        noises: Telling seed noise from image noise, seconds.
    """

    recorded: int
    variants: int
    rounds: int
    own: int
    finished: bool
    show: Times
    run: Times | None
    opening: Times
    recall: Times
    noises: Times


def standing_costs(folder: Path, sizes: Sizes, numerics: str) -> Iterator[StandingCost]:
    """Measure studies of three variants in one store that grows, then the largest study in one of its own.

    Args:
        folder: Where the stores and study files are made.
        sizes: What is measured.
        numerics: Numerics of the runs.
    """
    store = RecordedRuns(folder / "store", numerics)
    shown: list[Path] = []
    rounds = list(sizes.rounds)
    for total in sizes.stores:
        while rounds and 3 * rounds[0] <= total:
            path = write_study(folder, variants=3, rounds=rounds.pop(0), min_rounds=FIRST_LOOK)
            store.add_study(lay_out(paribus.read(path)))
            shown.append(path)
        store.fill(lay_out(paribus.read(shown[0])), total)
        for path in shown:
            yield _cost(path, store, sizes.commands)
    yield _cost(_half_recorded(folder, store, sizes.rounds[-1]), store, sizes.commands)
    variants, cap = sizes.largest
    largest = write_study(folder, variants=variants, rounds=cap, min_rounds=FIRST_LOOK)
    own_store = RecordedRuns(folder / "own-store", numerics)
    own_store.add_study(lay_out(paribus.read(largest)))
    yield _cost(largest, own_store, sizes.commands)


def _half_recorded(folder: Path, store: RecordedRuns, rounds: int) -> Path:
    """A study of which the first half of the rounds is recorded already, as runs of another one."""
    path = write_study(folder, variants=3, rounds=rounds, first_seed=rounds // 2, min_rounds=FIRST_LOOK)
    store.add_study(lay_out(paribus.read(path)), rounds=0)
    return path


def _cost(study: Path, store: RecordedRuns, times: int) -> StandingCost:
    stands = paribus.show(study, store=store.folder)
    finished = not stands.verdict.needed
    own = sum(map(len, stands.runs.values()))
    layout = stands.layout
    if own != len(layout.names) * stands.verdict.rounds:
        raise RuntimeError(
            f"{study.stem} stopped before its {own} runs: it is not measured what it should be"
        )
    parts = [_seconds_in_process(study, store.folder) for _ in range(times)]
    opening, recalling, noises = (Times(own, seconds) for seconds in zip(*parts, strict=True))
    return StandingCost(
        recorded=len(store),
        variants=len(layout.names),
        rounds=len(layout.seeds),
        own=own,
        finished=finished,
        show=_command("show", study, store.folder, own, times),
        run=_command("run", study, store.folder, own, times) if finished else None,
        opening=opening,
        recall=recalling,
        noises=noises,
    )


def _command(name: str, study: Path, store: Path, own: int, times: int) -> Times:
    """Wall times of a command in a fresh process."""
    command = [sys.executable, "-m", "paribus", name, str(study), "--store", str(store)]
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds.append(time.perf_counter() - began)
        if done.returncode:
            raise RuntimeError(f"`paribus {name}` ended with {done.returncode}: {done.stderr}")
    return Times(own, tuple(seconds))


def _seconds_in_process(study: Path, folder: Path) -> tuple[float, float, float]:
    """Wall times of opening the store for writing, of recalling the study, and of its noises."""
    critical_values.cache_clear()  # as in a fresh process
    marks = [time.perf_counter()]
    with Store.writer(folder, purpose="bench.scale") as store:
        marks.append(time.perf_counter())
        layout: Layout = lay_out(paribus.read(study))
        stands = recall(layout, store, study_digest=study_digest(layout.study))
        marks.append(time.perf_counter())
        with_noises(stands, store)
        marks.append(time.perf_counter())
    return marks[1] - marks[0], marks[2] - marks[1], marks[3] - marks[2]
