"""Dataset images as small PNG files in memory."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

MOST_SIDE = 64
"""Longest side of a thumbnail, pixels; larger images are scaled down."""


def png(image: npt.NDArray[np.uint8]) -> bytes:
    """An image as the bytes of a PNG file.

    Args:
        image: ``(C, H, W)`` uint8 with one channel (0 is black) or three (red, green, blue); of any other
            number of channels the first one is shown.
    """
    pixels = np.moveaxis(image, 0, -1) if len(image) == 3 else image[0]
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if max(picture.size) > MOST_SIDE:
        picture.thumbnail((MOST_SIDE, MOST_SIDE))
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return file.getvalue()
