"""How good a net is on the test images."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from paribus.spec import Precision
from paribus.train.batches import Gatherer

CHUNK = 50
"""Test images evaluated together: small enough for their activations to stay in cache."""


@dataclass(frozen=True)
class TestResult:
    """Result on the test images.

    Attributes:
        loss: Mean cross-entropy, nats.
        accuracy: Share classified correctly, percent.
        predictions: Predicted class of each image, ``(M,)`` int64.
    """

    loss: float
    accuracy: float
    predictions: npt.NDArray[np.int64]


def evaluate(
    net: nn.Module, test: Gatherer, labels: npt.NDArray[np.int64], precision: Precision
) -> TestResult:
    """Evaluate a net on all test images, in their order, in evaluation mode.

    Args:
        net: Images to logits; left in the mode it was in.
        test: The test images.
        labels: Their classes, ``(M,)``.
        precision: Arithmetic of the forward pass.
    """
    predictions = np.empty(len(labels), dtype=np.int64)
    total = 0.0
    training = net.training
    net.eval()
    with torch.inference_mode(), arithmetic(precision):
        for start in range(0, len(labels), CHUNK):
            indices = np.arange(start, min(start + CHUNK, len(labels)))
            images, targets = test.gather(indices)
            logits = net(images).float()
            total += float(functional.cross_entropy(logits, targets, reduction="sum"))
            predictions[indices] = logits.argmax(1).numpy()
    net.train(training)
    correct = int((predictions == labels).sum())
    return TestResult(total / len(labels), 100 * correct / len(labels), predictions)


def arithmetic(precision: Precision) -> torch.autocast:
    """The context in which a forward pass computes with the protocol's precision."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16")
