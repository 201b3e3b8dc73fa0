"""One contrast at one look: its mean, its interval, and what that says of direction and size."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.verdict.contrasts import Combination
from paribus.verdict.outcome import Answer, Direction, Size

_EQUIVALENCE: dict[Size, Answer] = {"within": "supported", "beyond": "refuted", "unsettled": "undecided"}
"""What a size says to the claim ``a ~ b``."""


@dataclass(frozen=True)
class Interval:
    """Ends in percentage points."""

    low: float
    high: float

    @property
    def flipped(self) -> "Interval":
        """The interval of the difference the other way round."""
        return Interval(-self.high, -self.low)

    @property
    def direction(self) -> Direction:
        """On which side of zero it lies."""
        if self.low > 0:
            return "higher"
        return "lower" if self.high < 0 else "unsettled"

    def size(self, margin: float) -> Size:
        """Whether it lies beyond the margin on one side, or within it."""
        if self.low > margin or self.high < -margin:
            return "beyond"
        return "within" if -margin < self.low and self.high < margin else "unsettled"

    def answer(self, relation: str, margin: float) -> Answer:
        """What it says to ``a < b`` or ``a ~ b``, being the interval of b − a."""
        size = self.size(margin)
        if relation == "~":
            return _EQUIVALENCE[size]
        if self.direction != "unsettled":
            return "supported" if self.direction == "higher" else "refuted"
        return "not supported" if size == "within" else "undecided"


@dataclass(frozen=True)
class Estimate:
    """Mean and spread of one contrast over its first rounds.

    Attributes:
        rounds: Rounds in it.
        mean: In pp; None without rounds.
        sd: In pp, floored; None with fewer than two rounds.
        pairing_gain: See `ContrastVerdict`.
    """

    rounds: int
    mean: float | None = None
    sd: float | None = None
    pairing_gain: float | None = None

    def interval(self, critical: float) -> Interval | None:
        """The mean and `critical` standard errors to either side."""
        if self.mean is None or self.sd is None:
            return None
        half = critical * self.sd / math.sqrt(self.rounds)
        return Interval(self.mean - half, self.mean + half)


NOTHING = Estimate(0)
"""Before the first round."""


def estimate(
    contrast: Combination, accuracy: Mapping[str, Mapping[int, float]], seeds: Sequence[int], images: int
) -> Estimate:
    """The contrast over `seeds`, one round each; accuracies in percent.

    The spread is floored at that of rounding to whole images, a variance of (100/images)²/12 for each
    accuracy that enters, so that equal results in every round do not count as certainty.
    """
    if not seeds:
        return NOTHING
    table = np.array(
        [[accuracy[name][seed] for seed in seeds] for name in contrast.variants]
    )  # (variants, n)
    weights = np.array([weight for _, weight in contrast.weights])
    differences = weights @ table
    mean = float(differences.mean())
    if len(seeds) < 2:
        return Estimate(1, mean)
    variance = float(differences.var(ddof=1))
    unpaired = float(weights**2 @ table.var(axis=1, ddof=1))
    floor = float(weights @ weights) * (100 / images) ** 2 / 12
    gain = unpaired / variance if variance > 1e-18 else None
    return Estimate(len(seeds), mean, math.sqrt(max(variance, floor)), gain)


def distance(mean: float, margin: float, *, equivalence: bool) -> float:
    """How far the mean is from where nothing would be settled: what half an interval has to stay below.

    Args:
        mean: In pp.
        margin: In pp.
        equivalence: Whether ``a ~ b`` is asked, which only the margin settles, and not zero.
    """
    to_margin = margin - abs(mean)
    return abs(to_margin) if equivalence else max(abs(mean), to_margin)


def rounds_needed(measured: Estimate, reach: float, critical: Sequence[float], min_rounds: int) -> int | None:
    """About how many rounds bring half the interval below `reach`, if mean and spread stay as they are.

    Beyond the cap the last critical value stands in.

    Returns:
        A number of rounds, or None where no number would do.
    """
    if measured.sd is None or reach <= 1e-12:
        return None
    for offset, value in enumerate(critical):
        if value * measured.sd / math.sqrt(min_rounds + offset) < reach:
            return max(min_rounds + offset, measured.rounds + 1)
    return math.ceil((critical[-1] * measured.sd / reach) ** 2)
