"""Looking inside the nets, as parts of a page: what they say, their feature maps, one value taken apart.

The live page and the report's file are made of the same parts; the live page marks the maps, so that its
script can tell which value is pointed at.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from paribus.report.charts.svg import Drawing, inline
from paribus.report.html.environment import render
from paribus.report.html.page import Section
from paribus.report.look_answers import answer_drawing, answer_table, answer_words, certainty_words
from paribus.report.look_cells import brief, full, picture
from paribus.report.look_maps import MOST_MAPS, MapGrid, map_grid, maps_drawing, scale_drawing
from paribus.report.look_pixel import channel_table, patch_table, pixel_name, pixel_sentence, pixel_steps
from paribus.report.look_pixel_drawings import channels_drawing, patch_drawing, way_drawing, window_drawing
from paribus.report.numbers import count
from paribus.report.tables import Table
from paribus.report.terminal import clean
from paribus.standing.looks import BlockLook, ImageLook, NetLook
from paribus.standing.pixels import Pixel, take_apart

COLUMN = 320.0
"""Width of the drawings of one variant, CSS pixels."""

Place = tuple[int, int, int]
"""Channel, row and column."""

Address = Callable[..., str]
"""From what is to be changed in a choice (``source``, ``place``) to the address that shows it."""


@dataclass(frozen=True)
class AnswerView:
    """What the nets of a variant say, as the template takes it."""

    variant: str
    said: str
    certainty: str
    drawing: Markup
    table: Table


@dataclass(frozen=True)
class MapsView:
    """The feature maps of a layer of one variant, as the template takes them."""

    variant: str
    seed: int
    block: int
    shape: str
    arithmetic: tuple[tuple[str, str], ...]
    drawing: Markup
    grid: MapGrid
    pitch: tuple[float, float]
    left_out: str


@dataclass(frozen=True)
class LayerView:
    """A layer of all variants."""

    name: str
    title: str
    scale: Markup
    maps: tuple[MapsView, ...]


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


def seen_html(looked: ImageLook) -> Markup:
    """The image that the nets see."""
    return render(
        "look_seen.html",
        source=picture(looked.pixels),
        title=image_title(looked),
        size=_size(looked.pixels.shape),
    )


def answers_html(looked: ImageLook, variants: Sequence[str], *, prefix: str = "", level: int = 3) -> Markup:
    """What every variant says.

    Args:
        looked: An image and what the nets make of it.
        variants: Names of the study's variants in order, which decides their colours.
        prefix: Put before identities, so that several of these can stand in one page.
        level: Level of their headings.
    """
    views = tuple(
        AnswerView(
            variant=net.variant,
            said=prediction.name,
            certainty=certainty_words(prediction),
            drawing=inline(
                answer_drawing(prediction, variants.index(net.variant), width=COLUMN),
                title=f"{clean(net.variant)}: probability of each class",
                description=f"{clean(net.variant)} {answer_words(prediction)}.",
                identity=f"{prefix}answer-{number}",
                css="only",
            ),
            table=answer_table(prediction, net.variant),
        )
        for number, (net, prediction) in enumerate(zip(looked.nets, looked.predictions, strict=True))
    )
    missing = tuple(looked.missing.items())
    return render("look_answers.html", answers=views, missing=missing, level=level)


def layers_html(looked: ImageLook, *, prefix: str = "", level: int = 3, live: bool = False) -> Markup:
    """The feature maps after each block, every variant side by side on a scale that they share.

    Args:
        looked: An image and what the nets make of it.
        prefix: Put before identities.
        level: Level of their headings.
        live: Whether a script will tell which value is pointed at.
    """
    views = tuple(_layer(looked, name, prefix) for name in looked.layers)
    own = tuple(net.variant for net in looked.nets if not net.blocks)
    return render("look_layers.html", layers=views, own=own, live=live, level=level)


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
    return render("look_pixel.html", pixel=_pixel(looked, net, pixel, prefix, address), level=level)


def look_section(
    looks: Sequence[tuple[str, ImageLook]], variants: Sequence[str], *, title: str = "Inside the nets"
) -> Section:
    """A section of the report: some test images and what the nets make of them.

    Args:
        looks: Why an image is shown, and what the nets make of it.
        variants: Names of the study's variants in order.
        title: The section's heading.
    """
    parts = [
        {
            "title": f"{image_title(looked)}: {why}",
            "seen": seen_html(looked),
            "answers": answers_html(looked, variants, prefix=f"look-{number}-", level=4),
            "layers": layers_html(looked, prefix=f"look-{number}-", level=4),
            "pixels": _pixels(looked, f"look-{number}-"),
        }
        for number, (why, looked) in enumerate(looks, start=1)
    ]
    seeds = {net.seed for _, looked in looks for net in looked.nets}
    return Section("inside", title, render("look_section.html", parts=parts, seeds=sorted(seeds)))


def image_title(looked: ImageLook) -> str:
    """What an image is called, with its class where that is known."""
    if looked.label is None:
        return clean(looked.name)
    return f"{clean(looked.name)}, class {clean(looked.predictions[0].classes[looked.label])}"


def brightest(block: BlockLook) -> Place:
    """Where a block's output is largest."""
    channel, row, column = np.unravel_index(int(block.output.argmax()), block.output.shape)
    return int(channel), int(row), int(column)


