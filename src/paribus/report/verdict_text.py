"""A study's verdict as terminal text: the answer first, then what it rests on, then how to go on."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paribus.report.answers import answer, answer_style
from paribus.report.differences import difference_words
from paribus.report.interval_plot import interval_plot
from paribus.report.numbers import count
from paribus.report.standing_words import (
    MOST_LISTED,
    failures,
    flagged,
    listed,
    next_step,
    pairing_sentence,
    rule_words,
    run_counts,
    state_of,
)
from paribus.report.terminal import Legible, said
from paribus.spec import study_digest
from paribus.standing import Standing
from paribus.verdict import Verdict, noises_sentence

_MOST_CONTRASTS = 24
_STATE_STYLES = {
    "decided": "bold green",
    "not begun": "bold",
    "at the cap": "bold yellow",
    "held up": "bold red",
    "open": "bold",
}

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
    notes = [note for note in (*verdict.notes, pairing_sentence(shown)) if note]
    if notes:
        parts += [_EMPTY, *(said(note, "dim") for note in notes)]
    return Legible(Group(*parts))


def _headline(standing: Standing) -> Text:
    state, words = state_of(standing)
    text = Text.assemble((standing.layout.study.name, "bold"), "  ", (words, _STATE_STYLES[state]))
    if standing.verdict.post_hoc:
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
    yield "runs", said(run_counts(standing))
    for variant, seed, reason in failures(standing)[:MOST_LISTED]:
        yield "failed", said(f"{variant} with seed {seed}: {reason}", "red")
    for flag, runs in flagged(standing):
        yield "flagged", said(f"{flag}: {listed(runs)}", "yellow")
    if standing.numerics:
        yield "numerics", said(standing.numerics)
    yield "rule", Text(rule_words(standing))
    registration = standing.registration
    first = f", first run {registration.registered_at}" if registration else ", never run"
    yield "study", said(f"digest {study_digest(standing.layout.study)[:12]}{first}")


def _next_step(standing: Standing, asked: Sequence[str]) -> RenderableType:
    step = next_step(standing, asked)
    if not step.command:
        return Text(step.words)
    return Group(Text(step.words), Text(f"  {step.command}", style="bold"))


def _grid(rows: Iterable[tuple[str, Text]], style: str = "") -> Table:
    """Two columns, the second one wrapped beside the first; a label said before is not repeated."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style=style)
    table.add_column(overflow="fold")
    for label, group in itertools.groupby(rows, key=lambda row: row[0]):
        for index, (_, text) in enumerate(group):
            table.add_row(label if index == 0 or label == "•" else "", text)
    return table
