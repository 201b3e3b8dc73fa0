"""A study's verdict as terminal text: the answer first, then what it rests on, then how to go on."""

import itertools
import shlex
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paribus.report.answers import answer, answer_style
from paribus.report.differences import difference_words
from paribus.report.forecast import recorded
from paribus.report.interval_plot import interval_plot
from paribus.report.numbers import count
from paribus.report.terminal import Legible, clean, said
from paribus.spec import study_digest
from paribus.standing import Standing
from paribus.verdict import ContrastVerdict, Verdict, noises_sentence
from paribus.verdict.rule import MAX_ROUNDS
from paribus.verdict.words import confidence

_MOST_CONTRASTS = 24
_MOST_LISTED = 8

_EMPTY = Text("")


def verdict_text(standing: Standing, *, asked: Sequence[str] = ()) -> RenderableType:
    """A study's verdict.

    Args:
        standing: How the study stands.
        asked: The study as the user named it, with the options that belong to it, for commands; its own name
            when left out.

    Returns:
        Something to print on a rich console of any width.
    """
    study = standing.layout.study
    head: list[RenderableType] = [_headline(standing)]
    if study.question:
        head.append(said(study.question, "italic"))
    parts = [
        *head,
        _EMPTY,
        judged_text(standing.verdict),
        _EMPTY,
        *_noises(standing),
        _variants(standing),
        _EMPTY,
        _grid(_facts(standing), style="dim"),
        _EMPTY,
        _next_step(standing, asked or (study.name,)),
    ]
    return Legible(Group(*parts))


def judged_text(verdict: Verdict) -> RenderableType:
    """The answers alone: claims, contrasts in words and as a plot, what holds for all of them.

    Args:
        verdict: What the runs of a study, or results from elsewhere, say.
    """
    shown = verdict.contrasts[:_MOST_CONTRASTS]
    parts: list[RenderableType] = []
    if verdict.claims:
        parts += [_claims(verdict), _EMPTY]
    parts.append(_grid(("•", said(contrast.sentence)) for contrast in shown))
    if len(shown) < len(verdict.contrasts):
        hidden = count(len(verdict.contrasts) - len(shown), "further contrast")
        parts.append(Text(f"  and {hidden}, which --json lists", style="dim"))
    if any(contrast.difference_pp is not None for contrast in shown):
        plot = interval_plot(shown, verdict.rule)
        parts += [_EMPTY, Padding(plot, (0, 0, 0, 2))]
    notes = [*verdict.notes, *_pairing(shown)]
    if notes:
        parts += [_EMPTY, *(said(note, "dim") for note in notes)]
    return Legible(Group(*parts))


def _headline(standing: Standing) -> Text:
    verdict, rule = standing.verdict, standing.verdict.rule
    rounds = count(verdict.rounds, "round")
    if verdict.decided:
        state, style = f"decided after {rounds}", "bold green"
    elif not any(standing.runs.values()):
        state, style = "no runs yet", "bold"
    elif not verdict.needed:
        state, style = f"undecided after {rounds}, the most that were planned", "bold yellow"
    elif _failures(standing):
        state, style = f"held up after {rounds} by a run that failed", "bold red"
    else:
        state, style = f"not decided yet: {rounds} of {rule.min_rounds} to {rule.max_rounds}", "bold"
    text = Text.assemble((standing.layout.study.name, "bold"), "  ", (state, style))
    if verdict.post_hoc:
        text.append("  (post hoc)", style="bold yellow")
    return text


def _claims(verdict: Verdict) -> Table:
    rows = [(answer(claim), answer_style(claim), claim.claim) for claim in verdict.claims]
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for words, style, claim in rows:
        label = (", post hoc", "yellow") if verdict.post_hoc else ""
        table.add_row(Text(words, style=style), Text.assemble(claim, label))
    return table


def _pairing(contrasts: Iterable[ContrastVerdict]) -> Iterator[str]:
    gains = [
        f"{contrast.pairing_gain:.{0 if contrast.pairing_gain >= 10 else 1}f} for {contrast.name}"
        for contrast in contrasts
        if contrast.pairing_gain is not None
    ]
    if gains:
        yield (
            f"Pairing by seed divided the variance of a difference by {_listed(gains)} (above 1 it helped)."
        )


def _noises(standing: Standing) -> Iterator[RenderableType]:
    """What other seeds, and what other images, would change."""
    for contrast in standing.verdict.contrasts:
        noises = standing.noises.get(contrast.name)
        if noises is not None and contrast.a is not None and contrast.b is not None:
            yield said(noises_sentence(noises, contrast.a, contrast.b))
            yield _EMPTY


def _variants(standing: Standing) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("variant", overflow="fold", max_width=28)
    table.add_column("mean %", justify="right", no_wrap=True)
    table.add_column("SD pp", justify="right", no_wrap=True)
    table.add_column("rounds", justify="right", no_wrap=True)
    table.add_column("differs from the base by", overflow="fold")
    for variant in standing.layout.variants:
        records = standing.runs.get(variant.name, {}).values()
        accuracies = [record.accuracy for record in records if record.counts]
        words = difference_words(standing.layout.study, variant.differences)
        table.add_row(
            Text(variant.name),
            f"{np.mean(accuracies):.2f}" if accuracies else "–",
            f"{np.std(accuracies, ddof=1):.2f}" if len(accuracies) > 1 else "–",
            str(len(accuracies)),
            said("; ".join(words) or "nothing"),
        )
    return table


