"""Minibatches for training and chunks for evaluation, gathered from uint8 into buffers that are reused."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from paribus.data import batch_order
from paribus.train.augment import Augmenter

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.unsignedinteger] | npt.NDArray[np.signedinteger]


class Gatherer:
    """Turns indices into a batch of float images in [0, 1], channels last, without allocating.

    Args:
        images: ``(N, C, H, W)`` uint8.
        labels: ``(N,)`` class of each image.
        size: Images in the largest batch.
        augmenter: What changes the images; they stay as they are when left out.
    """

    def __init__(self, images: Images, labels: Labels, size: int, augmenter: Augmenter | None = None) -> None:
        count, channels, height, width = images.shape
        self._images = np.ascontiguousarray(images.transpose(0, 2, 3, 1)).reshape(count, -1)
        self._labels = np.asarray(labels, dtype=np.int64)
        self._shape = (channels, height, width)
        self._augmenter = augmenter
        self._bytes = np.empty((size, self._images.shape[1]), dtype=np.uint8)
        self._floats = torch.empty((size, height, width, channels), dtype=torch.float32)
        self._targets = np.empty(size, dtype=np.int64)

    def gather(self, indices: npt.NDArray[np.int64], epoch: int = 0) -> tuple[Tensor, Tensor]:
        """The images and labels at some indices; valid until the next call.

        Args:
            indices: Which images, ``(B,)``.
            epoch: Which pass over the images, from 0; it decides how they are changed.

        Returns:
            Images ``(B, C, H, W)`` float32 in [0, 1] in channels-last layout, labels ``(B,)`` int64.
        """
        count = len(indices)
        np.take(self._images, indices, axis=0, out=self._bytes[:count], mode="clip")
        np.take(self._labels, indices, out=self._targets[:count], mode="clip")
        channels, height, width = self._shape
        stored = self._bytes[:count].reshape(count, height, width, channels)
        draws = None if self._augmenter is None else self._augmenter.draws(indices, epoch)
        if self._augmenter is not None and draws is not None and self._augmenter.moves:
            stored = self._augmenter.move(stored, draws)
        floats = self._floats[:count]
        floats.copy_(torch.from_numpy(stored)).div_(255)
        images = floats.permute(0, 3, 1, 2)
        if self._augmenter is not None and draws is not None:
            images = self._augmenter.finish(images, draws)
        return images, torch.from_numpy(self._targets[:count])


def training_order(
    count: int, batch_size: int, iterations: int, seed: int
) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Indices of each minibatch of a run: epoch after epoch, each in a random order of its own.

    Yields:
        Epoch, from 0, and ``(B,)`` int64; the last batch of an epoch may be smaller.
    """
    done, epoch = 0, 0
    while done < iterations:
        order = batch_order(count, seed, epoch)
        for start in range(0, count, batch_size):
            if done == iterations:
                return
            yield epoch, order[start : start + batch_size]
            done += 1
        epoch += 1
