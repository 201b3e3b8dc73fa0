"""Layer arithmetic without torch: output shapes with the formula written out, parameters, FLOPs.

FLOPs count 2 for each multiply-add of convolutions and linear layers, as torch's own counter does; biases,
activations and pooling are left out.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from paribus.errors import Fault, StudyError
from paribus.spec import Net, ResolvedBlock

Shape = tuple[int, ...]

OWN_START = "the net itself"
"""Sets the initial value of a parameter of an own net where torch's stock initialisation does not."""

GLOBALLY_SEEDED = "globally seeded"
"""Note on an own net: the parameters that it gave their initial values itself."""
MEMORY_FORMAT = "memory format"
"""Note on an own net: the memory format it is computed in, and why not in the faster one."""

MAX_PARAMETERS = 2**31
MAX_ACTIVATION = 2**31
"""Elements of one image's activation beyond which a net is refused as a slip of the pen."""


@dataclass(frozen=True)
class Layer:
    """One layer of a net.

    Attributes:
        name: Name of the layer, such as ``conv1``; equal names in two variants mean the same place.
        kind: What it computes: ``conv``, ``batch_norm``, ``add``, ``activation``, ``pool``, ``dropout``,
            ``flatten`` or ``linear``; in an own net, the name of the module's class.
        detail: What it is set to, in words.
        output: Shape of its output for one image, ``(C, H, W)`` or ``(features,)``.
        arithmetic: How the output shape follows from the input's.
        parameters: Parameter name to shape.
        flops: FLOPs of the forward pass for one image.
        buffers: Name of each state that is kept but not trained, to its shape.
    """

    name: str
    kind: str
    detail: str
    output: Shape
    arithmetic: str
    parameters: Mapping[str, Shape] = field(default_factory=dict)
    flops: int = 0
    buffers: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerTable:
    """The layers of a net from image to logits.

    Attributes:
        image: Shape of the input image, ``(C, H, W)``.
        classes: Length of the logits.
        layers: The layers in order.
        training_flops: FLOPs of forward and backward for one image: three times those of the forward pass,
            but twice those of layers that take the image, which needs no gradient.
        starts: Of an own net, parameter name to what sets its initial value: torch's stock initialisation of
            a kind of module, or `OWN_START`. Parameters that are not named here are drawn by name.
        notes: Of an own net, what a reader of its runs should know, as it stands in their records.
    """

    image: Shape
    classes: int
    layers: tuple[Layer, ...]
    training_flops: int
    starts: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Shape]:
        """Parameter name to shape, in the order of the net."""
        return {name: shape for layer in self.layers for name, shape in layer.parameters.items()}

    @property
    def common_starts(self) -> dict[str, tuple[str | Shape, ...]]:
        """Parameter name to all that its initial bits follow from but the seed.

        That is its name, what sets it, and the shapes of its layer's parameters: the range of a bias follows
        from the inputs of its layer. Parameters that an own net sets itself are left out.
        """
        return {
            name: (name, self.starts.get(name, ""), *layer.parameters.values())
            for layer in self.layers
            for name in layer.parameters
            if self.starts.get(name) != OWN_START
        }

    @property
    def parameter_count(self) -> int:
        """Number of trained values."""
        return sum(math.prod(shape) for shape in self.parameters.values())

    @property
    def forward_flops(self) -> int:
        """FLOPs of the forward pass for one image."""
        return sum(layer.flops for layer in self.layers)

    @property
    def buffer_count(self) -> int:
        """Number of values that are kept but not trained."""
        return sum(math.prod(shape) for layer in self.layers for shape in layer.buffers.values())

    def __repr__(self) -> str:
        image = " × ".join(map(str, self.image))
        return f"LayerTable({image} to {self.classes}, {self.parameter_count:,} parameters)"

    def __str__(self) -> str:
        from paribus.nets.tables import layers_text  # noqa: PLC0415 - is made of the values of this module

        return layers_text(self)

    def _repr_html_(self) -> str:
        from paribus.nets.tables import layers_html  # noqa: PLC0415 - is made of the values of this module

        return layers_html(self)


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
    take_the_image = {"conv1_depth" if net.resolved_blocks()[0].depthwise else "conv1", "skip1"}
    of_image = sum(layer.flops for layer in layers if layer.name in take_the_image)
    table = LayerTable(image, classes, layers, 3 * sum(layer.flops for layer in layers) - of_image)
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
    if net.global_pool != "none":
        channels, height, width = shape
        shape = (channels, 1, 1)
        yield Layer("global_pool", "pool", f"{net.global_pool} {height}×{width}", shape, "")
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
    convolutions = _convolutions(block, number, shape, at)
    yield from convolutions
    output = convolutions[-1].output
    if block.batch_norm:
        yield _batch_norm(f"bn{number}", output)
    if block.residual:
        yield from _residual(block, number, shape, output, at)
    yield Layer(f"act{number}", "activation", block.activation, output, "")
    if block.pool != "none":
        pool = _pool(block, number, output, at)
        yield pool
        output = pool.output
    if block.dropout:
        yield Layer(f"drop{number}", "dropout", f"p = {block.dropout}", output, "")