def _facts(standing: Standing) -> Iterator[tuple[str, Text]]:
    yield "runs", said(_run_counts(standing))
    for variant, seed, reason in _failures(standing)[:_MOST_LISTED]:
        yield "failed", said(f"{variant} with seed {seed}: {reason}", "red")
    for flag, runs in _flags(standing):
        yield "flagged", said(f"{flag}: {_listed(runs)}", "yellow")
    if standing.numerics:
        yield "numerics", said(standing.numerics)
    rule = standing.verdict.rule
    yield (
        "rule",
        Text(
            f"{confidence(rule)} confidence shared by {count(len(standing.verdict.contrasts), 'contrast')}; "
            f"margin {rule.margin_pp:g} pp; {_planned_rounds(rule.min_rounds, rule.max_rounds)}"
        ),
    )
    registration = standing.registration
    first = f", first run {registration.registered_at}" if registration else ", never run"
    yield "study", said(f"digest {study_digest(standing.layout.study)[:12]}{first}")


def _planned_rounds(least: int, most: int) -> str:
    return f"{most} rounds, fixed" if least == most else f"{least} to {most} rounds"


def _run_counts(standing: Standing) -> str:
    records = [(name, seed, record) for name, runs in standing.runs.items() for seed, record in runs.items()]
    diverged = [f"{name} with seed {seed}" for name, seed, record in records if record.state == "diverged"]
    failed = {(name, seed) for name, seed, _ in _failures(standing)}
    missing = set(standing.verdict.waiting) - failed
    words = [f"{recorded(standing.runs):,} recorded"]
    if diverged:
        words.append(f"{len(diverged)} of them diverged: {_listed(diverged)}")
    if failed:
        words.append(f"{len(failed)} failed")
    if missing:
        words.append(f"{len(missing)} to come for round {standing.verdict.rounds + 1}")
    return "; ".join(words)


def _failures(standing: Standing) -> list[tuple[str, int, str]]:
    """Variant, seed and reason of each run that has failed and is still missing."""
    kept = {
        (name, seed): record.reason
        for name, runs in standing.runs.items()
        for seed, record in runs.items()
        if not record.counts
    }
    told = {(failure.variant, failure.seed): failure.reason for failure in standing.failures}
    return [(name, seed, reason) for (name, seed), reason in (kept | told).items()]


def _flags(standing: Standing) -> Iterator[tuple[str, list[str]]]:
    """Each flag with the runs that carry it."""
    flagged: dict[str, list[str]] = {}
    for name, runs in standing.runs.items():
        for seed, record in runs.items():
            for flag in record.flags:
                flagged.setdefault(flag, []).append(f"{name} with seed {seed}")
    yield from flagged.items()


def _next_step(standing: Standing, asked: Sequence[str]) -> RenderableType:
    verdict, study = standing.verdict, clean(shlex.join(asked))
    if verdict.decided:
        return _command("To check that the runs repeat to the bit:", f"paribus verify {study}")
    if not any(standing.runs.values()) and not standing.failures:
        return _command("To train it:", f"paribus run {study}")
    if _failures(standing) and verdict.needed:
        return _command("To train the failed runs again and go on:", f"paribus run {study}")
    if verdict.needed:
        return _command("To go on where it stopped:", f"paribus run {study}")
    rounds = _rounds_to_settle(verdict)
    if rounds is None:
        return Text(
            f"No number of rounds up to {MAX_ROUNDS} is likely to settle it. A wider margin or a longer "
            "training is another study, and post hoc if it uses these runs.",
        )
    return _command(
        "To train more rounds (a new cap makes the verdict post hoc):",
        f"paribus run {study} --max-rounds {rounds}",
    )


def _rounds_to_settle(verdict: Verdict) -> int | None:
    """A cap at which every contrast that ended unsettled is expected to settle; None if there is none."""
    needed = [contrast.rounds_needed for contrast in verdict.contrasts if contrast.state == "at the cap"]
    known = [rounds for rounds in needed if rounds is not None and rounds <= MAX_ROUNDS]
    return max([verdict.rounds + 1, *known]) if known and len(known) == len(needed) else None


def _command(words: str, command: str) -> RenderableType:
    return Group(Text(words), Text(f"  {command}", style="bold"))


def _grid(rows: Iterable[tuple[str, Text]], style: str = "") -> Table:
    """Two columns, the second one wrapped beside the first; a label said before is not repeated."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style=style)
    table.add_column(overflow="fold")
    for label, group in itertools.groupby(rows, key=lambda row: row[0]):
        for index, (_, text) in enumerate(group):
            table.add_row(label if index == 0 or label == "•" else "", text)
    return table


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _MOST_LISTED
    return ", ".join(items[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
