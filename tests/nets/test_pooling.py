"""ReLU and pooling in one give the bits of torch's ReLU followed by torch's pooling."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from paribus.nets.pooling import rectified_avg_pool, rectified_max_pool

Pool = Callable[[Tensor, int], Tensor]
PAIRS = [(rectified_max_pool, functional.max_pool2d), (rectified_avg_pool, functional.avg_pool2d)]
FORMATS = [torch.channels_last, torch.contiguous_format]


@pytest.mark.parametrize(("ours", "torchs"), PAIRS)
@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize(("size", "height", "width"), [(2, 28, 28), (2, 7, 9), (3, 10, 11), (7, 7, 7)])
def test_outputs_and_gradients_are_torchs_bit_for_bit(
    ours: Pool, torchs: Pool, layout: torch.memory_format, size: int, height: int, width: int
) -> None:
    generator = torch.Generator().manual_seed(3)
    maps = torch.randn(5, 6, height, width, generator=generator).round(decimals=1)  # ties in many windows
    maps[0] = 0.5
    maps[1] = -1.0
    maps = maps.contiguous(memory_format=layout)
    gradient = torch.randn(5, 6, height // size, width // size, generator=generator)
    a, b = (maps.clone().requires_grad_() for _ in range(2))
    pooled = ours(a * 1, size)  # the product is what gets rectified in place, as a convolution's output is
    expected = torchs(functional.relu(b), size)
    torch.autograd.backward([pooled, expected], [gradient, gradient])
    assert torch.equal(pooled, expected)
    assert a.grad is not None
    assert b.grad is not None
    assert torch.equal(a.grad, b.grad)
    with torch.inference_mode():
        assert torch.equal(ours(maps.clone(), size), expected)


def test_a_value_that_is_not_a_number_stays_one() -> None:
    maps = torch.zeros(1, 1, 4, 4)
    maps[0, 0, 3, 3] = float("nan")
    with torch.inference_mode():
        for pool in (rectified_max_pool, rectified_avg_pool):
            assert pool(maps.clone(), 2).isnan().sum() == 1
