"""The drawings of the lesson: numbers of an image, the sliding kernel, edges, sizes, pooling; from arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.report.charts.figure import WIDE
from paribus.report.charts.svg import Drawing, Element, label, node
from paribus.report.look_cells import Floats, full, number_grid, sheet, shown_image, strongest

CROP = 9
"""Side of the part of an image that is shown as numbers, pixels."""


@dataclass(frozen=True, eq=False)
class Slide:
    """A kernel at some places of an image.

    Attributes:
        picture: The image as a ``data:`` address.
        shape: Its rows and columns.
        output: The feature map, ``(h, w)``.
        side: Side of the kernel.
        stride: Pixels.
        padding: Zeros before the image, pixels.
        places: Rows and columns of the map.
    """

    picture: str
    shape: tuple[int, int]
    output: Floats
    side: int
    stride: int
    padding: int
    places: Sequence[tuple[int, int]]


def crop_drawing(picture: str, image: Floats, corner: tuple[int, int], width: float) -> Drawing:
    """An image, and a part of it as numbers.

    Args:
        picture: The image as a ``data:`` address.
        image: ``(H, W)``.
        corner: Row and column where the part begins.
        width: Width of the drawing.
    """
    top, left = corner
    crop = image[top : top + CROP, left : left + CROP]
    wide = width == WIDE
    cell = 30.0 if wide else width / CROP
    unit = 168 / max(image.shape)
    x, y = (248.0, 22.0) if wide else (0.0, 226.0)
    return Drawing(
        width,
        y + CROP * cell + 4,
        (
            label(0, 14, "the image", css="small muted"),
            shown_image(0, 22, image.shape[1] * unit, image.shape[0] * unit, picture),
            frame(left * unit, 22 + top * unit, CROP * unit, CROP * unit),
            label(x, y - 8, "the framed part, pixel by pixel", css="small muted"),
            *number_grid((x, y), cell, crop, limit=strongest(crop), size=10),
        ),
    )


def slide_drawing(slide: Slide, width: float) -> Drawing:
    """The image with the kernel at some places, and the map with the values that it gives there."""
    wide = width == WIDE
    room = 230.0 if wide else 150.0
    start = width - room - (70 if wide else 0)
    unit, cell = room / max(slide.shape), room / max(slide.output.shape)
    rows, columns = slide.output.shape
    address = sheet(slide.output[np.newaxis], 1, 0, limits_of(slide.output))
    elements: list[Element] = [
        label(0, 14, "the kernel on the image", css="small muted"),
        shown_image(0, 22, slide.shape[1] * unit, slide.shape[0] * unit, slide.picture),
        label(start, 14, "the feature map", css="small muted"),
        shown_image(start, 22, columns * cell, rows * cell, address),
        node("rect", x=start, y=22, width=columns * cell, height=rows * cell, css="grid open"),
    ]
    side = slide.side * unit
    for row, column in slide.places:
        left = (column * slide.stride - slide.padding) * unit
        top = 22 + (row * slide.stride - slide.padding) * unit
        x, y = start + column * cell, 22 + row * cell
        elements += [frame(left, top, side, side), frame(x, y, cell, cell)]
        if wide:
            end, middle = start + columns * cell, y + cell / 2
            lines = (
                f"M{left + side:.1f} {top + side / 2:.1f}L{x:.1f} {middle:.1f}"
                f"M{x + cell:.1f} {middle:.1f}L{end + 4:.1f} {middle:.1f}"
            )
            value = full(float(slide.output[row, column]))
            elements += [
                node("path", d=lines, css="axis open thin", stroke_dasharray="2 3"),
                label(end + 8, middle + 4, value, css="small"),
            ]
    return Drawing(width, room + 26, tuple(elements))


def seen_counts(side: int, padding: int, shown: int) -> npt.NDArray[np.int64]:
    """How many positions of a kernel see each pixel in the upper left corner of a large image.

    Args:
        side: Side of the kernel.
        padding: Zeros around the image, pixels.
        shown: Rows and columns of the corner.

    Returns:
        ``(shown, shown)``.
    """
    along = np.array(
        [sum(0 <= at + padding - first < side for first in range(shown + padding + 1)) for at in range(shown)]
    )
    return np.outer(along, along)


def corner_drawing(side: int, padding: int, width: float) -> Drawing:
    """The corner of an image with same and with valid padding: how many kernel positions see each pixel."""
    shown = side + 1
    cells = shown + padding
    wide = width == WIDE
    cell = min(30.0, width / cells if not wide else (width - 60) / (2 * cells))
    counts = (seen_counts(side, padding, shown), seen_counts(side, 0, shown))
    limit = float(max(one.max() for one in counts))
    inside = np.ones((cells, cells), dtype=np.bool_)
    inside[:padding] = inside[:, :padding] = False
    elements: list[Element] = []
    for number, (name, values, start) in enumerate(zip(("same", "valid"), counts, (0, padding), strict=True)):
        x = number * (cell * cells + 60) if wide else 0.0
        y = 22.0 if wide else 22.0 + number * (cell * cells + 48)
        padded = np.pad(values, ((padding, 0), (padding, 0))).astype(np.float64)
        known = inside if name == "same" else np.ones_like(inside)
        offset = 0 if name == "same" else padding
        grid = padded[offset:, offset:]
        left, top = x + offset * cell, y + offset * cell
        elements.append(label(left, top - 8, f"{name} padding", css="small muted"))
        elements += number_grid(
            (left, top),
            cell,
            grid,
            limit=limit,
            inside=known[offset:, offset:],
            write=lambda value: f"{value:.0f}",
        )
        elements.append(frame(x + start * cell, y + start * cell, side * cell, side * cell))
    bottom = 22 + cell * cells if wide else 22 + 2 * cell * cells + 48
    return Drawing(width, bottom + 4, tuple(elements))


def scale_drawing(maps: Sequence[tuple[str, Floats]], width: float, *, abreast: int = 3) -> Drawing:
    """Maps beside each other in one scale, with their sizes below.

    Args:
        maps: Name and values ``(H, W)`` of each.
        width: Width of the drawing.
        abreast: For how many maps there is room.
    """
    wide = width == WIDE
    largest = max(max(values.shape) for _, values in maps)
    gap = 28.0 if wide else 14.0
    unit = min(220.0, (width - gap * (abreast - 1)) / abreast) / largest
    elements: list[Element] = []
    for number, (name, values) in enumerate(maps):
        x = number * (largest * unit + gap)
        rows, columns = values.shape
        elements += [
            label(x, 14, name, css="small muted"),
            shown_image(
                x, 22, columns * unit, rows * unit, sheet(values[np.newaxis], 1, 0, limits_of(values))
            ),
            node("rect", x=x, y=22, width=columns * unit, height=rows * unit, css="axis open thin"),
            label(x, 40 + rows * unit, f"{rows} × {columns}", css="small"),
        ]
    return Drawing(width, largest * unit + 46, tuple(elements))


def pools_drawing(crop: npt.NDArray[np.float64], size: int, width: float) -> Drawing:
    """Two by two windows of a map, and what max and average pooling make of them.

    Args:
        crop: ``(2 · size, 2 · size)``.
        size: Side of a window.
        width: Width of the drawing.
    """
    windows = crop.reshape(2, size, 2, size).swapaxes(1, 2)
    wide = width == WIDE
    cell = min(46.0, width / (2 * size))
    limit, grid = strongest(crop), 2 * size * cell
    x, y = (grid + 64, 22.0) if wide else (0.0, 22 + grid + 44)
    elements: list[Element] = [
        label(0, 14, "a part of the map", css="small muted"),
        *number_grid((0, 22), cell, crop, limit=limit, size=11),
        *_window_frames(windows, size, cell),
    ]
    for name, values in (("max", windows.max(axis=(2, 3))), ("average", windows.mean(axis=(2, 3)))):
        elements.append(label(x, y - 8, name, css="small muted"))
        elements += number_grid((x, y), cell, values, limit=limit, size=11)
        x += 2 * cell + 56
    return Drawing(width, (22 + grid if wide else y + 2 * cell) + 4, tuple(elements))


def frame(x: float, y: float, width: float, height: float) -> Element:
    """A frame around what is pointed out."""
    return node("rect", x=x, y=y, width=width, height=height, css="c1 open", stroke_width=2)


def limits_of(values: Floats) -> tuple[float, float]:
    """The least and the greatest value; they hold zero."""
    return min(0.0, float(values.min())), max(0.0, float(values.max()))


def _window_frames(windows: npt.NDArray[np.float64], size: int, cell: float) -> Iterator[Element]:
    """A frame around each window, and one around its largest value."""
    for row, column in np.ndindex(2, 2):
        x, y = column * size * cell, 22 + row * size * cell
        yield node("rect", x=x, y=y, width=size * cell, height=size * cell, css="ink open", stroke_width=2)
        down, right = divmod(int(windows[row, column].argmax()), size)
        yield frame(x + right * cell + 3, y + down * cell + 3, cell - 6, cell - 6)
