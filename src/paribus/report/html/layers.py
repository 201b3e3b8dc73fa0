"""The section of layers: a table a variant, arithmetic written out, what differs from the first marked."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from paribus.nets.shapes import Layer, LayerTable
from paribus.report.differences import difference_words
from paribus.report.html.environment import render
from paribus.report.numbers import shape
from paribus.report.plan_text import epochs_arithmetic
from paribus.standing import Layout, VariantLayout


@dataclass(frozen=True)
class LayerCell:
    """A cell of a layer table.

    Attributes:
        text: What it shows.
        number: Its value, where it is a number; 0 otherwise.
        changed: Whether the first variant has something else there.
    """

    text: str
    number: int = 0
    changed: bool = False


@dataclass(frozen=True)
class LayerRow:
    """A row of a layer table."""

    name: str
    cells: tuple[LayerCell, ...]


def layers_section(layout: Layout) -> Markup:
    """The body of the section."""
    first = layout.variants[0]
    return render(
        "layers.html",
        image=" × ".join(map(str, layout.data.image_shape)),
        first=first.name,
        marked=any(variant.table != first.table for variant in layout.variants),
        variants=[_variant(layout, variant, first) for variant in layout.variants],
    )


def layer_rows(table: LayerTable, compared: LayerTable) -> Iterator[LayerRow]:
    """The layers of a net; cells that differ from those of another one are marked."""
    others = {layer.name: layer for layer in compared.layers}
    for layer in table.layers:
        cells, known = _cells(layer), _cells(others.get(layer.name))
        yield LayerRow(
            layer.name,
            tuple(
                LayerCell(text, number, changed=(text, number) != other)
                for (text, number), other in zip(cells, known, strict=True)
            ),
        )


def _variant(layout: Layout, variant: VariantLayout, first: VariantLayout) -> Mapping[str, object]:
    table = variant.table
    same = next(other for other in layout.variants if other.table == table)
    own = {layer.name for layer in table.layers}
    return {
        "name": variant.name,
        "difference": "; ".join(difference_words(layout.study, variant.differences)) or "The base itself.",
        "same_as": None if same is variant else same.name,
        "parameters": table.parameter_count,
        "parameter_words": f"{table.parameter_count:,}",
        "flops": table.forward_flops,
        "flop_words": f"{table.forward_flops:,}",
        "rows": list(layer_rows(table, first.table)),
        "totals": [
            _total(table.parameter_count, first.table.parameter_count),
            _total(table.forward_flops, first.table.forward_flops),
        ],
        "without": ", ".join(layer.name for layer in first.table.layers if layer.name not in own),
        "epochs": epochs_arithmetic(variant),
    }


def _cells(layer: Layer | None) -> tuple[tuple[str, int], ...]:
    """Setting, output, arithmetic, weights, parameters, FLOPs; nothing for a layer that is not there."""
    if layer is None:
        return (("", 0),) * 6
    parameters = sum(math.prod(sides) for sides in layer.parameters.values())
    return (
        (layer.detail, 0),
        (" × ".join(map(str, layer.output)), 0),
        (layer.arithmetic, 0),
        (" ".join(shape(sides) for sides in layer.parameters.values()), 0),
        (f"{parameters:,}" if parameters else "", parameters),
        (f"{layer.flops:,}" if layer.flops else "", layer.flops),
    )


def _total(number: int, compared: int) -> LayerCell:
    return LayerCell(f"{number:,}", number, changed=number != compared)
