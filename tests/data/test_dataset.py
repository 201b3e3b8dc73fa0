import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from paribus.data import Dataset, Split, cache_folder
from paribus.errors import UsageError


@pytest.fixture(scope="module")
def numbered() -> Split:
    """30 images of one pixel whose value is three times their label."""
    labels = np.arange(30, dtype=np.uint8)
    return Split("train", (labels * 3).reshape(30, 1, 1, 1), labels)


def test_the_first_test_image_is_the_notebooks_seven(mnist: Dataset) -> None:
    image, label = mnist.test[0]
    assert image.shape == (1, 28, 28)
    assert image.dtype == np.float32
    assert label == 7
    assert type(label) is int


def test_images_and_labels_are_those_of_the_raw_files_read_by_hand(mnist: Dataset) -> None:
    folder = Path(cache_folder()) / "mnist"
    with (folder / "t10k-images-idx3-ubyte").open("rb") as stream:
        assert struct.unpack(">IIII", stream.read(16)) == (2051, 10_000, 28, 28)
        stream.seek(16 + 9_999 * 784)
        last = stream.read(784)
    image, label = mnist.test[9_999]
    assert [round(float(value) * 255) for value in image.ravel()] == list(last)
    assert label == (folder / "t10k-labels-idx1-ubyte").read_bytes()[-1] == 6


def test_mnist_has_its_known_sizes_and_class_counts(mnist: Dataset) -> None:
    assert (len(mnist.train), len(mnist.test)) == (60_000, 10_000)
    assert np.bincount(mnist.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_the_notebooks_batches_come_out_even(mnist: Dataset) -> None:
    batches = mnist.train.batches(100, seed=0)
    assert isinstance(batches, Iterable)
    assert len(batches) == 600
    shapes = {(images.shape, labels.shape) for images, labels in batches}
    assert shapes == {((100, 1, 28, 28), (100,))}


def test_the_test_split_keeps_its_order(mnist: Dataset) -> None:
    labels = np.concatenate([labels for _, labels in mnist.test.batches(1000)])
    assert labels.dtype == np.int64
    assert np.array_equal(labels, mnist.test.labels)


def test_the_images_are_pages_of_the_cache_file_that_nobody_can_write(mnist: Dataset) -> None:
    for split in (mnist.train, mnist.test):
        assert split.images.dtype == np.uint8
        assert not split.images.flags.writeable
        assert not split.labels.flags.writeable
    owner: object = mnist.train.images
    while isinstance(owner, np.ndarray):
        owner = owner.base
    assert type(owner).__name__ == "mmap"


def test_pixels_are_divided_by_255_and_rounded_once() -> None:
    pixels = Split("test", np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1), np.zeros(256, np.uint8))
    exact = [np.float32(value / 255) for value in range(256)]
    assert [pixels[i][0].item() for i in range(256)] == [float(value) for value in exact]
    assert next(iter(pixels.batches(256)))[0].ravel().tolist() == [float(value) for value in exact]


def test_negative_indices_count_from_the_end(numbered: Split) -> None:
    assert numbered[-1][1] == 29
    assert numbered[-30][1] == 0
    assert numbered[np.int64(4)][1] == 4


@pytest.mark.parametrize("index", [30, -31, 10**9])
def test_an_index_outside_is_refused_in_words(numbered: Split, index: int) -> None:
    with pytest.raises(IndexError, match="the train split holds images 0 to 29; there is none at"):
        numbered[index]


def test_a_slice_is_a_split_without_a_copy(numbered: Split) -> None:
    part = numbered[5:11:2]
    assert [label for _, label in part] == [5, 7, 9]
    assert np.shares_memory(part.images, numbered.images)
    assert len(numbered[40:]) == 0
    with pytest.raises(IndexError, match="holds no images"):
        numbered[40:][0]


def test_a_shuffled_epoch_keeps_images_and_labels_together_and_sees_each_once(numbered: Split) -> None:
    seen = []
    for images, labels in numbered.batches(7, seed=1):
        assert np.allclose(images.ravel() * 255, labels * 3)
        seen += labels.tolist()
    assert seen != sorted(seen)
    assert sorted(seen) == list(range(30))


def test_the_last_batch_is_short_where_the_size_does_not_divide(numbered: Split) -> None:
    batches = numbered.batches(7)
    assert [len(labels) for _, labels in batches] == [7, 7, 7, 7, 2]
    assert len(batches) == 5


def test_every_pass_over_the_same_batches_is_the_same_and_other_epochs_are_not(numbered: Split) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return [int(label) for _, labels in numbered.batches(4, seed=seed, epoch=epoch) for label in labels]

    batches = numbered.batches(4, seed=2)
    assert [b[1].tolist() for b in batches] == [b[1].tolist() for b in batches]
    assert order(2, 0) == order(2, 0)
    assert order(2, 0) != order(2, 1)
    assert order(2, 0) != order(3, 0)


def test_a_batch_may_be_written_without_touching_the_data(numbered: Split) -> None:
    images, labels = next(iter(numbered.batches(3)))
    images[:] = 9
    labels[:] = 9
    assert numbered[0][0].item() == 0.0


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_size_below_one_is_refused_at_once(numbered: Split, size: int) -> None:
    with pytest.raises(UsageError, match="`batch_size` is"):
        numbered.batches(size)
