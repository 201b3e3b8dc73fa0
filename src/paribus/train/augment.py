"""Random changes of a minibatch of training images, decided by seed, epoch and image, and by nothing else.

Flips and shifts move whole pixels, on the stored bytes. Rotations and crops interpolate, both at once, on
float images. Then the cutout.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from paribus import streams
from paribus.spec import Augmentation

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float64]

_FLIP, _DOWN, _RIGHT, _ANGLE, _SCALE, _TOP, _LEFT, _HOLE_ROW, _HOLE_COLUMN = range(9)
_DRAWS = 9


class Augmenter:
    """Changes minibatches as an augmentation asks for.

    Args:
        augmentation: What may be changed.
        count: Training images.
        seed: Seed of the round.
    """

    def __init__(self, augmentation: Augmentation, count: int, seed: int) -> None:
        self._augmentation = augmentation
        self._count = count
        self._seed = seed
        self._epoch = -1
        self._draws: Numbers

    def draws(self, indices: npt.NDArray[np.int64], epoch: int) -> Numbers:
        """The random numbers of some images in one epoch.

        Args:
            indices: Which training images, ``(B,)``.
            epoch: Which pass over them, from 0.

        Returns:
            ``(B, 9)`` float64 in [0, 1).
        """
        if epoch != self._epoch:
            words = streams.words(self._count * _DRAWS, self._seed, "augmentation", epoch)
            fractions = (words >> np.uint64(40)).astype(np.float64) * 2.0**-24
            self._draws = fractions.reshape(self._count, _DRAWS)
            self._epoch = epoch
        chosen: Numbers = self._draws[indices]
        return chosen

    def move(self, images: Bytes, draws: Numbers) -> Bytes:
        """Flip and shift.

        Args:
            images: ``(B, H, W, C)`` uint8.
            draws: Their random numbers.

        Returns:
            ``(B, H, W, C)`` uint8.
        """
        augmentation = self._augmentation
        count, height, width, _ = images.shape
        rows = np.arange(height)[None, :].repeat(count, 0)
        columns = np.arange(width)[None, :].repeat(count, 0)
        if augmentation.shift:
            rows -= _whole(draws[:, _DOWN], augmentation.shift)[:, None]
            columns -= _whole(draws[:, _RIGHT], augmentation.shift)[:, None]
        if augmentation.flip:
            mirrored = draws[:, _FLIP] < 0.5
            columns[mirrored] = width - 1 - columns[mirrored]
        inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
        rows, columns = rows.clip(0, height - 1), columns.clip(0, width - 1)
        moved: Bytes = images[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
        moved[~inside] = 0
        return moved

    def finish(self, images: Tensor, draws: Numbers) -> Tensor:
        """Rotate, crop and cut out.

        Args:
            images: ``(B, C, H, W)`` float32.
            draws: Their random numbers.

        Returns:
            ``(B, C, H, W)`` float32, channels last; may be the memory of `images`.
        """
        if self._augmentation.interpolates:
            resampled = self._resample(images, draws)
            images = resampled.contiguous(memory_format=torch.channels_last)
        if self._augmentation.cutout:
            self._cut(images, draws)
        return images

    @property
    def moves(self) -> bool:
        """Whether whole pixels are moved."""
        return self._augmentation.flip or self._augmentation.shift > 0

    def _resample(self, images: Tensor, draws: Numbers) -> Tensor:
        """Rotate and crop, bilinearly; what comes from outside the image is zero."""
        augmentation = self._augmentation
        height, width = images.shape[2:]
        angle = np.deg2rad(augmentation.rotation) * (2 * draws[:, _ANGLE] - 1)
        scale = augmentation.crop + (1 - augmentation.crop) * draws[:, _SCALE]
        down, right = ((1 - scale) * (2 * draws[:, place] - 1) for place in (_TOP, _LEFT))
        cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
        rows = np.stack(
            [cosine, -sine * height / width, right, sine * width / height, cosine, down], axis=1
        ).reshape(-1, 2, 3)
        matrix = torch.from_numpy(rows.astype(np.float32))
        grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
        return functional.grid_sample(images, grid, mode="bilinear", align_corners=False)

    def _cut(self, images: Tensor, draws: Numbers) -> None:
        """Set a square to zero, in place; at the edge a part of it lies outside."""
        side = self._augmentation.cutout
        height, width = images.shape[2:]
        tops = (draws[:, _HOLE_ROW] * height).astype(int) - side // 2
        lefts = (draws[:, _HOLE_COLUMN] * width).astype(int) - side // 2
        rows = _within(tops, side, height)[:, :, None]
        columns = _within(lefts, side, width)[:, None, :]
        images.masked_fill_(torch.from_numpy(rows & columns)[:, None], 0.0)


def _whole(draws: Numbers, most: int) -> npt.NDArray[np.int64]:
    """Uniform in -most ... most."""
    return (draws * (2 * most + 1)).astype(np.int64) - most


def _within(starts: npt.NDArray[np.int64], side: int, length: int) -> npt.NDArray[np.bool_]:
    """Which of `length` places lie in ``[start, start + side)``, ``(B, length)``."""
    places = np.arange(length)
    inside: npt.NDArray[np.bool_] = (places >= starts[:, None]) & (places < starts[:, None] + side)
    return inside
