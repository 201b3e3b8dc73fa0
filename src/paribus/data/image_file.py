"""One image file as the pixels that a net sees.

The first frame, turned as EXIF says, 16 bits scaled to 8, CMYK converted, what is transparent laid on white,
colour profiles left aside. Then to the wanted channels, and last to the wanted size.
"""

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from paribus.spec.data import Resize

MOST_PIXELS = 89_478_485
"""Of one image: where Pillow begins to speak of a decompression bomb; a quarter of a GiB as RGB."""

_FORMATS = ("PNG", "JPEG", "WEBP")
_MAGIC = (b"\x89PNG", b"\xff\xd8", b"RIFF")
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_SIXTEEN = 65_535


class BrokenImageError(Exception):
    """The file is no image that can be read; says why, in words. Never leaves the room."""


@dataclass(frozen=True)
class Form:
    """What all images are brought to.

    Attributes:
        size: Height and width.
        channels: 1 or 3.
        resize: How an image of another shape is.
    """

    size: tuple[int, int]
    channels: int
    resize: Resize


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image file, read.

    Attributes:
        pixels: ``(H, W, C)`` uint8, in the wanted form.
        size: Its own height and width.
        digest: SHA-256 of its own pixels, whatever file format they came in, in hexadecimal.
        colour: Whether any pixel of it is not grey.
    """

    pixels: npt.NDArray[np.uint8]
    size: tuple[int, int]
    digest: str
    colour: bool


def decode(path: Path, form: Form) -> Decoded:
    """Read an image file.

    Args:
        path: The file.
        form: What to bring it to.

    Raises:
        BrokenImageError: It cannot be read.
    """
    with _in_words(path), _opened(path) as image:
        own = _grey_or_rgb(image)
    pixels = np.asarray(own)
    width, height = own.size
    digest = hashlib.sha256(f"{height} {width} {own.mode}\n".encode())
    digest.update(pixels.tobytes())
    return Decoded(brought_to(own, form), (height, width), digest.hexdigest(), own.mode == "RGB")


def brought_to(image: Image.Image, form: Form) -> npt.NDArray[np.uint8]:
    """An image of mode L or RGB in the wanted form, ``(H, W, C)`` uint8."""
    # To grey by ITU-R 601-2: 0.299 red + 0.587 green + 0.114 blue.
    brought = image.convert("L") if form.channels == 1 and image.mode == "RGB" else image
    sized = np.asarray(_sized(brought, form))
    return np.repeat(sized[:, :, None], form.channels, axis=2) if sized.ndim == 2 else sized


def measure(path: Path) -> tuple[int, int]:
    """Height and width of an image file as it will be shown; its pixels are not read.

    Raises:
        BrokenImageError: Its header cannot be read.
    """
    with _in_words(path), _opened(path) as image:
        width, height = image.size
        return (width, height) if _orientation(image) >= 5 else (height, width)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    status = path.stat()
    if not S_ISREG(status.st_mode):
        raise BrokenImageError("is no regular file")
    if status.st_size == 0:
        raise BrokenImageError("is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise Image.DecompressionBombError
            yield image


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Whatever a decoder raises, as a reason."""
    try:
        yield
    except BrokenImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BrokenImageError(f"has more than {MOST_PIXELS:,} pixels") from None
    except FileNotFoundError:
        raise BrokenImageError("is a link that leads nowhere" if path.is_symlink() else "is gone") from None
    except UnidentifiedImageError:
        with path.open("rb") as stream:
            known = stream.read(4).startswith(_MAGIC)
        raise BrokenImageError(
            "is cut off or damaged" if known else "is no PNG, JPEG or WebP image"
        ) from None
    except Exception as error:  # noqa: BLE001 - decoders raise whatever a damaged file leads them to
        if "truncated" in str(error).lower():
            raise BrokenImageError("is cut off") from None
        if "decoder object" in str(error):  # all that WebP's decoder says of what it cannot read
            raise BrokenImageError("is cut off or damaged") from None
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise BrokenImageError(f"is damaged ({reason})") from None


def _grey_or_rgb(image: Image.Image) -> Image.Image:
    """The image in mode L if all its pixels are grey, otherwise RGB."""
    image.load()
    orientation = _orientation(image)
    flat = _flat(image)
    turned = flat if orientation == 1 else _turned(flat, orientation)
    if turned.mode == "L":
        return turned
    red, green, blue = (np.asarray(band) for band in turned.split())
    grey = np.array_equal(red, green) and np.array_equal(red, blue)
    return Image.fromarray(red) if grey else turned


def _flat(image: Image.Image) -> Image.Image:
    """The image without transparency, in mode L or RGB."""
    if image.mode.startswith("I"):
        return _eight_bits(image)
    if image.mode in _ALPHA or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """A grey image of 16 bits, each value divided by 257 and rounded."""
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > _SIXTEEN:
        raise BrokenImageError("has pixel values of more than 16 bits")
    clear = image.info.get("transparency")
    pixels = ((values * 255 + _SIXTEEN // 2) // _SIXTEEN).astype(np.uint8)
    if isinstance(clear, int):
        pixels[values == clear] = 255
    return Image.fromarray(pixels)


def _orientation(image: Image.Image) -> int:
    """EXIF's number for how the image is turned; 1 (not at all) where it says nothing of use."""
    try:
        found = image.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001 - damaged metadata do not make an image unreadable
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    methods = (
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.ROTATE_180,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_90,
    )
    return image.transpose(methods[orientation - 2])


def _sized(image: Image.Image, form: Form) -> Image.Image:
    """The image in the wanted size, interpolated linearly and without aliasing."""
    height, width = form.size
    if image.size == (width, height):
        return image
    if form.resize == "stretch":
        return image.resize((width, height), Image.Resampling.BILINEAR)
    if form.resize == "crop":
        scale = max(width / image.width, height / image.height)
        left = (image.width - width / scale) / 2
        top = (image.height - height / scale) / 2
        box = (
            max(left, 0),
            max(top, 0),
            min(image.width - left, image.width),
            min(image.height - top, image.height),
        )
        return image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    scale = min(width / image.width, height / image.height)
    inner = (
        min(max(round(image.width * scale), 1), width),
        min(max(round(image.height * scale), 1), height),
    )
    padded = Image.new(image.mode, (width, height))
    padded.paste(
        image.resize(inner, Image.Resampling.BILINEAR), ((width - inner[0]) // 2, (height - inner[1]) // 2)
    )
    return padded
