"""Two noises told apart: another seed on these images, and another seed on other images too.

Works on the tables of who classified which image correctly. What it says is a description of the rounds at
hand, made after stopping; the verdict itself is in `judging`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paribus.errors import ResultsError
from paribus.verdict import student

_MOST_NEEDED = 10**9

Table = NDArray[np.bool_] | NDArray[np.uint8]


@dataclass(frozen=True)
class MeanSquares:
    """Two-way analysis of variance of D = correct(B) − correct(A), rounds × images, without replication."""

    seed: float
    image: float
    residual: float


@dataclass(frozen=True)
class Noises:
    """The difference B − A with its two uncertainties.

    Attributes:
        rounds: Rounds, n.
        images: Test images, M.
        difference_pp: Mean difference in accuracy.
        mean_squares: In units of D, not of percentage points.
        seed_se_pp: Standard error for other seeds on these images.
        both_se_pp: Standard error for other seeds on other images of the same kind.
        df: Satterthwaite's degrees of freedom of `both_se_pp`.
        low_pp: Lower end of the interval for other seeds on other images.
        high_pp: Its upper end.
        level: Confidence level of that interval, taken by itself.
        images_needed: About how many test images this interval needs to exclude zero, with these rounds; None
            where no number would do.
        rounds_needed: About how many rounds it needs, with these images; None where no number would do.
        images_for_a: Images that A gets right in more rounds than B.
        images_for_b: Images that B gets right in more rounds than A.
    """

    rounds: int
    images: int
    difference_pp: float
    mean_squares: MeanSquares
    seed_se_pp: float
    both_se_pp: float
    df: float
    low_pp: float
    high_pp: float
    level: float
    images_needed: int | None
    rounds_needed: int | None
    images_for_a: int
    images_for_b: int


def tell_noises_apart(correct_a: Table, correct_b: Table, *, alpha: float = 0.05) -> Noises:
    """Split the uncertainty of a paired difference into that of seeds and that of test images.

    Args:
        correct_a: Whether A was right, one row a round and one column a test image; shape (n, M).
        correct_b: The same for B, with the same seeds and images.
        alpha: One minus the level of the interval.

    Returns:
        The two standard errors and the interval for both. Method: the variance of the mean in a two-way
        random-effects layout, SE² = (MS_seed + MS_image − MS_residual)/(nM), degrees of freedom after
        Satterthwaite (1946). Where a variance component is estimated below zero it counts as zero, so that
        SE² is never less than MS_seed/(nM) or MS_image/(nM), nor than the accuracy's resolution.

    Raises:
        ResultsError: If the tables differ in shape or have fewer than two rounds or two images.
    """
    if correct_a.shape != correct_b.shape or correct_a.ndim != 2 or min(correct_a.shape) < 2:
        raise ResultsError(
            "the tables of correct answers cannot be compared",
            expected="two tables of the same shape, at least 2 rounds × 2 images",
            found=f"{correct_a.shape} and {correct_b.shape}",
        )
    rounds, images = correct_a.shape
    difference = (correct_b != 0).astype(np.int8) - (correct_a != 0).astype(np.int8)  # (n, M)
    per_image = difference.sum(axis=0, dtype=np.int64)
    squares = mean_squares(difference)
    mean = float(per_image.sum()) / (rounds * images)
    resolution = 2 / (12 * images**2 * rounds)
    seed_variance = max(squares.seed / (rounds * images), resolution)
    variance = max(_variance(squares, rounds, images), resolution)
    df = _satterthwaite(squares, rounds, images)
    reach = student.quantile(alpha / 2, df)
    half = reach * math.sqrt(variance)
    wanted = (mean / reach) ** 2
    return Noises(
        rounds=rounds,
        images=images,
        difference_pp=100 * mean,
        mean_squares=squares,
        seed_se_pp=100 * math.sqrt(seed_variance),
        both_se_pp=100 * math.sqrt(variance),
        df=df,
        low_pp=100 * (mean - half),
        high_pp=100 * (mean + half),
        level=1 - alpha,
        images_needed=_images_needed(squares, rounds, images, wanted),
        rounds_needed=_rounds_needed(squares, rounds, images, wanted),
        images_for_a=int(np.count_nonzero(per_image < 0)),
        images_for_b=int(np.count_nonzero(per_image > 0)),
    )


def mean_squares(difference: NDArray[np.int8]) -> MeanSquares:
    """Mean squares of a two-way layout without replication, from exact integer sums.

    Args:
        difference: Values −1, 0 or 1; shape (n, M).
    """
    rounds, images = difference.shape
    per_round = difference.sum(axis=1, dtype=np.int64)
    per_image = difference.sum(axis=0, dtype=np.int64)
    total = int(per_round.sum())
    correction = total**2 / (rounds * images)
    seed = int(per_round @ per_round) / images - correction
    image = int(per_image @ per_image) / rounds - correction
    residual = int(np.count_nonzero(difference)) - correction - seed - image
    return MeanSquares(
        seed=max(0.0, seed / (rounds - 1)),
        image=max(0.0, image / (images - 1)),
        residual=max(0.0, residual / ((rounds - 1) * (images - 1))),
    )


def _variance(squares: MeanSquares, rounds: int, images: int) -> float:
    combined = squares.seed + squares.image - squares.residual
    return max(combined, squares.seed, squares.image) / (rounds * images)


def _satterthwaite(squares: MeanSquares, rounds: int, images: int) -> float:
    parts = (
        squares.seed**2 / (rounds - 1)
        + squares.image**2 / (images - 1)
        + squares.residual**2 / ((rounds - 1) * (images - 1))
    )
    combined = max(squares.seed + squares.image - squares.residual, squares.seed, squares.image)
    return max(1.0, combined**2 / parts) if parts > 0 else float(rounds - 1)


def _components(squares: MeanSquares, rounds: int, images: int) -> tuple[float, float]:
    """Variance components of seed and image, at least zero."""
    seed = max(0.0, (squares.seed - squares.residual) / images)
    image = max(0.0, (squares.image - squares.residual) / rounds)
    return seed, image


def _images_needed(squares: MeanSquares, rounds: int, images: int, wanted: float) -> int | None:
    """Images at which the variance of the mean is `wanted`, with the same rounds."""
    seed, image = _components(squares, rounds, images)
    return _needed(image + squares.residual / rounds, wanted - seed / rounds)


def _rounds_needed(squares: MeanSquares, rounds: int, images: int, wanted: float) -> int | None:
    """Rounds at which the variance of the mean is `wanted`, with the same images."""
    seed, image = _components(squares, rounds, images)
    return _needed(seed + squares.residual / images, wanted - image / images)


def _needed(variance: float, allowed: float) -> int | None:
    """How many independent terms of this variance have a mean of the variance allowed."""
    if allowed <= 0 or variance > _MOST_NEEDED * allowed:
        return None
    return max(2, math.ceil(variance / allowed))
