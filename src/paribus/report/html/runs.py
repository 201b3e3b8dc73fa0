"""The section of runs: what is running, what failed and why, and every run by seed and variant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from paribus.report.html.environment import Link, render
from paribus.report.numbers import count, duration, loss
from paribus.report.runs_csv import not_needed, runs_csv
from paribus.report.standing_words import failures, run_counts
from paribus.report.tables import Number, percent_cell, seconds_cell
from paribus.standing import Activity, Evidence, RunningRun, Standing

Paths = Mapping[tuple[str, int], str]


@dataclass(frozen=True)
class GridCell:
    """A run as the template takes it."""

    state: str
    words: str
    accuracy: Number | None = None
    seconds: Number | None = None


@dataclass(frozen=True)
class GridRow:
    """The runs of a seed."""

    seed: int
    cells: tuple[GridCell, ...]


def runs_section(evidence: Evidence, paths: Paths, link: Link) -> Markup:
    """The body of the section.

    Args:
        evidence: The study.
        paths: (variant, seed) to the run's place in the document of ``--json``.
        link: Where files are.
    """
    standing = evidence.standing
    rows = list(_rows(evidence, paths))
    name = standing.layout.study.name
    return render(
        "runs.html",
        counts=f"Runs: {run_counts(standing)}.",
        activity=None if evidence.activity is None else activity_words(evidence.activity),
        failures=[
            {"run": f"{variant} with seed {seed}", "reason": reason}
            for variant, seed, reason in failures(standing)
        ],
        troubles=list(_troubles(standing)),
        names=standing.layout.names,
        rows=rows,
        rest=_rest(standing, len(rows)),
        csv=link(f"{name}-runs.csv", "text/csv;charset=utf-8", runs_csv(standing)),
        study=name,
    )


def activity_words(activity: Activity) -> str:
    """What is being trained, in a sentence."""
    at = datetime.fromtimestamp(activity.at, UTC)
    runs = ", ".join(f"{run.variant} with seed {run.seed}" for run in activity.running) or "none yet"
    left = "" if activity.seconds_left is None else f"; at most {duration(activity.seconds_left)} left"
    return (
        f"It is running with {count(activity.workers, 'worker')} (last heard of on {at.day} "
        f"{at:%B %Y, %H:%M:%S} UTC): {runs}{left}."
    )


def _rows(evidence: Evidence, paths: Paths) -> Iterator[GridRow]:
    """The rounds begun or wanted next."""
    standing = evidence.standing
    layout, verdict = standing.layout, standing.verdict
    running = {(run.variant, run.seed): run for run in evidence.activity.running} if evidence.activity else {}
    known = {seed for runs in standing.runs.values() for seed in runs}
    known |= {seed for _, seed in running} | {seed for _, seed, _ in failures(standing)}
    if verdict.needed and verdict.rounds < len(layout.seeds):
        known.add(layout.seeds[verdict.rounds])
    needless = set(not_needed(standing))
    failed = {(name, seed) for name, seed, _ in failures(standing)}
    for seed in sorted(known):
        yield GridRow(
            seed,
            tuple(
                _cell(
                    evidence,
                    (name, seed),
                    running.get((name, seed)),
                    paths,
                    absent="failed"
                    if (name, seed) in failed
                    else "not needed"
                    if (name, seed) in needless
                    else "to come",
                )
                for name in layout.names
            ),
        )


def _cell(
    evidence: Evidence, run: tuple[str, int], running: RunningRun | None, paths: Paths, *, absent: str
) -> GridCell:
    name, seed = run
    record = evidence.standing.runs.get(name, {}).get(seed)
    if record is not None and record.counts:
        path = paths[run]
        return GridCell(
            record.state,
            record.state,
            percent_cell(record.accuracy, f"{path}.accuracy"),
            seconds_cell(record.timing.total, f"{path}.seconds"),
        )
    if running is not None:
        total = evidence.standing.layout.variant(name).iterations
        share = f"{min(100, 100 * running.iteration // total)} %"
        words = f"running, {share}" + ("" if running.loss is None else f", loss {loss(running.loss)}")
        return GridCell("running", words)
    return GridCell(absent, absent)


def _troubles(standing: Standing) -> Iterator[Mapping[str, str]]:
    """Runs that diverged, and those whose own proof of training found something odd."""
    for name, runs in standing.runs.items():
        for seed, record in runs.items():
            words = [f"diverged ({record.reason})"] if record.state == "diverged" else []
            if words or record.flags:
                yield {"run": f"{name} with seed {seed}", "reason": "; ".join([*words, *record.flags])}


def _rest(standing: Standing, shown: int) -> str:
    """Rounds that do not count, and planned ones that are not in the grid."""
    verdict, words = standing.verdict, []
    if not verdict.needed and shown > verdict.rounds:
        words.append(
            f"The verdict was reached after {count(verdict.rounds, 'round')}; later ones do not count."
        )
    left = len(standing.layout.seeds) - shown
    if left > 0 and verdict.decided:
        words.append(f"{count(left, 'planned round was', 'planned rounds were')} not needed.")
    elif left > 0:
        words.append(f"Up to {count(left, 'further round is', 'further rounds are')} planned.")
    return " ".join(words)
