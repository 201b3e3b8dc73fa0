"""Which images are held out of a set: a share of every class, chosen by their pixels and a seed.

An image is ranked by SHA-256 over the seed and the digest of its pixels, and the first of its class are held
out. So an image that is added or taken away moves at most one other of its class, names and order of the
files do not matter, and copies of an image have the same rank.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from paribus.errors import DataError
from paribus.spec import Data

Indices = npt.NDArray[np.intp]
Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def arranged(
    data: Data, labels: npt.NDArray[np.integer], digests: Sequence[bytes], sets: Sequence[Indices]
) -> tuple[Indices, Indices]:
    """Which images are trained on, and which are evaluated.

    Args:
        data: What the study says of its data.
        labels: Class of each image there is.
        digests: Digest of its pixels; only of those that may be held out.
        sets: Training and test images, or one set that is still to be split.

    Returns:
        Indices of the training images and of those to evaluate; with validation, the latter are held out of
        the training images.

    Raises:
        DataError: No image is left to evaluate, or a share is given for what is split already.
    """
    if len(sets) == 2:
        refuse_test_share(data)
        train, test = sets
    else:
        train, test = _divided(labels, digests, sets[0], data.test_share, data.split_seed, "test")
    if data.validation:
        train, test = _divided(labels, digests, train, data.validation, data.split_seed, "validation")
    if not len(test):
        raise DataError(
            "no image is left to evaluate",
            expected="a class of at least 2 images",
            found="1 image of each class",
            means="nothing can be measured",
            mend="add images, or put test images into a set of their own",
        )
    return train, test


def refuse_test_share(data: Data) -> None:
    """Refuse a share of test images where the data say themselves which images are for testing.

    Raises:
        DataError: One is given.
    """
    if data.test_share != Data.model_fields["test_share"].default:
        raise DataError(
            "data.test_share has no use here",
            expected="no test_share, since training and test images lie apart",
            found=f"test_share = {data.test_share}",
            means="nothing was split",
            mend="remove test_share from [data]",
        )


def _divided(
    labels: npt.NDArray[np.integer],
    digests: Sequence[bytes],
    among: Indices,
    share: float,
    seed: int,
    purpose: str,
) -> tuple[Indices, Indices]:
    mask = held_out(labels[among], [digests[index] for index in among], share, seed, purpose)
    return among[~mask], among[mask]


def held_out(
    labels: npt.NDArray[np.integer], digests: Sequence[bytes], share: float, seed: int, purpose: str
) -> npt.NDArray[np.bool_]:
    """Choose the images to hold out.

    Args:
        labels: Class of each image, ``(N,)``.
        digests: Digest of the pixels of each image.
        share: How much of each class, in (0, 1).
        seed: Of the choice.
        purpose: What for (``test``, ``validation``): choices of different purposes are independent.

    Returns:
        Whether each image is held out, ``(N,)``.
    """
    salt = f"paribus {purpose} {seed}\n".encode()
    ranks = np.array([hashlib.sha256(salt + digest).digest() for digest in digests], dtype="S32")
    order = np.lexsort((ranks, labels))  # by class, then by rank; of equal ranks the earlier image first
    counts = np.bincount(labels)
    chosen = np.zeros(len(labels), dtype=np.bool_)
    for start, count in zip(np.cumsum(counts) - counts, counts, strict=True):
        chosen[order[start : start + held_out_count(int(count), share)]] = True
    return chosen


def held_out_count(count: int, share: float) -> int:
    """How many images of a class are held out: the share, rounded, but at least one image on either side.

    Args:
        count: Images of the class; a single one is not held out.
        share: In (0, 1).
    """
    return min(max(math.floor(share * count + 0.5), 1), count - 1) if count > 1 else 0


def pixel_digests(images: Images) -> Iterator[bytes]:
    """SHA-256 of the pixels of each image.

    Args:
        images: ``(N, ...)`` uint8.
    """
    for image in images:
        yield hashlib.sha256(image.tobytes()).digest()
