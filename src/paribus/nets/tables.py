"""Layers as tables: one row a layer, as plain text and in HTML."""

from paribus.markup import table
from paribus.nets.shapes import Layer, LayerTable

HEAD = ("layer", "output", "parameters", "FLOPs")


def cells(layer: Layer) -> tuple[str, str, str, str]:
    """A layer's row: name and setting, output shape over its arithmetic, parameters, FLOPs for one image."""
    arithmetic = f"\n{layer.arithmetic}" if layer.arithmetic else ""
    shapes = (f"({', '.join(map(str, shape))})" for shape in layer.parameters.values())
    return (
        f"{layer.name}  {layer.detail}".rstrip(),
        " × ".join(map(str, layer.output)) + arithmetic,
        " ".join(shapes),
        f"{layer.flops:,}" if layer.flops else "",
    )


def layers_html(layers: LayerTable) -> str:
    """The layers in HTML."""
    return table(
        _caption(layers), HEAD, [cells(layer) for layer in layers.layers], numeric=(3,), foot=_foot(layers)
    )


def layers_text(layers: LayerTable) -> str:
    """The layers in columns, the arithmetic behind its output shape."""
    rows = [HEAD, *(cells(layer) for layer in layers.layers), _foot(layers)]
    flat = [[" ".join(cell.replace("\n", "  ").split(" ")) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in flat) for column in range(len(HEAD))]
    lines = [
        "  ".join([*map(str.ljust, row[:-1], widths), row[-1].rjust(widths[-1])]).rstrip() for row in flat
    ]
    return "\n".join([_caption(layers), *lines])


def _caption(layers: LayerTable) -> str:
    return f"Layers for an image of {' × '.join(map(str, layers.image))}"


def _foot(layers: LayerTable) -> tuple[str, str, str, str]:
    return "all", "", f"{layers.parameter_count:,}", f"{layers.forward_flops:,}"