def first_pixel(looked: ImageLook, net: NetLook) -> Pixel | None:
    """The value that is taken apart where nobody has chosen one.

    It is the largest of the first net's first block, and the same place in the others, to be compared.

    Returns:
        None where the net has no such place, or no blocks.
    """
    first = next((one for one in looked.nets if one.blocks), None)
    if first is None or not net.blocks:
        return None
    place = brightest(first.blocks[0])
    block = net.blocks[0]
    if any(at >= size for at, size in zip(place, block.output.shape, strict=True)):
        return None
    return take_apart(block, *place)


def _pixels(looked: ImageLook, prefix: str) -> list[Markup]:
    """One value of the first block, taken apart in every net."""
    found = [(net, first_pixel(looked, net)) for net in looked.nets]
    return [
        pixel_html(looked, net, pixel, prefix=f"{prefix}{number}-", level=5)
        for number, (net, pixel) in enumerate(found)
        if pixel is not None
    ]


def _layer(looked: ImageLook, name: str, prefix: str) -> LayerView:
    limits = looked.limits(name)
    slug = "".join(sign if sign.isalnum() else "-" for sign in name)
    views = tuple(
        _maps(net, name, limits, f"{prefix}maps-{slug}-{number}")
        for number, net in enumerate(looked.nets)
        if name in net.shown
    )
    title = f"After {clean(name)}"
    words = f"from {brief(limits[0])} to {brief(limits[1])}"
    return LayerView(
        name=name,
        title=title,
        scale=inline(
            scale_drawing(limits, width=COLUMN),
            title=f"Shades {title.lower()}",
            description=f"The shades stand for values {words}, the same for all variants.",
            identity=f"{prefix}scale-{slug}",
            css="only",
        ),
        maps=views,
    )


def _maps(net: NetLook, name: str, limits: tuple[float, float], identity: str) -> MapsView:
    maps = net.shown[name]
    block = next((block for block in net.blocks if name == f"block {block.number}"), None)
    grid = map_grid(maps.shape, COLUMN)
    shape = f"{count(maps.shape[0], 'map')} of {maps.shape[1]} × {maps.shape[2]}"
    return MapsView(
        variant=net.variant,
        seed=net.seed,
        block=0 if block is None else block.number,
        shape=shape,
        arithmetic=_arithmetic(net, block),
        drawing=inline(
            maps_drawing(maps, limits, width=COLUMN),
            title=f"{clean(net.variant)}, {clean(name)}: {shape}",
            description=(
                f"Feature maps of {clean(net.variant)} after {clean(name)}, from "
                f"{brief(float(maps.min()))} to {brief(float(maps.max()))}."
            ),
            identity=identity,
            css="only maps",
        ),
        grid=grid,
        pitch=grid.pitch,
        left_out="" if len(maps) <= MOST_MAPS else f"The first {MOST_MAPS} of {len(maps)} maps.",
    )


def _arithmetic(net: NetLook, block: BlockLook | None) -> tuple[tuple[str, str], ...]:
    """How the output of a block follows from its input, layer by layer."""
    if net.table is None or block is None:
        return ()
    names = {f"conv{block.number}", f"conv{block.number}_depth", f"skip{block.number}", f"pool{block.number}"}
    return tuple(
        (f"{layer.name}: {layer.detail}", layer.arithmetic)
        for layer in net.table.layers
        if layer.name in names
    )


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


def _size(shape: tuple[int, ...]) -> str:
    channels = "" if shape[0] == 1 else f", {shape[0]} channels"
    return f"{shape[1]} × {shape[2]} pixels{channels}"
