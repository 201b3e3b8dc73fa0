"""From a net's spec to a torch module.

The module of a net in declarative form computes what the spec says in the form that is fastest on a CPU:
channels last, and ReLU with pooling in one (`paribus.nets.pooling`), or all of a block in one where kernels
are given and the block has their form (`paribus.kernels`). An own net computes what it says itself
(`paribus.nets.own`).
"""

from collections.abc import Callable, Mapping
from typing import overload

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from paribus import streams
from paribus.kernels import MAX_KERNEL, Kernels, conv_relu_pool
from paribus.nets.own import OwnModule, make_own
from paribus.nets.pooling import rectified_avg_pool, rectified_max_pool
from paribus.nets.shapes import LayerTable
from paribus.spec import AnyNet, Net, OwnNet, ResolvedBlock

Weights = Mapping[str, npt.NDArray[np.generic]]
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "none": lambda values: values,
}

_GLOBAL_POOLS: dict[str, Callable[[Tensor], Tensor]] = {
    "avg": lambda maps: functional.adaptive_avg_pool2d(maps, 1),
    "max": lambda maps: functional.adaptive_max_pool2d(maps, 1),
    "none": lambda maps: maps,
}


class _Conv2d(nn.Conv2d):
    def reset_parameters(self) -> None:
        """Leave the weights unset: `build` sets them."""


class _Linear(nn.Linear):
    def reset_parameters(self) -> None:
        """Leave the weights unset: `build` sets them."""


class Dropout(nn.Module):
    """Dropout with a generator of its own, so that no global state decides the masks.

    Args:
        probability: Probability with which an element is zeroed.
        seed: Seed of the round.
        name: Name of the layer.
    """

    def __init__(self, probability: float, seed: int, name: str) -> None:
        super().__init__()
        self.probability = probability
        self.generator = torch.Generator("cpu").manual_seed(streams.generator_seed(seed, "dropout", name))

    def forward(self, values: Tensor) -> Tensor:
        """Zero elements and scale the rest, in training; pass values on in evaluation."""
        if not self.training:
            return values
        keep = 1 - self.probability
        mask = torch.empty_like(values).bernoulli_(keep, generator=self.generator)
        return values * mask.div_(keep)


