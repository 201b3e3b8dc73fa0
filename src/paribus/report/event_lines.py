"""Events as plain lines, for logs and pipes: one line each, that can be read by itself."""

from paribus.records import RunRecord
from paribus.report.answers import answers
from paribus.report.forecast import recorded, remaining_work
from paribus.report.numbers import count, duration, percent, span
from paribus.report.terminal import clean
from paribus.standing import (
    Event,
    Outcome,
    RoundJudged,
    RunEvaluated,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStepped,
    StudyStarted,
    StudyStopped,
)


def event_line(event: Event) -> str:
    """What to say of an event, on one line."""
    match event:
        case StudyStarted():
            line = _study_started(event)
        case RunStarted():
            again = f" again, attempt {event.attempt}" if event.attempt > 1 else ""
            line = f"{_run(event)}: started{again}"
        case RunStepped():
            line = f"{_run(event)}: iteration {event.iteration}, loss {event.loss:.4f}"
        case RunEvaluated():
            evaluation = event.evaluation
            line = (
                f"{_run(event)}: Iteration: {evaluation.iteration}, Loss: {evaluation.train_loss}, "
                f"Accuracy: {evaluation.accuracy:.2f}"
            )
        case RunFinished():
            line = f"{_run(event)}: {_result(event.record)}"
        case RunFailed():
            line = f"{_run(event)}: {_failure(event)}"
        case RoundJudged():
            line = f"round {event.standing.verdict.rounds} judged: {_judgement(event)}"
        case StudyStopped():
            line = _study_stopped(event.outcome)
    return clean(line)


def _study_started(event: StudyStarted) -> str:
    standing = event.standing
    work = remaining_work(standing, event.seconds_a_run, event.workers)
    known = recorded(standing.runs)
    already = f"; {count(known, 'run is', 'runs are')} recorded already" if known else ""
    variants = f"{standing.layout.study.name}, {count(len(standing.layout.names), 'variant')}"
    if not work.runs_most:
        line = f"{variants}: nothing to train{already}"
    else:
        runs = span(f"{work.runs_least:,}", f"{work.runs_most:,}")
        noun = "run" if work.runs_most == 1 else "runs"
        line = f"{variants}: {runs} {noun} to train with {count(event.workers, 'worker')}"
        if work.seconds_least is not None and work.seconds_most is not None:
            line += f", about {span(duration(work.seconds_least), duration(work.seconds_most))}"
        line += already
    return f"{line}; post hoc" if standing.verdict.post_hoc else line


def _run(event: RunStarted | RunStepped | RunEvaluated | RunFinished | RunFailed) -> str:
    return f"{event.variant} seed {event.seed}"


def _result(record: RunRecord) -> str:
    seconds = f" in {duration(record.timing.total)}"
    flags = f"; flagged: {', '.join(record.flags)}" if record.flags else ""
    if record.state == "diverged":
        return f"diverged ({record.reason}), counts with {percent(record.accuracy)}{seconds}{flags}"
    return f"{percent(record.accuracy)}{seconds}{flags}"


def _failure(event: RunFailed) -> str:
    if event.final:
        return f"failed after {count(event.attempt, 'attempt')}: {event.reason}"
    return f"attempt {event.attempt} failed and will be repeated: {event.reason}"


def _judgement(event: RoundJudged) -> str:
    verdict = event.standing.verdict
    left = "" if event.seconds_left is None else f"; at most {duration(event.seconds_left)} left"
    return answers(verdict) + (left if verdict.needed else "")


def _study_stopped(outcome: Outcome) -> str:
    rounds = count(outcome.verdict.rounds, "round")
    reasons = {
        "decided": f"decided after {rounds}",
        "at the cap": f"stopped undecided after {rounds}, the most that were planned",
        "interrupted": "interrupted; every finished run is kept",
        "a run failed": "stopped because a run failed; every finished run is kept",
    }
    trained = f"{count(outcome.trained, 'run')} trained in {duration(outcome.seconds)}"
    return f"{outcome.standing.layout.study.name}: {reasons[outcome.ending]}; {trained}"
