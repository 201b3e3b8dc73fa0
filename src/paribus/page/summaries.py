"""Studies in a few words: for the list of all of them, and for those who watch one."""

from collections.abc import Sequence
from dataclasses import dataclass

from paribus.page.studies import Known, address_of, command
from paribus.page.watching import Finished
from paribus.report.answers import answer
from paribus.report.numbers import count, duration, percent
from paribus.report.standing_words import state_of
from paribus.standing import Activity, Layout, RunningRun, Standing


@dataclass(frozen=True)
class Summary:
    """A study as the list of all studies shows it."""

    name: str
    address: str
    question: str
    registered: bool
    kind: str
    state: str
    facts: tuple[str, ...] = ()
    now: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    trouble: str = ""


def summary(known: Known, standing: Standing | None, activity: Activity | None) -> Summary:
    """A study for the list.

    Args:
        known: The study.
        standing: How it stands; None if that cannot be told.
        activity: What is running now, or None.
    """
    address = address_of(known)
    if standing is None or known.layout is None:
        return Summary(
            name=known.name,
            address="",
            question=known.question,
            registered=known.registration is not None,
            kind="unknown",
            state="unknown",
            trouble=known.trouble,
        )
    kind, state = state_now(standing, activity)
    begun = any(standing.runs.values())
    inside = [("Inside the nets", f"{address}/look")] if _has_nets(standing) else []
    return Summary(
        name=known.name,
        address=address,
        question=known.question,
        registered=known.registration is not None,
        kind=kind,
        state=state,
        facts=_facts(known, standing),
        now=now_words(activity, known.layout),
        answers=tuple((answer(claim), str(claim.claim)) for claim in standing.verdict.claims)
        if begun
        else (),
        links=(*inside, ("How a CNN sees", f"{address}/lesson")),
    )


def now_words(activity: Activity | None, layout: Layout) -> str:
    """What is running now, or nothing."""
    if activity is None:
        return ""
    runs = ", ".join(
        f"{run.variant} with seed {run.seed} ({_share(run, layout)})" for run in activity.running
    )
    left = "" if activity.seconds_left is None else f"; at most {duration(activity.seconds_left)} left"
    return f"Running with {count(activity.workers, 'worker')}: {runs or 'no run yet'}{left}."


def state_now(standing: Standing, activity: Activity | None) -> tuple[str, str]:
    """Where a study is on its way, as a kind for style sheets and in words."""
    if activity is not None:
        return "running", f"running, {count(standing.verdict.rounds, 'round')} complete"
    kind, words = state_of(standing)
    return kind.replace(" ", "-"), words


def running_signature(activity: Activity | None) -> str:
    """Changes when a study or a run begins or ends, not while it goes on."""
    if activity is None:
        return ""
    return ", ".join(["at work", *sorted(f"{run.variant} {run.seed}" for run in activity.running)])


def run_words(run: Finished) -> str:
    """A finished run, for those who hear the page."""
    return f"{run.variant}, seed {run.seed}: {run.state}, {percent(run.accuracy)}"


def lead_words(studies: Sequence[Summary]) -> str:
    """What the list holds, in a sentence."""
    run = sum(study.registered for study in studies)
    running = sum(bool(study.now) for study in studies)
    if not run:
        return "No study has been run against this store yet. Below are those that come with paribus."
    now = f", {running} of them running now" if running else ""
    return f"{count(run, 'study', 'studies')} run against this store{now}."


def _share(run: RunningRun, layout: Layout) -> str:
    """How far a run has come."""
    return f"{min(100, 100 * run.iteration // layout.variant(run.variant).iterations)} %"


def _facts(known: Known, standing: Standing) -> tuple[str, ...]:
    layout = standing.layout
    facts = [f"{count(len(layout.variants), 'variant')} on {layout.data.name}", f"{_iterations(standing)}"]
    if known.registration is not None:
        facts.append(f"first run {known.registration.registered_at[:10]}")
    elif known.origin == "built in":
        facts.append(f"to train it: {command(known, 'run')}")
    return tuple(facts)


def _iterations(standing: Standing) -> str:
    every = {variant.iterations for variant in standing.layout.variants}
    least, most = min(every), max(every)
    return f"{least:,} iterations a run" if least == most else f"{least:,} to {most:,} iterations a run"


def _has_nets(standing: Standing) -> bool:
    return any(
        record.state == "done" and record.weights_file
        for runs in standing.runs.values()
        for record in runs.values()
    )
