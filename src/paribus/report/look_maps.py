"""Feature maps of one layer as a drawing, map by map, on a scale that all variants share."""

from dataclasses import dataclass

import numpy as np

from paribus.report.charts.svg import Drawing, Element, label, node
from paribus.report.look_cells import Floats, brief, sheet, shown_image
from paribus.report.tables import rows_as_csv
from paribus.report.terminal import clean
from paribus.standing.looks import ImageLook

MOST_MAPS = 128
"""So many maps of a layer are drawn; the others are counted."""

_GAP = 1
"""Pixels between maps."""


@dataclass(frozen=True)
class MapGrid:
    """How the maps of a layer are laid out, in the units of their drawing; a page finds values by it.

    Attributes:
        channels: Maps drawn.
        rows: Rows of a map.
        columns: Columns of a map.
        across: Maps in a row.
        pixel: Side of a value.
    """

    channels: int
    rows: int
    columns: int
    across: int
    pixel: float

    @property
    def width(self) -> float:
        """Width of the drawing."""
        return (self.across * (self.columns + _GAP) - _GAP) * self.pixel

    @property
    def height(self) -> float:
        """Height of the drawing."""
        down = -(-self.channels // self.across)
        return (down * (self.rows + _GAP) - _GAP) * self.pixel

    @property
    def pitch(self) -> tuple[float, float]:
        """From one map to the next, across and down."""
        return (self.columns + _GAP) * self.pixel, (self.rows + _GAP) * self.pixel

    def corner(self, channel: int) -> tuple[float, float]:
        """Left and upper edge of a map."""
        across, down = self.pitch
        return (channel % self.across) * across, (channel // self.across) * down


def map_grid(shape: tuple[int, ...], width: float) -> MapGrid:
    """The layout of feature maps in a drawing of about that width.

    Args:
        shape: ``(C, H, W)``.
        width: Width of the drawing.
    """
    channels, rows, columns = min(shape[0], MOST_MAPS), shape[1], shape[2]
    across = next(number for number in (4, 8, 16) if channels <= number * number or number == 16)
    return MapGrid(channels, rows, columns, across, width / (across * (columns + _GAP) - _GAP))


def maps_drawing(maps: Floats, limits: tuple[float, float], *, width: float = 300.0) -> Drawing:
    """The feature maps of one layer of one net.

    Args:
        maps: ``(C, H, W)``.
        limits: The least and the greatest value of the layer over all variants.
        width: Width of the drawing.
    """
    grid = map_grid(maps.shape, width)
    return Drawing(grid.width, grid.height, tuple(maps_elements(maps, limits, grid)))


def maps_elements(maps: Floats, limits: tuple[float, float], grid: MapGrid) -> list[Element]:
    """The parts of `maps_drawing`, to stand in a larger drawing."""
    address = sheet(maps[: grid.channels], grid.across, _GAP, limits)
    frames = "".join(_frame(grid, channel) for channel in range(grid.channels))
    return [
        shown_image(0, 0, grid.width, grid.height, address),
        node("path", d=frames, css="grid open"),
    ]


def scale_drawing(limits: tuple[float, float], *, width: float = 300.0) -> Drawing:
    """The shades of a layer with the values that they stand for."""
    ramp = (
        np.linspace(limits[0], limits[1], 128)[np.newaxis, np.newaxis, :]
        if limits[0] < limits[1]
        else np.zeros((1, 1, 128))
    )
    bar = width - 120
    return Drawing(
        width,
        18,
        (
            label(54, 13, brief(limits[0]), css="small muted", anchor="end"),
            shown_image(60, 3, bar, 12, sheet(ramp, 1, 0, limits)),
            node("rect", x=60, y=3, width=bar, height=12, css="grid open"),
            label(66 + bar, 13, brief(limits[1]), css="small muted"),
        ),
    )


def _frame(grid: MapGrid, channel: int) -> str:
    left, top = grid.corner(channel)
    across, down = grid.columns * grid.pixel, grid.rows * grid.pixel
    return f"M{left:.2f} {top:.2f}h{across:.2f}v{down:.2f}h{-across:.2f}z"


def maps_csv(looked: ImageLook) -> str:
    """Every value of the feature maps that are shown, in full; channels, rows and columns from 0."""
    rows = [
        (clean(net.variant), net.seed, clean(layer), channel, row, column, float(value))
        for net in looked.nets
        for layer, maps in net.shown.items()
        for (channel, row, column), value in np.ndenumerate(maps)
    ]
    return rows_as_csv(("variant", "seed", "layer", "channel", "row", "column", "value"), rows)
