"""Events as people see them while a study runs: exact lines in a pipe, a table that fits on a terminal."""

import contextlib
import io
import re
from collections.abc import Iterator

import pytest
from rich.cells import cell_len
from rich.console import Console

from paribus.records import Evaluation
from paribus.report.live import EventReport, StudyView
from paribus.spec import Study
from paribus.standing import (
    Ending,
    Event,
    Layout,
    Outcome,
    RoundJudged,
    RunEvaluated,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStepped,
    Standing,
    StudyStarted,
    StudyStopped,
    assess,
    lay_out,
)

SECONDS = {"max-same": 60.0, "avg-same": 60.0, "max-valid": 30.0}


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def script(untouched: Standing, troubled: Standing, settled: Standing) -> list[Event]:
    """A study's life, with one of everything that can happen."""
    return list(_script(untouched, troubled, settled))


def _script(untouched: Standing, troubled: Standing, settled: Standing) -> Iterator[Event]:
    evaluation = Evaluation(500, 0.03004816547036171, 0.05, 97.92)
    yield StudyStarted(untouched, 2, SECONDS)
    yield RunStarted("max-same", 0, 1)
    yield RunStepped("max-same", 0, 250, 0.5)
    yield RunEvaluated("max-same", 0, evaluation)
    yield RunFinished("max-same", 0, settled.runs["max-same"][0])
    yield RunStarted("avg-same", 1, 1)
    yield RunFailed("avg-same", 1, 1, "the worker died\n\x1b[31m(signal 9)", final=False)
    yield RunStarted("avg-same", 1, 2)
    yield RunFinished("avg-same", 1, troubled.runs["avg-same"][1])
    yield RoundJudged(troubled, 1500.0)
    yield RunFailed("max-valid", 3, 3, "out of memory", final=True)
    yield RoundJudged(settled, 0.0)
    yield StudyStopped(Outcome(settled, "decided", 15, 725.0))


def piped(events: list[Event], *, verbose: bool = False, width: int = 60) -> list[str]:
    """The lines that a pipe receives."""
    file = io.StringIO()
    console = Console(file=file, width=width, _environ={})
    with EventReport(console, clock=Clock(), verbose=verbose) as report:
        for event in events:
            report(event)
    return file.getvalue().splitlines()


def terminal(width: int = 100, height: int = 30) -> Console:
    return Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, record=True, _environ={}
    )


def drawn(view: StudyView, *, width: int, height: int) -> list[str]:
    """The lines of the live table as it stands."""
    console = Console(file=io.StringIO(), width=width, height=height, _environ={})
    with console.capture() as capture:
        console.print(view)
    return capture.get().splitlines()


def test_a_pipe_gets_one_plain_line_for_each_event(script: list[Event]) -> None:
    answer = "avg-same < max-same: {0}; avg-same < max-valid < max-same: {0}"
    assert piped(script) == [
        "mnist-pooling, 3 variants: 9 to 60 runs to train with 2 workers, about 4 min to 25 min",
        "max-same seed 0: started",
        "max-same seed 0: 96.77 % in 75 s",
        "avg-same seed 1: started",
        "avg-same seed 1: attempt 1 failed and will be repeated: the worker died (signal 9)",
        "avg-same seed 1: started again, attempt 2",
        (
            "avg-same seed 1: diverged (the training loss was nan at iteration 12), counts with 9.80 % "
            "in 75 s; flagged: accuracy at chance"
        ),
        f"round 3 judged: {answer.format('not decided yet')}; at most 25 min left",
        "max-valid seed 3: failed after 3 attempts: out of memory",
        f"round 5 judged: {answer.format('supported')}",
        "mnist-pooling: decided after 5 rounds; 15 runs trained in 12 min",
    ]


def test_verbose_adds_the_lines_of_the_notebook_with_their_run(script: list[Event]) -> None:
    line = "max-same seed 0: Iteration: 500, Loss: 0.03004816547036171, Accuracy: 97.92"
    quiet, verbose = piped(script), piped(script, verbose=True)
    assert [each for each in verbose if each not in quiet] == [line]
    assert len(verbose) == len(quiet) + 1


