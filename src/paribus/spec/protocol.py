"""How every variant of a study is trained and measured."""

from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from paribus.spec.augmentation import Augmentation
from paribus.spec.fields import BatchSize, Flag, Fraction, NonNegativeNumber, PositiveNumber, SpecModel, Steps

Optimizer = Literal["sgd", "adam", "adamw"]
Schedule = Literal["constant", "cosine", "one-cycle", "step"]
Precision = Literal["float32", "bfloat16"]


class Protocol(SpecModel):
    """The training protocol; the loss is cross-entropy."""

    batch_size: BatchSize = 100
    """Images in a minibatch; the last one of an epoch may be smaller."""
    iterations: Steps | None = None
    """Minibatches to train on (give this or `epochs`)."""
    epochs: Annotated[int, Strict(), Field(ge=1, le=1_000_000)] | None = None
    """Passes over the training images (give this or `iterations`)."""
    evaluate_every: Steps | None = None
    """Evaluate on the test images every so many iterations, and always after the last one."""
    optimizer: Optimizer = "sgd"
    """`sgd`, `adam` or `adamw`."""
    learning_rate: PositiveNumber = 0.01
    """Step size of the optimizer; the largest one where a schedule changes it."""
    schedule: Schedule = "constant"
    """How the step size changes: `constant`; `cosine`, down to zero (Loshchilov & Hutter, 2017); `one-cycle`,
    up in the first 30 % and down again (Smith & Topin, 2018); `step`, down by a factor now and then."""
    step_every: Steps | None = None
    """Iterations between two reductions of schedule `step`."""
    step_factor: Annotated[float, Strict(), Field(gt=0, le=1)] = 0.1
    """What schedule `step` multiplies the step size by."""
    momentum: Fraction = 0.0
    """Momentum of SGD."""
    nesterov: Flag = False
    """Nesterov's form of momentum."""
    weight_decay: NonNegativeNumber = 0.0
    """L2 penalty (sgd, adam) or decoupled decay (adamw)."""
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    """Decay rates of Adam's running moments."""
    epsilon: PositiveNumber = 1e-8
    """Adam's guard against division by zero."""
    label_smoothing: Fraction = 0.0
    """Share of the target that is spread evenly over all classes, in training only (Szegedy et al., 2016)."""
    augmentation: Augmentation = Augmentation()
    """Random changes of the training images."""
    precision: Precision = "float32"
    """Arithmetic of forward and backward; weights are always float32."""

    @model_validator(mode="after")
    def _fields_fit_together(self) -> "Protocol":
        problems = []
        if (self.iterations is None) == (self.epochs is None):
            problems.append("exactly one of iterations and epochs")
        if self.optimizer != "sgd" and (self.momentum or self.nesterov):
            problems.append(f"momentum and nesterov only with optimizer = 'sgd', not {self.optimizer!r}")
        if self.nesterov and not self.momentum:
            problems.append("momentum above 0 where nesterov = true")
        if self.optimizer == "sgd" and (self.betas != (0.9, 0.999) or self.epsilon != 1e-8):
            problems.append("betas and epsilon only with optimizer = 'adam' or 'adamw'")
        if (self.schedule == "step") != (self.step_every is not None):
            problems.append("step_every with schedule = 'step', and only with it")
        if self.schedule != "step" and self.step_factor != 0.1:
            problems.append("step_factor only with schedule = 'step'")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def total_iterations(self, images: int) -> int:
        """Minibatches of one run.

        Args:
            images: Number of training images.
        """
        if self.iterations is not None:
            return self.iterations
        assert self.epochs is not None, "the validator admits exactly one of iterations and epochs"
        return self.epochs * self.batches_per_epoch(images)

    def batches_per_epoch(self, images: int) -> int:
        """Minibatches in one pass over the training images, a smaller last one included."""
        return -(-images // self.batch_size)

    def evaluation_points(self, images: int) -> tuple[int, ...]:
        """Iterations after which the test images are evaluated, ascending, the last iteration included."""
        total = self.total_iterations(images)
        every = self.evaluate_every or total
        return tuple(sorted({*range(every, total + 1, every), total}))
