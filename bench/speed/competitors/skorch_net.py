"""skorch's classifier with tensors in memory; its epochs are the stretches between evaluations."""

import sys

import torch
from bench.speed.task import Stopwatch, Task
from bench.speed.torch_parts import Stretches, float_images, plain_net
from skorch import NeuralNetClassifier  # type: ignore[import-not-found]
from skorch.callbacks import Callback  # type: ignore[import-not-found]
from skorch.dataset import Dataset  # type: ignore[import-not-found]
from skorch.helper import predefined_split  # type: ignore[import-not-found]
from torch import nn


class Steps(Callback):  # type: ignore[misc]
    """Tells the stopwatch of every minibatch.

    Args:
        watch: The stopwatch.
    """

    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch

    def on_batch_end(self, *_: object, training: bool, **__: object) -> None:
        """A minibatch is done."""
        if training:
            self.watch.step()


def main() -> None:
    """Train the task."""
    task = Task.read(sys.argv[1])
    images, labels = float_images(task, "train"), task.labels("train")
    watch = Stopwatch()
    classifier = NeuralNetClassifier(
        plain_net(task),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        lr=task.learning_rate,
        batch_size=task.batch_size,
        max_epochs=task.passes,
        iterator_train__sampler=Stretches(task),
        train_split=predefined_split(Dataset(float_images(task, "test"), task.labels("test"))),
        callbacks=[Steps(watch)],
        verbose=0,
    )
    watch.begin()
    classifier.fit(images, labels)
    watch.end()
    accuracies = [100 * value for value in classifier.history[:, "valid_acc"]]
    watch.report(accuracies, threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