def test_what_is_known_already_is_said_at_the_start(early: Standing, settled: Standing) -> None:
    assert " ".join(piped([StudyStarted(early, 1, SECONDS)])) == (
        "mnist-pooling, 3 variants: 2 to 53 runs to train with 1 worker, about 90 s to 44 min; "
        "7 runs are recorded already"
    )
    assert piped([StudyStarted(settled, 1, SECONDS)]) == [
        "mnist-pooling, 3 variants: nothing to train; 15 runs are recorded already"
    ]


def test_a_post_hoc_study_is_called_so_at_the_start(troubled: Standing) -> None:
    assert piped([StudyStarted(troubled, 1, {})])[0].endswith("11 runs are recorded already; post hoc")


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("at the cap", "stopped undecided after 0 rounds, the most that were planned"),
        ("interrupted", "interrupted; every finished run is kept"),
        ("a run failed", "stopped because a run failed; every finished run is kept"),
    ],
)
def test_every_ending_is_told_even_if_the_study_never_started(
    ending: Ending, words: str, untouched: Standing
) -> None:
    outcome = Outcome(untouched, ending, 0, 1.5)
    assert piped([StudyStopped(outcome)]) == [f"mnist-pooling: {words}; 0 runs trained in 1.5 s"]


@pytest.mark.parametrize("width", [40, 100])
def test_a_terminal_keeps_the_beginning_failures_and_end_and_clears_the_table(
    script: list[Event], width: int
) -> None:
    console = terminal(width)
    with EventReport(console, clock=Clock()) as report:
        for event in script:
            report(event)
    printed = console.export_text(clear=False)
    assert "9 to 60 runs to train" in printed.splitlines()[0]
    assert "avg-same seed 1: attempt 1 failed and will be repeated: the worker died (signal 9)" in printed
    assert "max-valid seed 3: failed after 3 attempts: out of memory" in printed
    assert printed.splitlines()[-1] == "mnist-pooling: decided after 5 rounds; 15 runs trained in 12 min"
    assert "max-same seed 0: started" not in printed
    assert isinstance(console.file, io.StringIO)
    raw = console.file.getvalue()
    assert raw.count("\x1b[?25l") == raw.count("\x1b[?25h") == 1  # the cursor is hidden, and shown again
    assert "\x1b[31m(signal" not in raw


def test_the_table_follows_every_state_of_a_run(
    untouched: Standing, troubled: Standing, settled: Standing
) -> None:
    view = StudyView(StudyStarted(untouched, 2, SECONDS), Clock())

    def cells(name: str) -> list[str]:
        line = next(line for line in drawn(view, width=100, height=30) if line.startswith(f"{name} "))
        return re.split(r" {2,}", line.strip())[1:]

    assert cells("max-same") == ["·"]
    view.note(RunStarted("max-same", 0, 1))
    assert cells("max-same") == ["0 %"]
    view.note(RunStepped("max-same", 0, 1890, 0.21))
    assert cells("max-same") == ["63 % 0.2100"]
    view.note(RunFinished("max-same", 0, settled.runs["max-same"][0]))
    assert cells("max-same") == ["96.77 %"]
    view.note(RunStarted("avg-same", 1, 1))
    assert cells("avg-same") == ["·", "0 %"]
    view.note(RunFailed("avg-same", 1, 1, "died", final=False))
    assert cells("avg-same") == ["·", "·"]
    view.note(RunFinished("avg-same", 1, troubled.runs["avg-same"][1]))
    assert cells("avg-same") == ["·", "diverged"]
    view.note(RunFailed("max-valid", 1, 3, "died", final=True))
    assert cells("max-valid") == ["·", "failed"]
    assert "1 done, 1 diverged, 1 failed" in drawn(view, width=100, height=30)[0]


def test_time_left_runs_down_and_is_set_anew_by_each_round(untouched: Standing, early: Standing) -> None:
    clock = Clock()
    view = StudyView(StudyStarted(untouched, 2, SECONDS), clock)
    assert "at most 25 min left" in drawn(view, width=100, height=30)[0]
    clock.now += 600
    assert "at most 15 min left" in drawn(view, width=100, height=30)[0]
    view.note(RoundJudged(early, 1800.0))
    assert "2 rounds of 3 to 20 · at most 30 min left" in drawn(view, width=100, height=30)[0]
    clock.now += 4000
    assert "at most 0.0 s left" in drawn(view, width=100, height=30)[0]


