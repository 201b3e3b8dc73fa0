"""From a net's spec to a torch module.

The module computes what the spec says, in the form that is fastest on a CPU: channels last, and ReLU after
max pooling instead of before, which gives the same bits (the largest of four is rectified instead of four) on
a quarter of the elements.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from paribus import streams
from paribus.nets.initial import Weights
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
        self.conv = nn.Conv2d(
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
        if self.block.pool == "max" and self.block.activation == "relu":
            maps = self.activation(functional.max_pool2d(maps, self.block.pool_size))
        else:
            maps = self._pool(self.activation(maps))
        return maps if self.drop is None else self.drop(maps)

    def _pool(self, maps: Tensor) -> Tensor:
        if self.block.pool == "max":
            return functional.max_pool2d(maps, self.block.pool_size)
        if self.block.pool == "avg":
            return functional.avg_pool2d(maps, self.block.pool_size)
        return maps


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
        self.linear = nn.ModuleList(nn.Linear(features, width) for width, features in linear)
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
    with torch.device("meta"):
        shell = ConvNet(net, table, seed)
    module = shell.to_empty(device="cpu")
    state = module.named_state()
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.reset_running_stats()
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
