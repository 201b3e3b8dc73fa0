"""An image array as terminal text and as a PNG file.

Takes grey images as they lie in a dataset; what they show, and where they come from, is not its business.
"""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.errors import DataError, UsageError

_SHADES = np.array(list(" .:-=+*#%@"))
_RESET = "\x1b[0m"


def as_text(image: npt.NDArray[np.uint8], *, color: bool) -> str:
    """A grey image in characters, two rows of pixels a line, since a character is twice as high as wide.

    Args:
        image: ``(H, W)`` or ``(1, H, W)`` uint8; 0 is black.
        color: Exact greys by half blocks with 24-bit ANSI colours; otherwise shades in plain ASCII, each the
            mean of the two pixels, bright ones heavy.

    Returns:
        ``ceil(H / 2)`` lines, without a newline at the end.

    Raises:
        UsageError: The array is no grey uint8 image.
    """
    pixels = _grey(image)
    if len(pixels) % 2:
        pixels = np.vstack([pixels, np.zeros_like(pixels[:1])])
    upper, lower = pixels[::2], pixels[1::2]
    if not color:
        mean = (upper.astype(np.int64) + lower) / 2
        shades = _SHADES[np.rint(mean / 255 * (len(_SHADES) - 1)).astype(np.int64)]
        return "\n".join("".join(row).rstrip() for row in shades)
    return "\n".join(
        "".join(_half_block(int(over), int(under)) for over, under in zip(*rows, strict=True)) + _RESET
        for rows in zip(upper, lower, strict=True)
    )


def write_png(image: npt.NDArray[np.uint8], path: Path, scale: int = 8) -> None:
    """Write a grey image as a PNG file, aside first and then moved, so that no half of it is ever seen.

    Args:
        image: ``(H, W)`` or ``(1, H, W)`` uint8; 0 is black.
        path: The file; replaced if it exists.
        scale: Side of the square that a pixel becomes, in pixels of the file.

    Raises:
        UsageError: The array is no grey uint8 image, or the scale is below 1.
        DataError: The file cannot be written.
    """
    if scale < 1:
        raise UsageError(
            f"`scale` is {scale}",
            expected="a whole number of at least 1",
            found=str(scale),
            means="no picture was written",
            mend="give a scale of 1 or more",
        )
    enlarged = _grey(image).repeat(scale, axis=0).repeat(scale, axis=1)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            Image.fromarray(enlarged).save(aside, format="PNG")
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written",
            expected="a file name in a folder that exists and that this user may write to",
            found=str(error.strerror or error),
            means="no picture was written",
            mend="name another file",
        ) from error


def _grey(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The image as ``(H, W)``."""
    pixels = image[0] if image.ndim == 3 and len(image) == 1 else image
    if pixels.ndim != 2 or pixels.size == 0 or pixels.dtype != np.uint8:
        raise UsageError(
            "the array is no grey image",
            expected="uint8 of shape (H, W) or (1, H, W)",
            found=f"{image.dtype} of shape {image.shape}",
            means="there is nothing to draw",
            mend="pass an image as it lies in a dataset, such as `load('mnist').test.images[0]`",
        )
    return pixels


def _half_block(over: int, under: int) -> str:
    return f"\x1b[38;2;{over};{over};{over}m\x1b[48;2;{under};{under};{under}m▀"
