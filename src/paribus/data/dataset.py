"""Images and labels in memory: splits, single images, batches.

The images stay uint8 in pages of the cache file that all processes share; a batch is an index into them.
Where the bytes come from is the business of loading.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import index as as_index
from typing import SupportsIndex, overload

import numpy as np
import numpy.typing as npt

from paribus.data.order import batch_order, batches_per_epoch


@dataclass(frozen=True, eq=False)
class Split:
    """The training or the test images with their labels.

    Attributes:
        name: ``train``, ``test``, or ``validation`` for images held out of the training images.
        images: ``(N, C, H, W)`` uint8, read-only view of the cache file.
        labels: ``(N,)`` uint8, above 256 classes uint16, read-only view of the cache file.
    """

    name: str
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.labels)

    @overload
    def __getitem__(self, index: SupportsIndex) -> tuple[npt.NDArray[np.float32], int]: ...
    @overload
    def __getitem__(self, index: slice) -> "Split": ...

    def __getitem__(self, index: SupportsIndex | slice) -> "tuple[npt.NDArray[np.float32], int] | Split":
        """One image and its label, or for a slice a split of those images (a view, nothing is copied).

        Returns:
            The image as ``(C, H, W)`` float32 in [0, 1] and its label; negative indices count from the end.

        Raises:
            IndexError: The split has no image of that index.
        """
        if isinstance(index, slice):
            return Split(self.name, self.images[index], self.labels[index])
        position = as_index(index)
        if not -len(self) <= position < len(self):
            there = f"holds images 0 to {len(self) - 1:,}" if len(self) else "holds no images"
            raise IndexError(f"the {self.name} split {there}; there is none at {position:,}")
        return as_float(self.images[position]), int(self.labels[position])

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.float32], int]]:
        for position in range(len(self)):
            yield self[position]

    def __repr__(self) -> str:
        return f"Split({self.name}, {len(self):,} images of shape {self.images.shape[1:]})"

    def batches(self, size: int, seed: int | None = None, epoch: int = 0) -> "Batches":
        """One epoch of the split in batches.

        Args:
            size: Images in a batch; the last batch is short where the size does not divide the split.
            seed: Shuffles in the order that training uses for this seed; without it the order is kept.
            epoch: Which pass: every epoch of a seed has an order of its own.

        Returns:
            An iterable with a length; every pass over it gives the same batches.

        Raises:
            UsageError: The size is below 1, or the split is empty.
        """
        return Batches(self, size, seed, epoch)


@dataclass(frozen=True, eq=False)
class Batches:
    """One epoch of a split in batches; made by `Split.batches`."""

    split: Split
    size: int
    seed: int | None = None
    epoch: int = 0

    def __post_init__(self) -> None:
        len(self)  # a size that makes no batches is refused here, not at the first pass

    def __len__(self) -> int:
        return batches_per_epoch(len(self.split), self.size)

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]]:
        """Images ``(B, C, H, W)`` float32 in [0, 1] and labels ``(B,)`` int64, batch by batch."""
        count = len(self.split)
        order = np.arange(count) if self.seed is None else batch_order(count, self.seed, self.epoch)
        for start in range(0, count, self.size):
            chosen = order[start : start + self.size]
            yield as_float(self.split.images[chosen]), self.split.labels[chosen].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset whose bytes have been checked.

    Sent to another process it would be copied; a worker loads it itself instead and shares the pages.

    Attributes:
        name: Its name in the catalogue; for own data, their form and the name of the folder or file.
        classes: Names of the classes, in the order of the labels.
        fingerprint: Identity of the data in run keys.
        train: The images that are trained on.
        test: The images that are evaluated: the test split, or validation images held out of training.
    """

    name: str
    classes: tuple[str, ...]
    fingerprint: str
    train: Split
    test: Split


def as_float(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Pixels as float32 in [0, 1]: the value divided by 255, rounded once (as torchvision's ``ToTensor``)."""
    return np.divide(images, np.float32(255), dtype=np.float32)
