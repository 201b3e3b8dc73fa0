"""What the competitors without torch share: images and weights in the layout with channels last."""

import numpy as np
import numpy.typing as npt
from bench.speed.task import Task

Array = npt.NDArray[np.float32]


def float_images(task: Task, split: str) -> Array:
    """All images of a split, ``(N, H, W, 1)`` float32 in [0, 1]."""
    return task.images(split)[..., np.newaxis].astype(np.float32) / np.float32(255)


def last_layout(task: Task) -> dict[str, Array]:
    """Initial weights for channels last: ``(height, width, in, out)`` and ``(features, classes)``.

    The linear layer's features are put in the order in which maps with channels last are flattened.
    """
    channels = task.convolutions[-1].channels
    return {name: _turned(values, channels) for name, values in task.weights().items()}


def _turned(values: Array, channels: int) -> Array:
    if values.ndim == 4:
        return values.transpose(2, 3, 1, 0)
    if values.ndim == 2:
        side = round((values.shape[1] / channels) ** 0.5)
        maps = values.reshape(-1, channels, side, side)  # (classes, C, H, W)
        return maps.transpose(2, 3, 1, 0).reshape(-1, len(values))
    return values