class ConvBlock(nn.Module):
    """Convolution, batch normalization, addition of the block's input, activation, pooling, dropout.

    Args:
        block: The block.
        channels: Input channels.
        number: Position in the net, from 1; it names the layers.
        seed: Seed of the round, for dropout.
        projected: Whether the input has to be projected before it is added.
        kernels: Compute the block where it has their form.
    """

    def __init__(
        self,
        block: ResolvedBlock,
        channels: int,
        number: int,
        seed: int,
        *,
        projected: bool,
        kernels: Kernels | None,
    ) -> None:
        super().__init__()
        self.block = block
        self.kernels = kernels if _is_conv_relu_pool(block) else None
        before, after = block.padding
        self.uneven = (before, after, before, after) if before != after else None
        padding = 0 if self.uneven else before
        self.conv_depth = (
            _Conv2d(channels, channels, block.kernel, block.stride, padding, groups=channels, bias=False)
            if block.depthwise
            else None
        )
        self.conv = (
            _Conv2d(channels, block.channels, 1)
            if block.depthwise
            else _Conv2d(channels, block.channels, block.kernel, block.stride, padding)
        )
        self.skip = _Conv2d(channels, block.channels, 1, block.stride) if projected else None
        self.bn = nn.BatchNorm2d(block.channels) if block.batch_norm else None
        self.drop = Dropout(block.dropout, seed, f"drop{number}") if block.dropout else None
        self.activation = _ACTIVATIONS[block.activation]

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps (N, C, H, W) to feature maps of the next block."""
        if self.kernels is not None and not torch.is_autocast_enabled("cpu"):
            maps = self._compute_by_kernels(self.kernels, images)
        else:
            maps = self._compute_by_torch(images)
        return maps if self.drop is None else self.drop(maps)

    def _compute_by_kernels(self, kernels: Kernels, images: Tensor) -> Tensor:
        conv = self.conv
        assert conv.bias is not None, "convolutions have a bias"
        average = self.block.pool == "avg"
        return conv_relu_pool(kernels, images, conv.weight, conv.bias, self.block.padding, average=average)

    def _compute_by_torch(self, images: Tensor) -> Tensor:
        maps = functional.pad(images, self.uneven) if self.uneven else images
        if self.conv_depth is not None:
            maps = self.conv_depth(maps)
        maps = self.conv(maps)
        if self.bn is not None:
            maps = self.bn(maps)
        if self.block.residual:
            maps.add_(images if self.skip is None else self.skip(images))
        return self._activate_and_pool(maps)

    def _activate_and_pool(self, maps: Tensor) -> Tensor:
        pool, size = self.block.pool, self.block.pool_size
        if self.block.activation == "relu" and pool != "none":
            return rectified_max_pool(maps, size) if pool == "max" else rectified_avg_pool(maps, size)
        maps = self.activation(maps)
        if pool == "max":
            return functional.max_pool2d(maps, size)
        return functional.avg_pool2d(maps, size) if pool == "avg" else maps


def _is_conv_relu_pool(block: ResolvedBlock) -> bool:
    """Whether a block is what the kernels compute, and nothing besides (dropout comes after)."""
    plain = not (block.depthwise or block.batch_norm or block.residual)
    pooled = block.pool != "none" and block.pool_size == 2
    return (
        plain and pooled and block.activation == "relu" and block.stride == 1 and block.kernel <= MAX_KERNEL
    )


class ConvNet(nn.Module):
    """A net of the declarative spec.

    Args:
        net: The spec.
        table: Its layers for the images at hand.
        seed: Seed of the round, for dropout.
        kernels: Compute the blocks that have their form.
    """

    def __init__(self, net: Net, table: LayerTable, seed: int, kernels: Kernels | None = None) -> None:
        super().__init__()
        blocks = net.resolved_blocks()
        channels = [table.image[0], *(block.channels for block in blocks)]
        parameters = table.parameters
        self.blocks = nn.ModuleList(
            ConvBlock(
                block,
                channels[number - 1],
                number,
                seed,
                projected=f"skip{number}.weight" in parameters,
                kernels=kernels,
            )
            for number, block in enumerate(blocks, start=1)
        )
        self.global_pool = _GLOBAL_POOLS[net.global_pool]
        linear = [
            layer.parameters[f"{layer.name}.weight"] for layer in table.layers if layer.kind == "linear"
        ]
        self.linear = nn.ModuleList(_Linear(features, width) for width, features in linear)
        dropped = len(net.hidden) if net.dropout else 0
        self.hidden_drop = nn.ModuleList(
            Dropout(net.dropout, seed, f"drop_fc{index + 1}") for index in range(dropped)
        )
        self.activation = _ACTIVATIONS[net.activation]
        self.kernels = kernels is not None

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] to logits (N, classes)."""
        maps = images
        for block in self.blocks:
            maps = block(maps)
        features = self._first_linear(self.global_pool(maps))
        for index, layer in enumerate(self.linear[1:]):
            features = self.activation(features)
            if self.hidden_drop:
                features = self.hidden_drop[index](features)
            features = layer(features)
        return features

    def _first_linear(self, maps: Tensor) -> Tensor:
        """The first linear layer on feature maps.

        Those of the kernels are channels last: it is cheaper to bring the weights into the order of the maps
        than the other way round, forward and backward.
        """
        layer = self.linear[0]
        assert isinstance(layer, nn.Linear), "all of them are"
        if not self.kernels:
            features: Tensor = layer(torch.flatten(maps, 1))
            return features
        pixels = maps.permute(0, 2, 3, 1)  # (N, H, W, C)
        weight = layer.weight.view(-1, *maps.shape[1:]).permute(0, 2, 3, 1)
        return functional.linear(torch.flatten(pixels, 1), torch.flatten(weight, 1), layer.bias)

    def named_state(self) -> dict[str, Tensor]:
        """Parameters and buffers by the layer table's names (``conv1.weight``, ``bn1.running_mean``, ...).

        The tensors are the module's own.
        """
        return {_table_name(name): tensor for name, tensor in self.state_dict(keep_vars=True).items()}


TorchNet = ConvNet | OwnModule
"""A net of either kind as a module; both have `named_state`."""


@overload
def build(
    net: Net, table: LayerTable, weights: Weights, seed: int, kernels: Kernels | None = None
) -> ConvNet: ...
@overload
def build(
    net: OwnNet, table: LayerTable, weights: Weights, seed: int, kernels: Kernels | None = None
) -> OwnModule: ...
@overload
def build(
    net: AnyNet, table: LayerTable, weights: Weights, seed: int, kernels: Kernels | None = None
) -> TorchNet: ...
def build(
    net: AnyNet, table: LayerTable, weights: Weights, seed: int, kernels: Kernels | None = None
) -> TorchNet:
    """Build a net with given weights.

    Args:
        net: The spec.
        table: Its layers for the images at hand.
        weights: Parameter or buffer name to values. Buffers may be left out, and of an own net parameters
            too: they keep the values that the seed gives them.
        seed: Seed of the round. Of a net in declarative form, it decides dropout masks only.
        kernels: Compute the blocks that have their form; left out, torch computes everything.

    Returns:
        The module in training mode, in the memory format that is fastest.

    Raises:
        StudyError: If the code of an own net fails.
    """
    if isinstance(net, OwnNet):
        module: TorchNet = make_own(net, table.image, table.classes, seed).module
    else:
        module = ConvNet(net, table, seed, kernels)
    state = module.named_state()
    with torch.no_grad():
        for name, values in weights.items():
            state[name].copy_(torch.from_numpy(np.array(values)).reshape(state[name].shape))
    return module if isinstance(module, OwnModule) else _channels_last(module)


def _channels_last(module: ConvNet) -> ConvNet:
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module


def _table_name(name: str) -> str:
    """``blocks.0.conv_depth.weight`` to ``conv1_depth.weight``; ``linear.0.bias`` to ``fc1.bias``."""
    kind, index, *rest = name.split(".")
    number = int(index) + 1
    if kind == "linear":
        return f"fc{number}.{rest[0]}"
    layer, *part = rest[0].split("_")
    return f"{'_'.join([f'{layer}{number}', *part])}.{rest[1]}"
