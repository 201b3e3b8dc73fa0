"""One run from seed to weights.

Nothing is passed in that could belong to another run: the net is built here, the optimizer gets that net's
parameters, and that net is evaluated.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from paribus.data import Dataset
from paribus.nets.build import TorchNet
from paribus.nets.start import start
from paribus.records import Assignment, Evaluation, Flag, RunRecord, RunState, Timing, TrainedRun
from paribus.spec import Protocol
from paribus.train.augment import Augmenter
from paribus.train.batches import Gatherer, training_order
from paribus.train.digests import array_digest, order_digest, weights_digest
from paribus.train.evaluate import CHUNK, TestResult, arithmetic, evaluate
from paribus.train.numerics import Engine, environment
from paribus.train.optimizer import make_optimizer
from paribus.train.schedule import learning_rate

OnEvaluation = Callable[[Evaluation], None]
OnStep = Callable[[int, float], None]


def train(
    assignment: Assignment,
    data: Dataset,
    engine: Engine,
    *,
    on_evaluation: OnEvaluation = lambda _: None,
    on_step: OnStep = lambda _, __: None,
) -> TrainedRun:
    """Train one run.

    Args:
        assignment: The run.
        data: Its dataset.
        engine: What this process was set up to compute with.
        on_evaluation: Called after each evaluation.
        on_step: Called after each minibatch with its number, from 1, and its loss.

    Returns:
        The run's record and weights; a loss that is no longer finite ends it as ``diverged``.
    """
    started = time.perf_counter()
    configuration, seed = assignment.configuration, assignment.seed
    count = configuration.data.train_images or len(data.train)
    begun = start(configuration.net, data.train.images.shape[1:], len(data.classes), seed, engine.kernels)
    course = _Course(begun.net, configuration.protocol, data, count, seed)
    with begun.generators():
        course.follow(on_evaluation, on_step)
    final = {name: tensor.detach().numpy().copy() for name, tensor in begun.net.named_state().items()}
    moved = _distance(begun.initial, final)
    record = RunRecord(
        run_key=assignment.run_key,
        numerics=engine.numerics,
        seed=seed,
        state=course.state,
        iterations=course.iterations,
        evaluations=tuple(course.evaluations),
        order_digest=order_digest(
            indices for _, indices in itertools.islice(course.order(), course.iterations)
        ),
        initial_digests={name: array_digest(values) for name, values in begun.initial.items()},
        weights_digest=weights_digest(final),
        weights_moved=moved,
        correct_per_class=course.correct_per_class(),
        images_per_class=tuple(np.bincount(course.test_labels, minlength=len(data.classes)).tolist()),
        predictions=course.result.predictions.astype(np.uint8 if len(data.classes) <= 256 else np.uint16),
        timing=Timing(time.perf_counter() - started, course.training_seconds, course.evaluation_seconds),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        environment={**environment(), **begun.notes},
        flags=_flags(course.evaluations, moved, course.test_labels),
        reason=course.reason,
    )
    return TrainedRun(record, final)


class _Course:
    """The way of one net through its training, step by step."""

    def __init__(self, net: TorchNet, protocol: Protocol, data: Dataset, count: int, seed: int) -> None:
        self.net = net
        self.protocol = protocol
        self.count = count
        self.seed = seed
        self.optimizer = make_optimizer(protocol, net.parameters())
        augmentation = protocol.augmentation
        self.train_images = Gatherer(
            data.train.images[:count],
            data.train.labels[:count],
            protocol.batch_size,
            Augmenter(augmentation, count, seed) if augmentation.changes else None,
        )
        self.total = protocol.total_iterations(count)
        self.test_images = Gatherer(data.test.images, data.test.labels, CHUNK)
        self.test_labels = np.asarray(data.test.labels, dtype=np.int64)
        self.classes = len(data.classes)
        self.iterations = 0
        self.state: RunState = "done"
        self.reason = ""
        self.evaluations: list[Evaluation] = []
        self.result: TestResult
        self.training_seconds = 0.0
        self.evaluation_seconds = 0.0

    def order(self) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
        """Epoch and indices of the training images, minibatch by minibatch."""
        return training_order(self.count, self.protocol.batch_size, self.total, self.seed)

    def follow(self, on_evaluation: OnEvaluation, on_step: OnStep) -> None:
        """Train to the end, or until the loss is no longer finite, evaluating where the protocol says."""
        points = set(self.protocol.evaluation_points(self.count))
        began = time.perf_counter()
        for epoch, indices in self.order():
            self.iterations += 1
            loss = self._step(epoch, indices)
            on_step(self.iterations, loss)
            if not math.isfinite(loss):
                self.state = "diverged"
                self.reason = f"the training loss was {loss} at iteration {self.iterations}"
            if self.iterations in points or self.state == "diverged":
                self.training_seconds += time.perf_counter() - began
                on_evaluation(self._evaluate(loss))
                began = time.perf_counter()
            if self.state == "diverged":
                return

    def correct_per_class(self) -> tuple[int, ...]:
        """Test images of each class classified correctly at the end."""
        right = self.test_labels[self.result.predictions == self.test_labels]
        return tuple(np.bincount(right, minlength=self.classes).tolist())

    def _step(self, epoch: int, indices: npt.NDArray[np.int64]) -> float:
        protocol = self.protocol
        images, labels = self.train_images.gather(indices, epoch)  # (B, C, H, W), (B,)
        self.optimizer.zero_grad()
        with arithmetic(protocol.precision):
            logits: Tensor = self.net(images)  # (B, classes)
        loss = functional.cross_entropy(logits.float(), labels, label_smoothing=protocol.label_smoothing)
        torch.autograd.backward(loss)
        self.optimizer.step(learning_rate(protocol, self.iterations, self.total))
        return loss.item()

    def _evaluate(self, loss: float) -> Evaluation:
        began = time.perf_counter()
        self.result = evaluate(self.net, self.test_images, self.test_labels, self.protocol.precision)
        self.evaluation_seconds += time.perf_counter() - began
        evaluation = Evaluation(self.iterations, loss, self.result.loss, self.result.accuracy)
        self.evaluations.append(evaluation)
        return evaluation


def _distance(
    initial: Mapping[str, npt.NDArray[np.float32]], final: Mapping[str, npt.NDArray[np.generic]]
) -> float:
    moves = (np.asarray(final[name], dtype=np.float64) - values for name, values in initial.items())
    return math.sqrt(sum(float(np.square(move).sum()) for move in moves))


def _flags(evaluations: list[Evaluation], moved: float, labels: npt.NDArray[np.int64]) -> tuple[Flag, ...]:
    """The run's own proof that it trained: weights moved, loss left ln(classes), accuracy left chance."""
    shares = np.bincount(labels) / len(labels)
    flags: list[Flag] = []
    if moved == 0:
        flags.append("weights did not move")
    if not any(evaluation.train_loss < 0.98 * math.log(len(shares)) for evaluation in evaluations):
        flags.append("loss stayed at chance")
    if evaluations[-1].accuracy < 120 * float(shares.max()):
        flags.append("accuracy at chance")
    return tuple(flags)
