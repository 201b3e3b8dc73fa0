"""One output of a block drawn: where it comes from, patch × kernel, channel sums, the pooling window."""

from collections.abc import Iterator

import numpy as np

from paribus.report.charts.svg import Drawing, Element, label, line, node
from paribus.report.look_cells import Floats, brief, full, number_grid, sheet, shown_image, strongest
from paribus.report.look_pixel import ACTIVATIONS, shown_patch
from paribus.standing.looks import BlockLook
from paribus.standing.pixels import PatchSum, Pixel

_BETWEEN = 26.0
"""Room between grids, for the sign that joins them."""

_LEAST_CELL, _LARGEST_CELL, _LEAST_TEXT = 25.0, 36.0, 6.5


def patch_drawing(pixel: Pixel, *, width: float) -> Drawing:
    """Patch × kernel = products for one input channel: grids in a row, or the products in a second row."""
    shown, channel = shown_patch(pixel)
    index = shown.sources.index(channel)
    values = (shown.patch[index], shown.kernel[index], shown.products[index])
    count = len(shown.inside)
    abreast = (width - 2 * _BETWEEN) / (3 * count) >= _LEAST_CELL
    grids = 3 if abreast else 2
    side = min((width - (grids - 1) * _BETWEEN) / (grids * count), _LARGEST_CELL)
    grid = side * count
    size = min(11.0, 0.31 * side)
    corners = [(place * (grid + _BETWEEN), 22.0) for place in range(grids)]
    signs = [(grid + _BETWEEN / 2, 27 + grid / 2), (2 * grid + 1.5 * _BETWEEN, 27 + grid / 2)]
    if not abreast:
        corners.append((grid + _BETWEEN, grid + 66))
        signs[1] = (grid + _BETWEEN / 2, 1.5 * grid + 71)
    elements: list[Element] = []
    for place, (corner, grid_values) in enumerate(zip(corners, values, strict=True)):
        elements.append(
            label(corner[0], corner[1] - 8, ("input", "kernel", "products")[place], css="small muted")
        )
        elements += number_grid(
            corner,
            side,
            grid_values,
            limit=strongest(grid_values),
            inside=shown.inside if place == 0 else None,
            size=size if size >= _LEAST_TEXT else 0.0,
        )
    elements += [
        label(*at, sign, css="strong", anchor="middle") for at, sign in zip(signs, "×=", strict=True)
    ]
    if not abreast:
        elements += _sum(shown, index, grid + 42 + grid / 2)
    return Drawing(
        grids * grid + (grids - 1) * _BETWEEN, max(y for _, y in corners) + grid + 2, tuple(elements)
    )


def _sum(shown: PatchSum, index: int, top: float) -> Iterator[Element]:
    """The sum of the shown products, in the corner that two rows of grids leave free."""
    lines = [("sum", full(float(shown.per_channel[index])))]
    if len(shown.sources) == 1 and shown.bias is not None:
        lines += [("+ bias", full(shown.bias)), ("=", full(shown.total))]
    for number, (name, value) in enumerate(lines):
        yield label(0, top + 22 * number, name, css="small muted")
        yield label(112, top + 22 * number, value, css="strong" if name == "=" else "", anchor="end")


def channels_drawing(pixel: Pixel, *, width: float) -> Drawing:
    """The sum of each input channel as bars from zero; that of the shown channel is framed."""
    main = pixel.summand.convolution
    values = [float(value) for value in main.per_channel]
    limit = max(abs(value) for value in values) or 1.0
    step = min(width / len(values), 40.0)
    middle, room = 52.0, 36.0
    elements: list[Element] = []
    for place, (source, value) in enumerate(zip(main.sources, values, strict=True)):
        left, high = place * step, max(room * abs(value) / limit, 0.5)
        bar = node(
            "rect",
            node("title", f"input channel {source}: {full(value)}"),
            x=left + 0.12 * step,
            y=middle - high if value > 0 else middle,
            width=0.76 * step,
            height=high,
            css="c0" if value > 0 else "c1",
            stroke_width=0,
        )
        elements.append(bar)
        if source == pixel.source:
            elements.append(
                node(
                    "rect",
                    x=left + 0.5,
                    y=middle - room - 4,
                    width=step - 1,
                    height=2 * room + 8,
                    css="ink open",
                    stroke_width=1.5,
                )
            )
        if step >= 17:
            elements.append(
                label(left + step / 2, middle + room + 18, str(source), css="small muted", anchor="middle")
            )
    elements.append(line(0, middle, step * len(values), middle, "ink thin"))
    return Drawing(max(step * len(values), 60.0), middle + room + 24, tuple(elements))


