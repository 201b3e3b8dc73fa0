"""Pictures of every kind come out upright in RGBA; what is no picture is told in words, and never decoded."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from paribus.data.image_file import MOST_PIXELS
from paribus.inference.reading import PictureError, read_picture

SIZE = (12, 8)


def halves(mode: str) -> Image.Image:
    """Dark above, bright below, in the given mode."""
    pixels = np.zeros((8, 12, 3), np.uint8)
    pixels[4:] = 200
    return Image.fromarray(pixels).convert(mode)


def complaint(picture: Any) -> str:  # noqa: ANN401 - whatever somebody may give
    with pytest.raises(PictureError) as raised:
        read_picture(picture)
    return str(raised.value)


def is_halves(picture: Image.Image, tolerance: int = 3) -> bool:
    """Whether a picture is the one of `halves`."""
    assert picture.mode == "RGBA"
    pixels = np.asarray(picture).astype(int)
    above, below = pixels[:4, :, :3], pixels[4:, :, :3]
    return bool(
        picture.size == SIZE
        and (pixels[..., 3] == 255).all()
        and above.max() <= tolerance
        and abs(below - 200).max() <= tolerance
    )


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_pictures_of_every_format_and_mode_are_read(form: str, mode: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    picture = halves("RGB").convert(mode) if mode != "P" else halves("RGB").quantize(4)
    if form in ("JPEG", "WEBP", "PPM") and mode == "P":
        picture = picture.convert("RGB")
    picture.save(path, format=form, **({"lossless": True} if form == "WEBP" else {}))
    assert is_halves(read_picture(path), tolerance=8 if form == "JPEG" else 3)


def test_cmyk_16_bits_floats_and_one_bit_are_read(tmp_path: Path) -> None:
    halves("CMYK").save(tmp_path / "cmyk.tif")
    assert is_halves(read_picture(tmp_path / "cmyk.tif"))
    grey = np.asarray(halves("L"))
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert is_halves(read_picture(tmp_path / "deep.png"))
    Image.fromarray(grey.astype(np.float32) / 255).save(tmp_path / "float.tif")
    assert is_halves(read_picture(tmp_path / "float.tif"))
    Image.fromarray(grey > 100).save(tmp_path / "bit.png")
    assert np.asarray(read_picture(tmp_path / "bit.png"))[..., 0].tolist() == (255 * (grey > 100)).tolist()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_kept(mode: str, tmp_path: Path) -> None:
    picture = halves("RGBA")
    picture.putalpha(
        Image.fromarray(np.where(np.arange(12) < 6, 0, 255).astype(np.uint8)[np.newaxis].repeat(8, 0))
    )
    stored = picture.quantize(8) if mode == "P" else picture.convert(mode)
    stored.save(tmp_path / "picture.png")
    alpha = np.asarray(read_picture(tmp_path / "picture.png"))[..., 3]
    assert (alpha[:, :6] == 0).all()
    assert (alpha[:, 6:] == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_camera_says(orientation: int, tmp_path: Path) -> None:
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    picture = halves("RGB") if turned is None else halves("RGB").transpose(turned)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    assert is_halves(read_picture(tmp_path / "photo.jpg"), tolerance=8)


def test_arrays_of_every_layout_and_pillow_images_are_read() -> None:
    rgb = np.asarray(halves("RGB"))
    for values in (rgb, rgb[..., 0], rgb[..., :1], rgb[..., 0][np.newaxis], rgb.transpose(2, 0, 1)):
        assert is_halves(read_picture(values))
    assert is_halves(read_picture(np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])))
    assert is_halves(read_picture(halves("L")))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.zeros((8, 8)), "float64"),
        (np.zeros((2, 8, 8), np.uint8), "shape (2, 8, 8)"),
        (np.zeros((0, 8), np.uint8), "shape (0, 8)"),
        (np.zeros((1, 2, 8, 8), np.uint8), "shape (1, 2, 8, 8)"),
        (7, "int"),
    ],
)
def test_what_is_no_picture_is_refused(values: object, found: str) -> None:
    assert found in complaint(values)


def test_files_that_are_no_pictures_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "script.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    buffer = io.BytesIO()
    halves("RGB").save(buffer, format="PNG")
    (tmp_path / "cut.png").write_bytes(buffer.getvalue()[:-30])
    (tmp_path / "bent.png").write_bytes(buffer.getvalue()[:60] + b"\0\0\0\0" + buffer.getvalue()[64:])
    for name in ("empty.png", "text.png", "script.eps", "cut.png", "bent.png"):
        assert "PNG, JPEG, WebP" in complaint(tmp_path / name), name
    assert "no file of that name" in complaint(tmp_path / "none.png")
    assert "a folder" in complaint(tmp_path)
    assert "embedded null" in complaint("a\0b") or "null" in complaint("a\0b")


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to nothing in it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [9460, 10_000, 60_000, 2**31 - 1])
def test_a_bomb_is_refused_before_it_is_decoded(
    side: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    assert side**2 > MOST_PIXELS

    def decoded(*_: object) -> None:
        raise AssertionError("the picture was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    (tmp_path / "bomb.png").write_bytes(png_header(side, side))
    assert "at most 89,478,485 pixels" in complaint(tmp_path / "bomb.png")
    assert len(recwarn) == 0


def test_a_picture_of_the_largest_size_is_taken(tmp_path: Path) -> None:
    Image.new("1", (9000, 9000)).save(tmp_path / "large.png")
    assert read_picture(tmp_path / "large.png").size == (9000, 9000)
