"""What trained nets say of an image, and what one is exported as: made by inference, shown by report."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

ExportFormat = Literal["onnx", "safetensors"]


@dataclass(frozen=True)
class Voters:
    """The trained nets of one variant that are asked together.

    Attributes:
        study: Name of their study.
        study_digest: Digest of what it declares.
        variant: Their variant.
        dataset: Name of the dataset they were trained on.
        classes: Names of its classes, in the order of the labels.
        seeds: Seed of each net.
        run_keys: Run key of each net.
        numerics: What they were trained with.
        diverged: Seeds of recorded runs that diverged; their nets are not asked.
    """

    study: str
    study_digest: str
    variant: str
    dataset: str
    classes: tuple[str, ...]
    seeds: tuple[int, ...]
    run_keys: tuple[str, ...]
    numerics: str
    diverged: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Prediction:
    """What trained nets say of one image.

    Attributes:
        image: Name of the image, such as its file.
        voters: The nets.
        by_seed: Probability of each class by each net, ``(seeds, classes)`` float64.
    """

    image: str
    voters: Voters
    by_seed: npt.NDArray[np.float64]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        return self.voters.classes

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seed of each net."""
        return self.voters.seeds

    @cached_property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """Probability of each class, the mean over the nets, ``(classes,)``."""
        return np.asarray(self.by_seed.mean(axis=0))

    @cached_property
    def label(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())

    @property
    def name(self) -> str:
        """Name of the most probable class."""
        return self.classes[self.label]

    @property
    def probability(self) -> float:
        """Probability of that class."""
        return float(self.probabilities[self.label])

    @cached_property
    def runner_up(self) -> int | None:
        """The next most probable class; None if there is only one."""
        if len(self.classes) < 2:
            return None
        rest = self.probabilities.copy()
        rest[self.label] = -1.0
        return int(rest.argmax())

    @property
    def agreement(self) -> int:
        """How many nets, asked alone, give the same class."""
        return int((self.by_seed.argmax(axis=1) == self.label).sum())


@dataclass(frozen=True)
class Exported:
    """A trained net written to a file of another format.

    Attributes:
        path: The file.
        format: Its format.
        size: Its size, bytes.
        sha256: Its SHA-256.
        metadata: What the file says of the net, name to text.
    """

    path: Path
    format: ExportFormat
    size: int
    sha256: str
    metadata: Mapping[str, str]
