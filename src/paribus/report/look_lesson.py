"""How a convolutional network sees, step by step, with the numbers of a real net and a real image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.report.charts.figure import NARROW
from paribus.report.html.environment import render
from paribus.report.html.page import Section
from paribus.report.look_answers import answer_drawing, answer_table, answer_words
from paribus.report.look_cells import Floats, full, picture
from paribus.report.look_lesson_drawings import (
    CROP,
    Slide,
    corner_drawing,
    crop_drawing,
    pools_drawing,
    scale_drawing,
    seen_counts,
    slide_drawing,
)
from paribus.report.look_lesson_pictures import (
    Picture,
    drawn_picture,
    maps_table,
    pools_table,
    small_picture,
)
from paribus.report.look_names import brightest, image_title
from paribus.report.look_pixel import patch_table, pixel_steps, shown_patch
from paribus.report.look_pixel_drawings import patch_drawing, window_drawing
from paribus.report.numbers import count
from paribus.report.tables import Table
from paribus.report.terminal import clean
from paribus.standing.looks import BlockLook, Convolution, ImageLook, NetLook
from paribus.standing.pixels import Pixel, take_apart


@dataclass(frozen=True)
class Step:
    """A step of the lesson, as the template takes it."""

    paragraphs: tuple[str, ...]
    pictures: tuple[Picture, ...] = ()
    formula: str = ""
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What the lesson is drawn from: one net, its first block and the strongest value in it."""

    looked: ImageLook
    net: NetLook
    block: BlockLook
    pixel: Pixel

    @property
    def first(self) -> Convolution:
        """The convolution that sees the image."""
        return self.block.depthwise or self.block.convolution

    @property
    def channel(self) -> int:
        """Which of its outputs is shown."""
        return self.pixel.channel if self.block.depthwise is None else self.pixel.source

    @property
    def kernel(self) -> Floats:
        """Its kernel over the input channel that is shown, ``(k, k)``."""
        shown, channel = shown_patch(self.pixel)
        kernel: Floats = shown.kernel[shown.sources.index(channel)]
        return kernel

    @property
    def image(self) -> Floats:
        """The input channel that is shown, ``(H, W)``."""
        image: Floats = self.first.source[self.pixel.source]
        return image

    def convolved(self, *, padding: int = 0, stride: int = 1) -> npt.NDArray[np.float64]:
        """That channel with that kernel and another padding or stride."""
        bias = 0.0 if self.first.bias is None else float(self.first.bias[self.channel])
        return convolved(self.image, self.kernel, bias, padding=padding, stride=stride)


def lesson_sections(looked: ImageLook, variants: Sequence[str]) -> tuple[Section, ...]:
    """The lesson, drawn from what a net makes of an image.

    Args:
        looked: An image and what the nets make of it; one of them must be a declared net.
        variants: Names of the study's variants in order.
    """
    net = next(net for net in looked.nets if net.blocks)
    block = net.blocks[0]
    seen = Seen(looked, net, block, take_apart(block, *brightest(block)))
    steps = (
        ("numbers", "An image is numbers", _numbers(seen)),
        ("convolution", "Convolution", _convolution(seen)),
        ("padding", "Padding", _padding(seen)),
        ("stride", "Stride", _stride(seen)),
        ("activation", "Activation", _activation(seen)),
        ("pooling", "Pooling", _pooling(seen)),
        ("size", "The size of the output", _size(seen)),
        ("classes", "From maps to classes", _classes(seen, variants)),
    )
    return tuple(Section(name, title, render("look_lesson.html", step=step)) for name, title, step in steps)


def convolved(
    image: Floats, kernel: Floats, bias: float, *, padding: int = 0, stride: int = 1
) -> npt.NDArray[np.float64]:
    """A convolution of one channel, as networks do it (without turning the kernel around).

    Args:
        image: ``(H, W)``.
        kernel: ``(k, k)``.
        bias: Added to every value.
        padding: Zeros on each side, pixels.
        stride: Pixels.

    Returns:
        ``(h, w)``, with sides ``⌊(n + 2p − k) / s⌋ + 1``.
    """
    padded = np.pad(image.astype(np.float64), padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)[::stride, ::stride]
    return np.asarray(np.einsum("rcij,ij->rc", windows, kernel) + bias)


def output_size(side: int, kernel: int, padding: int, stride: int) -> str:
    """The formula of the output's side with its numbers."""
    result = (side + 2 * padding - kernel) // stride + 1
    return f"⌊({side} + 2·{padding} − {kernel}) / {stride}⌋ + 1 = {result}"


