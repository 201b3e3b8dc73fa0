"""What a progress file says is running; it may be old, cut off, or somebody else's."""

from typing import Any

import pytest

from paribus.spec import Study, locate
from paribus.standing import Activity, Layout, RunningRun, activity, lay_out

STARTED = {"event": "StudyStarted", "at": 1000.0, "workers": 2, "seconds_a_run": {}}


@pytest.fixture(scope="module")
def layout() -> Layout:
    return lay_out(Study.read(locate("mnist-pooling")))


def event(kind: str, at: float, variant: str, seed: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"event": kind, "at": at, "variant": variant, "seed": seed, **more}


def test_runs_that_are_begun_and_not_ended_are_running(layout: Layout) -> None:
    events = [
        STARTED,
        event("RunStarted", 1001.0, "max-same", 0, attempt=1),
        event("RunStarted", 1001.0, "avg-same", 0, attempt=1),
        event("RunStepped", 1002.0, "max-same", 0, iteration=30, loss=1.5),
        event("RunFinished", 1003.0, "max-same", 0, run_key="k"),
        event("RunStarted", 1003.5, "max-valid", 0, attempt=1),
        event("RunEvaluated", 1004.0, "avg-same", 0, evaluation={"iteration": 500, "train_loss": 0.5}),
        {"event": "RoundJudged", "at": 1005.0, "rounds": 1, "seconds_left": 100.0},
        event("RunStepped", 1015.0, "max-valid", 0, iteration=40, loss=2.0),
    ]
    assert activity(events, layout, now=1020.0) == Activity(
        1015.0, 2, (RunningRun("avg-same", 0, 500, 0.5), RunningRun("max-valid", 0, 40, 2.0)), 90.0
    )


@pytest.mark.parametrize(
    ("events", "now"),
    [
        ([], 1000.0),
        ([STARTED, {"event": "StudyStopped", "at": 1001.0, "ending": "decided"}], 1002.0),
        ([STARTED], 2000.0),
        ([{"event": "StudyStarted", "at": "yesterday"}], 1000.0),
    ],
    ids=["nothing", "stopped", "silent for long", "no time"],
)
def test_a_study_that_stopped_or_fell_silent_is_not_running(
    events: list[dict[str, Any]], now: float, layout: Layout
) -> None:
    assert activity(events, layout, now=now) is None


def test_what_is_garbled_or_of_another_study_is_left_out(layout: Layout) -> None:
    events = [
        {"event": "StudyStarted", "at": 1000.0, "workers": float("nan")},
        event("RunStarted", 1001.0, "another", 0),
        event("RunStarted", 1001.0, "max-same", 999),
        {"event": "RunStarted", "at": 1001.0, "variant": ["max-same"], "seed": {}},
        event("RunEvaluated", 1001.0, "max-same", 1, evaluation="none"),
        event("RunStepped", 1002.0, "max-same", 2, iteration="many", loss=10**400),
        {"at": True},
        {"event": 3},
    ]
    assert activity(events, layout, now=1003.0) == Activity(1002.0, 0, (RunningRun("max-same", 2),), None)
