"""`paribus look` as a user meets it: in the terminal, drawn as SVG and PNG, and as JSON."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from paribus.cli import run_command
from paribus.spec import Study

Draw = Callable[..., Image.Image]
Captured = pytest.CaptureFixture[str]

SVG = "{http://www.w3.org/2000/svg}"


class Trained(Protocol):
    """Three variants in three seeds; see conftest.py."""

    store: Path
    study: Study
    overrides: dict[str, str]


@pytest.fixture
def look(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command in a folder of its own; its exit code."""
    monkeypatch.chdir(tmp_path)
    sets = [word for field, value in trained.overrides.items() for word in ("--set", f"{field}={value}")]

    def run(image: str, *options: str) -> int:
        study = ["--study", "mnist-pooling", *sets, "--store", str(trained.store)]
        return run_command(["look", image, *study, *options])

    return run


def test_the_terminal_says_what_every_variant_says_and_takes_one_value_apart(
    look: Callable[..., int], capsys: Captured
) -> None:
    assert look("mnist:7") == 0
    out = capsys.readouterr().out
    assert out.startswith("Test image 7 of mnist, class 9\n")
    for name in ("max-same", "avg-same", "max-valid"):
        assert re.search(rf"^{name} says \d \([<>]? ?[\d.]+ %; \d of 3 nets agree\)", out, re.MULTILINE)
        assert re.search(
            rf"^{name}, seed 0, block 1, channel \d+, row \d+, column \d+: \d+\.\d{{4}}", out, re.MULTILINE
        )
    assert "products of patch and kernel" in out
    assert "max pooling: the largest of" in out
    assert "average pooling: (" in out
    assert "\x1b" not in out


