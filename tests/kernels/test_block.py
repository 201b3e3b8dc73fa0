"""The kernels against a float64 computation and against torch, for every instruction set of this machine."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from paribus.kernels import Kernels, conv_relu_pool, find_kernels

LIMIT = 5e-6
"""Largest relative error, over the largest value of each result."""
MOST_PRODUCTS = 10_000_000
"""Of an example, so that two hundred of them take seconds: torch is slow in float64."""
CLOSE = 1e-5
"""Values that rounding to float32 may put in another order."""


def all_kernels() -> list[Kernels]:
    """The library with each instruction set of this machine; none without a compiler."""
    best = find_kernels()
    if isinstance(best, str):
        return []
    return list(best.each())


KERNELS = all_kernels()
each_set = pytest.mark.parametrize("kernels", KERNELS, ids=lambda kernels: kernels.instructions)


@dataclass(frozen=True)
class Block:
    images: int
    height: int
    width: int
    channels: int
    out: int
    kernel: int
    padding: tuple[int, int]
    average: bool
    seed: int
    lit: tuple[slice, slice] = (slice(None), slice(None))
    """Rows and columns of the images that are not zero."""

    @property
    def windows(self) -> tuple[int, int]:
        grown = sum(self.padding) - self.kernel + 1
        return (self.height + grown) // 2, (self.width + grown) // 2

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        generator = torch.Generator().manual_seed(self.seed)
        fan_in = self.channels * self.kernel**2
        images = torch.randn(self.images, self.channels, self.height, self.width, generator=generator)
        dark = torch.zeros_like(images)
        dark[:, :, *self.lit] = images[:, :, *self.lit]
        dark[0, 0, 0, 0] = images[0, 0, 0, 0]
        images = dark
        weight = torch.randn(self.out, self.channels, self.kernel, self.kernel, generator=generator)
        bias = torch.randn(self.out, generator=generator)
        gradient = torch.randn(self.images, self.out, *self.windows, generator=generator)
        weight = weight / fan_in**0.5
        return images, weight, bias, gradient.masked_fill(self._near_ties(images, weight, bias), 0.0)

    def _near_ties(self, images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Windows in which rounding may decide what is largest, or whether ReLU is open."""
        before, after = self.padding
        padded = functional.pad(images, (before, after, before, after)).double()
        maps = functional.conv2d(padded, weight.double(), bias.double())
        rows, columns = self.windows
        four = maps[..., : 2 * rows, : 2 * columns].reshape(*maps.shape[:2], rows, 2, columns, 2)
        values = four.transpose(3, 4).flatten(4)
        if self.average:
            return torch.any(values.abs() < CLOSE, 4)
        most, next_most = values.topk(2, dim=4).values.unbind(4)
        return torch.logical_or(most.abs() < CLOSE, most - next_most < CLOSE)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    kernel = draw(st.integers(1, 7))
    padding = draw(
        st.sampled_from([(0, 0), ((kernel - 1) // 2, kernel // 2), (kernel // 2, kernel // 2), (0, 1)])
    )
    least = max(1, kernel + 1 - sum(padding))
    height, width = draw(st.integers(least, least + 13)), draw(st.integers(least, least + 13))
    channels, out = draw(st.one_of(st.integers(1, 4), st.integers(5, 37))), draw(st.integers(1, 70))
    products = height * width * channels * out * kernel**2
    most = max(1, min(257, MOST_PRODUCTS // products))
    return Block(
        images=draw(st.one_of(st.integers(1, min(5, most)), st.just(most))),
        height=height,
        width=width,
        channels=channels,
        out=out,
        kernel=kernel,
        padding=padding,
        average=draw(st.booleans()),
        seed=draw(st.integers(0, 2**31)),
        lit=draw(
            st.sampled_from([(slice(None), slice(None)), (slice(3, 5), slice(4, 9)), (slice(0), slice(0))])
        ),
    )


def ours(block: Block, kernels: Kernels, *, image_gradient: bool = True) -> list[Tensor]:
    images, weight, bias, gradient = block.tensors()
    images.requires_grad_(image_gradient)
    weight.requires_grad_()
    bias.requires_grad_()
    pooled = conv_relu_pool(kernels, images, weight, bias, block.padding, average=block.average)
    torch.autograd.backward(pooled, gradient)
    found = [pooled.detach(), weight.grad, bias.grad, *([images.grad] if image_gradient else [])]
    return [tensor for tensor in found if tensor is not None]


def expected(block: Block, kind: torch.dtype = torch.float64, *, image_gradient: bool = True) -> list[Tensor]:
    images, weight, bias, gradient = (tensor.to(kind) for tensor in block.tensors())
    for tensor in (images, weight, bias):
        tensor.requires_grad_()
    before, after = block.padding
    maps = functional.conv2d(functional.pad(images, (before, after, before, after)), weight, bias)
    pool = functional.avg_pool2d if block.average else functional.max_pool2d
    pooled = pool(functional.relu(maps), 2)
    torch.autograd.backward(pooled, gradient)
    found = [pooled.detach(), weight.grad, bias.grad, *([images.grad] if image_gradient else [])]
    return [tensor for tensor in found if tensor is not None]


def relative_error(found: Tensor, truth: Tensor) -> float:
    return float((found.double() - truth).abs().max() / truth.abs().max().clamp_min(1e-30))


@each_set
@settings(max_examples=200, deadline=None)
@given(block=blocks())
@example(block=Block(257, 6, 12, 1, 1, 1, (0, 0), average=True, seed=6))  # its weight gradient cancels
def test_outputs_and_gradients_are_those_of_float64(kernels: Kernels, block: Block) -> None:
    require_close(block, ours(block, kernels), image_gradient=True)
    if block.channels <= 4:  # the weight gradient has a way of its own where no image gradient is asked for
        require_close(block, ours(block, kernels, image_gradient=False), image_gradient=False)


def require_close(block: Block, results: list[Tensor], *, image_gradient: bool) -> None:
    """Within the limit of float64; where a sum cancels so that torch is not either, as close as torch."""
    truths = expected(block, image_gradient=image_gradient)
    for index, (found, truth) in enumerate(zip(results, truths, strict=True)):
        assert found.shape == truth.shape
        error = relative_error(found, truth)
        if error > LIMIT:
            by_torch = expected(block, torch.float32, image_gradient=image_gradient)[index]
            assert error <= 2 * relative_error(by_torch, truth)


@each_set
@pytest.mark.parametrize("channels", [1, 20])
def test_of_equal_values_the_first_gets_the_gradient_as_in_torch(kernels: Kernels, channels: int) -> None:
    """Whole-number images, weights and gradients: no rounding, many ties, windows that are all negative."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(-1, 2, (7, channels, 9, 12), generator=generator).float()
    images[0] = 0
    weight = torch.randint(-1, 2, (18, channels, 3, 3), generator=generator).float()
    bias = torch.randint(-2, 3, (18,), generator=generator).float()
    leaves = [[tensor.clone().requires_grad_() for tensor in (images, weight, bias)] for _ in range(2)]
    pooled = conv_relu_pool(kernels, leaves[0][0], leaves[0][1], leaves[0][2], (1, 1), average=False)
    truth = functional.max_pool2d(
        functional.relu(functional.conv2d(leaves[1][0], leaves[1][1], leaves[1][2], padding=1)), 2
    )
    gradient = torch.randint(-3, 4, truth.shape, generator=generator).float()
    torch.autograd.backward([pooled, truth], [gradient, gradient])
    assert torch.equal(pooled, truth)
    assert (truth == 0).float().mean() > 0.05
    for one, other in zip(*leaves, strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.equal(one.grad, other.grad)


@each_set
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("channels", [1, 16])
def test_the_same_bits_again_and_without_gradients(kernels: Kernels, channels: int, *, average: bool) -> None:
    block = Block(9, 14, 14, channels, 32, 5, (2, 2), average, seed=3)
    first, again = ours(block, kernels), ours(block, kernels)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    images, weight, bias, _ = block.tensors()
    with torch.inference_mode():
        pooled = conv_relu_pool(kernels, images, weight, bias, block.padding, average=average)
    assert torch.equal(pooled, first[0])


@each_set
@pytest.mark.parametrize("average", [False, True])
def test_images_split_over_threads_give_the_same_but_for_rounding(kernels: Kernels, *, average: bool) -> None:
    block = Block(11, 10, 13, 16, 24, 5, (2, 2), average, seed=5)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        found = ours(block, kernels)
        again = ours(block, kernels)
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, other) for one, other in zip(found, again, strict=True))
    for one, truth in zip(found, expected(block), strict=True):
        assert relative_error(one, truth) <= LIMIT


@each_set
@pytest.mark.parametrize("average", [False, True])
def test_what_is_not_a_number_stays_visible(kernels: Kernels, *, average: bool) -> None:
    images = torch.zeros(1, 1, 6, 6)
    images[0, 0, 5, 5] = float("nan")
    with torch.inference_mode():
        pooled = conv_relu_pool(
            kernels, images, torch.ones(4, 1, 1, 1), torch.zeros(4), (0, 0), average=average
        )
    assert pooled.isnan().sum() == 4
    assert pooled[0, :, 2, 2].isnan().all()


@each_set
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("channels", [1, 20])
def test_what_is_not_a_number_shows_in_gradients_and_harms_no_others(
    kernels: Kernels, channels: int, *, average: bool
) -> None:
    """With output channels that fill no vector: the lanes beside them see what is not a number, too.

    Torch multiplies it by gradients of zero as well, and so has more of it.
    """
    block = Block(3, 8, 9, channels, 21, 3, (1, 1), average, seed=11)
    images, weight, bias, gradient = block.tensors()
    images[1, 0, 3, 4] = float("nan")
    leaves = [[tensor.clone().requires_grad_() for tensor in (images, weight, bias)] for _ in range(2)]
    pooled = conv_relu_pool(kernels, leaves[0][0], leaves[0][1], leaves[0][2], (1, 1), average=average)
    pool = functional.avg_pool2d if average else functional.max_pool2d
    maps = functional.conv2d(leaves[1][0], leaves[1][1], leaves[1][2], padding=1)
    truth = pool(functional.relu(maps), 2)
    torch.autograd.backward([pooled, truth], [gradient, gradient])
    assert truth.isnan().any()
    for one, other in zip(leaves[0][:2], leaves[1][:2], strict=True):  # images and weights
        assert one.grad is not None
        assert other.grad is not None
        known = ~other.grad.isnan()
        torch.testing.assert_close(one.grad[known], other.grad[known], rtol=1e-5, atol=1e-5)
        assert known.any() or channels == 1
    assert leaves[0][1].grad is not None
    assert leaves[0][1].grad.isnan().any()
    torch.testing.assert_close(leaves[0][2].grad, leaves[1][2].grad, rtol=1e-5, atol=1e-5)


@each_set
@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_weights_that_are_not_finite_show_in_windows_that_see_only_zeros(
    kernels: Kernels, value: float
) -> None:
    weight = torch.ones(4, 1, 3, 3)
    weight[1, 0, 1, 1] = value
    with torch.inference_mode():
        pooled = conv_relu_pool(
            kernels, torch.zeros(2, 1, 8, 8), weight, torch.ones(4), (1, 1), average=False
        )
    assert pooled[:, 1].isnan().all()
    assert torch.equal(pooled[:, 0], torch.ones(2, 4, 4))


@each_set
def test_any_memory_layout_is_taken(kernels: Kernels) -> None:
    images, weight, bias, _ = Block(3, 8, 8, 6, 10, 3, (1, 1), average=False, seed=7).tensors()
    wanted = conv_relu_pool(kernels, images, weight, bias, (1, 1), average=False)
    last = conv_relu_pool(
        kernels,
        images.contiguous(memory_format=torch.channels_last),
        weight.contiguous(memory_format=torch.channels_last),
        bias,
        (1, 1),
        average=False,
    )
    strided = images.repeat_interleave(2, dim=3)[..., ::2]
    assert torch.equal(last, wanted)
    assert torch.equal(conv_relu_pool(kernels, strided, weight, bias, (1, 1), average=False), wanted)
