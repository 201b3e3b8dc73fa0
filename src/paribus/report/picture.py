"""An image array as terminal text and as a PNG file.

Takes grey and colour images as they lie in a dataset; what they show, and where they come from, is not its
business.
"""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.errors import DataError, UsageError

Bytes = npt.NDArray[np.uint8]

PNG_SIDE = 224
"""About how many pixels a written picture is wide or high at least, where no scale is given."""

_SHADES = np.array(list(" .:-=+*#%@"))
_RESET = "\x1b[0m"


def as_text(image: Bytes, *, color: bool, width: int = 1024) -> str:
    """An image in characters, two rows of pixels a line, since a character is twice as high as wide.

    Args:
        image: ``(H, W)`` or ``(C, H, W)`` uint8 with 1 or 3 channels; 0 is black.
        color: Exact colours by half blocks with 24-bit ANSI colours; otherwise shades in plain ASCII, each
            the mean of the two pixels, bright ones heavy.
        width: Most characters in a line; a wider image is shown smaller, by the mean of whole squares.

    Returns:
        Half as many lines as rows, rounded up, without a newline at the end.

    Raises:
        UsageError: The array is no such image.
    """
    pixels = _shrunk(_pixels(image), width)
    if len(pixels) % 2:
        pixels = np.vstack([pixels, np.zeros_like(pixels[:1])])
    upper, lower = pixels[::2], pixels[1::2]
    if not color:
        mean = (_grey(upper) + _grey(lower)) / 2
        shades = _SHADES[np.rint(mean / 255 * (len(_SHADES) - 1)).astype(np.int64)]
        return "\n".join("".join(row).rstrip() for row in shades)
    return "\n".join(
        "".join(_half_block(over, under) for over, under in zip(*rows, strict=True)) + _RESET
        for rows in zip(upper.tolist(), lower.tolist(), strict=True)
    )


def write_png(image: Bytes, path: Path, scale: int | None = None) -> None:
    """Write an image as a PNG file, aside first and then moved, so that no half of it is ever seen.

    Args:
        image: ``(H, W)`` or ``(C, H, W)`` uint8 with 1 or 3 channels; 0 is black.
        path: The file; replaced if it exists.
        scale: Side of the square that a pixel becomes, in pixels of the file; when left out, so many that the
            picture is about `PNG_SIDE` pixels large.

    Raises:
        UsageError: The array is no such image, or the scale is below 1.
        DataError: The file cannot be written.
    """
    pixels = _pixels(image)
    side = max(PNG_SIDE // max(pixels.shape[:2]), 1) if scale is None else scale
    if side < 1:
        raise UsageError(
            f"`scale` is {scale}",
            expected="a whole number of at least 1",
            found=str(scale),
            means="no picture was written",
            mend="give a scale of 1 or more",
        )
    drawn = pixels[:, :, 0] if image.ndim == 2 or len(image) == 1 else pixels
    enlarged = drawn.repeat(side, axis=0).repeat(side, axis=1)
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


def _pixels(image: Bytes) -> Bytes:
    """The image as ``(H, W, 3)``."""
    planes = image[None] if image.ndim == 2 else image
    if planes.ndim != 3 or len(planes) not in (1, 3) or planes.size == 0 or planes.dtype != np.uint8:
        raise UsageError(
            "the array is no image",
            expected="uint8 of shape (H, W), (1, H, W) or (3, H, W)",
            found=f"{image.dtype} of shape {image.shape}",
            means="there is nothing to draw",
            mend="pass an image as it lies in a dataset, such as `load('mnist').test.images[0]`",
        )
    pixels: Bytes = np.broadcast_to(planes, (3, *planes.shape[1:])).transpose(1, 2, 0)
    return pixels


def _shrunk(pixels: Bytes, width: int) -> Bytes:
    """The image at most so many pixels wide."""
    step = -(-pixels.shape[1] // max(width, 1))
    if step == 1:
        return pixels
    rows, columns = (-(-side // step) for side in pixels.shape[:2])
    padded = np.pad(
        pixels,
        ((0, rows * step - pixels.shape[0]), (0, columns * step - pixels.shape[1]), (0, 0)),
        mode="edge",
    )
    means: npt.NDArray[np.float64] = padded.reshape(rows, step, columns, step, 3).mean(axis=(1, 3))
    return np.rint(means).astype(np.uint8)


def _grey(pixels: Bytes) -> npt.NDArray[np.float64]:
    """Brightness by ITU-R 601-2; of a grey pixel, its value."""
    weighted: npt.NDArray[np.float64] = pixels.astype(np.int64) @ np.array([299, 587, 114]) / 1000
    return weighted


def _half_block(over: list[int], under: list[int]) -> str:
    front, back = (";".join(map(str, pixel)) for pixel in (over, under))
    return f"\x1b[38;2;{front}m\x1b[48;2;{back}m▀"
