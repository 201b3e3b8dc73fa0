"""Layer arithmetic without torch: output shapes with the formula written out, parameters, FLOPs.

FLOPs count 2 for each multiply-add of convolutions and linear layers, as torch's own counter does; biases,
activations and pooling are left out.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from paribus.errors import Fault, StudyError
from paribus.spec import Net, ResolvedBlock

Shape = tuple[int, ...]
Kind = Literal["conv", "batch_norm", "activation", "pool", "dropout", "flatten", "linear"]

MAX_PARAMETERS = 2**31
MAX_ACTIVATION = 2**31
"""Elements of one image's activation beyond which a net is refused as a slip of the pen."""


@dataclass(frozen=True)
class Layer:
    """One layer of a net.

    Attributes:
        name: Name of the layer, such as ``conv1``; equal names in two variants mean the same place.
        kind: What it computes.
        detail: What it is set to, in words.
        output: Shape of its output for one image, ``(C, H, W)`` or ``(features,)``.
        arithmetic: How the output shape follows from the input's.
        parameters: Parameter name to shape.
        flops: FLOPs of the forward pass for one image.
    """

    name: str
    kind: Kind
    detail: str
    output: Shape
    arithmetic: str
    parameters: Mapping[str, Shape] = field(default_factory=dict)
    flops: int = 0


@dataclass(frozen=True)
class LayerTable:
    """The layers of a net from image to logits.

    Attributes:
        image: Shape of the input image, ``(C, H, W)``.
        layers: The layers in order.
    """

    image: Shape
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> dict[str, Shape]:
        """Parameter name to shape, in the order of the net."""
        return {name: shape for layer in self.layers for name, shape in layer.parameters.items()}

    @property
    def parameter_count(self) -> int:
        """Number of trained values."""
        return sum(math.prod(shape) for shape in self.parameters.values())

    @property
    def forward_flops(self) -> int:
        """FLOPs of the forward pass for one image."""
        return sum(layer.flops for layer in self.layers)

    @property
    def training_flops(self) -> int:
        """FLOPs of forward and backward for one image; the first layer needs no gradient of its input."""
        first = next(layer.flops for layer in self.layers if layer.flops)
        return 3 * self.forward_flops - first


def layer_table(net: Net, image: Shape, classes: int, *, at: str = "net") -> LayerTable:
    """The layers of a net for images of one shape.

    Args:
        net: The net.
        image: Shape of an image, ``(C, H, W)``.
        classes: Number of classes, the length of the logits.
        at: Where the net stands in the study, put before the field in a fault.

    Raises:
        StudyError: If the net does not fit the images, or is too large to be meant.
    """
    layers = tuple(_layers(net, image, classes, at))
    table = LayerTable(image, layers)
    largest = max(layers, key=lambda layer: math.prod(layer.output))
    if table.parameter_count > MAX_PARAMETERS or math.prod(largest.output) > MAX_ACTIVATION:
        expected = f"at most {MAX_PARAMETERS:,} parameters and activations of one image"
        found = (
            f"{table.parameter_count:,} parameters; {largest.name} gives {math.prod(largest.output):,} values"
        )
        raise StudyError(at, [Fault(at, expected, found)])
    return table


def _layers(net: Net, image: Shape, classes: int, at: str) -> Iterator[Layer]:
    shape = image
    for index, block in enumerate(net.resolved_blocks()):
        for layer in _block(block, index + 1, shape, f"{at}.blocks.{index}"):
            yield layer
            shape = layer.output
    features = math.prod(shape)
    yield Layer("flatten", "flatten", "", (features,), f"{' · '.join(map(str, shape))} = {features}")
    for number, width in enumerate((*net.hidden, classes), start=1):
        yield _linear(f"fc{number}", features, width)
        features = width
        if number <= len(net.hidden):
            yield Layer(f"act_fc{number}", "activation", net.activation, (width,), "")
            if net.dropout:
                yield Layer(f"drop_fc{number}", "dropout", f"p = {net.dropout}", (width,), "")


def _block(block: ResolvedBlock, number: int, shape: Shape, at: str) -> Iterator[Layer]:
    conv = _conv(block, number, shape, at)
    yield conv
    if block.batch_norm:
        name = f"bn{number}"
        sizes = {f"{name}.weight": (block.channels,), f"{name}.bias": (block.channels,)}
        yield Layer(name, "batch_norm", "", conv.output, "", sizes)
    yield Layer(f"act{number}", "activation", block.activation, conv.output, "")
    output = conv.output
    if block.pool != "none":
        pool = _pool(block, number, output, at)
        yield pool
        output = pool.output
    if block.dropout:
        yield Layer(f"drop{number}", "dropout", f"p = {block.dropout}", output, "")


def _conv(block: ResolvedBlock, number: int, shape: Shape, at: str) -> Layer:
    channels, height, width = shape
    sides = [(side + sum(block.padding) - block.kernel) // block.stride + 1 for side in (height, width)]
    if min(height, width) + sum(block.padding) < block.kernel:
        fits = min(height, width) + sum(block.padding)
        expected = f"at most {fits} on feature maps of {height} × {width}"
        raise StudyError(at, [Fault(f"{at}.kernel", expected, str(block.kernel))])
    output = (block.channels, *sides)
    weight = (block.channels, channels, block.kernel, block.kernel)
    before, after = block.padding
    return Layer(
        name=f"conv{number}",
        kind="conv",
        detail=f"{block.kernel}×{block.kernel}, stride {block.stride}, padding {_words(before, after)}",
        output=output,
        arithmetic=_formula((height, width), (before, after), block.kernel, block.stride, sides),
        parameters={f"conv{number}.weight": weight, f"conv{number}.bias": (block.channels,)},
        flops=2 * math.prod(weight) * math.prod(sides),
    )


def _pool(block: ResolvedBlock, number: int, shape: Shape, at: str) -> Layer:
    channels, height, width = shape
    size = block.pool_size
    if min(height, width) < size:
        expected = f"at most {min(height, width)} on feature maps of {height} × {width}, or pool = 'none'"
        raise StudyError(at, [Fault(f"{at}.pool_size", expected, str(size))])
    sides = [side // size for side in (height, width)]
    formula = f"⌊{height} / {size}⌋ = {sides[0]}"
    if height != width:
        formula += f", ⌊{width} / {size}⌋ = {sides[1]}"
    return Layer(f"pool{number}", "pool", f"{block.pool} {size}×{size}", (channels, *sides), formula)


def _linear(name: str, features: int, width: int) -> Layer:
    return Layer(
        name=name,
        kind="linear",
        detail=f"{features} → {width}",
        output=(width,),
        arithmetic="",
        parameters={f"{name}.weight": (width, features), f"{name}.bias": (width,)},
        flops=2 * features * width,
    )


def _formula(sides: Shape, padding: tuple[int, int], kernel: int, stride: int, output: list[int]) -> str:
    before, after = padding
    zeros = f"2·{before}" if before == after else f"{before} + {after}"
    terms = [
        f"⌊({side} + {zeros} − {kernel}) / {stride}⌋ + 1 = {out}"
        for side, out in zip(sides, output, strict=True)
    ]
    return ", ".join(dict.fromkeys(terms))


def _words(before: int, after: int) -> str:
    return str(before) if before == after else f"{before} before, {after} after"
