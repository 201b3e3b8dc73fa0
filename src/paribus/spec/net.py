"""The convolutional network of a study: blocks of convolution, activation and pooling, then linear layers.

A block is: convolution (in one piece or depthwise-separable), batch normalization (if asked for), the block's
own input added (if it is residual), activation, pooling, dropout. After the last block the feature maps are
pooled to one value a channel (if asked for), flattened, and go through the hidden linear layers, each with
activation and dropout, to the logits. The fields of `Net` are the defaults of its blocks; a block may set its
own.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from paribus.spec.fields import Channels, Flag, Fraction, PaddingWidth, Side, SpecModel

Activation = Literal["relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "none"]
Pool = Literal["max", "avg", "none"]
GlobalPool = Literal["none", "avg", "max"]
Padding = Literal["same", "valid"] | PaddingWidth

LATER_FIELDS = frozenset({"residual", "depthwise", "global_pool"})
"""Fields that the first studies did not have: left out of keys and declarations where they are not used."""

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)


class Block(SpecModel):
    """One convolutional block; fields left out take the net's."""

    channels: Channels
    """Output channels of the convolution."""
    kernel: Side = 3
    """Side of the square kernel, in pixels."""
    stride: Side = 1
    """Stride of the convolution, in pixels."""
    padding: Padding | None = None
    """`same`, `valid` or pixels on each side."""
    activation: Activation | None = None
    """Activation after the convolution (and batch normalization)."""
    pool: Pool | None = None
    """Pooling after the activation: `max`, `avg` or `none`."""
    pool_size: Side | None = None
    """Side of the pooling window, which is its stride too; a remainder at the edge is dropped."""
    batch_norm: Flag | None = None
    """Batch normalization between convolution and activation."""
    dropout: Fraction | None = None
    """Probability with which an element is zeroed in training after pooling."""
    residual: Flag | None = None
    """Add the block's input after convolution and batch normalization, before the activation (He et al.,
    2016): as it is where the shapes agree, else through a 1×1 convolution with the block's stride."""
    depthwise: Flag | None = None
    """Convolve each channel by itself with kernel and stride, without bias, then mix the channels with a 1×1
    convolution (Howard et al., 2017)."""


@dataclass(frozen=True)
class ResolvedBlock:
    """A block with every default filled in and its padding in pixels.

    Attributes:
        channels: Output channels.
        kernel: Side of the kernel, pixels.
        stride: Stride, pixels.
        padding: Pixels of zeros before and after, on both axes (they differ for `same` with an even kernel).
        activation: Name of the activation.
        pool: Kind of pooling.
        pool_size: Side and stride of the pooling window, pixels; 1 where there is no pooling.
        batch_norm: Whether batch normalization follows the convolution.
        dropout: Probability of zeroing an element.
        residual: Whether the block's input is added before the activation.
        depthwise: Whether the convolution is depthwise-separable.
    """

    channels: int
    kernel: int
    stride: int
    padding: tuple[int, int]
    activation: Activation
    pool: Pool
    pool_size: int
    batch_norm: bool
    dropout: float
    residual: bool = False
    depthwise: bool = False


class Net(SpecModel):
    """A convolutional network in declarative form."""

    blocks: Annotated[tuple[Block, ...], Field(min_length=1, max_length=64)] = (
        Block(channels=16, kernel=5),
        Block(channels=32, kernel=5),
    )
    """The convolutional blocks, from the image on."""
    padding: Padding = "same"
    """`same` (output as large as the input at stride 1), `valid` (none), or pixels on each side."""
    activation: Activation = "relu"
    """Activation of blocks and hidden layers."""
    pool: Pool = "max"
    """Pooling of the blocks: `max`, `avg` or `none`."""
    pool_size: Side = 2
    """Side and stride of the pooling window, in pixels."""
    batch_norm: Flag = False
    """Batch normalization in the blocks."""
    dropout: Fraction = 0.0
    """Dropout probability after each block and hidden layer."""
    residual: Flag = False
    """Add the input of each block before its activation."""
    depthwise: Flag = False
    """Depthwise-separable convolutions in the blocks."""
    global_pool: GlobalPool = "none"
    """Pooling of whole feature maps after the last block: `none`, `avg` or `max`."""
    hidden: Annotated[tuple[Channels, ...], Field(max_length=16)] = ()
    """Widths of hidden linear layers between the blocks and the logits."""

    @model_validator(mode="after")
    def _pool_needs_a_size(self) -> "Net":
        for index, block in enumerate(self.resolved_blocks()):
            if block.pool != "none" and block.pool_size < 2:
                raise ValueError(f"blocks.{index}: a pool_size of at least 2, or pool = 'none'")
        return self

    def resolved_blocks(self) -> tuple[ResolvedBlock, ...]:
        """The blocks with every default filled in."""
        return tuple(self._resolve(block) for block in self.blocks)

    def declared(self) -> dict[str, Any]:
        """Its fields as a study declares them, later ones only where they have not their default."""
        fields = self.model_dump(mode="json")
        blocks = [_without_unused(Block, block) for block in fields["blocks"]]
        return {**_without_unused(Net, fields), "blocks": blocks}

    def _resolve(self, block: Block) -> ResolvedBlock:
        pool = self.pool if block.pool is None else block.pool
        pool_size = self.pool_size if block.pool_size is None else block.pool_size
        return ResolvedBlock(
            channels=block.channels,
            kernel=block.kernel,
            stride=block.stride,
            padding=_pixels(self.padding if block.padding is None else block.padding, block.kernel),
            activation=self.activation if block.activation is None else block.activation,
            pool=pool,
            pool_size=1 if pool == "none" else pool_size,
            batch_norm=self.batch_norm if block.batch_norm is None else block.batch_norm,
            dropout=self.dropout if block.dropout is None else block.dropout,
            residual=self.residual if block.residual is None else block.residual,
            depthwise=self.depthwise if block.depthwise is None else block.depthwise,
        )


def _without_unused(model: type[SpecModel], fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in fields.items()
        if name not in LATER_FIELDS or value != model.model_fields[name].default
    }


def _pixels(padding: Padding, kernel: int) -> tuple[int, int]:
    """Zeros before and after; `same` puts the odd one after, as torch does."""
    if padding == "same":
        return (kernel - 1) // 2, kernel - 1 - (kernel - 1) // 2
    if padding == "valid":
        return 0, 0
    return padding, padding
