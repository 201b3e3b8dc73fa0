"""fastai's Learner with the notebook's loader; its epochs are the stretches between evaluations."""

import sys

import torch
from bench.speed.task import Stopwatch, Task
from bench.speed.torch_parts import notebook_loaders, plain_net
from fastai.callback.core import Callback  # type: ignore[import-not-found]
from fastai.data.core import DataLoaders  # type: ignore[import-not-found]
from fastai.learner import Learner  # type: ignore[import-not-found]
from fastai.metrics import accuracy  # type: ignore[import-not-found]
from fastai.optimizer import SGD  # type: ignore[import-not-found]
from torch import nn


class Steps(Callback):  # type: ignore[misc]
    """Tells the stopwatch of every minibatch.

    Args:
        watch: The stopwatch.
    """

    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch

    def after_batch(self) -> None:
        """A minibatch is done."""
        self.watch.step()


def main() -> None:
    """Train the task."""
    task = Task.read(sys.argv[1])
    watch = Stopwatch()
    learner = Learner(
        DataLoaders(*notebook_loaders(task)),
        plain_net(task),
        loss_func=nn.CrossEntropyLoss(),
        opt_func=SGD,
        metrics=accuracy,
        cbs=Steps(watch),
    )
    watch.begin()
    with learner.no_logging():
        learner.fit(task.passes, task.learning_rate)
    watch.end()
    accuracies = [100 * values[-1] for values in learner.recorder.values]
    watch.report(accuracies, threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
