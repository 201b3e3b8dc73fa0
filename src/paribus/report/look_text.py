"""A look inside in a terminal: what every variant says, and one value taken apart."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from paribus.report.look_answers import answer_words
from paribus.report.look_cells import full
from paribus.report.look_names import first_pixel, image_title
from paribus.report.look_pixel import pixel_name, pixel_steps
from paribus.report.picture import as_text
from paribus.report.terminal import Legible, said
from paribus.standing.looks import ImageLook


def look_text(looked: ImageLook) -> RenderableType:
    """What the nets make of an image, in words.

    Args:
        looked: The image and what the nets make of it.
    """
    return Legible(Group(*_parts(looked)))


def _parts(looked: ImageLook) -> Iterator[RenderableType]:
    yield said(image_title(looked), "bold")
    if len(looked.pixels) == 1:
        yield Text(as_text(looked.pixels, color=False), style="dim")
    yield Text()
    for net, prediction in zip(looked.nets, looked.predictions, strict=True):
        yield Text.assemble(said(net.variant, "bold"), " ", said(answer_words(prediction)))
    for variant, reason in looked.missing.items():
        yield Text.assemble(said(variant, "bold"), " is left out: ", said(reason))
    for net in looked.nets:
        pixel = first_pixel(looked, net)
        if pixel is None:
            continue
        yield Text()
        title = f"{net.variant}, seed {net.seed}, {pixel_name(pixel)}: {full(pixel.value)}"
        yield said(title, "bold")
        for step in pixel_steps(pixel):
            yield Text.assemble(
                "  ", said(f"{step.name}:", "dim"), " ", said(f"{step.sum} = {full(step.value)}")
            )
