"""Trained nets kept in memory and asked for the classes of images."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from paribus.errors import UsageError
from paribus.inference.choosing import Chosen, Weights
from paribus.inference.preparing import Prepared
from paribus.nets.build import build
from paribus.nets.initial import Weights as Parameters
from paribus.standing import Prediction
from paribus.train.batches import Gatherer
from paribus.train.evaluate import CHUNK, arithmetic

_ONE_AT_A_TIME = threading.Lock()


class Ensemble:
    """The trained nets of one variant, loaded once and asked as often as wanted, from any thread.

    Args:
        chosen: The runs.
        weights: Weights of each, in the same order.
    """

    def __init__(self, chosen: Chosen, weights: Sequence[Weights]) -> None:
        self.chosen = chosen
        self.voters = chosen.voters
        self.image_shape = chosen.data.image_shape
        self._precision = chosen.variant.configuration.protocol.precision
        self._nets = [
            trained_module(chosen, record.seed, values)
            for record, values in zip(chosen.records, weights, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._nets)

    def __repr__(self) -> str:
        return f"Ensemble({self.voters.study}:{self.voters.variant}, seeds {self.voters.seeds})"

    def probabilities(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """What each net says of each image: the softmax of its logits.

        The arithmetic is that of the evaluation in training, with one thread and as many images at a time, so
        that a dataset's test images get the classes that were recorded.

        Args:
            images: ``(N, C, H, W)`` uint8 in the form of the dataset's images.

        Returns:
            ``(seeds, N, classes)`` float64.

        Raises:
            UsageError: If the images have another form.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != self.image_shape:
            raise UsageError(
                "these are no images of the dataset's form",
                expected=f"uint8 of shape (N, {', '.join(map(str, self.image_shape))})",
                found=f"{images.dtype} of shape {images.shape}",
                mend="prepare pictures with paribus.predict, which brings them into that form",
            )
        found = np.empty((len(self._nets), len(images), len(self.voters.classes)))
        if not len(images):
            return found
        gatherer = Gatherer(images, np.zeros(len(images), np.uint8), min(CHUNK, len(images)))
        with _one_thread(), torch.inference_mode():
            for start in range(0, len(images), CHUNK):
                indices = np.arange(start, min(start + CHUNK, len(images)))
                batch, _ = gatherer.gather(indices)
                for number, net in enumerate(self._nets):
                    with arithmetic(self._precision):
                        logits = net(batch)
                    found[number, indices] = torch.softmax(logits.double(), dim=1).numpy()
        return found

    def predict(self, prepared: Prepared) -> list[Prediction]:
        """What the nets say of prepared pictures, one by one."""
        by_net = self.probabilities(prepared.pixels)
        return [Prediction(name, self.voters, by_net[:, index]) for index, name in enumerate(prepared.names)]


def trained_module(chosen: Chosen, seed: int, weights: Weights) -> nn.Module:
    """The net of one run with its trained weights, in evaluation mode.

    Args:
        chosen: The run's variant.
        seed: The run's seed.
        weights: Its weights and buffers.
    """
    net = build(chosen.variant.configuration.net, chosen.variant.table, cast("Parameters", weights), seed)
    return net.eval().requires_grad_(requires_grad=False)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute with one thread, as training does: more would change the order of summation.

    The number is the process's, so only one caller at a time may change it.
    """
    with _ONE_AT_A_TIME:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
