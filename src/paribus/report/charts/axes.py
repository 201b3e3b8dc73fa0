"""Scales, their round ticks, and labels cut to the room they have."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from paribus.report.terminal import clean

_SIGN_WIDTH = 0.6
"""Width of a sign over the font size, rather too much than too little: the reader's font is not known."""


@dataclass(frozen=True)
class Scale:
    """Values to places along an axis.

    Attributes:
        low: Value at `start`.
        high: Value at `end`; greater than `low`.
        start: A place.
        end: Another one.
        ticks: Round values between `low` and `high`.
    """

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...] = ()

    def __call__(self, value: float) -> float:
        """The place of a value; one outside lies at the nearer end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def tick_text(self, value: float, *, signed: bool = False) -> str:
        """A tick's value with as many decimals as the ticks need."""
        step = min((b - a for a, b in zip(self.ticks, self.ticks[1:], strict=False)), default=1.0)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        text = f"{value:+,.{decimals}f}" if signed and value else f"{value:,.{decimals}f}"
        return text.replace("-", "−")


def scale(
    values: Sequence[float], start: float, end: float, *, most_ticks: int, room: float | None = None
) -> Scale:
    """A scale that holds the values.

    Args:
        values: At least one.
        start: Place of its lower end.
        end: Place of its upper end.
        most_ticks: Ticks at the most.
        room: End the axis this share of the values' span beyond them; at round numbers when left out.
    """
    low, high = min(values), max(values)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    if room is not None:
        low, high = low - room * (high - low), high + room * (high - low)
    step = _step(high - low, most_ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if room is None:
        low, high = first * step, last * step
    places = (index * step for index in range(first, last + 1))
    ticks = tuple(place for place in places if low - 1e-9 <= place <= high + 1e-9)
    return Scale(low, high, start, end, ticks)


def text_width(text: str, size: float) -> float:
    """About the width of a text, in the units of the font size."""
    signs = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
    return _SIGN_WIDTH * size * signs


def fitting(room: float, size: float) -> int:
    """How many signs fit into a width."""
    return max(4, int(room / (_SIGN_WIDTH * size)))


def shorten(text: str, most: int) -> str:
    """A text of so many signs at the most, with what had to go in the middle marked by an ellipsis."""
    text = clean(text)
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[-tail:]}"


def short_names(names: Sequence[str], most: int) -> dict[str, str]:
    """Names cut to a length; those that would read the same get their number in front."""
    cut = {name: shorten(name, most) for name in names}
    short = list(cut.values())
    return {
        name: shorten(name, most)
        if short.count(text) == 1
        else shorten(f"{number} {clean(name)}", max(most, 6))
        for number, (name, text) in enumerate(cut.items(), start=1)
    }


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places moved as little as may be so that each is at least `gap` from the next, within low to high.

    Args:
        places: In any order.
        gap: Least distance.
        low: Least place.
        high: Greatest place.
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    below = low - gap
    for index in order:
        moved[index] = below = max(moved[index], below + gap)
    above = high + gap
    for index in reversed(order):
        moved[index] = above = min(moved[index], above - gap)
    return moved


def _step(span: float, most: int) -> float:
    """The smallest round step that gives no more than `most` intervals."""
    rough = span / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
