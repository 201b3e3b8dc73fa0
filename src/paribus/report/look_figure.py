"""A look inside as one drawing that needs no page: image, answers, feature maps, one value taken apart."""

from collections.abc import Iterator, Sequence

from paribus.report.charts.axes import fitting, shorten
from paribus.report.charts.svg import Drawing, Element, label, node
from paribus.report.look_answers import answer_drawing, answer_words
from paribus.report.look_cells import full, picture, shown_image
from paribus.report.look_maps import map_grid, maps_elements, scale_drawing
from paribus.report.look_names import first_pixel, image_title
from paribus.report.look_pixel import pixel_name, pixel_steps
from paribus.report.look_pixel_drawings import patch_drawing, window_drawing
from paribus.standing.looks import ImageLook, NetLook
from paribus.standing.pixels import Pixel

COLUMN, BETWEEN, EDGE = 320.0, 40.0, 28.0
_LINE = 18.0


def look_drawing(looked: ImageLook, variants: Sequence[str], *, layers: Sequence[str] = ()) -> Drawing:
    """Everything that the page shows of an image, variant by variant in columns.

    Args:
        looked: An image and what the nets make of it.
        variants: Names of the study's variants in order, which decides their colours.
        layers: Names of the layers shown; all of them when left out.
    """
    shown = [name for name in looked.layers if not layers or name in layers]
    width = 2 * EDGE + len(looked.nets) * COLUMN + (len(looked.nets) - 1) * BETWEEN
    elements = list(_head(looked, width))
    columns = [_column(looked, net, place, variants, shown) for place, net in enumerate(looked.nets)]
    heights = [0.0] * max(len(column) for column in columns)
    for column in columns:
        for row, part in enumerate(column):
            heights[row] = max(heights[row], part.height)
    for place, column in enumerate(columns):
        y = 150.0
        for part, height in zip(column, heights, strict=False):
            elements.append(_moved(part, EDGE + place * (COLUMN + BETWEEN), y))
            y += height + 22
    return Drawing(width, 150.0 + sum(height + 22 for height in heights) + EDGE, tuple(elements))


def _head(looked: ImageLook, width: float) -> Iterator[Element]:
    yield shown_image(EDGE, EDGE, 96, 96, picture(looked.pixels))
    left = EDGE + 116
    yield label(left, EDGE + 16, shorten(image_title(looked), fitting(width - left - EDGE, 15)), css="strong")
    seeds = sorted({net.seed for net in looked.nets})
    nets = f"feature maps of the nets of seed {', '.join(map(str, seeds))}"
    yield label(left, EDGE + 40, "as the nets see it; probabilities over all seeds;", css="small muted")
    yield label(left, EDGE + 58, f"{nets}; one scale for all variants", css="small muted")


def _column(
    looked: ImageLook, net: NetLook, place: int, variants: Sequence[str], layers: Sequence[str]
) -> list[Drawing]:
    """What is shown of one variant, part by part."""
    prediction = looked.predictions[place]
    parts = [
        _titled(
            answer_drawing(prediction, variants.index(net.variant), width=COLUMN),
            net.variant,
            answer_words(prediction),
        )
    ]
    parts += [_layer(looked, net, name) for name in layers]
    pixel = first_pixel(looked, net)
    if pixel is not None:
        parts += _apart(pixel)
    return parts


def _layer(looked: ImageLook, net: NetLook, name: str) -> Drawing:
    if name not in net.shown:
        return Drawing(COLUMN, 0, ())
    maps, limits = net.shown[name], looked.limits(name)
    grid = map_grid(maps.shape, COLUMN)
    scale = scale_drawing(limits, width=COLUMN)
    drawn = node("g", *maps_elements(maps, limits, grid), transform="translate(0 28)")
    words = f"{len(maps)} maps of {maps.shape[1]} × {maps.shape[2]}"
    return _titled(Drawing(COLUMN, grid.height + 28, (*scale.elements, drawn)), f"after {name}", words)


def _apart(pixel: Pixel) -> list[Drawing]:
    parts = [_titled(patch_drawing(pixel, width=COLUMN), pixel_name(pixel), f"= {full(pixel.value)}")]
    window = window_drawing(pixel, width=COLUMN)
    if window is not None:
        parts.append(window)
    lines = [
        line
        for step in pixel_steps(pixel)
        for line in _wrapped(f"{step.name}: {step.sum} = {full(step.value)}", fitting(COLUMN, 11.5))
    ]
    elements = tuple(label(0, 14 + _LINE * number, line, css="small") for number, line in enumerate(lines))
    return [*parts, Drawing(COLUMN, _LINE * len(lines) + 4, elements)]


def _titled(drawing: Drawing, title: str, words: str) -> Drawing:
    """A drawing under a title and a line of words."""
    head = (
        label(0, 14, shorten(title, fitting(COLUMN, 13)), css="strong"),
        label(0, 14 + _LINE, shorten(words, fitting(COLUMN, 11.5)), css="small muted"),
    )
    return Drawing(
        drawing.width,
        drawing.height + 2 * _LINE + 8,
        (*head, node("g", *drawing.elements, transform=f"translate(0 {2 * _LINE + 8:g})")),
    )


def _moved(drawing: Drawing, x: float, y: float) -> Element:
    return node("g", *drawing.elements, transform=f"translate({x:g} {y:g})")


def _wrapped(text: str, most: int) -> list[str]:
    """A text in lines of so many signs at the most, broken between words."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
