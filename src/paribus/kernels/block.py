"""Convolution, bias, ReLU and 2 × 2 pooling in one operation, with its gradient."""

import ctypes
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from paribus.kernels.library import BlockShape, Kernels

MAX_KERNEL = 7


class _Context(Protocol):
    kernels: Kernels
    shape: BlockShape
    needs_input_grad: tuple[bool, ...]
    saved_tensors: tuple[Tensor, ...]

    def save_for_backward(self, *tensors: Tensor) -> None: ...


def conv_relu_pool(
    kernels: Kernels, images: Tensor, weight: Tensor, bias: Tensor, padding: tuple[int, int], *, average: bool
) -> Tensor:
    """Pooled, rectified convolution of stride 1; a remainder at the edge that fills no window is left out.

    Args:
        kernels: The library.
        images: ``(N, C, H, W)`` float32; fastest channels last.
        weight: ``(O, C, K, K)`` float32, K from 1 to 7.
        bias: ``(O,)`` float32.
        padding: Zeros before and after, on both axes.
        average: Average pooling; max pooling otherwise.

    Returns:
        ``(N, O, (H' - K + 1) // 2, (W' - K + 1) // 2)`` float32, channels last; H', W' with padding.
    """
    if torch.is_grad_enabled():
        return _apply(kernels, images, weight, bias, padding, average)
    return _forward(kernels, _shape(images, weight, padding, average), images, weight, bias, codes=None)


def _shape(images: Tensor, weight: Tensor, padding: tuple[int, int], average: bool) -> BlockShape:  # noqa: FBT001
    count, channels, height, width = images.shape
    return BlockShape(count, height, width, channels, len(weight), weight.shape[2], *padding, int(average))


def _windows(shape: BlockShape) -> tuple[int, int]:
    grown = shape.before + shape.after - shape.kernel + 1
    return (shape.height + grown) // 2, (shape.width + grown) // 2


def _forward(
    kernels: Kernels, shape: BlockShape, images: Tensor, weight: Tensor, bias: Tensor, *, codes: Tensor | None
) -> Tensor:
    rows, columns = _windows(shape)
    pooled = torch.empty((shape.images, rows, columns, shape.out_channels))
    _call(
        kernels,
        kernels.library.paribus_forward,
        shape,
        (_pixels(images), _pixels(weight), bias.contiguous(), pooled, codes),
    )
    return pooled.permute(0, 3, 1, 2)


class _Block(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: _Context,
        kernels: Kernels,
        images: Tensor,
        weight: Tensor,
        bias: Tensor,
        padding: tuple[int, int],
        average: bool,  # noqa: FBT001 - autograd passes positions
    ) -> Tensor:
        shape = _shape(images, weight, padding, average)
        rows, columns = _windows(shape)
        width = -(-len(weight) // kernels.code_multiple) * kernels.code_multiple
        codes = torch.empty((shape.images, rows, columns, width), dtype=torch.uint8)
        pooled = _forward(kernels, shape, images, weight, bias, codes=codes)
        ctx.kernels, ctx.shape = kernels, shape
        ctx.save_for_backward(images, weight, codes)
        return pooled

    @staticmethod
    def backward(ctx: _Context, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        images, weight, codes = ctx.saved_tensors
        shape = ctx.shape
        pixels, weights = _pixels(images), _pixels(weight)
        images_gradient = torch.empty_like(pixels) if ctx.needs_input_grad[1] else None
        weight_gradient = torch.empty_like(weights)
        bias_gradient = torch.empty(shape.out_channels)
        _call(
            ctx.kernels,
            ctx.kernels.library.paribus_backward,
            shape,
            (pixels, weights, _pixels(gradients[0]), codes, images_gradient, weight_gradient, bias_gradient),
        )
        to_images = None if images_gradient is None else images_gradient.permute(0, 3, 1, 2)
        return None, to_images, weight_gradient.permute(0, 3, 1, 2), bias_gradient, None, None


_apply: Callable[[Kernels, Tensor, Tensor, Tensor, tuple[int, int], bool], Tensor] = _Block.apply


def _pixels(values: Tensor) -> Tensor:
    """``(N, C, H, W)`` as contiguous ``(N, H, W, C)``; no copy where it is channels last already."""
    return values.detach().permute(0, 2, 3, 1).contiguous()


def _call(
    kernels: Kernels,
    function: Callable[..., int],
    shape: BlockShape,
    tensors: tuple[Tensor | None, ...],
) -> None:
    pointers = [None if tensor is None else ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
    threads = ctypes.c_int64(torch.get_num_threads())
    failed = function(kernels.instructions.encode(), ctypes.byref(shape), threads, *pointers)
    if failed:
        raise MemoryError("the kernels found no working memory")
