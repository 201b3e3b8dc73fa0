"""How a study stands, in words that terminal, page and Markdown share: state, counts, troubles, next step."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from paribus.report.forecast import recorded
from paribus.report.numbers import count
from paribus.report.terminal import clean
from paribus.standing import Standing
from paribus.verdict import ContrastVerdict, Verdict
from paribus.verdict.rule import MAX_ROUNDS
from paribus.verdict.words import confidence

MOST_LISTED = 8
"""So many runs are named in a sentence; the others are counted."""

State = Literal["decided", "not begun", "at the cap", "held up", "open"]


@dataclass(frozen=True)
class NextStep:
    """What to do now.

    Attributes:
        words: In a sentence.
        command: What to type, or nothing.
    """

    words: str
    command: str = ""


def state_of(standing: Standing) -> tuple[State, str]:
    """Where a study is on its way, as a kind and in words."""
    verdict = standing.verdict
    if verdict.decided:
        return "decided", verdict.progress
    if not any(standing.runs.values()):
        return "not begun", "no runs yet"
    if not verdict.needed:
        return "at the cap", verdict.progress
    if failures(standing):
        return "held up", f"held up after {count(verdict.rounds, 'round')} by a run that failed"
    return "open", verdict.progress


def contrast_label(contrast: ContrastVerdict) -> str:
    """A contrast's name with a minus sign in it, where it is a pair."""
    return contrast.name if contrast.a is None else f"{contrast.b} − {contrast.a}"


def pairing_sentence(contrasts: Iterable[ContrastVerdict]) -> str:
    """How much pairing by seed helped; empty where nothing is known."""
    gains = [
        f"{contrast.pairing_gain:.{0 if contrast.pairing_gain >= 10 else 1}f} for {contrast.name}"
        for contrast in contrasts
        if contrast.pairing_gain is not None
    ]
    if not gains:
        return ""
    return f"Pairing by seed divided the variance of a difference by {listed(gains)} (above 1 it helped)."


def rule_words(standing: Standing) -> str:
    """The decision rule as it was declared, in a line."""
    rule = standing.verdict.rule
    least, most = rule.min_rounds, rule.max_rounds
    planned = f"{most} rounds, fixed" if least == most else f"{least} to {most} rounds"
    return (
        f"{confidence(rule)} confidence shared by {count(len(standing.verdict.contrasts), 'contrast')}; "
        f"margin {rule.margin_pp:g} pp; {planned}"
    )


def run_counts(standing: Standing) -> str:
    """How many runs there are, and how many of them diverged, failed or are to come."""
    diverged = [f"{name} with seed {seed}" for name, seed in diverged_runs(standing)]
    failed = {(name, seed) for name, seed, _ in failures(standing)}
    missing = set(standing.verdict.waiting) - failed
    words = [f"{recorded(standing.runs):,} recorded"]
    if diverged:
        words.append(f"{len(diverged)} of them diverged: {listed(diverged)}")
    if failed:
        words.append(f"{len(failed)} failed")
    if missing:
        words.append(f"{len(missing)} to come for round {standing.verdict.rounds + 1}")
    return "; ".join(words)


def diverged_runs(standing: Standing) -> list[tuple[str, int]]:
    """Variant and seed of the runs that diverged."""
    return [
        (name, seed)
        for name, runs in standing.runs.items()
        for seed, record in runs.items()
        if record.state == "diverged"
    ]


def failures(standing: Standing) -> list[tuple[str, int, str]]:
    """Variant, seed and reason of each run that has failed and is still missing."""
    kept = {
        (name, seed): record.reason
        for name, runs in standing.runs.items()
        for seed, record in runs.items()
        if not record.counts
    }
    told = {(failure.variant, failure.seed): failure.reason for failure in standing.failures}
    return [(name, seed, reason) for (name, seed), reason in (kept | told).items()]


def flagged(standing: Standing) -> Iterator[tuple[str, list[str]]]:
    """Each flag with the runs that carry it."""
    found: dict[str, list[str]] = {}
    for name, runs in standing.runs.items():
        for seed, record in runs.items():
            for flag in record.flags:
                found.setdefault(flag, []).append(f"{name} with seed {seed}")
    yield from found.items()


def next_step(standing: Standing, asked: Sequence[str]) -> NextStep:
    """What to do now, with the command that does it.

    Args:
        standing: How the study stands.
        asked: The study as the user named it, with the options that belong to it.
    """
    verdict, study = standing.verdict, clean(shlex.join(asked))
    if verdict.decided:
        return NextStep("To check that the runs repeat to the bit:", f"paribus verify {study}")
    if not any(standing.runs.values()) and not standing.failures:
        return NextStep("To train it:", f"paribus run {study}")
    if failures(standing) and verdict.needed:
        return NextStep("To train the failed runs again and go on:", f"paribus run {study}")
    if verdict.needed:
        return NextStep("To go on where it stopped:", f"paribus run {study}")
    rounds = _rounds_to_settle(verdict)
    if rounds is None:
        return NextStep(
            f"No number of rounds up to {MAX_ROUNDS} is likely to settle it. A wider margin or a longer "
            "training is another study, and post hoc if it uses these runs."
        )
    return NextStep(
        "To train more rounds (a new cap makes the verdict post hoc):",
        f"paribus run {study} --max-rounds {rounds}",
    )


def listed(items: Sequence[str]) -> str:
    """Items with commas; beyond `MOST_LISTED` they are counted."""
    more = len(items) - MOST_LISTED
    return ", ".join(items[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _rounds_to_settle(verdict: Verdict) -> int | None:
    """A cap at which every contrast that ended unsettled is expected to settle; None if there is none."""
    needed = [contrast.rounds_needed for contrast in verdict.contrasts if contrast.state == "at the cap"]
    known = [rounds for rounds in needed if rounds is not None and rounds <= MAX_ROUNDS]
    return max([verdict.rounds + 1, *known]) if known and len(known) == len(needed) else None
