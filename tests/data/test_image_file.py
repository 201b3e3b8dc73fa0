"""One image file as pixels: every mode, orientation and size against pixels worked out by hand or NumPy."""

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from paribus.data.image_file import BrokenImageError, Form, decode, measure
from paribus.spec.data import Resize

GREY = np.array([[0, 60], [120, 180], [240, 255]], dtype=np.uint8)
COLOUR = np.stack([GREY, GREY // 2, 255 - GREY], axis=-1)


def as_is(channels: int = 3, size: tuple[int, int] = (3, 2)) -> Form:
    return Form(size, channels, "fit")


def saved(image: Image.Image, path: Path, **options: Any) -> Path:  # noqa: ANN401 - options of one format each
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_lossless_files_give_the_very_pixels_in_either_number_of_channels(
    tmp_path: Path, suffix: str
) -> None:
    grey = saved(Image.fromarray(GREY), tmp_path / f"grey.{suffix}", lossless=True)
    colour = saved(Image.fromarray(COLOUR), tmp_path / f"colour.{suffix}", lossless=True)
    assert np.array_equal(decode(grey, as_is(1)).pixels[..., 0], GREY)
    assert np.array_equal(decode(grey, as_is()).pixels, np.repeat(GREY[..., None], 3, axis=2))
    assert np.array_equal(decode(colour, as_is()).pixels, COLOUR)
    luma = np.rint(COLOUR @ np.array([0.299, 0.587, 0.114]))
    assert np.abs(decode(colour, as_is(1)).pixels[..., 0] - luma).max() <= 1
    assert (decode(grey, as_is()).colour, decode(colour, as_is()).colour) == (False, True)


def test_a_jpeg_gives_what_the_library_decodes(tmp_path: Path) -> None:
    path = saved(Image.fromarray(COLOUR), tmp_path / "a.jpg", quality=95, subsampling=0)
    with Image.open(path) as image:
        assert np.array_equal(decode(path, as_is()).pixels, np.asarray(image))


def transparent(mode: str) -> tuple[Image.Image, dict[str, Any]]:
    """An image of that mode whose first pixel is transparent, all others grey 100."""
    values = np.full((3, 2), 100, np.uint8)
    alpha = np.full((3, 2), 255, np.uint8)
    alpha[0, 0] = 0
    match mode:
        case "LA":
            return Image.merge("LA", [Image.fromarray(values), Image.fromarray(alpha)]), {}
        case "RGBA":
            return Image.merge("RGBA", [*[Image.fromarray(values)] * 3, Image.fromarray(alpha)]), {}
        case "P":
            indexed = Image.fromarray(np.where(alpha == 0, 0, 1).astype(np.uint8), mode="P")
            indexed.putpalette([9, 200, 9, 100, 100, 100])
            return indexed, {"transparency": 0}
        case "L":
            return Image.fromarray(np.where(alpha == 0, 7, values)), {"transparency": 7}
        case "RGB":
            marked = np.repeat(values[..., None], 3, axis=2)
            marked[0, 0] = (1, 2, 3)
            return Image.fromarray(marked), {"transparency": (1, 2, 3)}
        case _:
            sixteen = values.astype(np.uint16) * 257
            sixteen[0, 0] = 5
            return Image.fromarray(sixteen), {"transparency": 5}


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "L", "RGB", "I;16"])
def test_what_is_transparent_is_laid_on_white(tmp_path: Path, mode: str) -> None:
    image, options = transparent(mode)
    decoded = decode(saved(image, tmp_path / "a.png", **options), as_is(1))
    assert decoded.pixels[..., 0].tolist() == [[255, 100], [100, 100], [100, 100]]
    assert not decoded.colour


def test_half_transparent_pixels_are_mixed_with_white(tmp_path: Path) -> None:
    half = Image.merge("LA", [Image.new("L", (2, 3), 100), Image.new("L", (2, 3), 51)])
    pixels = decode(saved(half, tmp_path / "a.png"), as_is(1)).pixels
    assert np.abs(pixels.astype(int) - (100 * 0.2 + 255 * 0.8)).max() <= 1


def test_black_and_white_palettes_and_sixteen_bits_become_eight(tmp_path: Path) -> None:
    bits = saved(Image.fromarray(GREY > 100), tmp_path / "bits.png")
    assert decode(bits, as_is(1)).pixels[..., 0].tolist() == [[0, 0], [255, 255], [255, 255]]
    palette = saved(Image.fromarray(COLOUR).convert("P"), tmp_path / "palette.png")
    with Image.open(palette) as image:
        assert image.mode == "P"
        assert np.array_equal(decode(palette, as_is()).pixels, np.asarray(image.convert("RGB")))
    deep = np.array([[0, 128], [129, 65_535], [257, 65_407]], dtype=np.uint16)
    found = decode(saved(Image.fromarray(deep), tmp_path / "deep.png"), as_is(1)).pixels[..., 0]
    assert found.tolist() == np.rint(deep / 257).astype(int).tolist() == [[0, 0], [1, 255], [1, 255]]


