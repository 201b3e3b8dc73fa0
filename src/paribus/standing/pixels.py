"""One output of a block taken apart: patch × kernel + bias, normalization, activation, pooling.

Everything is worked out in float64 from the float32 values of the net, so that what is shown adds up to what
the net computed, up to the rounding of float32.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.errors import UsageError
from paribus.spec.net import Pool
from paribus.standing.looks import BlockLook, Convolution, Maps, Normalization

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PatchSum:
    """One output of a convolution as a sum over its patch.

    Attributes:
        layer: Name of the convolution.
        channel: Output channel.
        row: Row of the output.
        column: Column of the output.
        top: Row of the patch's first pixel in the input; negative where it lies in the padding.
        left: Its column.
        sources: Input channels that are summed, ``(I,)``.
        patch: Input under the kernel, zeros where it is padding, ``(I, k, k)``.
        inside: Which places of the patch lie in the input, ``(k, k)``.
        kernel: ``(I, k, k)``.
        bias: Added at the end; None where the convolution has none.
        computed: What the net's own convolution gave.
    """

    layer: str
    channel: int
    row: int
    column: int
    top: int
    left: int
    sources: tuple[int, ...]
    patch: Floats
    inside: npt.NDArray[np.bool_]
    kernel: Floats
    bias: float | None
    computed: float

    @property
    def products(self) -> Floats:
        """Patch times kernel, ``(I, k, k)``."""
        return self.patch * self.kernel

    @property
    def per_channel(self) -> Floats:
        """Sum of the products of each input channel, ``(I,)``."""
        return np.asarray(self.products.sum(axis=(1, 2)))

    @property
    def total(self) -> float:
        """Sum of all products and the bias."""
        return math.fsum([*self.products.ravel(), self.bias or 0.0])


@dataclass(frozen=True)
class Normalized:
    """Batch normalization of one value: ``weight · (value − mean) / √(variance + eps) + bias``."""

    value: float
    mean: float
    variance: float
    weight: float
    bias: float
    eps: float

    @property
    def result(self) -> float:
        """The normalized value."""
        return self.weight * (self.value - self.mean) / math.sqrt(self.variance + self.eps) + self.bias


@dataclass(frozen=True, eq=False)
class Summand:
    """What leads to one value before pooling.

    Attributes:
        row: Its row, before pooling.
        column: Its column.
        convolution: The sum over its patch.
        depthwise: For a depthwise-separable convolution, the sum over the patch of one input channel of
            `convolution`.
        normalized: Batch normalization, if there is one.
        added: What a residual block adds, or None.
        before: What the activation takes, by the net.
        after: What it gives, by the net.
    """

    row: int
    column: int
    convolution: PatchSum
    depthwise: PatchSum | None
    normalized: Normalized | None
    added: float | None
    before: float
    after: float

    @property
    def recomputed(self) -> float:
        """What the activation takes, worked out from the parts."""
        value = self.convolution.total if self.normalized is None else self.normalized.result
        return value + (self.added or 0.0)


@dataclass(frozen=True, eq=False)
class Pixel:
    """One output of a block.

    Attributes:
        block: The block's number, from 1.
        channel: Channel.
        row: Row, after pooling.
        column: Column.
        activation: Name of the activation.
        pool: Kind of pooling.
        window: Values under the pooling window, after the activation, ``(size, size)``; ``(1, 1)`` without
            pooling.
        window_before: The same before the activation.
        winner: Place of the largest value in the window, row and column; of the first of them where several
            are equal.
        source: The input channel whose patch is chosen to be shown.
        summand: How the chosen value of the window came about.
        chosen: Its place in the window.
        value: The output, by the net.
    """

    block: int
    channel: int
    row: int
    column: int
    activation: str
    pool: Pool
    window: Floats
    window_before: Floats
    winner: tuple[int, int]
    source: int
    summand: Summand
    chosen: tuple[int, int]
    value: float

    @property
    def pooled(self) -> float:
        """The output, worked out from the window."""
        return float(self.window.mean() if self.pool == "avg" else self.window.max())


def take_apart(
    look: BlockLook,
    channel: int,
    row: int,
    column: int,
    *,
    place: tuple[int, int] | None = None,
    source: int | None = None,
) -> Pixel:
    """How one output of a block came about.

    Args:
        look: The block at an image.
        channel: Output channel, from 0.
        row: Row of the output, from 0.
        column: Column of the output, from 0.
        place: Which value of the pooling window to take apart, row and column; the largest when left out.
        source: Which input channel's patch to show; the one that contributes most when left out.

    Raises:
        UsageError: If the block has no such output, window or input channel.
    """
    _within("channel", channel, look.output.shape[0])
    _within("row", row, look.output.shape[1])
    _within("column", column, look.output.shape[2])
    size = look.block.pool_size
    rows, columns = slice(row * size, (row + 1) * size), slice(column * size, (column + 1) * size)
    window = look.after[channel, rows, columns].astype(np.float64)
    before = look.before[channel, rows, columns].astype(np.float64)
    # ReLU makes the negative ones equal: the largest before it wins, as it does where pooling comes first
    winner = _place(np.argmax(before if look.block.activation == "relu" else window), size)
    chosen = winner if place is None else place
    _within("row of the window", chosen[0], size)
    _within("column of the window", chosen[1], size)
    summand, shown = _summand(look, channel, row * size + chosen[0], column * size + chosen[1], source)
    return Pixel(
        block=look.number,
        channel=channel,
        row=row,
        column=column,
        activation=look.block.activation,
        pool=look.block.pool,
        window=window,
        window_before=before,
        winner=winner,
        source=shown,
        summand=summand,
        chosen=chosen,
        value=float(look.output[channel, row, column]),
    )


def patch_sum(convolution: Convolution, channel: int, row: int, column: int) -> PatchSum:
    """One output of a convolution as a sum over its patch; the place must exist."""
    side = convolution.weight.shape[2]
    top = row * convolution.stride - convolution.padding[0]
    left = column * convolution.stride - convolution.padding[0]
    sources = (channel,) if convolution.depthwise else tuple(range(len(convolution.source)))
    patch, inside = _patch(convolution.source[list(sources)], top, left, side)
    return PatchSum(
        layer=convolution.layer,
        channel=channel,
        row=row,
        column=column,
        top=top,
        left=left,
        sources=sources,
        patch=patch,
        inside=inside,
        kernel=convolution.weight[channel].astype(np.float64),
        bias=None if convolution.bias is None else float(convolution.bias[channel]),
        computed=float(convolution.output[channel, row, column]),
    )


def _summand(look: BlockLook, channel: int, row: int, column: int, source: int | None) -> tuple[Summand, int]:
    """How a value before pooling came about, and which input channel's patch is shown."""
    main = patch_sum(look.convolution, channel, row, column)
    shown = int(np.abs(main.per_channel).argmax()) if source is None else source
    _within("input channel", shown, len(main.sources))
    return (
        Summand(
            row=row,
            column=column,
            convolution=main,
            depthwise=None if look.depthwise is None else patch_sum(look.depthwise, shown, row, column),
            normalized=_normalized(look.normalization, main.computed, channel),
            added=None if look.added is None else float(look.added[channel, row, column]),
            before=float(look.before[channel, row, column]),
            after=float(look.after[channel, row, column]),
        ),
        shown,
    )


def _patch(maps: Maps, top: int, left: int, side: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Values under a kernel, ``(I, k, k)``, and which of them lie in the maps."""
    rows, columns = np.arange(top, top + side), np.arange(left, left + side)
    height, width = maps.shape[1:]
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    values = maps[:, rows.clip(0, height - 1)[:, None], columns.clip(0, width - 1)]
    return np.where(inside, values, 0.0).astype(np.float64), inside


def _normalized(normalization: Normalization | None, value: float, channel: int) -> Normalized | None:
    if normalization is None:
        return None
    return Normalized(
        value=value,
        mean=float(normalization.mean[channel]),
        variance=float(normalization.variance[channel]),
        weight=float(normalization.weight[channel]),
        bias=float(normalization.bias[channel]),
        eps=normalization.eps,
    )


def _place(index: np.intp, size: int) -> tuple[int, int]:
    return int(index) // size, int(index) % size


def _within(what: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise UsageError(
            f"there is no {what} {value}", expected=f"a whole number from 0 to {count - 1}", found=str(value)
        )
