"""The rule on many simulated studies of one contrast at once, for planning and for calibration.

The same looks, intervals and stopping as in `judging`, in arrays; tests hold the two together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Looks:
    """Means and half widths of the intervals at every look.

    Attributes:
        mean: In the unit of the differences, shape (studies, looks).
        half: Likewise.
        min_rounds: Rounds at the first look.
    """

    mean: Array
    half: Array
    min_rounds: int

    def shifted(self, difference: float) -> "Looks":
        """The same studies with a true difference that is larger by `difference`."""
        return Looks(self.mean + difference, self.half, self.min_rounds)


@dataclass(frozen=True)
class Stops:
    """Where each study stops, shape (studies,) each.

    Attributes:
        rounds: Rounds used.
        direction: 1 higher, −1 lower, 0 unsettled.
        within: Whether the interval lies within the margin.
        settled: Whether it stopped because it had an answer, not at the cap.
        mean: Mean difference at the stop.
        half: Half width of the interval at the stop.
    """

    rounds: NDArray[np.int64]
    direction: NDArray[np.int64]
    within: NDArray[np.bool_]
    settled: NDArray[np.bool_]
    mean: Array
    half: Array


def look(differences: Array, critical: Array, min_rounds: int, *, floor_sd: float = 0.0) -> Looks:
    """Intervals of many studies at all their looks.

    Args:
        differences: One row a study, one column a round; shape (studies, max_rounds).
        critical: The critical value of every look.
        min_rounds: Rounds at the first look.
        floor_sd: Least standard deviation of the difference, as `judge` floors it.
    """
    rounds = np.arange(1, differences.shape[1] + 1)
    origin = differences[:, :1]  # sums of squares around the first value lose no digits to a large mean
    mean = np.cumsum(differences - origin, axis=1) / rounds
    square = np.cumsum((differences - origin) ** 2, axis=1)
    mean, square, rounds = (values[..., min_rounds - 1 :] for values in (mean, square, rounds))
    variance = np.maximum((square - rounds * mean**2) / (rounds - 1), floor_sd**2)
    return Looks(mean + origin, critical * np.sqrt(variance / rounds), min_rounds)


def stop(looks: Looks, *, margin: float = 0.0) -> Stops:
    """Stop every study at the first look with a direction or within the margin, or at the last look."""
    low, high = looks.mean - looks.half, looks.mean + looks.half
    within = (low > -margin) & (high < margin)
    settled = (low > 0) | (high < 0) | within
    settled_at_all = np.asarray(settled.any(axis=1))
    last = settled.shape[1] - 1
    at = np.where(settled_at_all, settled.argmax(axis=1), last)
    rows = np.arange(len(at))
    direction = (low[rows, at] > 0).astype(np.int64) - (high[rows, at] < 0)
    return Stops(
        rounds=at + looks.min_rounds,
        direction=direction,
        within=within[rows, at],
        settled=settled_at_all,
        mean=looks.mean[rows, at],
        half=looks.half[rows, at],
    )