def test_cmyk_is_converted(tmp_path: Path) -> None:
    cmyk = Image.new("CMYK", (2, 3), (0, 255, 255, 0))
    pixels = decode(saved(cmyk, tmp_path / "a.jpg", quality=100), as_is()).pixels
    assert np.abs(pixels.astype(int) - np.array([255, 0, 0])).max() <= 3


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_shows_the_same_image(tmp_path: Path, suffix: str, orientation: int) -> None:
    upright = np.zeros((8, 16), np.uint8)
    upright[:, 8:] = 255  # the right half is white
    upright[:4, :8] = 120
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored))
    path = saved(image, tmp_path / f"a.{suffix}", exif=exif, quality=100, lossless=True)
    assert measure(path) == (8, 16)
    found = decode(path, as_is(1, (8, 16))).pixels[..., 0]
    assert np.abs(found.astype(int) - upright).max() <= 3


def test_only_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (2, 3), colour) for colour in ("black", "white")]
    for suffix in ("png", "webp"):
        path = tmp_path / f"a.{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
        assert decode(path, as_is()).pixels.max() == 0


def test_the_digest_is_of_the_pixels_whatever_the_format_and_the_form(tmp_path: Path) -> None:
    png = saved(Image.fromarray(GREY), tmp_path / "a.png")
    webp = saved(Image.fromarray(GREY), tmp_path / "a.webp", lossless=True)
    rgb = saved(Image.fromarray(GREY).convert("RGB"), tmp_path / "b.png")
    turned = saved(Image.fromarray(GREY.T.copy()), tmp_path / "c.png")
    digests = {decode(path, form).digest for path in (png, webp, rgb) for form in (as_is(), as_is(1, (5, 5)))}
    assert len(digests) == 1
    assert decode(turned, as_is()).digest not in digests


def test_fit_keeps_all_of_the_image_on_black_crop_its_centre_and_stretch_both_sides(tmp_path: Path) -> None:
    wide = np.zeros((4, 8), np.uint8)
    wide[:, :2], wide[:, 2:6], wide[:, 6:] = 100, 200, 50
    path = saved(Image.fromarray(wide), tmp_path / "a.png")

    def brought(resize: Resize, size: tuple[int, int] = (8, 8)) -> npt.NDArray[np.uint8]:
        return decode(path, Form(size, 1, resize)).pixels[..., 0]

    fit, crop, stretch = brought("fit"), brought("crop", (4, 4)), brought("stretch", (4, 4))
    assert np.array_equal(fit[2:6], wide)
    assert fit[:2].max() == fit[6:].max() == 0
    assert np.array_equal(crop, wide[:, 2:6])
    assert stretch.shape == (4, 4)
    assert stretch[0, 0] < stretch[0, 1]
    assert stretch[0, 3] < 200


def test_shrinking_averages_instead_of_picking_pixels(tmp_path: Path) -> None:
    checks = ((np.indices((64, 64)).sum(axis=0) % 2) * 255).astype(np.uint8)
    path = saved(Image.fromarray(checks), tmp_path / "a.png")
    assert np.abs(decode(path, Form((8, 8), 1, "fit")).pixels.astype(int) - 127).max() <= 8


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    channels=st.sampled_from([1, 3]),
    resize=st.sampled_from(["fit", "crop", "stretch"]),
)
def test_an_image_of_any_size_takes_any_form_and_keeps_a_flat_colour(
    tmp_path_factory: pytest.TempPathFactory,
    width: int,
    height: int,
    size: tuple[int, int],
    channels: int,
    resize: Resize,
) -> None:
    path = tmp_path_factory.mktemp("images") / "a.png"
    saved(Image.new("L", (width, height), 200), path)
    decoded = decode(path, Form(size, channels, resize))
    assert decoded.pixels.shape == (*size, channels)
    assert decoded.size == measure(path) == (height, width)
    assert set(np.unique(decoded.pixels)) <= ({0, 200} if resize == "fit" else {200})
    if resize == "fit":
        rows, columns = (np.flatnonzero(decoded.pixels[..., 0].any(axis=axis)) for axis in (1, 0))
        assert len(rows) == size[0] or len(columns) == size[1]


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 20,000 × 20,000 pixels."""
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def encoded(form: str) -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, format=form)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"this is text", "is no PNG, JPEG or WebP image"),
        (b"GIF89a" + bytes(40), "is no PNG, JPEG or WebP image"),
        (encoded("PNG")[:2000], "is cut off"),
        (encoded("JPEG")[:900], "is cut off"),
        (encoded("WEBP")[:900], "is cut off or damaged"),
        (encoded("PNG")[:20], "is cut off"),
        (encoded("PNG")[:10], "is cut off"),
        (bomb(), "has more than 89,478,485 pixels"),
    ],
)
def test_a_broken_file_is_told_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(BrokenImageError) as broken:
        decode(path, as_is())
    assert str(broken.value).startswith(words)


def test_links_to_nowhere_pipes_and_missing_files_are_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    reasons = {
        "link.png": "is a link that leads nowhere",
        "pipe.png": "is no regular file",
        "no.png": "is gone",
    }
    for name, words in reasons.items():
        with pytest.raises(BrokenImageError, match=words):
            measure(tmp_path / name)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_file_changed_anywhere_is_decoded_or_refused_but_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(encoded(data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"]))))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("images") / "a.png"
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    try:
        decoded = decode(path, as_is())
    except BrokenImageError as error:
        assert str(error)  # noqa: PT017 - either outcome is right
    else:
        assert decoded.pixels.shape == (3, 2, 3)
