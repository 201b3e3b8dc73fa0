"""What the classes and the single test images say: where variants differ, and what they take for what."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.standing import Evidence, Standing
from paribus.verdict import ContrastVerdict


@dataclass(frozen=True)
class ClassDifferences:
    """A contrast, class by class.

    Attributes:
        contrast: The contrast.
        classes: Indices of the classes that have test images, ``(k,)``.
        per_seed: Difference in the accuracy on each class, percentage points, ``(rounds, k)``.
    """

    contrast: ContrastVerdict
    classes: npt.NDArray[np.intp]
    per_seed: npt.NDArray[np.float64]

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """Mean over the rounds, percentage points, ``(k,)``."""
        return np.asarray(self.per_seed.mean(axis=0))


@dataclass(frozen=True)
class Disagreement:
    """A test image that one variant gets right and the other wrong in most rounds.

    Attributes:
        index: Which test image.
        label: Its class.
        said: What the variant that is wrong says most often.
        said_in: In how many rounds it says so.
        right_a: Rounds in which A is right.
        right_b: Rounds in which B is right.
    """

    index: int
    label: int
    said: int
    said_in: int
    right_a: int
    right_b: int


@dataclass(frozen=True)
class Disagreements:
    """The images on which a pair of variants disagrees.

    Attributes:
        a: One variant.
        b: The other one.
        rounds: Rounds in which both were trained.
        for_a: Images that A gets right and B wrong in most rounds, the clearest first.
        for_b: The same for B.
    """

    a: str
    b: str
    rounds: int
    for_a: tuple[Disagreement, ...]
    for_b: tuple[Disagreement, ...]


def class_differences(standing: Standing, contrast: ContrastVerdict) -> ClassDifferences | None:
    """A contrast, class by class, over the rounds that count in its verdict; None before the first."""
    seeds = standing.layout.seeds[: contrast.rounds]
    if not seeds:
        return None
    name = contrast.contrast.variants[0]
    images = np.array(standing.runs[name][seeds[0]].images_per_class)
    classes = np.flatnonzero(images)
    per_seed = np.zeros((len(seeds), len(classes)))
    for name, weight in contrast.contrast.weights:
        for row, seed in enumerate(seeds):
            correct = np.array(standing.runs[name][seed].correct_per_class)
            per_seed[row] += weight * 100 * correct[classes] / images[classes]
    return ClassDifferences(contrast, classes, per_seed)


def disagreements(evidence: Evidence, contrast: ContrastVerdict) -> Disagreements | None:
    """The test images that the two variants of a contrast tell apart.

    Returns:
        None where the contrast is no pair, the labels are not at hand, or no round has both.
    """
    if evidence.test is None or contrast.a is None or contrast.b is None:
        return None
    a, b = (evidence.predictions.get(name, {}) for name in (contrast.a, contrast.b))
    seeds = [seed for seed in evidence.standing.layout.seeds[: contrast.rounds] if seed in a and seed in b]
    labels = evidence.test.labels
    if not seeds or any(len(runs[seed]) != len(labels) for runs in (a, b) for seed in seeds):
        return None
    said_a, said_b = (np.stack([runs[seed] for seed in seeds]) for runs in (a, b))
    right_a, right_b = ((said == labels).sum(axis=0) for said in (said_a, said_b))
    rounds = len(seeds)
    most = rounds / 2

    def found(wrong: npt.NDArray[np.unsignedinteger], order: npt.NDArray[np.intp]) -> list[Disagreement]:
        return [_disagreement(int(i), int(labels[i]), wrong[:, i], right_a, right_b) for i in order]

    for_a = _clearest(right_a - right_b, (right_a > most) & (right_b < most))
    for_b = _clearest(right_b - right_a, (right_b > most) & (right_a < most))
    return Disagreements(
        contrast.a, contrast.b, rounds, tuple(found(said_b, for_a)), tuple(found(said_a, for_b))
    )


def confusion(evidence: Evidence, variant: str) -> tuple[npt.NDArray[np.int64], int] | None:
    """What a variant takes for what, over all its runs that count.

    Returns:
        Number of predictions by true and by predicted class, ``(classes, classes)``, and how many runs are in
        it; None where labels or runs are not at hand.
    """
    runs = evidence.predictions.get(variant, {})
    if evidence.test is None or not runs:
        return None
    labels = evidence.test.labels.astype(np.int64)
    known = [said for said in runs.values() if len(said) == len(labels)]
    if not known:
        return None
    classes = len(evidence.standing.layout.data.classes)
    pairs = np.concatenate([labels * classes + said.astype(np.int64) for said in known])
    counts = np.bincount(pairs, minlength=classes * classes)
    return counts.reshape(classes, classes), len(known)


def row_shares(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Shares of each true class in percent, ``(classes, classes)``; zeros for a class without images."""
    totals = counts.sum(axis=1, keepdims=True)
    return np.asarray(100 * counts / np.maximum(totals, 1))


def _clearest(lead: npt.NDArray[np.int64], chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Indices of the chosen images by descending lead, then by index."""
    indices = np.flatnonzero(chosen)
    return indices[np.argsort(-lead[indices], kind="stable")]


def _disagreement(
    index: int,
    label: int,
    wrong: npt.NDArray[np.unsignedinteger],
    right_a: npt.NDArray[np.int64],
    right_b: npt.NDArray[np.int64],
) -> Disagreement:
    others, counts = np.unique(wrong[wrong != label], return_counts=True)
    most = int(counts.argmax())
    return Disagreement(
        index, label, int(others[most]), int(counts[most]), int(right_a[index]), int(right_b[index])
    )
