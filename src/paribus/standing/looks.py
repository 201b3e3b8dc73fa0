"""What a trained net makes of one image, layer by layer: made by inference, drawn by report and page.

Values only. What a single output is made of is worked out from them in `paribus.standing.pixels`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from paribus.nets.shapes import LayerTable
from paribus.spec import ResolvedBlock
from paribus.standing.trained import Prediction

Maps = npt.NDArray[np.float32]
"""Feature maps ``(C, H, W)``."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution with what went in and what came out.

    Attributes:
        layer: Its name in the layer table.
        source: Input, ``(I, H, W)``.
        weight: Kernels, ``(O, I, k, k)``; ``(O, 1, k, k)`` where each channel is convolved by itself.
        bias: ``(O,)``, or None.
        stride: Pixels.
        padding: Zeros before and after, pixels.
        output: ``(O, h, w)``.
    """

    layer: str
    source: Maps
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32] | None
    stride: int
    padding: tuple[int, int]
    output: Maps

    @property
    def depthwise(self) -> bool:
        """Whether each channel is convolved by itself."""
        return self.weight.shape[1] == 1 and len(self.source) > 1


@dataclass(frozen=True, eq=False)
class Normalization:
    """Batch normalization by the statistics of training: ``weight · (x − mean) / √(variance + eps) + bias``.

    Attributes:
        mean: ``(C,)``.
        variance: ``(C,)``.
        weight: ``(C,)``.
        bias: ``(C,)``.
        eps: Added to the variance.
        output: ``(C, H, W)``.
    """

    mean: npt.NDArray[np.float32]
    variance: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    eps: float
    output: Maps


@dataclass(frozen=True, eq=False)
class BlockLook:
    """One block at one image.

    Attributes:
        number: Its place in the net, from 1.
        block: What it is set to.
        depthwise: The convolution of each channel by itself, where the block has one.
        convolution: The convolution over all channels (after `depthwise`, of 1 × 1).
        normalization: Batch normalization, if there is one.
        shortcut: The 1 × 1 convolution of the block's input that is added, if there is one.
        added: What is added before the activation, ``(C, h, w)``; None in a block without residual.
        before: What the activation takes, ``(C, h, w)``.
        after: What it gives, ``(C, h, w)``.
        output: After pooling, ``(C, h', w')``; the same as `after` without pooling.
    """

    number: int
    block: ResolvedBlock
    depthwise: Convolution | None
    convolution: Convolution
    normalization: Normalization | None
    shortcut: Convolution | None
    added: Maps | None
    before: Maps
    after: Maps
    output: Maps

    @property
    def source(self) -> Maps:
        """The block's input, ``(I, H, W)``."""
        return (self.depthwise or self.convolution).source


@dataclass(frozen=True, eq=False)
class NetLook:
    """One trained net at one image.

    Attributes:
        variant: Its variant.
        seed: Its seed.
        table: Its layers; None for an own net.
        blocks: Its blocks; empty for an own net.
        layers: Name to feature maps of an own net's layers, in the order in which they compute; their
            arithmetic is not known. Empty for a declared net.
        logits: ``(classes,)``.
    """

    variant: str
    seed: int
    table: LayerTable | None
    blocks: tuple[BlockLook, ...]
    layers: Mapping[str, Maps]
    logits: npt.NDArray[np.float32]

    @property
    def shown(self) -> Mapping[str, Maps]:
        """Name to the feature maps that are shown: of each block, or of each layer of an own net."""
        if self.blocks:
            return {f"block {block.number}": block.output for block in self.blocks}
        return self.layers


@dataclass(frozen=True, eq=False)
class ImageLook:
    """One image, and what every variant makes of it.

    Attributes:
        name: What the image is called.
        pixels: As the nets see it, ``(C, H, W)`` uint8.
        label: Its class, where it is known.
        predictions: What the nets of each variant say, variant by variant.
        nets: One net of each variant, all of the same seed where possible.
        missing: Variant to the reason why it has no net to ask.
    """

    name: str
    pixels: npt.NDArray[np.uint8]
    label: int | None
    predictions: tuple[Prediction, ...]
    nets: tuple[NetLook, ...]
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers shown, in order, each once."""
        return tuple(dict.fromkeys(name for net in self.nets for name in net.shown))

    def limits(self, layer: str) -> tuple[float, float]:
        """The least and the greatest value of a layer over all variants; they hold zero."""
        found = [net.shown[layer] for net in self.nets if layer in net.shown]
        return min([0.0, *(float(maps.min()) for maps in found)]), max(
            [0.0, *(float(maps.max()) for maps in found)]
        )

    def net(self, variant: str) -> NetLook | None:
        """The net of a variant, if there is one."""
        return next((net for net in self.nets if net.variant == variant), None)