def test_the_provisional_verdict_stands_under_the_table(untouched: Standing, troubled: Standing) -> None:
    view = StudyView(StudyStarted(untouched, 2, SECONDS), Clock())
    view.note(RoundJudged(troubled, None))
    text = " ".join(" ".join(drawn(view, width=100, height=40)).split())
    assert "not decided yet avg-same < max-valid < max-same" in text
    for contrast in troubled.verdict.contrasts:
        assert contrast.sentence in text


@pytest.fixture(scope="module")
def crowd() -> Layout:
    """As many variants, rounds and letters as a study may have."""
    variants = {f"variant-{i:02d}-{'x' * 53}": {"protocol.learning_rate": 0.001 * (i + 1)} for i in range(64)}
    first, second, *_ = variants
    return lay_out(
        Study(
            name="crowd",
            claims=[f"{first} < {second}"],
            protocol={"iterations": 3000},
            variants=variants,
            decision={"max_rounds": 200},
        )
    )


@pytest.fixture(scope="module")
def crowded(crowd: Layout) -> StudyView:
    """All of its runs at once."""
    standing = assess(crowd, {}, numerics="", registration=None)
    view = StudyView(StudyStarted(standing, 2, {}), Clock())
    for seed in crowd.seeds:
        for name in crowd.names:
            view.note(RunStarted(name, seed, 1))
            view.note(RunStepped(name, seed, 3000, 12345.678))
    return view


@pytest.mark.parametrize("width", [20, 60, 100, 200])
@pytest.mark.parametrize("height", [2, 5, 12, 24, 90])
def test_64_variants_and_200_rounds_fit_any_terminal(crowded: StudyView, width: int, height: int) -> None:
    lines = drawn(crowded, width=width, height=height)
    assert len(lines) < height
    assert max(map(cell_len, lines)) <= width
    header = [line.split() for line in lines if line.startswith("seed ")]
    assert len(header) == (height >= 5)
    assert all(seeds[-1] == "199" for seeds in header)


def test_variants_that_are_being_trained_are_shown_before_others(crowd: Layout) -> None:
    standing = assess(crowd, {}, numerics="", registration=None)
    view = StudyView(StudyStarted(standing, 2, {}), Clock())
    view.note(RunStarted(crowd.names[61], 0, 1))
    lines = drawn(view, width=200, height=20)
    shown = [line for line in lines if re.match(r"variant-\d\d-x+ +(·|0 %)", line)]
    assert any(line.startswith("variant-61") for line in shown)
    assert f"and {64 - len(shown)} more" in "\n".join(lines)


def test_steps_do_not_redraw_a_terminal_more_than_ten_times_a_second(untouched: Standing) -> None:
    clock, console = Clock(), terminal()
    with EventReport(console, clock=clock) as report:
        report(StudyStarted(untouched, 2, SECONDS))
        report(RunStarted("max-same", 0, 1))
        for iteration in range(1, 301):
            clock.now += 0.01
            report(RunStepped("max-same", 0, iteration, 0.5))
    assert isinstance(console.file, io.StringIO)
    drawings = console.file.getvalue().count("at most")
    assert 25 <= drawings <= 35


def test_an_error_in_the_midst_gives_the_terminal_back(untouched: Standing) -> None:
    console = terminal()
    with contextlib.suppress(KeyboardInterrupt), EventReport(console, clock=Clock()) as report:
        report(StudyStarted(untouched, 2, SECONDS))
        raise KeyboardInterrupt
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().rindex("\x1b[?25h") > console.file.getvalue().rindex("\x1b[?25l")


def test_no_color_takes_the_colors_and_keeps_the_table(script: list[Event]) -> None:
    file = io.StringIO()
    console = Console(
        file=file, width=100, height=30, force_terminal=True, _environ={"NO_COLOR": "1", "TERM": "xterm"}
    )
    with EventReport(console, clock=Clock()) as report:
        for event in script:
            report(event)
    assert "96.77 %" in file.getvalue()
    assert not re.search(r"\x1b\[[\d;]*3\d[;m]", file.getvalue())
