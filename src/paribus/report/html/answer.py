"""The section that answers: claims, findings, what was compared, what intervals cover, what it rests on."""

from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup

from paribus.report.answers import answer
from paribus.report.differences import difference_words
from paribus.report.html.environment import render
from paribus.report.numbers import count
from paribus.report.standing_words import (
    flagged,
    listed,
    next_step,
    pairing_sentence,
    rule_words,
    run_counts,
    state_of,
)
from paribus.report.tables import Table, count_cell, percent_cell, pp_cell
from paribus.spec import study_digest
from paribus.standing import Standing
from paribus.verdict import noises_sentence

MOST_SENTENCES = 12

_SIGNS = {"supported": "✓", "refuted": "✗", "not supported": "≈", "undecided": "?"}


def answer_section(standing: Standing, asked: Sequence[str]) -> Markup:
    """The body of the section.

    Args:
        standing: How the study stands.
        asked: The study as the user named it, for commands.
    """
    verdict, registration = standing.verdict, standing.registration
    sentences = [contrast.sentence for contrast in verdict.contrasts]
    hidden = len(sentences) - MOST_SENTENCES
    return render(
        "answer.html",
        claims=[
            {
                "claim": claim.claim,
                "answer": answer(claim),
                "kind": claim.verdict.replace(" ", "-"),
                "sign": _SIGNS[claim.verdict],
            }
            for claim in verdict.claims
        ],
        post_hoc=verdict.post_hoc,
        none_begun=state_of(standing)[0] == "not begun" and not standing.failures,
        next_step=next_step(standing, asked),
        sentences=sentences[:MOST_SENTENCES],
        hidden_sentences=f"{count(hidden, 'further contrast is', 'further contrasts are')}"
        if hidden > 0
        else "",
        variants=variant_table(standing),
        notes=answer_notes(standing),
        noises=noise_notes(standing),
        rounds=verdict.rounds,
        rule=rule_words(standing),
        runs=run_counts(standing),
        flags=[f"{flag}: {listed(runs)}" for flag, runs in flagged(standing)],
        digest=study_digest(standing.layout.study),
        registered_at=registration.registered_at if registration else "",
    )


def answer_notes(standing: Standing) -> list[str]:
    """What the intervals cover and what they do not, sentence by sentence."""
    verdict = standing.verdict
    shown = verdict.contrasts[:MOST_SENTENCES]
    about_data = [f"About the data: {note}." for note in standing.layout.data.notes]
    notes = [*verdict.notes, pairing_sentence(shown), *about_data]
    return [note for note in notes if note]


def noise_notes(standing: Standing) -> list[str]:
    """What other seeds, and what other images, would change, sentence by sentence."""
    return list(_noises(standing))


def variant_table(standing: Standing) -> Table:
    """What each variant changes of the base, and how accurate it is over all its rounds."""
    rows = []
    for variant in standing.layout.variants:
        records = standing.runs.get(variant.name, {}).values()
        accuracies = [record.accuracy for record in records if record.counts]
        words = difference_words(standing.layout.study, variant.differences)
        rows.append(
            (
                variant.name,
                percent_cell(float(np.mean(accuracies)) if accuracies else None),
                pp_cell(float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None),
                count_cell(len(accuracies)),
                "; ".join(words) or "nothing (the base)",
            )
        )
    return Table(
        "Final test accuracy over all rounds, and what differs from the base",
        ("variant", "mean %", "SD pp", "rounds", "differs from the base by"),
        tuple(rows),
        ("variant", "mean_percent", "sd_pp", "rounds", "differences"),
    )


def _noises(standing: Standing) -> Iterator[str]:
    for contrast in standing.verdict.contrasts[:MOST_SENTENCES]:
        noises = standing.noises.get(contrast.name)
        if noises is not None and contrast.a is not None and contrast.b is not None:
            yield noises_sentence(noises, contrast.a, contrast.b)
