"""ReLU and pooling in one, with the bits of ReLU followed by pooling.

Max pooling commutes with ReLU: the largest of a window is rectified instead of the whole window. Average
pooling does not; there the feature maps are rectified in place, and its gradient is spread and masked in one
buffer instead of three.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional


def rectified_max_pool(maps: Tensor, size: int) -> Tensor:
    """Max pooling of rectified feature maps, windows of `size` × `size` side by side.

    Args:
        maps: ``(N, C, H, W)``.
        size: Side of a window; rows and columns that fill no window are left out.

    Returns:
        ``(N, C, H // size, W // size)``.
    """
    if torch.is_grad_enabled() or torch.compiler.is_compiling():  # an exporter knows max pooling by its name
        return functional.relu_(functional.max_pool2d(maps, size))
    return functional.relu_(_largest(maps, size))


def rectified_avg_pool(maps: Tensor, size: int) -> Tensor:
    """Average pooling of rectified feature maps, windows of `size` × `size` side by side.

    Args:
        maps: ``(N, C, H, W)``; rectified in place, so nobody else may need them.
        size: Side of a window; rows and columns that fill no window are left out.

    Returns:
        ``(N, C, H // size, W // size)``.
    """
    if not torch.is_grad_enabled():
        return functional.avg_pool2d(functional.relu_(maps), size)
    return _apply_rectified_avg_pool(maps, size)[0]


def _largest(maps: Tensor, size: int) -> Tensor:
    """Max pooling without noting where the largest values were: a third of the time."""
    height, width = (side // size for side in maps.shape[2:])
    rows = _maximum([maps[:, :, row : height * size : size] for row in range(size)])
    return _maximum([rows[..., column : width * size : size] for column in range(size)])


def _maximum(tensors: list[Tensor]) -> Tensor:
    largest = torch.maximum(tensors[0], tensors[1]) if len(tensors) > 1 else tensors[0].clone()
    for tensor in tensors[2:]:
        torch.maximum(largest, tensor, out=largest)
    return largest


class _Context(Protocol):
    size: int
    saved_tensors: tuple[Tensor, ...]

    def save_for_backward(self, *tensors: Tensor) -> None: ...
    def mark_dirty(self, *tensors: Tensor) -> None: ...
    def set_materialize_grads(self, value: bool) -> None: ...  # noqa: FBT001 - torch calls it so


class _RectifiedAvgPool(torch.autograd.Function):
    """Forward ``(maps, size) -> (pooled, maps rectified in place)``."""

    @staticmethod
    def forward(ctx: _Context, maps: Tensor, size: int) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        rectified = functional.relu_(maps)
        ctx.mark_dirty(rectified)
        ctx.save_for_backward(rectified)
        ctx.size = size
        return functional.avg_pool2d(rectified, size), rectified

    @staticmethod
    def backward(ctx: _Context, *gradients: Tensor | None) -> tuple[Tensor | None, None]:
        (rectified,) = ctx.saved_tensors
        gradient, size = gradients[0], ctx.size
        if gradient is None:
            return None, None
        share = (gradient / size**2).contiguous(memory_format=torch.channels_last)
        spread = functional.interpolate(share, scale_factor=size, mode="nearest")
        below, right = (a - b for a, b in zip(rectified.shape[2:], spread.shape[2:], strict=True))
        if below or right:
            spread = functional.pad(spread, (0, right, 0, below))
        return torch.ops.aten.threshold_backward.grad_input(spread, rectified, 0, grad_input=spread), None


_apply_rectified_avg_pool: Callable[[Tensor, int], tuple[Tensor, Tensor]] = _RectifiedAvgPool.apply
