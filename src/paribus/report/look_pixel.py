"""One output of a block as it came about: patch × kernel + bias, activation, pooling; in words and tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.report.look_cells import full
from paribus.report.tables import Number, Table
from paribus.standing.pixels import PatchSum, Pixel

ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "tanh": "tanh",
    "sigmoid": "the sigmoid",
}


@dataclass(frozen=True)
class Step:
    """One step from input to output.

    Attributes:
        name: What is done.
        sum: How it is worked out, as a formula with numbers.
        value: What comes out.
    """

    name: str
    sum: str
    value: float


def pixel_steps(pixel: Pixel) -> tuple[Step, ...]:
    """The arithmetic of an output, step by step; each step starts from what the one before gives."""
    return (*_convolution_steps(pixel), *_block_steps(pixel), _pool_step(pixel))


def pixel_name(pixel: Pixel) -> str:
    """Which output it is, counted from 0."""
    return f"block {pixel.block}, channel {pixel.channel}, row {pixel.row}, column {pixel.column}"


def pixel_sentence(pixel: Pixel) -> str:
    """The whole arithmetic in one sentence, for those who hear it."""
    steps = "; ".join(f"{step.name}: {step.sum} = {full(step.value)}" for step in pixel_steps(pixel))
    return f"{pixel_name(pixel)}: {full(pixel.value)}. {steps}."


def patch_table(pixel: Pixel) -> Table:
    """The patch that is shown, place by place, with input, weight and product in full."""
    shown, channel = shown_patch(pixel)
    index = shown.sources.index(channel)
    rows = tuple(
        (
            f"{row}, {column}",
            _number(shown.patch[index, row, column]),
            _number(shown.kernel[index, row, column]),
            _number(shown.products[index, row, column]),
        )
        for row, column in np.ndindex(*shown.inside.shape)
    )
    return Table(
        f"{shown.layer}: patch and kernel of input channel {channel}",
        ("row, column", "input", "weight", "product"),
        rows,
        ("place", "input", "weight", "product"),
    )


def channel_table(pixel: Pixel) -> Table:
    """The sum of each input channel of the convolution, in full."""
    main = pixel.summand.convolution
    rows = tuple(
        (f"{source}", _number(float(value)))
        for source, value in zip(main.sources, main.per_channel, strict=True)
    )
    return Table(
        f"{main.layer}: sum of patch × kernel over each input channel",
        ("input channel", "sum"),
        rows,
        ("channel", "sum"),
    )


def shown_patch(pixel: Pixel) -> tuple[PatchSum, int]:
    """The sum whose patch is shown, and the input channel of the block that it shows."""
    summand = pixel.summand
    return summand.depthwise or summand.convolution, pixel.source


def _convolution_steps(pixel: Pixel) -> Iterator[Step]:
    main, inner = pixel.summand.convolution, pixel.summand.depthwise
    shown, channel = shown_patch(pixel)
    index = shown.sources.index(channel)
    if inner is not None:
        places = inner.patch[0].size
        yield Step(
            f"{inner.layer}, channel {channel}", f"sum of {places} products of patch and kernel", inner.total
        )
        weight = float(
            main.kernel[index if channel not in main.sources else main.sources.index(channel), 0, 0]
        )
        yield Step(
            f"its share in {main.layer}", f"{full(inner.computed)} × {full(weight)}", inner.computed * weight
        )
    elif len(main.sources) > 1:
        places = main.patch[0].size
        yield Step(
            f"input channel {channel}",
            f"sum of {places} products of patch and kernel",
            float(main.per_channel[index]),
        )
    bias = "" if main.bias is None else f" + bias {full(main.bias)}"
    products = float(main.per_channel.sum())
    what = (
        f"{full(products)} from {len(main.sources)} input channels"
        if len(main.sources) > 1
        else f"{full(products)} from {main.patch[0].size} products of patch and kernel"
    )
    yield Step(main.layer, f"{what}{bias}", main.total)


def _block_steps(pixel: Pixel) -> Iterator[Step]:
    summand = pixel.summand
    normal = summand.normalized
    if normal is not None:
        yield Step(
            f"batch normalization of block {pixel.block}",
            f"{full(normal.weight)} · ({full(normal.value)} − {full(normal.mean)}) / "
            f"√{full(normal.variance + normal.eps)}"
            f" + {full(normal.bias)}",
            normal.result,
        )
    if summand.added is not None:
        start = normal.result if normal is not None else summand.convolution.total
        yield Step(
            "what the residual block adds", f"{full(start)} + {full(summand.added)}", summand.recomputed
        )
    if pixel.activation != "none":
        name = ACTIVATIONS[pixel.activation]
        what = (
            f"max(0, {full(summand.before)})" if pixel.activation == "relu" else f"of {full(summand.before)}"
        )
        yield Step(name, what, summand.after)


def _pool_step(pixel: Pixel) -> Step:
    values = [float(value) for value in pixel.window.ravel()]
    if pixel.pool == "none":
        return Step("no pooling", "the value stays", pixel.value)
    listed = _listed(values)
    if pixel.pool == "avg":
        return Step("average pooling", f"({listed.replace(', ', ' + ')}) / {len(values)}", pixel.pooled)
    row, column = pixel.winner
    return Step(
        "max pooling", f"the largest of {listed}, in row {row}, column {column} of the window", pixel.pooled
    )


def _listed(values: Sequence[float]) -> str:
    """Values in a row; of a large window the first ones."""
    shown = ", ".join(full(value) for value in values[:16])
    return shown if len(values) <= 16 else f"{shown}, … ({len(values)} values)"


def _number(value: float) -> Number:
    return Number(float(value), full(float(value)))
