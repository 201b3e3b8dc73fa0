"""What the competitors train: the built-in study's variants as tasks on disk, and what they cost in FLOPs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from bench.speed.task import Convolution, Task

import paribus
from paribus import data
from paribus.nets.initial import initial_weights
from paribus.standing import Layout, VariantLayout
from paribus.standing.layout import lay_out
from paribus.train.batches import training_order

STUDY = "mnist-pooling"


def default_evaluate_every(iterations: int) -> int:
    """Minibatches between evaluations: 500 as in the study, or all of a run that they do not divide."""
    return 500 if iterations % 500 == 0 else iterations


@dataclass(frozen=True)
class Setting:
    """The tasks of a measurement.

    Attributes:
        layout: The study with the iterations asked for.
        folder: Where the tasks' arrays are.
    """

    layout: Layout
    folder: Path

    @classmethod
    def prepare(cls, folder: Path, *, iterations: int, evaluate_every: int) -> "Setting":
        """Lay the study out and write its images for the competitors."""
        overrides = {
            "protocol.iterations": str(iterations),
            "protocol.evaluate_every": str(evaluate_every),
        }
        layout = lay_out(paribus.read(STUDY, overrides))
        images = data.load(layout.data.name)
        for split in (images.train, images.test):
            np.save(folder / f"{split.name}-images.npy", split.images[:, 0])
            np.save(folder / f"{split.name}-labels.npy", split.labels.astype(np.int64))
        return cls(layout, folder)

    def task(self, variant: str, seed: int) -> Path:
        """Write the task of one run, with paribus' initial weights and order of the images."""
        chosen = self.layout.variant(variant)
        protocol = chosen.configuration.protocol
        assert protocol.evaluate_every is not None, "set by `prepare`"
        task = Task(
            folder=str(self.folder),
            variant=variant,
            seed=seed,
            convolutions=tuple(_convolutions(chosen)),
            pool=chosen.configuration.declared_net.pool,
            classes=len(self.layout.data.classes),
            batch_size=protocol.batch_size,
            iterations=chosen.iterations,
            evaluate_every=protocol.evaluate_every,
            learning_rate=protocol.learning_rate,
        )
        order = training_order(chosen.train_images, task.batch_size, task.iterations, seed)
        np.save(task.order_file, np.stack([indices for _, indices in islice(order, task.iterations)]))
        weights = initial_weights(chosen.table, seed)
        np.savez(task.weights_file, allow_pickle=False, **weights)
        return task.write()

    def flops(self, variant: str) -> int:
        """Dense FLOPs of one run, evaluations included."""
        return self.layout.variant(variant).flops(self.layout.data.test_count)


def _convolutions(variant: VariantLayout) -> Sequence[Convolution]:
    blocks = variant.configuration.declared_net.resolved_blocks()
    return [Convolution(block.channels, block.kernel, block.padding[0]) for block in blocks]
