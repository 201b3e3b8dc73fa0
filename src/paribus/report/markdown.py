"""A study as Markdown text with tables, for wikis, issues and papers; every foreign sign is escaped."""

import re
import shlex
from collections.abc import Iterator, Sequence

from paribus.report.answers import answer
from paribus.report.charts.intervals import contrast_table
from paribus.report.html.answer import answer_notes, noise_notes, variant_table
from paribus.report.html.layers import LayerCell, layer_rows
from paribus.report.html.method import data_facts, defaults_sentence, machine_facts, protocol_table
from paribus.report.html.page import run_paths
from paribus.report.html.runs import activity_words
from paribus.report.numbers import duration
from paribus.report.standing_words import failures, next_step, rule_words, run_counts, state_of
from paribus.report.tables import Cell, Number, Table, percent_cell, seconds_cell, seed_cell
from paribus.report.terminal import clean
from paribus.spec import study_digest
from paribus.standing import Evidence, Layout, Standing

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~&])")


def report_markdown(evidence: Evidence, *, asked: Sequence[str] = ()) -> str:
    """The report of a study as Markdown: the same words and numbers, without figures and images.

    Args:
        evidence: The study.
        asked: The study as the user named it, with the options that belong to it; its own name when left out.
    """
    standing = evidence.standing
    study = standing.layout.study
    named = tuple(asked) or (study.name,)
    parts = [
        f"# {_md(study.question or study.name)}",
        f"**{_md(study.name)}**: {_md(state_of(standing)[1])}"
        + (", post hoc" if standing.verdict.post_hoc else ""),
        *_answer(standing, named),
        "## Intervals",
        _table(contrast_table(standing.verdict)),
        "## Layers",
        *_layers(standing.layout),
        "## Runs",
        *_runs(evidence),
        "## How it was done",
        *_method(standing, named),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _answer(standing: Standing, asked: Sequence[str]) -> Iterator[str]:
    verdict, registration = standing.verdict, standing.registration
    yield "## The answer"
    yield _list([f"**{_md(answer(claim))}**: {_code(claim.claim)}" for claim in verdict.claims])
    yield _list([_md(contrast.sentence) for contrast in verdict.contrasts])
    yield _table(variant_table(standing))
    yield _list([_md(note) for note in (*answer_notes(standing), *noise_notes(standing))])
    first = f"first run {registration.registered_at}" if registration else "never run"
    yield _list(
        [
            f"rounds: {verdict.rounds} complete and counted; {_md(rule_words(standing))}",
            f"runs: {_md(run_counts(standing))}",
            f"study: digest {_code(study_digest(standing.layout.study))}; {_md(first)}",
        ]
    )
    step = next_step(standing, asked)
    yield _md(step.words) + (f" {_code(step.command)}" if step.command else "")


def _layers(layout: Layout) -> Iterator[str]:
    first = layout.variants[0]
    for variant in layout.variants:
        yield f"### {_md(variant.name)}"
        same = next(other for other in layout.variants if other.table == variant.table)
        if same is not variant:
            yield f"The layers of {_md(same.name)}."
            continue
        rows = [
            (_md(row.name), *(_marked(cell) for cell in row.cells))
            for row in layer_rows(variant.table, first.table)
        ]
        totals = (
            "all",
            "",
            "",
            "",
            "",
            f"{variant.table.parameter_count:,}",
            f"{variant.table.forward_flops:,}",
        )
        heads = ("layer", "setting", "output", "how it follows", "weights", "parameters", "FLOPs")
        yield _grid(heads, [*rows, totals], numeric=(5, 6))
        if variant is not first:
            yield f"Bold: differs from {_md(first.name)}."


def _runs(evidence: Evidence) -> Iterator[str]:
    standing = evidence.standing
    if evidence.activity is not None:
        yield _md(activity_words(evidence.activity))
    paths = run_paths(standing)
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            seed_cell(seed),
            record.state,
            percent_cell(record.accuracy, f"{paths[name, seed]}.accuracy"),
            seconds_cell(record.timing.total, f"{paths[name, seed]}.seconds"),
            "; ".join(part for part in (record.reason, *record.flags) if part),
        )
        for name in standing.layout.names
        for seed, record in sorted(standing.runs.get(name, {}).items())
        if record.counts
    ]
    unknown = Number(None, "–")
    rows += [
        (name, seed_cell(seed), "failed", unknown, unknown, reason)
        for name, seed, reason in failures(standing)
    ]
    if not rows:
        yield "No run has been recorded yet."
        return
    columns = ("variant", "seed", "state", "accuracy %", "time", "remarks")
    yield _table(Table("Every run", columns, tuple(rows)))
    total = sum(
        record.timing.total for runs in standing.runs.values() for record in runs.values() if record.counts
    )
    yield f"Time of all runs together: {duration(total)}."


def _method(standing: Standing, asked: Sequence[str]) -> Iterator[str]:
    named = clean(shlex.join(asked))
    longest = max((len(run) for run in re.findall("`+", named)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}sh\nparibus run {named}\nparibus verify {named}\n{fence}"
    yield _table(protocol_table(standing.layout.study))
    yield _md(defaults_sentence(standing.layout.study))
    facts = [*data_facts(standing), *machine_facts(standing)]
    yield _list([f"{_md(name)}: {_md(value)}" for name, value in facts])


def _table(table: Table) -> str:
    numeric = [index for index in range(len(table.columns)) if table.is_numeric(index)]
    rows = [tuple(_md(cell.text if isinstance(cell, Number) else cell) for cell in row) for row in table.rows]
    return f"{_md(table.caption)}:\n\n" + _grid(table.columns, rows, numeric=numeric)


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[int]) -> str:
    rule = ["---:" if index in numeric else "---" for index in range(len(heads))]
    lines = [[_md(head) for head in heads], rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _marked(cell: LayerCell) -> str:
    text = _md(cell.text)
    return f"**{text}**" if cell.changed and text else text


def _list(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _md(text: str) -> str:
    """Text as it is to appear, on one line."""
    return _SPECIAL.sub(r"\\\1", clean(text))


def _code(text: str) -> str:
    """Text as code; it may hold backquotes."""
    content = clean(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", content)), default=0) + 1)
    pad = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{fence}{pad}{content}{pad}{fence}"
