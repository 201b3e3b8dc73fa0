"""What a competitor is told to train, and what it prints when it has.

Numpy and the standard library only: competitors in the peers' environment read it too.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Convolution:
    """A convolution, ReLU after it, then pooling 2 × 2.

    Attributes:
        channels: Output channels.
        kernel: Side of the kernel, pixels.
        padding: Zeros on each side, pixels.
    """

    channels: int
    kernel: int
    padding: int


@dataclass(frozen=True)
class Task:
    """One run of one variant.

    Attributes:
        folder: Where the arrays are.
        variant: Name of the variant.
        seed: Seed of the run; it decides initial weights and order of the images.
        convolutions: The net's blocks; one linear layer follows.
        pool: ``max`` or ``avg``.
        classes: Length of the logits.
        batch_size: Images in a minibatch.
        iterations: Minibatches.
        evaluate_every: Minibatches between two evaluations; divides `iterations`.
        learning_rate: Of plain SGD.
    """

    folder: str
    variant: str
    seed: int
    convolutions: tuple[Convolution, ...]
    pool: str
    classes: int
    batch_size: int
    iterations: int
    evaluate_every: int
    learning_rate: float

    @classmethod
    def read(cls, path: str | Path) -> "Task":
        """The task in a file."""
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
        fields["convolutions"] = tuple(Convolution(**values) for values in fields["convolutions"])
        return cls(**fields)

    def write(self) -> Path:
        """Put the task beside its arrays."""
        path = Path(self.folder) / f"task-{self.variant}-{self.seed}.json"
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @property
    def weights_file(self) -> Path:
        """Initial weights by the layer table's names, such as ``conv1.weight`` and ``fc1.bias``."""
        return Path(self.folder) / f"weights-{self.variant}-{self.seed}.npz"

    @property
    def order_file(self) -> Path:
        """Indices of the training images, ``(iterations, batch_size)`` int64."""
        return Path(self.folder) / f"order-{self.seed}.npy"

    @property
    def passes(self) -> int:
        """Stretches of training that end with an evaluation; the frameworks' epochs."""
        return self.iterations // self.evaluate_every

    def images(self, split: str) -> npt.NDArray[np.uint8]:
        """The ``train`` or ``test`` images, ``(N, H, W)`` uint8."""
        images: npt.NDArray[np.uint8] = np.load(Path(self.folder) / f"{split}-images.npy")
        return images

    def labels(self, split: str) -> npt.NDArray[np.int64]:
        """Their classes, ``(N,)``."""
        labels: npt.NDArray[np.int64] = np.load(Path(self.folder) / f"{split}-labels.npy")
        return labels

    def order(self) -> npt.NDArray[np.int64]:
        """Indices of the training images, ``(iterations, batch_size)``."""
        order: npt.NDArray[np.int64] = np.load(self.order_file)
        return order

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """Initial weights, torch's layout: ``(out, in, height, width)`` and ``(out, in)``."""
        with np.load(self.weights_file) as file:
            return {name: file[name] for name in file.files}


@dataclass
class Stopwatch:
    """Times one run; `time.monotonic` is the same clock in all processes of a machine.

    Attributes:
        began: When training began, everything being ready.
        first_iteration: When the first minibatch was done.
        ended: When the last evaluation was done.
    """

    began: float = field(default_factory=time.monotonic)
    first_iteration: float = 0.0
    ended: float = 0.0

    def begin(self) -> None:
        """Training begins now, where it does not with the making of this stopwatch."""
        self.began = time.monotonic()

    def step(self) -> None:
        """A minibatch is done."""
        if not self.first_iteration:
            self.first_iteration = time.monotonic()

    def end(self) -> None:
        """The last evaluation is done."""
        self.ended = time.monotonic()

    def report(self, accuracies: Sequence[float], *, threads: int) -> None:
        """Print what the run took and reached, as the last line.

        Args:
            accuracies: Of each evaluation, percent.
            threads: Threads it computed with.
        """
        fields = {
            "seconds": self.ended - self.began,
            "first_iteration_at": self.first_iteration,
            "accuracies": [round(float(accuracy), 4) for accuracy in accuracies],
            "threads": threads,
        }
        print(json.dumps(fields), flush=True)
