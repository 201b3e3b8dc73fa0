"""A study at work below a notebook's cell: one text that changes."""

from collections.abc import Callable

import pytest

from paribus.records import Evaluation
from paribus.report.live import EventReport
from paribus.report.notebook import NotebookReport, progress_report
from paribus.standing import (
    Event,
    Layout,
    Outcome,
    RoundJudged,
    RunEvaluated,
    RunFailed,
    RunFinished,
    Runs,
    RunStarted,
    Standing,
    StudyStarted,
    StudyStopped,
)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(clock: Clock, *events: tuple[float, Event]) -> list[str]:
    """What is shown by events, each at its second."""
    texts: list[str] = []
    report = NotebookReport(texts.append, clock=clock)
    for at, event in events:
        clock.now = at
        report(event)
    return texts


@pytest.fixture
def started(untouched: Standing) -> StudyStarted:
    return StudyStarted(untouched, 2, dict.fromkeys(untouched.layout.names, 60.0))


def test_the_view_changes_while_runs_are_trained(
    started: StudyStarted, early: Standing, pooling: Layout, trained: Callable[..., Runs]
) -> None:
    record = trained(pooling, {"max-same": [96.77]})["max-same"][0]
    texts = shown(
        Clock(),
        (0, started),
        (1, RunStarted("max-same", 0, 1)),
        (2, RunEvaluated("max-same", 0, Evaluation(500, 0.4, 0.4, 91.77))),
        (60, RunFinished("max-same", 0, record)),
        (61, RoundJudged(early, 300.0)),
    )
    assert len(texts) == 5
    assert all(text.startswith("mnist-pooling, 3 variants: ") for text in texts)
    assert "2 rounds of 3 to 20" in texts[-1]
    assert "96.77" in texts[-1]
    assert not any("\x1b" in text for text in texts)


def test_events_in_quick_succession_are_drawn_once(started: StudyStarted) -> None:
    quick = [(0.01 * number, RunStarted("max-same", number, 1)) for number in range(1, 20)]
    assert len(shown(Clock(), (0, started), *quick)) == 1


def test_the_end_is_shown_at_once_and_alone_with_the_failures(
    started: StudyStarted, settled: Standing
) -> None:
    failed = RunFailed("max-same", 0, 1, "a worker died", final=False)
    outcome = Outcome(settled, "decided", 15, 600.0)
    *_, last = shown(Clock(), (0, started), (0.1, failed), (0.2, StudyStopped(outcome)))
    first, second, third = last.splitlines()
    assert first.startswith("mnist-pooling, 3 variants: ")
    assert second == "max-same seed 0: attempt 1 failed and will be repeated: a worker died"
    assert third == "mnist-pooling: decided after 5 rounds; 15 runs trained in 10 min"


def test_outside_of_a_notebook_events_go_to_stderr(
    started: StudyStarted, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_report() as report:
        assert isinstance(report, EventReport)
        report(started)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("mnist-pooling, 3 variants: ")
