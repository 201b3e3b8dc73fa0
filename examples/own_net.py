"""A small residual network of one's own; ``own-net.toml`` compares two widths of it.

paribus calls `small_resnet` with what stands in the study's ``[net]`` table, and with the shape of an image
and the number of classes, because the signature asks for them.
"""

from collections import OrderedDict
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with batch normalization; the input is added before the last activation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1, stride=2)

    def forward(self, maps: Tensor) -> Tensor:
        """Feature maps (N, C, H, W) to maps of half the size."""
        inner = functional.relu(self.bn1(self.conv1(maps)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.skip(maps))


def small_resnet(
    image_shape: tuple[int, int, int], classes: int, width: int = 8, depth: int = 2
) -> nn.Module:
    """Residual blocks, each with twice the channels of the one before, then the mean of each map.

    Args:
        image_shape: Shape of an image, (C, H, W).
        classes: Number of classes.
        width: Channels of the first block.
        depth: Number of blocks.
    """
    channels = [image_shape[0], *(width * 2**block for block in range(depth))]
    blocks = [ResidualBlock(inputs, outputs) for inputs, outputs in pairwise(channels)]
    return nn.Sequential(
        OrderedDict(
            blocks=nn.Sequential(*blocks),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            head=nn.Linear(channels[-1], classes),
        )
    )
