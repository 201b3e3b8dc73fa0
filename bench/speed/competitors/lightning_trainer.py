"""Lightning's Trainer with the notebook's loader; its epochs are the stretches between evaluations."""

import logging
import sys
import warnings

import lightning  # type: ignore[import-not-found]
import torch
from bench.speed.task import Stopwatch, Task
from bench.speed.torch_parts import notebook_loaders, plain_net
from torch import Tensor
from torch.nn import functional


class Module(lightning.LightningModule):  # type: ignore[misc]
    """The plain net as Lightning wants it.

    Args:
        task: What to train.
        watch: Told of every step.
    """

    def __init__(self, task: Task, watch: Stopwatch) -> None:
        super().__init__()
        self.net = plain_net(task)
        self.rate = task.learning_rate
        self.watch = watch
        self.correct: list[Tensor] = []
        self.accuracies: list[float] = []

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """The loss of a minibatch."""
        images, labels = batch
        return functional.cross_entropy(self.net(images), labels)

    def on_train_batch_end(self, *_: object) -> None:
        """A minibatch is done."""
        self.watch.step()

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Which images of a batch are classified correctly."""
        images, labels = batch
        self.correct.append(self.net(images).argmax(1) == labels)

    def on_validation_epoch_end(self) -> None:
        """The accuracy over all batches."""
        self.accuracies.append(100 * torch.cat(self.correct).double().mean().item())
        self.correct.clear()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Plain SGD."""
        return torch.optim.SGD(self.parameters(), lr=self.rate)


def main() -> None:
    """Train the task."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    task = Task.read(sys.argv[1])
    train, test = notebook_loaders(task)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=task.passes,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    watch = Stopwatch()
    module = Module(task, watch)
    watch.begin()
    trainer.fit(module, train, test)
    watch.end()
    watch.report(module.accuracies, threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
