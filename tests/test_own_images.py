"""From a folder of real pictures in several formats, sizes and modes, some broken, to a verdict."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from paribus import data
from paribus.cli import run_command

STUDY = """
name = "clothes"
question = "Does a net that learns beat one that hardly does?"
claims = ["still < moving"]

[data]
dataset = "folder:pictures"
image_size = 28
channels = 1

[net]
blocks = [{ channels = 4, kernel = 3 }]

[protocol]
batch_size = 50
iterations = 30
learning_rate = 0.2

[variants]
moving = {}
still = { "protocol.learning_rate" = 1e-6 }

[decision]
min_rounds = 3
max_rounds = 3
"""

BROKEN = {
    "bag/zero.jpg": b"",
    "coat/text.png": b"this is not a picture",
    "dress/cut.png": b"",
    "sandal/cut.jpg": b"",
    "shirt/gif.webp": b"GIF89a" + bytes(50),
}

Captured = pytest.CaptureFixture[str]


def picture(pixels: np.ndarray, number: int) -> tuple[Image.Image, str, dict[str, Any]]:
    """One of 2,000: its mode, size, orientation and format go by its number."""
    image = Image.fromarray(pixels)
    size = (28, 28 + 7 * (number % 3)) if number % 2 else (56, 48)
    image = image.resize(size)
    suffix = ("png", "jpg", "webp")[number % 3]
    modes = {
        "png": ("L", "LA", "P", "RGB", "RGBA", "1", "I;16"),
        "jpg": ("L", "RGB", "CMYK"),
        "webp": ("RGB", "RGBA"),
    }
    mode = modes[suffix][number // 3 % len(modes[suffix])]
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    else:
        image = image.convert("RGB").convert(mode) if mode in ("CMYK", "P") else image.convert(mode)
    options: dict[str, Any] = {"quality": 90} if suffix != "png" else {}
    if number % 10 == 0:
        exif = Image.Exif()
        exif[0x0112] = 6
        image, options["exif"] = image.transpose(Image.Transpose.ROTATE_90), exif
    return image, suffix, options


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,000 images of Fashion-MNIST, 200 of each class, with five broken files among them."""
    fashion = data.load("fashion-mnist")
    root = tmp_path_factory.mktemp("own") / "pictures"
    names = [name.lower().replace("/", "-").replace(" ", "-") for name in fashion.classes]
    for label, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for number, index in enumerate(np.flatnonzero(fashion.train.labels == label)[:200]):
            image, suffix, options = picture(fashion.train.images[index, 0], number)
            image.save(root / name / f"{number:03}.{suffix}", **options)
    for name, content in BROKEN.items():
        whole = next((root / name).parent.glob(f"*{Path(name).suffix}")).read_bytes()
        (root / name).write_bytes(content or whole[: len(whole) // 2 if "cut" in name else 0])
    (root / "bag" / "notes.txt").write_text("not a picture, and not called one")
    (root.parent / "clothes.toml").write_text(STUDY)
    return root


@pytest.fixture
def here(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command of paribus in an empty folder, with the data cache of this module."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(pictures.parent / "cache"))
    return lambda *arguments: run_command([*arguments])


def test_a_folder_with_broken_files_is_refused_by_default_with_all_of_them_named(
    here: Callable[..., int], pictures: Path, capsys: Captured, tmp_path: Path
) -> None:
    assert here("run", str(pictures.parent / "clothes.toml")) == 1
    told = capsys.readouterr().err
    assert "5 broken files among 2,005" in told
    for name, reason in {
        "bag/zero.jpg": "is empty",
        "coat/text.png": "is no PNG, JPEG or WebP image",
        "dress/cut.png": "is cut off",
        "sandal/cut.jpg": "is cut off",
        "shirt/gif.webp": "is no PNG, JPEG or WebP image",
    }.items():
        assert f"{name} {reason}" in told
    assert 'broken = "skip"' in told
    assert "Traceback" not in told
    assert not (tmp_path / "paribus-store").exists()


def test_with_broken_files_skipped_one_study_file_goes_to_a_verdict(
    here: Callable[..., int], pictures: Path, capsys: Captured
) -> None:
    study = pictures.parent / "clothes.toml"
    study.write_text(STUDY.replace("channels = 1\n", 'channels = 1\nbroken = "skip"\n', 1))
    assert here("run", str(study)) == 0
    ran = capsys.readouterr()
    assert "5 broken files were left out: bag/zero.jpg is empty" in ran.err
    assert "ignored: 1 file whose name does not end in" in ran.err
    assert "supported  still < moving" in ran.out
    assert here("show", str(study), "--json") == 0
    shown = json.loads(capsys.readouterr().out)["study"]
    assert shown["dataset"] == "folder:pictures"
    assert (shown["data"]["train_images"], shown["data"]["test_images"]) == (1600, 400)
    assert shown["data"]["image"] == [1, 28, 28]
    assert len(shown["data"]["skipped"]) == 5
    assert shown["data"]["duplicates"]["count"] == 0
    assert here("look", "folder:pictures:3", "--study", str(study), "--json") == 0
    assert json.loads(capsys.readouterr().out)["image"] == "Test image 3 of folder:pictures"
    assert here("look", "folder:pictures:400", "--study", str(study)) == 2
    assert "folder:pictures has no test image 400" in capsys.readouterr().err
    moved = pictures.parent / "moved"
    moved.mkdir()
    (moved / "clothes.toml").write_text(study.read_text())
    (moved / "pictures").symlink_to(pictures)
    assert here("show", str(moved / "clothes.toml"), "--json") == 0
    elsewhere = json.loads(capsys.readouterr().out)
    assert elsewhere["study"]["digest"] == shown["digest"]
    assert len(elsewhere["runs"]) == 6, "the runs are known wherever the pictures lie"


def test_plan_and_describe_tell_what_is_in_the_folder(
    here: Callable[..., int], pictures: Path, capsys: Captured
) -> None:
    study = str(pictures.parent / "clothes.toml")
    skip = ("--set", "data.broken=skip")
    assert here("plan", study, *skip) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "folder:pictures: 1,600 training + 400 test images of 1×28×28, 10 classes" in text
    assert "160 training, 40 test" in text
    assert "5 broken files were left out" in text
    assert here("data", "describe", study, *skip) == 0
    text = capsys.readouterr().out
    assert "no test image is a training image too" in text
    assert [line.split() for line in text.splitlines() if line.startswith("ankle-boot")] == [
        ["ankle-boot", "160", "40"]
    ]
    fields = ("--set", "broken=skip", "--set", "image_size=[14, 20]")
    assert here("data", "describe", f"folder:{pictures}", *fields, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["image"], document["test_images"]) == ([3, 14, 20], 400)
    assert here("data", "show", f"folder:{pictures}", *fields, "--index", "3") == 0
    assert "folder:pictures test[3]: label" in capsys.readouterr().out
    assert here("data", "describe", f"folder:{pictures}", "--set", "image_size=big") == 2
    assert "data.image_size: expected" in capsys.readouterr().err
