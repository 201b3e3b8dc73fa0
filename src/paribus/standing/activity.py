"""What is being trained at this moment, read from the events that a running study leaves in its log.

The file is no source of results and may be cut off anywhere, so nothing in it is trusted beyond its type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from paribus.standing.layout import Layout

QUIET_SECONDS = 120.0
"""A study that has told nothing for so long is not taken to be running: it tells of its runs every second."""

_LARGEST = 1e300


@dataclass(frozen=True)
class RunningRun:
    """A run on a worker.

    Attributes:
        variant: Its variant.
        seed: Its seed.
        iteration: Minibatches trained on so far.
        loss: Training loss of the last of them, nats; None before the first report.
    """

    variant: str
    seed: int
    iteration: int = 0
    loss: float | None = None


@dataclass(frozen=True)
class Activity:
    """A study at work.

    Attributes:
        at: When it last told something, seconds since the epoch.
        workers: Worker processes.
        running: The runs they are at.
        seconds_left: Expected seconds to the cap at that time, if nothing settles before; None where unknown.
    """

    at: float
    workers: int
    running: tuple[RunningRun, ...]
    seconds_left: float | None


def activity(events: Sequence[Mapping[str, Any]], layout: Layout, *, now: float) -> Activity | None:
    """What a study is doing, or None if it is not running.

    Args:
        events: Lines of its progress file, oldest first.
        layout: The study; runs that are none of its are left out.
        now: Seconds since the epoch.
    """
    times = [at for event in events if (at := _number(event.get("at"))) is not None]
    if not times or now - times[-1] > QUIET_SECONDS or events[-1].get("event") == "StudyStopped":
        return None
    running: dict[tuple[str, int], RunningRun] = {}
    workers, left, left_at = 0, None, times[-1]
    for event in events:
        kind = event.get("event")
        if kind == "StudyStarted":
            workers = int(_number(event.get("workers")) or 0)
        elif kind == "RoundJudged":
            left, left_at = _number(event.get("seconds_left")), _number(event.get("at")) or times[-1]
        else:
            _note(running, event, layout)
    seconds_left = None if left is None else max(0.0, left - (times[-1] - left_at))
    return Activity(times[-1], workers, tuple(running.values()), seconds_left)


def _note(running: dict[tuple[str, int], RunningRun], event: Mapping[str, Any], layout: Layout) -> None:
    """Take an event of a run into account."""
    name, seed = event.get("variant"), event.get("seed")
    if name not in layout.names or not isinstance(seed, int) or seed not in layout.seeds:
        return
    known = running.get((name, seed), RunningRun(name, seed))
    match event.get("event"):
        case "RunStarted":
            running[name, seed] = RunningRun(name, seed)
        case "RunStepped":
            running[name, seed] = _advanced(known, event, "loss")
        case "RunEvaluated":
            evaluation = event.get("evaluation")
            if isinstance(evaluation, Mapping):
                running[name, seed] = _advanced(known, evaluation, "train_loss")
        case "RunFinished" | "RunFailed":
            running.pop((name, seed), None)


def _advanced(run: RunningRun, told: Mapping[str, Any], loss: str) -> RunningRun:
    iteration = _number(told.get("iteration"))
    return replace(
        run, iteration=run.iteration if iteration is None else int(iteration), loss=_number(told.get(loss))
    )


def _number(value: object) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGEST else None
