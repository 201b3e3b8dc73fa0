"""Events as lines of the store's progress file, for whoever watches from another process."""

import time
from dataclasses import asdict
from typing import Any

from paribus.standing import (
    Event,
    RoundJudged,
    RunEvaluated,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStepped,
    StudyStarted,
    StudyStopped,
)
from paribus.store import ProgressLog


def note_event(log: ProgressLog, event: Event) -> None:
    """Append an event to the progress file; finished runs are told by their key, the store has the rest."""
    log.write({"event": type(event).__name__, "at": time.time(), **_content(event)})


def _content(event: Event) -> dict[str, Any]:
    match event:
        case StudyStarted():
            return {"workers": event.workers, "seconds_a_run": event.seconds_a_run}
        case RunFinished():
            return {"variant": event.variant, "seed": event.seed, "run_key": event.record.run_key}
        case RunStarted() | RunStepped() | RunEvaluated() | RunFailed():
            return asdict(event)
        case RoundJudged():
            return {"rounds": event.standing.verdict.rounds, "seconds_left": event.seconds_left}
        case StudyStopped():
            return {"ending": event.outcome.ending}
