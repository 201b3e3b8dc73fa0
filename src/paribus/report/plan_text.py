"""What a study would train, as terminal text: variants, layers, arithmetic, time, and what it can find."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paribus.nets.shapes import Layer
from paribus.nets.tables import cells as layer_cells
from paribus.report.data_text import facts_rows
from paribus.report.differences import difference_words
from paribus.report.forecast import Forecast, Work, recorded, remaining_work, weights_bytes
from paribus.report.numbers import count, duration, flops, size, span
from paribus.report.terminal import Legible, said
from paribus.standing import Standing, VariantLayout
from paribus.verdict import Plan
from paribus.verdict.planning import POWER
from paribus.verdict.words import pp

_MOST_SPREADS = 8
_CHANGED = "yellow"
_EMPTY = Text("")


def plan_text(standing: Standing, forecast: Forecast) -> RenderableType:
    """What running a study would train, and what it can find.

    Args:
        standing: How the study stands; runs recorded already are not trained again.
        forecast: Times and chances.
    """
    layout = standing.layout
    parts: list[RenderableType] = [Text(layout.study.name, style="bold")]
    if layout.study.question:
        parts.append(said(layout.study.question, "italic"))
    parts += [_EMPTY, *_summary(standing, forecast)]
    if forecast.chances is not None:
        parts += [_EMPTY, *_chances(standing, forecast.chances)]
    for index, variant in enumerate(layout.variants):
        parts += [_EMPTY, *_variant(standing, index, forecast.seconds_a_run.get(variant.name))]
    return Legible(Group(*parts))


def epochs_arithmetic(variant: VariantLayout) -> str:
    """How iterations and epochs follow from each other, written out."""
    protocol, images = variant.configuration.protocol, variant.train_images
    quotient = f"{images:,} images ÷ {protocol.batch_size:,} a batch"
    batches = f"({quotient})" if images % protocol.batch_size == 0 else f"⌈{quotient}⌉"
    iterations = count(variant.iterations, "iteration")
    if protocol.epochs is not None:
        return f"{count(protocol.epochs, 'epoch')} × {batches} = {iterations}"
    epochs = variant.iterations / variant.batches_per_epoch
    unit = "epoch" if epochs == 1 else "epochs"
    return f"{iterations} ÷ {batches} = {epochs:.4g} {unit}"


def _summary(standing: Standing, forecast: Forecast) -> Iterator[RenderableType]:
    work = remaining_work(standing, forecast.seconds_a_run, forecast.workers)
    rule, names = standing.verdict.rule, standing.layout.names
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    rounds = span(str(rule.min_rounds), str(rule.max_rounds))
    for label, text in facts_rows(standing.layout.data):
        table.add_row(label, text)
    table.add_row("rounds", f"{rounds}, {count(len(names), 'run')} a round")
    known = recorded(standing.runs)
    table.add_row("to train", _runs(work) + (f"; {known:,} recorded already" if known else ""))
    table.add_row("time", _time(work, forecast.workers))
    table.add_row("weights", _disk(standing, work))
    yield table


def _runs(work: Work) -> str:
    if work.runs_most == 0:
        return "nothing"
    if work.runs_least == work.runs_most:
        return count(work.runs_most, "run")
    return f"at least {work.runs_least:,}, at most {count(work.runs_most, 'run')}"


def _time(work: Work, workers: int) -> str:
    if work.seconds_least is None or work.seconds_most is None:
        return "not known before a first run"
    least, most = duration(work.seconds_least), duration(work.seconds_most)
    words = f"about {least}" if least == most else f"about {least} at least, {most} at most"
    return f"{words}, with {count(workers, 'worker')}"


def _disk(standing: Standing, work: Work) -> str:
    if not standing.layout.study.keep_weights:
        return "not kept"
    each = max(weights_bytes(variant) for variant in standing.layout.variants)
    return f"about {size(each * work.runs_most)} of disk at most ({size(each)} a run)"


def _chances(standing: Standing, chances: Plan) -> Iterator[RenderableType]:
    yield Text("What the rule can find", style="bold")
    power, rule = f"{100 * POWER:.0f} %", chances.rule
    yield Text(
        f"A true difference of {chances.detectable_sd:.2f} s_d is found with {power} power within "
        f"{count(rule.max_rounds, 'round')} (s_d: standard deviation of the difference over seeds; "
        f"{count(chances.contrasts, 'contrast')} sharing an alpha of {rule.alpha:g})."
    )
    known = [contrast for contrast in standing.verdict.contrasts if contrast.sd_pp is not None]
    for contrast in known[:_MOST_SPREADS]:
        detectable = pp(chances.detectable_pp(contrast.sd_pp or 0.0))
        yield said(
            f"  {contrast.name}: {detectable} pp, with s_d = {pp(contrast.sd_pp or 0.0)} pp from "
            f"{count(contrast.rounds, 'round')}"
        )
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    for title in ("true difference", "power", "mean rounds"):
        table.add_column(title, justify="right")
    for expected in chances.expectations:
        table.add_row(
            f"{expected.difference_sd:g} s_d", f"{100 * expected.power:.0f} %", f"{expected.mean_rounds:.1f}"
        )
    yield table


def _variant(standing: Standing, index: int, seconds: float | None) -> Iterator[RenderableType]:
    layout = standing.layout
    variant, first = layout.variants[index], layout.variants[0]
    words = "; ".join(difference_words(layout.study, variant.differences)) or "the base"
    yield Text.assemble((variant.name, "bold"), "  ", said(words))
    cost = flops(variant.flops(layout.data.test_count))
    time = "" if seconds is None else f"; about {duration(seconds)} on one worker"
    yield Text(f"  {epochs_arithmetic(variant)}")
    yield Text(f"  {cost} a run with its evaluations{time}")
    earlier = next(other for other in layout.variants if other.table == variant.table)
    if earlier is not variant:
        yield Text(f"  the layers of {earlier.name}")
        return
    yield Padding(_layers(variant, first), (0, 0, 0, 2))
    for name, note in variant.table.notes.items():
        yield Padding(said(f"{name}: {note}", "dim"), (0, 0, 0, 2))
    missing = [
        layer.name
        for layer in first.table.layers
        if layer.name not in {own.name for own in variant.table.layers}
    ]
    if variant is not first:
        without = f"; without {', '.join(missing)}" if missing else ""
        yield Text(f"  * differs from {first.name}{without}", style="dim")


def _layers(variant: VariantLayout, first: VariantLayout) -> Table:
    """The layer table; cells that differ from the first variant's are marked."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_footer=True)
    compared = {layer.name: layer for layer in first.table.layers}
    total = variant.table
    same_count = total.parameter_count == first.table.parameter_count
    same_flops = total.forward_flops == first.table.forward_flops
    table.add_column("layer", footer=Text("all"))
    table.add_column("output", footer=Text(""))
    table.add_column("parameters", footer=_marked(f"{total.parameter_count:,}", same=same_count))
    table.add_column(
        "FLOPs", footer=_number(f"{total.forward_flops:,}", same=same_flops), justify="right", no_wrap=True
    )
    for layer in variant.table.layers:
        *cells, cost = _cells(layer)
        *others, other_cost = _cells(compared.get(layer.name))
        marked = [_marked(cell, same=cell == other) for cell, other in zip(cells, others, strict=True)]
        table.add_row(*marked, _number(cost, same=cost == other_cost))
    return table


def _cells(layer: Layer | None) -> tuple[str, ...]:
    """Layer, output, parameters, FLOPs for one image; nothing for a layer that is not there."""
    return ("",) * 4 if layer is None else layer_cells(layer)


def _marked(cell: str, *, same: bool) -> Text:
    if same or not cell:
        return Text(cell)
    head, newline, rest = cell.partition("\n")
    return Text(f"{head} *{newline}{rest}", style=_CHANGED)


def _number(cell: str, *, same: bool) -> Text:
    """As `_marked`, with the mark in front, where it leaves the digits of a column in line."""
    return Text(cell) if same or not cell else Text(f"* {cell}", style=_CHANGED)
