"""The parts of which pictures of feature maps are made: shaded maps as small PNG files, and grids of numbers.

A value is blue where it is positive and vermillion where it is negative, the stronger the larger; nothing is
drawn for zero, so that the pictures suit light and dark pages.
"""

import base64
import io
import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.report.charts.svg import Element, label, node
from paribus.report.images import png

POSITIVE, NEGATIVE = (27, 128, 193), (221, 101, 22)
"""Between the light and the dark shade of the charts' blue and vermillion."""

_STRONGEST = 0.5
"""Opacity behind the largest number of a grid, which stays legible on it."""

Floats = npt.NDArray[np.floating]


def sheet(maps: Floats, columns: int, gap: int, limits: tuple[float, float]) -> str:
    """Feature maps side by side in one picture, a pixel for each value.

    Args:
        maps: ``(C, H, W)``.
        columns: Maps in a row.
        gap: Pixels between them.
        limits: The least and the greatest value; they hold zero.

    Returns:
        A ``data:`` address of a PNG file.
    """
    count, height, width = maps.shape
    rows = -(-count // columns)
    pixels = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), _ZERO, np.uint8)
    shades = _shades(maps, limits)
    for index in range(count):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        pixels[top : top + height, left : left + width] = shades[index]
    return _address(pixels)


def picture(image: npt.NDArray[np.uint8]) -> str:
    """An image of a dataset as a ``data:`` address of a PNG file; ``(C, H, W)`` uint8."""
    return f"data:image/png;base64,{base64.b64encode(png(image)).decode()}"


def shown_image(x: float, y: float, width: float, height: float, address: str) -> Element:
    """A picture whose pixels stay square."""
    return node(
        "image", x=x, y=y, width=width, height=height, href=address, css="pixels", preserveAspectRatio="none"
    )


def number_grid(
    corner: tuple[float, float],
    side: float,
    values: Floats,
    *,
    limit: float,
    inside: npt.NDArray[np.bool_] | None = None,
    strong: tuple[int, int] | None = None,
    size: float = 11.0,
    write: Callable[[float], str] | None = None,
) -> Iterator[Element]:
    """A grid of numbers, shaded by value.

    Args:
        corner: Its left and its upper edge.
        side: Side of a cell.
        values: ``(rows, columns)``.
        limit: Absolute value of the strongest shade.
        inside: Cells that are no padding; all of them when left out.
        strong: A cell to be framed, row and column.
        size: Size of the numbers; 0 leaves them out.
        write: From a value to how it is written; `brief` when left out.
    """
    x, y = corner
    for (row, column), value in np.ndenumerate(values):
        left, top = x + column * side, y + row * side
        padding = inside is not None and not inside[row, column]
        yield from _cell(left, top, side, float(value), limit, padding=padding)
        if size:
            words = "0" if padding else (write or brief)(float(value))
            css = f"n{max(6, int(size))}" + (" muted" if padding else "")
            yield label(left + side / 2, top + side / 2 + 0.36 * size, words, css=css, anchor="middle")
    if strong is not None:
        yield node(
            "rect",
            x=x + strong[1] * side,
            y=y + strong[0] * side,
            width=side,
            height=side,
            css="ink open",
            stroke_width=2,
        )


def brief(value: float) -> str:
    """A value in as few signs as tell it: two decimals below 10, one below 100, none beyond."""
    size = abs(value)
    if not math.isfinite(value):
        return "∞" if value > 0 else "–"
    decimals = 2 if size < 9.995 else 1 if size < 99.95 else 0
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        return "0" if value == 0 else "≈0"
    return text.replace("-", "−")


def full(value: float) -> str:
    """A value in a sum: four decimals, a proper minus sign."""
    text = f"{value:.4f}"
    return (text if float(text) else "0.0000").replace("-", "−")


def strongest(*arrays: Floats) -> float:
    """The largest absolute value, for the shades of a grid; 1 where all are zero."""
    return max((float(np.abs(values).max()) for values in arrays if values.size), default=0.0) or 1.0


def _cell(x: float, y: float, side: float, value: float, limit: float, *, padding: bool) -> Iterator[Element]:
    share = min(abs(value) / limit, 1.0)
    if share > 0.004:
        colour = "c0" if value > 0 else "c1"
        yield node(
            "rect",
            x=x,
            y=y,
            width=side,
            height=side,
            css=colour,
            stroke_width=0,
            fill_opacity=_STRONGEST * share,
        )
    yield node(
        "rect",
        x=x,
        y=y,
        width=side,
        height=side,
        css="axis open thin",
        stroke_dasharray="2 2" if padding else "",
    )


_LEVELS = 127
_ZERO = _LEVELS
"""Index of the palette that is nothing; more is positive, less is negative."""


def _shades(maps: Floats, limits: tuple[float, float]) -> npt.NDArray[np.uint8]:
    limit = max(-limits[0], limits[1]) or 1.0
    share = np.clip(np.nan_to_num(maps / limit), -1, 1)
    return np.asarray(np.rint(_ZERO + share * _LEVELS), dtype=np.uint8)


def _address(pixels: npt.NDArray[np.uint8]) -> str:
    image = Image.fromarray(pixels)
    image = image.convert("P") if image.mode != "P" else image
    image.putpalette(_PALETTE)
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True, transparency=_ALPHA)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


_PALETTE = bytes(
    part for index in range(2 * _LEVELS + 1) for part in (POSITIVE if index >= _ZERO else NEGATIVE)
)
_ALPHA = bytes(round(255 * abs(index - _ZERO) / _LEVELS) for index in range(2 * _LEVELS + 1))
