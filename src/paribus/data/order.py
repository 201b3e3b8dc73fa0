"""In which order the images of an epoch are seen, and how iterations and epochs convert.

The one definition of both: training, the Python API and ``paribus plan`` all ask here.
"""

import numpy as np
import numpy.typing as npt

from paribus import streams
from paribus.errors import UsageError


def batch_order(count: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """The order of one epoch: a permutation decided by count, seed and epoch, and by nothing else.

    Args:
        count: Number of images.
        seed: Seed of the round.
        epoch: Which pass over the images, from 0.

    Returns:
        ``(count,)`` int64, indices into the split.
    """
    return streams.permutation(count, seed, "order", epoch)


def batches_per_epoch(images: int, batch_size: int) -> int:
    """Batches in one pass over the images; the last one is short where the batch size does not divide them.

    Raises:
        UsageError: The batch size or the number of images is below 1.
    """
    _at_least_one("batch_size", batch_size)
    _at_least_one("images", images)
    return -(-images // batch_size)


def epochs_of(iterations: int, images: int, batch_size: int) -> float:
    """Epochs that so many iterations make: 3000 ÷ (60000 ÷ 100) = 5.

    Raises:
        UsageError: The batch size or the number of images is below 1.
    """
    return iterations / batches_per_epoch(images, batch_size)


def iterations_of(epochs: float, images: int, batch_size: int) -> int:
    """Iterations that so many epochs make, to the nearest whole one; the inverse of `epochs_of`.

    Raises:
        UsageError: The batch size or the number of images is below 1.
    """
    return round(epochs * batches_per_epoch(images, batch_size))


def _at_least_one(field: str, value: int) -> None:
    if value < 1:
        raise UsageError(
            f"`{field}` is {value}",
            expected="a whole number of at least 1",
            found=str(value),
            means="no batch can be formed",
            mend=f"give a `{field}` of 1 or more",
        )