def test_json_has_every_number_and_they_add_up(look: Callable[..., int], capsys: Captured) -> None:
    assert look("mnist:0", "--layer", "block 1", "--seed", "2", "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (found["format"], found["study"], found["dataset"]) == (1, "mnist-pooling", "mnist")
    assert (found["image"], found["label"], found["missing"]) == ("Test image 0 of mnist", 7, {})
    assert np.shape(found["pixels"]) == (1, 28, 28)
    assert [one["variant"] for one in found["variants"]] == ["max-same", "avg-same", "max-valid"]
    for one in found["variants"]:
        assert (one["seeds"], one["seed"]) == ([0, 1, 2], 2)
        assert np.mean(one["by_seed"], axis=0) == pytest.approx(one["probabilities"])
        powers = np.exp(np.array(one["logits"]) - max(one["logits"]))
        assert powers / powers.sum() == pytest.approx(one["by_seed"][2], abs=1e-5)
        first, second = one["layers"]
        values = np.array(first["values"])
        assert (list(values.shape), second["values"]) == (first["shape"], None)
        assert (values.min(), values.max()) == (first["least"], first["greatest"])
        apart = one["pixel"]
        place = apart["channel"], apart["row"], apart["column"]
        assert values[place] == pytest.approx(apart["value"])
        products = np.array(apart["patch"]) * np.array(apart["kernel"])
        assert products == pytest.approx(np.array(apart["products"]))
        summed = products.sum() + apart["bias"]
        assert summed == pytest.approx(apart["steps"][0]["value"], abs=1e-6)
        assert apart["steps"][-1]["value"] == pytest.approx(apart["value"], abs=1e-5)
        window = np.array(apart["window"])
        pooled = window.mean() if one["variant"] == "avg-same" else window.max()
        assert pooled == pytest.approx(apart["value"], abs=1e-5)


def test_a_picture_of_ones_own_is_looked_at_in_mnists_form(
    look: Callable[..., int], drawn: Draw, capsys: Captured
) -> None:
    drawn(4).save("four.png")
    assert look("four.png", "--variant", "max-same", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["label"] is None
    assert found["image"] == "four.png"
    assert [(one["variant"], one["class"]) for one in found["variants"]] == [("max-same", "4")]


def test_svg_is_one_drawing_of_all_that_is_shown(look: Callable[..., int], capsys: Captured) -> None:
    assert look("mnist:7", "-o", "look.svg") == 0
    assert capsys.readouterr().out == "look.svg\n"
    root = ET.parse("look.svg").getroot()
    words = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    for name in ("max-same", "avg-same", "max-valid"):
        assert name in words
    assert "Test image 7 of mnist, class 9" in words
    assert {"after block 1", "after block 2", "products"} <= set(words)
    pictures = [image.get("href") or "" for image in root.iter(f"{SVG}image")]
    assert len(pictures) == 1 + 3 * 2 * 2, "the image; of each variant and block the scale and the maps"
    assert all(address.startswith("data:image/png;base64,") for address in pictures)
    assert "prefers-color-scheme:dark" in (root.findtext(f"{SVG}style") or "")
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert not tags & {"script", "foreignObject", "a"}
    box = [float(part) for part in (root.get("viewBox") or "").split()]
    for text in root.iter(f"{SVG}text"):
        assert float(text.get("x") or "nan") <= box[2]


def test_png_is_the_same_drawing_painted(look: Callable[..., int]) -> None:
    assert look("mnist:7", "-o", "look.svg") == 0
    assert look("mnist:7", "-o", "look.png") == 0
    box = [float(part) for part in (ET.parse("look.svg").getroot().get("viewBox") or "").split()]
    with Image.open("look.png") as picture:
        assert picture.format == "PNG"
        width, height = picture.size
        assert (width / 2, height / 2) == pytest.approx((box[2] - 24, box[3] - 24), abs=1)
        pixels = np.asarray(picture.convert("RGB"))[:900].astype(int)
    assert pixels[0, 0].tolist() == [252, 252, 250], "paper"
    assert (pixels.sum(axis=2) < 150).any(), "ink"
    blue, vermillion = (0, 114, 178), (213, 94, 0)
    for colour in (blue, vermillion):
        assert (np.abs(pixels - np.array(colour)).max(axis=2) < 12).any(), colour
    digit = pixels[56 : 56 + 192, 56 : 56 + 192]
    assert (digit == 0).all(axis=2).mean() > 0.5, "the image as the nets see it"


def test_only_the_layers_that_are_asked_for_are_drawn(look: Callable[..., int]) -> None:
    assert look("mnist:7", "-o", "whole.svg") == 0
    assert look("mnist:7", "--layer", "block 2", "-o", "one.svg") == 0
    words = {"".join(text.itertext()) for text in ET.parse("one.svg").getroot().iter(f"{SVG}text")}
    assert "after block 2" in words
    assert "after block 1" not in words
    assert Path("one.svg").stat().st_size < Path("whole.svg").stat().st_size


@pytest.mark.parametrize(
    ("image", "options", "expected"),
    [
        ("mnist:10000", [], "mnist:0 to mnist:9999"),
        ("nothing.png", [], "no file of that name"),
        ("mnist:7", ["-o", "look.jpg"], ".svg or .png"),
        ("mnist:7", ["-o", "none/look.svg"], "cannot be written"),
        ("mnist:7", ["--layer", "block 9"], "block 1, block 2"),
        ("mnist:7", ["--variant", "min-same"], "max-same, avg-same, max-valid"),
    ],
)
def test_mistakes_are_told_in_words(
    image: str, options: list[str], expected: str, look: Callable[..., int], capsys: Captured
) -> None:
    assert look(image, *options) == 2
    told = capsys.readouterr()
    assert expected in told.err
    assert "Traceback" not in told.err
    assert told.out == ""


def test_a_study_never_run_has_no_nets_to_look_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["look", "mnist:7", "--study", "mnist-pooling"]) == 2
    assert "paribus run" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_that_knows_ascii_only_gets_ascii(
    look: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    assert look("mnist:7") == 0
    assert b"max-same says" in raw.getvalue()
