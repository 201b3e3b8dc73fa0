"""Looking inside the nets, as parts of a page: what they say, their feature maps, one value taken apart.

The live page and the report's file are made of the same parts; the live page marks the maps, so that its
script can tell which value is pointed at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from paribus.report.charts.svg import inline
from paribus.report.html.environment import data_link, render
from paribus.report.html.page import Section
from paribus.report.look_answers import (
    answer_drawing,
    answer_table,
    answer_words,
    certainty_words,
    probabilities_csv,
    seeds_table,
)
from paribus.report.look_cells import brief, picture
from paribus.report.look_maps import MOST_MAPS, MapGrid, map_grid, maps_drawing, scale_drawing
from paribus.report.look_names import first_pixel, image_title, look_stem
from paribus.report.look_pixel_view import pixel_html
from paribus.report.numbers import count
from paribus.report.tables import Table
from paribus.report.terminal import clean
from paribus.standing.looks import BlockLook, ImageLook, NetLook
from paribus.standing.trained import Prediction

COLUMN = 320.0
"""Width of the feature maps of one variant, CSS pixels."""

ANSWER = 264.0
"""Width of its bars, which are text for the most part: less of it is scaled down in a narrow column."""


@dataclass(frozen=True)
class AnswerView:
    """What the nets of a variant say, as the template takes it."""

    variant: str
    said: str
    certainty: str
    drawing: Markup
    tables: tuple[Table, ...]


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
                answer_drawing(prediction, variants.index(net.variant), width=ANSWER),
                title=f"{clean(net.variant)}: probability of each class",
                description=f"{clean(net.variant)} {answer_words(prediction)}.",
                identity=f"{prefix}answer-{number}",
                css="only",
            ),
            tables=(answer_table(prediction, net.variant), *_by_seed(prediction, net.variant)),
        )
        for number, (net, prediction) in enumerate(zip(looked.nets, looked.predictions, strict=True))
    )
    missing = tuple(looked.missing.items())
    about = image_title(looked)
    return render("look_answers.html", answers=views, missing=missing, level=level, about=about)


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
            "title": image_title(looked),
            "why": f"{why[:1].upper()}{why[1:]}.",
            "seen": seen_html(looked),
            "answers": answers_html(looked, variants, prefix=f"look-{number}-", level=4),
            "csv": data_link("", "text/csv;charset=utf-8", probabilities_csv(looked.predictions)),
            "stem": look_stem(looked),
            "command": _command(looked),
            "layers": layers_html(looked, prefix=f"look-{number}-", level=4),
            "pixels": _pixels(looked, f"look-{number}-"),
        }
        for number, (why, looked) in enumerate(looks, start=1)
    ]
    seeds = {net.seed for _, looked in looks for net in looked.nets}
    return Section("inside", title, render("look_section.html", parts=parts, seeds=sorted(seeds)))


def _by_seed(prediction: Prediction, variant: str) -> tuple[Table, ...]:
    return (seeds_table(prediction, variant),) if len(prediction.seeds) > 1 else ()


def _command(looked: ImageLook) -> str:
    """What draws a look at a test image into a file; empty for another image."""
    numbered = re.match(r"Test image (\d+) of ", looked.name)
    voters = looked.predictions[0].voters
    return (
        f"paribus look {voters.dataset}:{numbered[1]} --study {voters.study} -o look.svg" if numbered else ""
    )


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


def _size(shape: tuple[int, ...]) -> str:
    channels = "" if shape[0] == 1 else f", {shape[0]} channels"
    return f"{shape[1]} × {shape[2]} pixels{channels}"
