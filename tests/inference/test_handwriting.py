"""A drawn digit comes out as MNIST would show it, whatever pen, paper, place and size."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter
from scipy import ndimage

from paribus import data
from paribus.inference.handwriting import as_digit
from paribus.inference.reading import PictureError, read_picture
from paribus.inference.regions import label_regions

Draw = Callable[..., Image.Image]
Pixels = npt.NDArray[np.uint8]


def digit_of(picture: Image.Image) -> Pixels:
    return as_digit(read_picture(picture))


def centre_of_mass(pixels: Pixels) -> tuple[float, float]:
    row, column = ndimage.center_of_mass(pixels)
    return float(row), float(column)


def box(pixels: Pixels) -> tuple[int, int]:
    """Height and width of what is bright."""
    rows, columns = np.nonzero(pixels > 64)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def difference(one: Pixels, other: Pixels) -> float:
    """Mean absolute difference as a share of the mean brightness, of what two digits look like.

    Both are blurred by a pixel, and up to a pixel aside is no difference: strokes are two pixels wide, and
    where between two pixels a stroke's edge falls is chance.
    """
    first, second = (ndimage.gaussian_filter(pixels.astype(float), 1.0) for pixels in (one, other))
    aside = np.linspace(-1, 1, 5)
    steps = [ndimage.shift(second, (down, right), order=1) for down in aside for right in aside]
    return float(min(np.abs(first - step).mean() for step in steps) / first.mean())


@pytest.mark.parametrize("digit", range(10))
def test_the_box_is_20_pixels_and_the_centre_of_mass_is_the_centre(digit: int, drawn: Draw) -> None:
    pixels = digit_of(drawn(digit))
    assert pixels.shape == (28, 28)
    assert 19 <= max(box(pixels)) <= 21
    row, column = centre_of_mass(pixels)
    assert abs(row - 14) <= 0.6
    assert abs(column - 14) <= 0.6
    assert pixels.max() == 255
    assert np.median(pixels) == 0, "most of the field is empty"


@pytest.mark.parametrize("digit", [2, 4, 7])
@pytest.mark.parametrize(
    "fields",
    [
        {"at": (2, 70)},
        {"size": (900, 500), "height": 400, "at": (450, 60)},
        {"size": (1600, 1200), "at": (1200, 700)},
        {"ink": (255, 255, 255), "paper": (0, 0, 0)},
        {"ink": (250, 230, 60), "paper": (90, 130, 200)},
        {"ink": (200, 60, 60), "paper": (60, 148, 60)},
        {"ink": (90, 90, 90), "paper": (160, 160, 160)},
        {"paper": ((255, 255, 255), (130, 130, 130)), "ink": (20, 20, 20)},
        {"paper": None},
        {"paper": None, "ink": (255, 255, 255)},
        {"noise": 8.0},
    ],
    ids=str,
)
def test_place_size_ink_and_paper_change_next_to_nothing(
    digit: int, fields: dict[str, object], drawn: Draw
) -> None:
    assert difference(digit_of(drawn(digit)), digit_of(drawn(digit, **fields))) < 0.15


def test_transparent_corners_of_a_picture_with_its_paper_are_more_paper(drawn: Draw) -> None:
    picture = drawn(3).convert("RGBA")
    corners = np.full((280, 280), 255, np.uint8)
    corners[:20, :20] = corners[-20:, -20:] = 0
    picture.putalpha(Image.fromarray(corners))
    assert difference(digit_of(drawn(3)), digit_of(picture)) < 0.05


def test_dust_and_a_vignette_are_no_ink(drawn: Draw) -> None:
    picture = np.asarray(drawn(5).convert("L")).astype(float)
    clean = digit_of(Image.fromarray(picture.astype(np.uint8)))
    y, x = np.mgrid[-1:1:280j, -1:1:280j]
    shaded = picture * (1 - 0.25 * (x**2 + y**2))
    shaded[12:15, 250:253] = 30
    shaded[260:262, 20:24] = 40
    assert difference(clean, digit_of(Image.fromarray(shaded.astype(np.uint8)))) < 0.1


def test_grey_levels_are_kept(drawn: Draw) -> None:
    """A pen that presses less leaves less; it is not made black and white."""
    picture = np.asarray(drawn(1, pen=0.12).convert("L")).astype(float)
    picture[140:] = 255 - 0.6 * (255 - picture[140:])
    pixels = digit_of(Image.fromarray(picture.astype(np.uint8)))
    assert pixels[6:12].max() == 255
    assert 110 < pixels[17:22].max() < 220


def test_thin_strokes_come_out_in_full_contrast(drawn: Draw) -> None:
    pixels = digit_of(drawn(7, size=(600, 600), height=500, at=(50, 50), pen=0.008))
    assert (pixels > 200).sum() >= 15


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (300, 200), "white"),
        Image.new("L", (28, 28), 0),
        Image.new("RGBA", (50, 50), (0, 0, 0, 0)),
        Image.new("L", (1, 1), 7),
        Image.linear_gradient("L"),
        Image.fromarray(np.random.default_rng(0).normal(200, 6, (300, 300)).clip(0, 255).astype(np.uint8)),
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3)).astype(np.uint8)).filter(
            ImageFilter.GaussianBlur(1)
        ),
    ],
    ids=["white", "black", "transparent", "pixel", "gradient", "grain", "noise"],
)
def test_a_blank_picture_is_refused(picture: Image.Image) -> None:
    with pytest.raises(PictureError, match=r"blank|transparent"):
        digit_of(picture)


def test_mnists_own_digits_come_out_much_as_they_are(mnist: data.Dataset) -> None:
    """Enlarged, and as dark ink on light paper, test images keep what they look like."""
    differences = []
    for image in mnist.test.images[:50, 0]:
        paper = Image.fromarray(255 - np.pad(image, 4)).resize((288, 288), Image.Resampling.BICUBIC)
        differences.append(difference(image, digit_of(paper)))
    assert np.median(differences) < 0.25


@pytest.mark.parametrize("density", [0.02, 0.3, 0.6, 0.9])
def test_regions_are_scipys(density: float) -> None:
    mask = np.random.default_rng(3).random((60, 47)) < density
    expected, count = ndimage.label(mask, structure=np.ones((3, 3)))
    found = label_regions(mask)
    assert found.max() == count
    pairs = {(int(a), int(b)) for a, b in zip(expected.ravel(), found.ravel(), strict=True)}
    assert len(pairs) == count + 1, "one number for one number"


def test_other_sides_and_boxes_are_kept(drawn: Draw) -> None:
    assert 9 <= max(box(as_digit(read_picture(drawn(4)), 14, 10))) <= 11
