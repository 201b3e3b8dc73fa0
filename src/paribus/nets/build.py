"""From a net's spec to a torch module.

The module computes what the spec says, in the form that is fastest on a CPU: channels last, and ReLU with
pooling in one (`paribus.nets.pooling`).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from paribus import streams
from paribus.nets.initial import Weights
from paribus.nets.pooling import rectified_avg_pool, rectified_max_pool
from paribus.nets.shapes import LayerTable
from paribus.spec import Net, ResolvedBlock

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "none": lambda values: values,
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
    """Convolution, batch normalization, activation, pooling, dropout.

    Args:
        block: The block.
        channels: Input channels.
        number: Position in the net, from 1; it names the layers.
        seed: Seed of the round, for dropout.
    """

    def __init__(self, block: ResolvedBlock, channels: int, number: int, seed: int) -> None:
        super().__init__()
        self.block = block
        before, after = block.padding
        self.uneven = (before, after, before, after) if before != after else None
        self.conv = _Conv2d(
            channels, block.channels, block.kernel, block.stride, padding=0 if self.uneven else before
        )
        self.bn = nn.BatchNorm2d(block.channels) if block.batch_norm else None
        self.drop = Dropout(block.dropout, seed, f"drop{number}") if block.dropout else None
        self.activation = _ACTIVATIONS[block.activation]

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps (N, C, H, W) to feature maps of the next block."""
        maps = functional.pad(images, self.uneven) if self.uneven else images
        maps = self.conv(maps)
        if self.bn is not None:
            maps = self.bn(maps)
        maps = self._activate_and_pool(maps)
        return maps if self.drop is None else self.drop(maps)

    def _activate_and_pool(self, maps: Tensor) -> Tensor:
        pool, size = self.block.pool, self.block.pool_size
        if self.block.activation == "relu" and pool != "none":
            return rectified_max_pool(maps, size) if pool == "max" else rectified_avg_pool(maps, size)
        maps = self.activation(maps)
        if pool == "max":
            return functional.max_pool2d(maps, size)
        return functional.avg_pool2d(maps, size) if pool == "avg" else maps


class ConvNet(nn.Module):
    """A net of the declarative spec.

    Args:
        net: The spec.
        table: Its layers for the images at hand.
        seed: Seed of the round, for dropout.
    """

    def __init__(self, net: Net, table: LayerTable, seed: int) -> None:
        super().__init__()
        blocks = net.resolved_blocks()
        channels = [table.image[0], *(block.channels for block in blocks)]
        self.blocks = nn.ModuleList(
            ConvBlock(block, channels[index], index + 1, seed) for index, block in enumerate(blocks)
        )
        linear = [
            layer.parameters[f"{layer.name}.weight"] for layer in table.layers if layer.kind == "linear"
        ]
        self.linear = nn.ModuleList(_Linear(features, width) for width, features in linear)
        dropped = len(net.hidden) if net.dropout else 0
        self.hidden_drop = nn.ModuleList(
            Dropout(net.dropout, seed, f"drop_fc{index + 1}") for index in range(dropped)
        )
        self.activation = _ACTIVATIONS[net.activation]

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] to logits (N, classes)."""
        maps = images
        for block in self.blocks:
            maps = block(maps)
        features = torch.flatten(maps, 1)
        for index, layer in enumerate(self.linear[:-1]):
            features = self.activation(layer(features))
            if self.hidden_drop:
                features = self.hidden_drop[index](features)
        logits: Tensor = self.linear[-1](features)
        return logits

    def named_state(self) -> dict[str, Tensor]:
        """Parameters and buffers by the layer table's names (``conv1.weight``, ``bn1.running_mean``, ...).

        The tensors are the module's own.
        """
        return {_table_name(name): tensor for name, tensor in self.state_dict(keep_vars=True).items()}


def build(net: Net, table: LayerTable, weights: Weights, seed: int) -> ConvNet:
    """Build a net with given weights.

    Args:
        net: The spec.
        table: Its layers for the images at hand.
        weights: Parameter name to values (buffers may be left out).
        seed: Seed of the round; it decides dropout masks only.

    Returns:
        The module, channels last, in training mode.
    """
    module = ConvNet(net, table, seed)
    state = module.named_state()
    with torch.no_grad():
        for name, values in weights.items():
            state[name].copy_(torch.from_numpy(values))
        for parameter in module.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module


def _table_name(name: str) -> str:
    """``blocks.0.conv.weight`` to ``conv1.weight``; ``linear.0.bias`` to ``fc1.bias``."""
    kind, index, *rest = name.split(".")
    number = int(index) + 1
    if kind == "linear":
        return f"fc{number}.{rest[0]}"
    return f"{rest[0]}{number}.{rest[1]}"
