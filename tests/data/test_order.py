import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.data import batch_order, batches_per_epoch, epochs_of, iterations_of
from paribus.errors import UsageError


def test_3000_iterations_of_the_notebook_are_5_epochs() -> None:
    assert batches_per_epoch(60_000, 100) == 600
    assert epochs_of(3000, 60_000, 100) == 5.0
    assert iterations_of(5, 60_000, 100) == 3000


def test_a_batch_size_that_does_not_divide_the_images_makes_one_short_batch_more() -> None:
    assert batches_per_epoch(60_000, 128) == 469
    assert batches_per_epoch(10, 100) == 1
    assert iterations_of(2, 10, 3) == 8


@given(st.integers(0, 10**7), st.integers(1, 10**6), st.integers(1, 10**5))
def test_epochs_convert_back_to_the_same_iterations(iterations: int, images: int, batch_size: int) -> None:
    assert iterations_of(epochs_of(iterations, images, batch_size), images, batch_size) == iterations


@pytest.mark.parametrize(
    ("images", "batch_size", "field"), [(10, 0, "batch_size"), (10, -3, "batch_size"), (0, 1, "images")]
)
def test_what_makes_no_batches_is_refused_by_field(images: int, batch_size: int, field: str) -> None:
    with pytest.raises(UsageError, match=f"`{field}` is"):
        batches_per_epoch(images, batch_size)


@given(st.integers(1, 500), st.integers(0, 2**40), st.integers(0, 1000))
def test_an_epoch_sees_every_image_once(count: int, seed: int, epoch: int) -> None:
    order = batch_order(count, seed, epoch)
    assert order.dtype == "int64"
    assert sorted(order.tolist()) == list(range(count))


def test_seeds_and_epochs_have_orders_of_their_own() -> None:
    orders = {tuple(batch_order(50, seed, epoch).tolist()) for seed in range(10) for epoch in range(10)}
    assert len(orders) == 100


def test_every_place_in_the_order_is_equally_likely() -> None:
    # 6,000 orders of 6: each image comes first 1,000 times, standard deviation 28.9.
    firsts = [int(batch_order(6, seed, 0)[0]) for seed in range(6000)]
    assert all(abs(firsts.count(image) - 1000) < 5 * 28.9 for image in range(6))


def test_another_process_draws_the_same_order() -> None:
    program = "from paribus.data import batch_order; print(batch_order(40, 3, 2).tolist())"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == str(batch_order(40, 3, 2).tolist())
