"""Pictures in the form of a dataset; all faults at once; what the net saw, as files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paribus.errors import UsageError
from paribus.inference.preparing import Prepared, prepare, save_prepared
from paribus.inference.reading import Picture
from paribus.spec import Study, locate
from paribus.standing import lay_out

Draw = Callable[..., Image.Image]


def prepared(*pictures: Picture, dataset: str = "mnist", raw: bool = False) -> Prepared:
    layout = lay_out(Study.read(locate("mnist-pooling"), {"data.dataset": dataset}))
    return prepare(list(pictures), layout.data, raw=raw)


def complaint(*pictures: Picture, raw: bool = False) -> str:
    with pytest.raises(UsageError) as raised:
        prepared(*pictures, raw=raw)
    return str(raised.value)


def gradient(width: int, height: int) -> Image.Image:
    """Red to the right, green downwards."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8))


def test_handwritten_digits_are_boxed_and_centred(drawn: Draw) -> None:
    found = prepared(drawn(3), drawn(4, at=(0, 0)))
    assert found.pixels.shape == (2, 1, 28, 28)
    assert found.names == ("image 1", "image 2")
    assert found.pixels[:, :, :3].max() < 30, "a margin above the box"
    assert found.pixels.max() == 255


def test_pictures_for_other_datasets_are_scaled_to_fit_with_black_beside_them() -> None:
    wide = prepared(gradient(280, 140), dataset="fashion-mnist").pixels[0, 0]
    assert wide.shape == (28, 28)
    assert wide[:7].max() == wide[21:].max() == 0
    assert wide[7:21, -1].min() > 60
    tall = prepared(gradient(70, 280), dataset="fashion-mnist").pixels[0, 0]
    assert tall[:, :10].max() == tall[:, 18:].max() == 0
    assert np.abs(np.diff(tall[:, 14].astype(int))).max() < 12, "nothing is cut off"


def test_transparent_is_white_for_other_datasets() -> None:
    clear = Image.new("RGBA", (28, 28), (0, 0, 0, 0))
    assert prepared(clear, dataset="fashion-mnist").pixels.min() == 255


def test_raw_leaves_pixels_as_they_are() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 1, 28, 28)).astype(np.uint8)
    assert (prepared(*pixels, raw=True).pixels == pixels).all()
    assert "28 × 28 pixels with raw, found 29 × 28" in complaint(np.zeros((28, 29), np.uint8), raw=True)


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("text")
    blank = Image.new("L", (30, 30))
    told = complaint(tmp_path / "text.png", gradient(40, 40), str(tmp_path / "none.png"), blank)
    assert told.startswith("4 pictures of 4 cannot be used" if "image 2" in told else "3 pictures of 4")
    for name in ("text.png: expected", "none.png: expected a picture, found no file", "image 4: expected"):
        assert name in told
    assert "at least one picture" in complaint()


def test_prepared_pictures_are_saved_under_names_of_their_own(tmp_path: Path, drawn: Draw) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        drawn(6).save(tmp_path / folder / "six.jpg")
    found = prepared(tmp_path / "a" / "six.jpg", tmp_path / "b" / "six.jpg", drawn(1))
    paths = save_prepared(found, tmp_path / "seen")
    assert [path.name for path in paths] == ["six.png", "six-2.png", "image-3.png"]
    assert (prepared(*paths, raw=True).pixels == found.pixels).all()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, drawn: Draw) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written to"):
        save_prepared(prepared(drawn(1)), tmp_path / "file" / "seen")