def _convolutions(block: ResolvedBlock, number: int, shape: Shape, at: str) -> list[Layer]:
    """The convolution of a block; where it is separable, that of each channel and the 1×1 one after it."""
    _, height, width = shape
    fits = min(height, width) + sum(block.padding)
    if fits < block.kernel:
        expected = f"at most {fits} on feature maps of {height} × {width}"
        raise StudyError(at, [Fault(f"{at}.kernel", expected, str(block.kernel))])
    name = f"conv{number}"
    if not block.depthwise:
        return [_conv(name, shape, block.channels, block.kernel, block.stride, block.padding)]
    depth = _conv(f"{name}_depth", shape, 0, block.kernel, block.stride, block.padding)
    return [depth, _conv(name, depth.output, block.channels, 1, 1, (0, 0))]


def _residual(block: ResolvedBlock, number: int, shape: Shape, output: Shape, at: str) -> Iterator[Layer]:
    """What is added before the activation: the block's input, or its projection to the output's shape."""
    added = "the block's input"
    if shape != output:
        skip = _conv(f"skip{number}", shape, block.channels, 1, block.stride, (0, 0))
        if skip.output != output:
            sides, found = (" × ".join(map(str, layer[1:])) for layer in (skip.output, output))
            expected = f"feature maps of {sides} from the convolution, as padding = 'same' gives them"
            raise StudyError(at, [Fault(f"{at}.residual", expected, found)])
        yield skip
        added = skip.name
    yield Layer(f"add{number}", "add", added, output, "")


def _conv(
    name: str, shape: Shape, channels: int, kernel: int, stride: int, padding: tuple[int, int]
) -> Layer:
    """A convolution with bias to some channels; with 0, one of each channel by itself without bias."""
    inputs, *size = shape
    sides = [(side + sum(padding) - kernel) // stride + 1 for side in size]
    weight = (channels, inputs, kernel, kernel) if channels else (inputs, 1, kernel, kernel)
    parameters: dict[str, Shape] = {f"{name}.weight": weight}
    if channels:
        parameters[f"{name}.bias"] = (channels,)
    each = "" if channels else " of each channel"
    return Layer(
        name=name,
        kind="conv",
        detail=f"{kernel}×{kernel}{each}, stride {stride}, padding {_words(*padding)}",
        output=(weight[0], *sides),
        arithmetic=_formula(tuple(size), padding, kernel, stride, sides),
        parameters=parameters,
        flops=2 * math.prod(weight) * math.prod(sides),
    )


def _batch_norm(name: str, output: Shape) -> Layer:
    vector = output[:1]
    return Layer(
        name=name,
        kind="batch_norm",
        detail="",
        output=output,
        arithmetic="",
        parameters={f"{name}.weight": vector, f"{name}.bias": vector},
        buffers={
            f"{name}.running_mean": vector,
            f"{name}.running_var": vector,
            f"{name}.num_batches_tracked": (),
        },
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
