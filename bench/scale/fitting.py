"""Repeated measurements, and the straight line that should go through them."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Times:
    """How long something took that was done several times.

    Attributes:
        count: How many times the unit of cost is in it: iterations, or runs.
        seconds: Wall times of the repetitions.
    """

    count: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median wall time, seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Line:
    """The line T = start + count · each through some times.

    Attributes:
        start: What is paid once, seconds.
        each: What each unit adds, seconds.
        largest_residual: The largest distance of a time from the line, as a share of that time.
    """

    start: float
    each: float
    largest_residual: float

    @classmethod
    def through(cls, times: Sequence[Times]) -> Self:
        """Fit the medians by least squares.

        Args:
            times: Times of at least two different counts.
        """
        counts = np.array([one.count for one in times], dtype=float)
        seconds = np.array([one.median for one in times])
        each, start = (float(value) for value in np.polyfit(counts, seconds, 1))
        residuals = np.abs(seconds - start - counts * each) / seconds
        return cls(start, each, float(residuals.max()))

    def at(self, count: int) -> float:
        """What the line says of a count, seconds."""
        return self.start + count * self.each
