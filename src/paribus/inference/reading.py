"""Pictures of anybody, read safely: files, Pillow images or arrays in, RGBA images out."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from paribus.data.image_file import MOST_PIXELS

Picture = str | os.PathLike[str] | Image.Image | npt.NDArray[np.uint8]
"""What can be given as a picture: a file, a Pillow image, or an array ``(H, W)``, ``(H, W, 1, 3 or 4)`` or
``(1 or 3, H, W)`` of uint8."""

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "JPEG2000")
"""Formats that are read; each can be told by its first bytes, and none starts another program."""

_KINDS = "a picture (PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or PPM)"


class PictureError(Exception):
    """One picture cannot be used.

    Args:
        expected: What would have been right.
        found: What was there instead.
    """

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


def read_picture(picture: Picture) -> Image.Image:
    """A picture, upright and in 8 bits.

    Args:
        picture: A file, a Pillow image or an array. Of an animation, the first frame is taken.

    Returns:
        An RGBA image.

    Raises:
        PictureError: If it is missing, no picture, damaged or too large.
    """
    if isinstance(picture, np.ndarray):
        return _guarded(lambda: _of_array(picture))
    if isinstance(picture, Image.Image):
        return _guarded(lambda: _upright_rgba(picture))
    if isinstance(picture, str | os.PathLike):
        return _guarded(lambda: _of_file(Path(picture)))
    raise PictureError("a file, a Pillow image or an array of uint8", f"a {type(picture).__name__}")


def _guarded(read: Callable[[], Image.Image]) -> Image.Image:
    """Turn whatever a decoder raises into a fault of the picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read()
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(_KINDS, "a file of another kind, or a damaged one") from None
    except Image.DecompressionBombError:
        raise PictureError(f"at most {MOST_PIXELS:,} pixels", "a picture with many more") from None
    except FileNotFoundError:
        raise PictureError("a picture", "no file of that name") from None
    except IsADirectoryError:
        raise PictureError("a picture", "a folder") from None
    except MemoryError:
        raise PictureError("a picture that fits into memory", "a larger one") from None
    except OSError as error:
        raise PictureError(f"{_KINDS}, whole and readable", error.strerror or str(error)) from None
    except Exception as error:  # noqa: BLE001 - a decoder meets the bytes of anybody
        raise PictureError(_KINDS, f"one that cannot be decoded ({error})") from None


def _of_file(path: Path) -> Image.Image:
    if path.is_dir():
        raise IsADirectoryError
    Image.init()
    known = [name for name in FORMATS if name in Image.OPEN]
    with path.open("rb") as file, Image.open(file, formats=known) as image:
        return _upright_rgba(image)


def _of_array(values: npt.NDArray[np.generic]) -> Image.Image:
    form = "uint8 of shape (H, W), (H, W, 1, 3 or 4) or (1 or 3, H, W)"
    if values.dtype != np.uint8 or values.ndim not in (2, 3) or values.size == 0:
        raise PictureError(form, f"{values.dtype} of shape {values.shape}")
    if values.ndim == 3 and values.shape[-1] not in (1, 3, 4):
        if values.shape[0] not in (1, 3):
            raise PictureError(form, f"shape {values.shape}")
        values = values.transpose(1, 2, 0)
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    return _upright_rgba(Image.fromarray(np.ascontiguousarray(values)))


def _upright_rgba(image: Image.Image) -> Image.Image:
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        raise PictureError(
            f"at most {MOST_PIXELS:,} pixels", f"{image.width:,} × {image.height:,} = {pixels:,}"
        )
    if pixels == 0:
        raise PictureError("at least one pixel", f"{image.width} × {image.height}")
    upright = ImageOps.exif_transpose(image)
    if upright.mode == "F" or upright.mode.startswith("I"):
        upright = _in_8_bits(upright)
    return upright.convert("RGBA")


def _in_8_bits(image: Image.Image) -> Image.Image:
    """A grey image of 16 or 32 bits, or of floats in [0, 1] or [0, 255]."""
    values = np.asarray(image).astype(np.float64)
    largest = float(values.max())
    if image.mode == "F":
        scale = 255.0 if largest <= 1 else 1.0
    else:
        scale = 255 / 65535 if largest > 255 or image.mode.startswith("I;16") else 1.0
    return Image.fromarray(np.clip(np.rint(values * scale), 0, 255).astype(np.uint8))