def window_drawing(pixel: Pixel, *, width: float) -> Drawing | None:
    """The pooling window before and after the activation, the winner of max pooling framed."""
    size = len(pixel.window)
    if pixel.pool == "none":
        return None
    side = min(52.0, (width - 110) / (2 * size))
    frame = pixel.winner if pixel.pool == "max" else None
    limit = strongest(pixel.window, pixel.window_before)
    grid = side * size
    name = ACTIVATIONS.get(pixel.activation, "as it is")
    elements = [
        label(0, 14, f"before {name}", css="small muted"),
        *number_grid((0, 22), side, pixel.window_before, limit=limit, strong=frame),
        label(grid + 24, 24 + grid / 2, "→", css="strong", anchor="middle"),
        label(grid + 48, 14, "after", css="small muted"),
        *number_grid((grid + 48, 22), side, pixel.window, limit=limit, strong=frame),
        label(2 * grid + 72, 24 + grid / 2, "→", css="strong", anchor="middle"),
        label(2 * grid + 90, 26 + grid / 2, brief(pixel.value), css="strong"),
    ]
    return Drawing(max(2 * grid + 140, 200), 26 + grid, tuple(elements))


def way_drawing(look: BlockLook, pixel: Pixel, *, width: float) -> Drawing:
    """Where a value comes from: input with its patch, map before pooling with its window, output."""
    shown, channel = shown_patch(pixel)
    source = look.source[channel][np.newaxis]
    maps = [(f"input channel {channel}", source, (shown.top, shown.left, len(shown.inside)))]
    if pixel.pool != "none":
        size = len(pixel.window)
        maps.append(
            (
                "before pooling",
                look.after[pixel.channel][np.newaxis],
                (pixel.row * size, pixel.column * size, size),
            )
        )
    maps.append(("output", look.output[pixel.channel][np.newaxis], (pixel.row, pixel.column, 1)))
    room = min(150.0, (width - 40.0 * (len(maps) - 1)) / len(maps))
    elements: list[Element] = []
    for place, (name, values, frame) in enumerate(maps):
        elements += _placed_map(place * (room + 40), 22, room, values, frame, name)
        if place:
            elements.append(
                label(place * (room + 40) - 20, 22 + room / 2 + 5, "→", css="strong", anchor="middle")
            )
    return Drawing(len(maps) * room + 40.0 * (len(maps) - 1), 26 + room, tuple(elements))


def _placed_map(
    x: float, y: float, room: float, maps: Floats, frame: tuple[int, int, int], name: str
) -> Iterator[Element]:
    """One map in a square of the drawing, with a frame: its first row, first column and side, in values."""
    _, rows, columns = maps.shape
    unit = room / max(rows, columns)
    limits = (min(0.0, float(maps.min())), max(0.0, float(maps.max())))
    top, left, side = frame
    yield label(x, y - 8, name, css="small muted")
    yield shown_image(x, y, columns * unit, rows * unit, sheet(maps, 1, 0, limits))
    yield node("rect", x=x, y=y, width=columns * unit, height=rows * unit, css="grid open")
    yield node(
        "rect",
        x=x + left * unit,
        y=y + top * unit,
        width=side * unit,
        height=side * unit,
        css="c1 open",
        stroke_width=2,
    )
