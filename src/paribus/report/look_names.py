"""What is looked at, by name and by default: the image, its files, the value that is taken apart first."""

import re

import numpy as np

from paribus.report.terminal import clean
from paribus.standing.looks import BlockLook, ImageLook, NetLook
from paribus.standing.pixels import Pixel, take_apart

Place = tuple[int, int, int]
"""Channel, row and column."""


def image_title(looked: ImageLook) -> str:
    """What an image is called, with its class where that is known."""
    if looked.label is None:
        return clean(looked.name)
    return f"{clean(looked.name)}, class {clean(looked.predictions[0].classes[looked.label])}"


def look_stem(looked: ImageLook) -> str:
    """What the files of a look are named after: its image, in small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", clean(looked.name).lower()).strip("-")[:40].strip("-") or "image"


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