def _numbers(seen: Seen) -> Step:
    shown, _ = shown_patch(seen.pixel)
    rows, columns = seen.image.shape
    corner = (_inner(shown.top - 2, rows - CROP), _inner(shown.left - 2, columns - CROP))
    address = picture(seen.looked.pixels)
    words = (
        f"For the net, an image is a table of numbers: here {rows} × {columns} of them, 0 for black, 1 for "
        "white. Everything that follows is arithmetic on this table."
    )
    drawn = drawn_picture(
        "numbers",
        lambda width: crop_drawing(address, seen.image, corner, width),
        f"{image_title(seen.looked)}.",
        maps_table("Every pixel of the image", (("image", seen.image),)),
    )
    return Step((words,), (drawn,))


def _convolution(seen: Seen) -> Step:
    pixel = seen.pixel
    side = len(seen.kernel)
    sums = [step for step in pixel_steps(pixel) if step.name == pixel.summand.convolution.layer]
    row, column = pixel.summand.row, pixel.summand.column
    rows, columns = seen.first.output.shape[1:]
    slide = Slide(
        picture=picture(seen.looked.pixels),
        shape=(seen.image.shape[0], seen.image.shape[1]),
        output=seen.first.output[seen.channel],
        side=side,
        stride=seen.first.stride,
        padding=seen.first.padding[0],
        places=((row, column), (rows // 4, columns // 4), (rows // 2, 4 * columns // 5)),
    )
    words = (
        f"A kernel is a small table of learned numbers, here {side} × {side}. Laid on a patch of the image, "
        "each number is multiplied with the pixel under it. The products are added up, and a bias on top."
    )
    example = (
        f"This is kernel {seen.channel} of the {len(seen.first.weight)} in the first layer of "
        f"{clean(seen.net.variant)}, at the place where it answers most strongly: "
        + "; ".join(f"{step.sum} = {full(step.value)}" for step in sums)
        + "."
    )
    pictures = (
        drawn_picture(
            "patch",
            lambda width: patch_drawing(pixel, width=width),
            "Blue is positive, vermillion negative; dashed cells lie outside of the image and count as zero.",
            patch_table(pixel),
        ),
        drawn_picture(
            "slid",
            lambda width: slide_drawing(slide, width),
            "The same kernel slides over the whole image, and each place gives one value of the feature map: "
            "a high one where the image looks like the kernel.",
            maps_table("Every value of the feature map", (("feature map", slide.output),)),
        ),
    )
    return Step((words, example), pictures)


def _padding(seen: Seen) -> Step:
    side, size = len(seen.kernel), seen.image.shape[0]
    around = (side - 1) // 2
    words = (
        "At the edge, the kernel hangs over. With padding “same”, zeros are put around the image, and the "
        "map is as large as the image. With “valid”, the kernel stays inside, and the map is smaller. It "
        "also sees the edge less often: a corner pixel counts in one place only."
    )
    maps = (
        ("input", seen.image),
        ("same", seen.convolved(padding=around)),
        ("valid", seen.convolved()),
    )
    sizes = f"same: {output_size(size, side, around, 1)}; valid: {output_size(size, side, 0, 1)}"
    pictures = (
        drawn_picture(
            "corner",
            lambda width: corner_drawing(side, around, width),
            "The upper left corner of the image: how many positions of the kernel see each pixel. Framed: "
            "the first position. Dashed: zeros of the padding.",
            maps_table(
                "Positions of the kernel that see each pixel of the corner",
                (("same", seen_counts(side, around, side + 1)), ("valid", seen_counts(side, 0, side + 1))),
            ),
        ),
        drawn_picture(
            "padded",
            lambda width: scale_drawing(maps, width),
            f"All in one scale. Side of the map, {sizes}.",
            maps_table("Every value of the three maps", maps),
        ),
    )
    return Step((words,), pictures)


def _stride(seen: Seen) -> Step:
    around = (len(seen.kernel) - 1) // 2
    maps = [(f"stride {stride}", seen.convolved(padding=around, stride=stride)) for stride in (1, 2, 3)]
    words = (
        "The stride is how many pixels the kernel moves from one place to the next. With stride 2, every "
        "second value is computed in both directions: a quarter of the map, and of the work. "
        f"{clean(seen.net.variant)} uses stride {seen.first.stride} here."
    )
    drawn = drawn_picture(
        "strides",
        lambda width: scale_drawing(maps, width),
        "The same kernel with stride 1, 2 and 3, in one scale.",
        maps_table("Every value of the three maps", maps),
    )
    return Step((words,), (drawn,))


def _activation(seen: Seen) -> Step:
    name = seen.block.block.activation
    least, most = seen.block.before.min(axis=(1, 2)), seen.block.before.max(axis=(1, 2))
    channel = int(np.minimum(-least, most).argmax())
    before, after = seen.block.before[channel], seen.block.after[channel]
    share = 100 * float((after == 0).mean())
    words = (
        "ReLU keeps what is positive and turns everything else into zero: max(0, x). In this map, "
        f"{share:.0f} % of the values become zero. Without such a bend, several layers could do no more "
        "than one."
        if name == "relu"
        else f"The activation {name} bends the values; without, several layers could do no more than one."
    )
    maps = (("before", before), ("after", after))
    drawn = drawn_picture(
        "activated",
        lambda width: scale_drawing(maps, width, abreast=2 if width == NARROW else 3),
        f"Map {channel} of block 1 before and after. Vermillion: negative.",
        maps_table("Every value before and after the activation", maps),
    )
    return Step((words,), (drawn,))


def _pooling(seen: Seen) -> Step:
    block, pixel = seen.block, seen.pixel
    after = block.after[pixel.channel].astype(np.float64)
    size = block.block.pool_size if block.block.pool != "none" else 2
    rows, columns = (
        _inner(at - at % size - size, side - 2 * size)
        for at, side in zip((pixel.summand.row, pixel.summand.column), after.shape, strict=True)
    )
    crop = after[rows : rows + 2 * size, columns : columns + 2 * size]
    words = (
        "Pooling makes maps smaller: each window becomes one value. The largest says whether the pattern is "
        "anywhere in the window. The mean says how much of it there is; a single strong answer is diluted."
    )
    pictures = [
        drawn_picture(
            "pools",
            lambda width: pools_drawing(crop, size, width),
            f"Part of map {pixel.channel} after the activation, in windows of {size} × {size}. Max pooling "
            "keeps the largest of each window (framed), average pooling the mean.",
            pools_table(crop, size),
        )
    ]
    window = window_drawing(pixel, width=NARROW)
    if window is not None:
        caption = f"{clean(seen.net.variant)} uses {pixel.pool} pooling: the window of its strongest value."
        windows = (("before the activation", pixel.window_before), ("after", pixel.window))
        pictures.append(small_picture("window", window, caption, maps_table("The pooling window", windows)))
    return Step((words,), tuple(pictures))


def _size(seen: Seen) -> Step:
    words = (
        "The side of a map follows from the side of its input n, the padding p, the kernel k and the "
        "stride s. Pooling divides it by the side of its window, and drops a remainder."
    )
    tables = tuple(_layer_table(net) for net in seen.looked.nets if net.table is not None)
    return Step((words,), formula="⌊(n + 2p − k) / s⌋ + 1", tables=tables)


def _classes(seen: Seen, variants: Sequence[str]) -> Step:
    net, looked = seen.net, seen.looked
    maps, rows, columns = net.blocks[-1].output.shape
    prediction = looked.predictions[looked.nets.index(net)]
    words = (
        f"After the last block there are {count(maps, 'map')} of {rows} × {columns}, which is "
        f"{maps * rows * columns:,} numbers. A linear layer weighs and adds them up for each class, and "
        "softmax turns the "
        f"{len(prediction.classes)} sums into probabilities. {clean(net.variant)} {answer_words(prediction)}."
    )
    drawing = answer_drawing(prediction, variants.index(net.variant), width=NARROW)
    caption = "Bars: mean over the seeds; line: from the least to the greatest of them."
    table = answer_table(prediction, net.variant)
    return Step((words,), (small_picture("classes", drawing, caption, table),))


def _layer_table(net: NetLook) -> Table:
    assert net.table is not None, "an own net has no layer table"
    rows = tuple(
        (layer.name, layer.detail, " × ".join(map(str, layer.output)), layer.arithmetic)
        for layer in net.table.layers
        if layer.arithmetic
    )
    title = f"{clean(net.variant)}: where the size changes"
    return Table(title, ("layer", "setting", "output", "how it follows"), rows)


def _inner(at: int, last: int) -> int:
    """A place within 0 and the last possible one."""
    return max(0, min(at, last))
