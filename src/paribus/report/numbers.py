"""How quantities are written for people: accuracies, losses, counts, times, sizes. Text only, no layout."""

import math


def percent(value: float) -> str:
    """An accuracy with its unit, such as ``96.70 %``."""
    return f"{value:.2f} %"


def loss(value: float) -> str:
    """A cross-entropy in nats, such as ``0.2134``."""
    return f"{value:.4f}"


def count(number: int, singular: str, plural: str = "") -> str:
    """A counted noun, such as ``1 run`` or ``1,200 runs``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def span(least: str, most: str) -> str:
    """A range, such as ``9 to 60``; one text where both ends read the same."""
    return least if least == most else f"{least} to {most}"


def duration(seconds: float) -> str:
    """A time to two figures that matter: ``0.4 s``, ``75 s``, ``12 min``, ``3 h 05 min``, ``2 d 4 h``."""
    if not math.isfinite(seconds):
        return "unknown time"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def flops(number: int) -> str:
    """Floating-point operations, such as ``5.26 TFLOPs``."""
    return f"{_scaled(number, ('', 'k', 'M', 'G', 'T', 'P', 'E'), 'FLOPs')}"


def size(number: int) -> str:
    """Bytes in decimal units, such as ``1.20 MB``."""
    return f"{_scaled(number, ('', 'k', 'M', 'G', 'T', 'P'), 'B')}"


def shape(sides: tuple[int, ...]) -> str:
    """A tensor's shape as torch writes it: ``(16, 1, 5, 5)``, ``(16)``."""
    return f"({', '.join(map(str, sides))})"


def _scaled(number: int, prefixes: tuple[str, ...], unit: str) -> str:
    value, index = float(number), 0
    while value >= 999.5 and index < len(prefixes) - 1:
        value, index = value / 1000, index + 1
    if index == 0:
        return f"{number} {unit}"
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{decimals}f} {prefixes[index]}{unit}"
