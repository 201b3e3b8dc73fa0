"""Studies in a few words: for the list of all of them, and for those who watch one."""

from collections.abc import Sequence
from dataclasses import dataclass

from paribus.page.studies import Known, command
from paribus.page.watching import Finished
from paribus.report.answers import answer
from paribus.report.html.runs import activity_words
from paribus.report.numbers import count, percent
from paribus.report.standing_words import state_of
from paribus.standing import Activity, Standing


@dataclass(frozen=True)
class Summary:
    """A study as the list of all studies shows it."""

    name: str
    address: str
    question: str
    kind: str
    state: str
    facts: tuple[str, ...]
    now: str
    answers: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    trouble: str


def address_of(known: Known) -> str:
    """Where a study's page is."""
    return f"/study/{known.slug}"


def summary(known: Known, standing: Standing | None, activity: Activity | None) -> Summary:
    """A study for the list.

    Args:
        known: The study.
        standing: How it stands; None if that cannot be told.
        activity: What is running now, or None.
    """
    address = address_of(known)
    if standing is None or known.layout is None:
        return Summary(known.name, "", known.question, "unknown", "unknown", (), "", (), (), known.trouble)
    kind, state = state_of(standing)
    begun = any(standing.runs.values())
    inside = [("Inside the nets", f"{address}/look")] if _has_nets(standing) else []
    return Summary(
        name=known.name,
        address=address,
        question=known.question,
        kind=kind.replace(" ", "-"),
        state=state,
        facts=_facts(known, standing),
        now=now_words(activity),
        answers=tuple((answer(claim), str(claim.claim)) for claim in standing.verdict.claims)
        if begun
        else (),
        links=(*inside, ("How a CNN sees", f"{address}/lesson")),
        trouble="",
    )


def now_words(activity: Activity | None) -> str:
    """What is running now, or nothing."""
    return "" if activity is None else activity_words(activity)


def running_signature(activity: Activity | None) -> str:
    """Changes when runs begin or end, not while they go on."""
    if activity is None:
        return ""
    return ",".join(sorted(f"{run.variant} {run.seed}" for run in activity.running))


def run_words(run: Finished) -> str:
    """A finished run, for those who hear the page."""
    return f"{run.variant}, seed {run.seed}: {run.state}, {percent(run.accuracy)}"


def lead_words(studies: Sequence[Summary]) -> str:
    """What the list holds, in a sentence."""
    run = sum(study.kind not in ("not-begun", "unknown") for study in studies)
    running = sum(bool(study.now) for study in studies)
    if not run:
        return "No study has been run against this store yet. Below are those that come with paribus."
    now = f", {running} of them running now" if running else ""
    return f"{count(run, 'study', 'studies')} run against this store{now}."


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
