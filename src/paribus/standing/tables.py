"""How a study stands, as text and as tables in HTML for notebooks."""

from collections.abc import Iterator

import numpy as np

from paribus.markup import block, bullets, paragraph, table
from paribus.spec.words import settings
from paribus.standing.layout import Layout, VariantLayout
from paribus.standing.runs import Runs
from paribus.verdict import Verdict
from paribus.verdict.tables import verdict_html

_UNKNOWN = "–"


def standing_text(layout: Layout, verdict: Verdict) -> str:
    """Name, progress, verdict and what to mind about the data in sentences, one a line."""
    return "\n".join([f"{layout.study.name}: {verdict.progress}", *verdict.sentences, *_about_data(layout)])


def standing_html(layout: Layout, runs: Runs, verdict: Verdict) -> str:
    """Question, verdict, variants and what to mind about the data in HTML.

    Args:
        layout: The study.
        runs: Its recorded runs.
        verdict: What they say.
    """
    head = paragraph(layout.study.question, strong=f"{layout.study.name}: {verdict.progress}.")
    variants = table(
        "Final test accuracy over all recorded runs",
        ("variant", "mean %", "SD pp", "runs", "differs from the base by"),
        [tuple(_variant(variant, runs)) for variant in layout.variants],
        numeric=(1, 2, 3),
    )
    return block(head, verdict_html(verdict), variants, bullets(_about_data(layout)))


def _about_data(layout: Layout) -> list[str]:
    return [f"About the data: {note}." for note in layout.data.notes]


def _variant(variant: VariantLayout, runs: Runs) -> Iterator[str]:
    accuracies = [record.accuracy for record in runs.get(variant.name, {}).values() if record.counts]
    yield variant.name
    yield f"{np.mean(accuracies):.2f}" if accuracies else _UNKNOWN
    yield f"{np.std(accuracies, ddof=1):.2f}" if len(accuracies) > 1 else _UNKNOWN
    yield str(len(accuracies))
    yield settings(variant.differences) or "nothing"
