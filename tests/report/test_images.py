"""Images as PNG files in memory, read back."""

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from paribus.report.images import MOST_SIDE, png


def back(content: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_grey_and_colour_come_back_to_the_bit() -> None:
    generator = np.random.default_rng(0)
    grey = generator.integers(0, 256, (1, 28, 20), dtype=np.uint8)
    colour = generator.integers(0, 256, (3, 32, 30), dtype=np.uint8)
    assert np.array_equal(back(png(grey)), grey[0])
    assert np.array_equal(back(png(colour)), np.moveaxis(colour, 0, -1))


@pytest.mark.parametrize("shape", [(3, 512, 256), (1, 65, 1)])
def test_large_images_are_scaled_down(shape: tuple[int, int, int]) -> None:
    small = back(png(np.full(shape, 200, dtype=np.uint8)))
    assert max(small.shape[:2]) == MOST_SIDE
    assert small.mean() == pytest.approx(200, abs=1)
