import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from paribus.errors import DataError, UsageError
from paribus.report.picture import as_text, write_png


def random_image(height: int, width: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(height * 100 + width).integers(0, 256, (height, width), dtype=np.uint8)


def test_shades_are_the_mean_of_two_rows_bright_ones_heavy() -> None:
    image = np.array([[0, 255, 204, 128], [0, 255, 0, 128], [90, 0, 0, 0]], dtype=np.uint8)
    assert as_text(image, color=False) == " @=+\n:"


@given(st.integers(1, 9), st.integers(1, 9))
def test_every_pixel_can_be_read_back_from_the_coloured_text(height: int, width: int) -> None:
    image = random_image(height, width)
    lines = as_text(image[None], color=True).split("\n")
    greys = r"\x1b\[38;2;(\d+);\1;\1m\x1b\[48;2;(\d+);\2;\2m▀"
    rows: list[list[int]] = []
    for line in lines:
        pairs = re.findall(greys, line)
        rows += [[int(over) for over, _ in pairs], [int(under) for _, under in pairs]]
    assert rows[:height] == image.tolist()
    assert len(lines) == (height + 1) // 2


def test_plain_text_has_no_escapes_and_two_rows_of_pixels_a_line() -> None:
    text = as_text(random_image(28, 28), color=False)
    assert text.isascii()
    assert "\x1b" not in text
    assert len(text.split("\n")) == 14


def test_a_png_shows_every_pixel_as_a_square(tmp_path: Path) -> None:
    image = random_image(28, 20)
    write_png(image[None], tmp_path / "seven.png", scale=3)
    with Image.open(tmp_path / "seven.png") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "L", (60, 84))
        assert np.array_equal(np.asarray(picture)[1::3, 1::3], image)
    assert [path.name for path in tmp_path.iterdir()] == ["seven.png"]


def test_a_colour_image_keeps_every_pixel_in_text_and_file(tmp_path: Path) -> None:
    image = np.random.default_rng(3).integers(0, 256, (3, 4, 5), dtype=np.uint8)
    lines = as_text(image, color=True).split("\n")
    pair = r"\x1b\[38;2;(\d+);(\d+);(\d+)m\x1b\[48;2;(\d+);(\d+);(\d+)m▀"
    rows: list[list[list[int]]] = []
    for line in lines:
        found = [[int(value) for value in values] for values in re.findall(pair, line)]
        rows += [[values[:3] for values in found], [values[3:] for values in found]]
    assert rows == image.transpose(1, 2, 0).tolist()
    write_png(image, tmp_path / "a.png", scale=2)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "RGB"
        assert np.array_equal(np.asarray(picture)[::2, ::2], image.transpose(1, 2, 0))


def test_shades_of_colours_go_by_their_brightness() -> None:
    image = np.zeros((3, 2, 3), dtype=np.uint8)
    image[0, :, 0] = image[1, :, 1] = image[2, :, 2] = 255
    assert as_text(image, color=False) == "-+."


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 20))
def test_a_wide_image_is_shown_smaller_by_its_mean(height: int, width: int, room: int) -> None:
    lines = as_text(np.full((height, width), 255, np.uint8), color=False, width=room).split("\n")
    assert max(map(len, lines)) <= room
    assert all(set(line) <= {"@", "+", "="} for line in lines)


def test_a_written_picture_is_large_enough_to_see_and_no_larger(tmp_path: Path) -> None:
    for side, expected in ((28, 224), (8, 224), (1, 224), (150, 150), (1024, 1024)):
        write_png(np.zeros((side, side), np.uint8), tmp_path / "a.png")
        with Image.open(tmp_path / "a.png") as picture:
            assert picture.size == (expected, expected)


def test_a_png_replaces_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "seven.png"
    path.write_bytes(b"old")
    write_png(random_image(4, 4), path, scale=8)
    with Image.open(path) as picture:
        assert picture.size == (32, 32)


def test_a_place_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    for path in (tmp_path / "nowhere" / "seven.png", tmp_path / "folder.png"):
        with pytest.raises(DataError, match="cannot be written"):
            write_png(random_image(4, 4), path)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((28, 28), np.float32),
        np.zeros((2, 28, 28), np.uint8),
        np.zeros((28, 28, 3), np.uint8),
        np.zeros(28, np.uint8),
        np.zeros((0, 28), np.uint8),
    ],
)
def test_what_is_no_image_is_refused(image: npt.NDArray[np.uint8], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the array is no image"):
        as_text(image, color=True)
    with pytest.raises(UsageError, match="the array is no image"):
        write_png(image, tmp_path / "seven.png")


def test_a_scale_below_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`scale` is 0"):
        write_png(random_image(4, 4), tmp_path / "seven.png", scale=0)
