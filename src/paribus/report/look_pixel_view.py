"""One value taken apart, as a part of a page: where it comes from, patch × kernel, pooling, all numbers."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from paribus.report.charts.svg import Drawing, inline
from paribus.report.html.environment import render
from paribus.report.look_cells import brief, full
from paribus.report.look_names import image_title
from paribus.report.look_pixel import channel_table, patch_table, pixel_name, pixel_sentence, pixel_steps
from paribus.report.look_pixel_drawings import channels_drawing, patch_drawing, way_drawing, window_drawing
from paribus.report.tables import Table
from paribus.report.terminal import clean
from paribus.standing.looks import ImageLook, NetLook
from paribus.standing.pixels import Pixel

COLUMN = 320.0
"""Width of the drawings, CSS pixels."""

Address = Callable[..., str]
"""From what is to be changed in a choice (``source``, ``place``) to the address that shows it."""


@dataclass(frozen=True)
class ChoiceView:
    """A link to another part of the same sum."""

    words: str
    address: str
    choice: str
    current: bool = False


@dataclass(frozen=True)
class PixelView:
    """One value taken apart, as the template takes it."""

    variant: str
    name: str
    value: float
    value_words: str
    way: Markup
    patch: Markup
    patch_title: str
    channels: Markup | None
    sources: int
    source: int
    window: Markup | None
    places: int
    steps: tuple[tuple[str, str, str, float], ...]
    tables: tuple[Table, ...]
    pixel: Pixel
    sentence: str
    elsewhere: tuple[str, ...]
    other_places: tuple[ChoiceView, ...]
    other_sources: tuple[ChoiceView, ...]


def pixel_html(
    looked: ImageLook,
    net: NetLook,
    pixel: Pixel,
    *,
    prefix: str = "",
    level: int = 3,
    address: Address | None = None,
) -> Markup:
    """One value taken apart, with the same place in the other variants.

    Args:
        looked: An image and what the nets make of it.
        net: Whose value it is.
        pixel: The value.
        prefix: Put before identities.
        level: Level of its heading.
        address: Where other parts of the sum are shown; there are no links to them when left out.
    """
    view = _pixel(looked, net, pixel, prefix, address)
    about = f"{clean(net.variant)}, {image_title(looked)}"
    return render("look_pixel.html", pixel=view, level=level, about=about)


def _pixel(looked: ImageLook, net: NetLook, pixel: Pixel, prefix: str, address: Address | None) -> PixelView:
    block = net.blocks[pixel.block - 1]
    name = pixel_name(pixel)
    main = pixel.summand.convolution
    window = window_drawing(pixel, width=COLUMN)

    def drawn(drawing: Drawing, part: str, title: str) -> Markup:
        return inline(
            drawing,
            title=title,
            description=f"{title}; the numbers are in the steps and tables below.",
            identity=f"{prefix}{part}",
            css=f"only {part}",
        )

    return PixelView(
        variant=net.variant,
        name=name,
        value=pixel.value,
        value_words=full(pixel.value),
        way=drawn(way_drawing(block, pixel, width=COLUMN), "way", "Where the value comes from"),
        patch=drawn(
            patch_drawing(pixel, width=COLUMN), "patch", f"Patch and kernel of input channel {pixel.source}"
        ),
        patch_title=f"Input channel {pixel.source}: patch × kernel",
        channels=(
            drawn(channels_drawing(pixel, width=COLUMN), "channels", "Sum of each input channel")
            if len(main.sources) > 1
            else None
        ),
        sources=len(main.sources),
        source=pixel.source,
        window=None if window is None else drawn(window, "window", "The pooling window"),
        places=len(pixel.window),
        steps=tuple((step.name, step.sum, full(step.value), step.value) for step in pixel_steps(pixel)),
        tables=(patch_table(pixel), *((channel_table(pixel),) if len(main.sources) > 1 else ())),
        pixel=pixel,
        sentence=pixel_sentence(pixel),
        elsewhere=tuple(_elsewhere(looked, net, pixel)),
        other_places=() if address is None else tuple(_places(pixel, address)),
        other_sources=() if address is None else tuple(_sources(pixel, address)),
    )


def _places(pixel: Pixel, address: Address) -> Iterator[ChoiceView]:
    """The values of the pooling window, each to be taken apart."""
    if pixel.pool == "none":
        return
    for row, column in np.ndindex(*pixel.window.shape):
        words = f"row {row}, column {column}: {brief(float(pixel.window[row, column]))}"
        place = f"{row},{column}"
        yield ChoiceView(
            words, address(place=place), json.dumps({"place": place}), current=(row, column) == pixel.chosen
        )


def _sources(pixel: Pixel, address: Address) -> Iterator[ChoiceView]:
    """The input channels before and after the one that is shown."""
    count = len(pixel.summand.convolution.sources)
    if count < 2:
        return
    for words, step in (("previous", -1), ("next", 1)):
        source = (pixel.source + step) % count
        choice = json.dumps({"source": source, "place": f"{pixel.chosen[0]},{pixel.chosen[1]}"})
        yield ChoiceView(f"{words} input channel ({source})", address(source=source), choice)


def _elsewhere(looked: ImageLook, net: NetLook, pixel: Pixel) -> list[str]:
    """The value at the same place in the other variants."""
    found = []
    for other in looked.nets:
        if other is net or len(other.blocks) < pixel.block:
            continue
        output = other.blocks[pixel.block - 1].output
        place = (pixel.channel, pixel.row, pixel.column)
        if all(at < size for at, size in zip(place, output.shape, strict=True)):
            found.append(f"{clean(other.variant)}: {full(float(output[place]))}")
    return found
