"""Pictures of anybody brought into the form of a dataset's images: what a net is going to see."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.data import Facts
from paribus.data.image_file import Form, brought_to
from paribus.errors import Fault, UsageError
from paribus.inference.handwriting import as_digit
from paribus.inference.reading import Picture, PictureError, read_picture
from paribus.spec.data import Resize

HANDWRITTEN = {"mnist": 20 / 28, "kmnist": 1.0, "digits": 1.0}
"""Datasets of single handwritten signs, ink bright on black: the share of the image's side that the longer
side of the ink's box takes."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Pictures as a net sees them.

    Attributes:
        names: Name of each picture: its file, or its place among those given.
        pixels: ``(N, C, H, W)`` uint8.
    """

    names: tuple[str, ...]
    pixels: npt.NDArray[np.uint8]


def prepare(
    pictures: Picture | Iterable[Picture], entry: Facts, *, resize: Resize = "fit", raw: bool = False
) -> Prepared:
    """Bring pictures into the form of a dataset's images; all of them, or none.

    For datasets of handwritten signs, the sign is found on its paper; for any other, a picture is brought to
    the channels and the size of the images as the files are that a net is trained on.

    Args:
        pictures: Files, Pillow images or arrays, or one of them.
        entry: Facts of the dataset.
        resize: How a picture of another shape gets the dataset's.
        raw: Take the pixels as they are; the pictures must have the dataset's size.

    Raises:
        UsageError: If there is none, or if some cannot be used; every one of them is named.
    """
    names: list[str] = []
    pixels: list[npt.NDArray[np.uint8]] = []
    faults: list[Fault] = []
    for number, picture in enumerate(_listed(pictures), start=1):
        name = f"image {number}" if isinstance(picture, Image.Image | np.ndarray) else str(picture)
        try:
            pixels.append(_formed(read_picture(picture), entry, resize, raw=raw))
        except PictureError as error:
            faults.append(Fault(name, error.expected, error.found))
        names.append(name)
    if faults:
        raise _unusable(faults, len(names))
    if not names:
        raise UsageError("no images", expected="at least one picture", found="none", mend="name a file")
    return Prepared(tuple(names), np.stack(pixels))


def save_prepared(prepared: Prepared, folder: Path) -> list[Path]:
    """Write prepared pictures as PNG files, pixel by pixel; `prepare` with `raw` gives the same pixels again.

    Args:
        prepared: The pictures.
        folder: Made where missing; files in it are named after the pictures.

    Returns:
        The files.

    Raises:
        UsageError: If they cannot be written.
    """
    paths = _paths(prepared.names, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, channels in zip(paths, prepared.pixels, strict=True):
            pixels = channels[0] if len(channels) == 1 else channels.transpose(1, 2, 0)
            Image.fromarray(np.ascontiguousarray(pixels)).save(path, format="PNG")
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written to",
            expected="a folder for what the net sees",
            found=error.strerror or str(error),
            means="nothing was predicted",
            mend="name another folder with --save-prepared",
        ) from None
    return paths


def _listed(pictures: Picture | Iterable[Picture]) -> Iterable[Picture]:
    single = isinstance(pictures, str | os.PathLike | Image.Image) or (
        isinstance(pictures, np.ndarray) and pictures.ndim < 3
    )
    return cast("Iterable[Picture]", [pictures] if single else pictures)


def _formed(picture: Image.Image, entry: Facts, resize: Resize, *, raw: bool) -> npt.NDArray[np.uint8]:
    """One picture, ``(C, H, W)``."""
    channels, height, width = entry.image_shape
    if raw and picture.size != (width, height):
        raise PictureError(f"{width} × {height} pixels with raw", f"{picture.width} × {picture.height}")
    if entry.name in HANDWRITTEN and not raw:
        return as_digit(picture, height, round(height * HANDWRITTEN[entry.name]))[np.newaxis]
    paper = Image.new("RGBA", picture.size, "white")
    opaque = Image.alpha_composite(paper, picture).convert("RGB")
    return brought_to(opaque, Form((height, width), channels, resize)).transpose(2, 0, 1)


def _paths(names: Sequence[str], folder: Path) -> list[Path]:
    """A file for each picture, numbered where two would have the same name."""
    taken: set[Path] = set()
    paths = []
    for name in names:
        stem = Path(name).stem.replace(" ", "-") or "image"
        path, number = folder / f"{stem}.png", 2
        while path in taken:
            path, number = folder / f"{stem}-{number}.png", number + 1
        taken.add(path)
        paths.append(path)
    return paths


def _unusable(faults: Sequence[Fault], given: int) -> UsageError:
    listed = "\n".join(f"  - {fault}" for fault in faults)
    count = "1 picture" if len(faults) == 1 else f"{len(faults)} pictures"
    return UsageError(
        f"{count} of {given} cannot be used\n{listed}",
        means="nothing was predicted",
        mend="correct or leave out the files named above and run the command again",
    )
