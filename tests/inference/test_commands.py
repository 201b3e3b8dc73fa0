"""`paribus predict` and `paribus export` as a user meets them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from PIL import Image

from paribus.cli import run_command
from paribus.spec import Study

Draw = Callable[..., Image.Image]
Captured = pytest.CaptureFixture[str]


class Trained(Protocol):
    """Three variants in three seeds; see conftest.py."""

    store: Path
    study: Study
    overrides: dict[str, str]


@pytest.fixture
def options(trained: Trained) -> list[str]:
    """How the trained nets are named on the command line."""
    sets = [word for field, value in trained.overrides.items() for word in ("--set", f"{field}={value}")]
    return [*sets, "--store", str(trained.store)]


@pytest.fixture
def files(drawn: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A drawn 4 and a drawn 7."""
    monkeypatch.chdir(tmp_path)
    for digit in (4, 7):
        drawn(digit).save(f"{digit}.png")
    return ["4.png", "7.png"]


def document(captured: Captured) -> dict[str, Any]:
    found = json.loads(captured.readouterr().out)
    assert found["format"] == 1
    return dict(found)


def test_predict_prints_a_line_for_each_picture(
    options: list[str], files: list[str], capsys: Captured
) -> None:
    assert run_command(["predict", "mnist-pooling:max-same", *files, *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "vote of 3 seeds" in lines[0]
    assert lines[2].split() == ["file", "class", "probability", "agreement", "runner-up"]
    four, seven = (line.split() for line in lines[3:5])
    assert four[:2] == ["4.png", "4"]
    assert seven[:2] == ["7.png", "7"]
    assert "3 of 3" in lines[4]


def test_predict_with_one_run_says_which(options: list[str], files: list[str], capsys: Captured) -> None:
    assert run_command(["predict", "mnist-pooling:avg-same@1", *files, *options]) == 0
    out = capsys.readouterr().out
    assert "the net of seed 1" in out
    assert "agreement" not in out


def test_json_of_predict_has_all_probabilities(
    trained: Trained, options: list[str], files: list[str], capsys: Captured
) -> None:
    assert run_command(["predict", "mnist-pooling:max-same", *files, *options, "--json"]) == 0
    found = document(capsys)
    assert found["seeds"] == [0, 1, 2]
    assert found["classes"] == list("0123456789")
    assert len(found["run_keys"]) == 3
    assert (found["study"], found["variant"], found["dataset"]) == ("mnist-pooling", "max-same", "mnist")
    four = found["predictions"][0]
    assert (four["file"], four["class"], four["label"], four["agreement"]) == ("4.png", "4", 4, 3)
    assert np.shape(four["by_seed"]) == (3, 10)
    assert np.mean(four["by_seed"], axis=0).tolist() == pytest.approx(four["probabilities"])
    assert sum(four["probabilities"]) == pytest.approx(1)
    assert four["probability"] == max(four["probabilities"])
    key = found["run_keys"][1]
    assert run_command(["predict", key[:10], "4.png", "--store", str(trained.store), "--json"]) == 0
    alone = document(capsys)
    assert alone["seeds"] == [1]
    assert alone["predictions"][0]["probabilities"] == pytest.approx(four["by_seed"][1])


def test_what_the_net_saw_can_be_saved_and_given_again(
    options: list[str], files: list[str], capsys: Captured
) -> None:
    name = "mnist-pooling:max-same"
    assert run_command(["predict", name, *files, *options, "--save-prepared", "seen/here", "--json"]) == 0
    first = document(capsys)["predictions"]
    seen = sorted(map(str, Path("seen/here").iterdir()))
    assert seen == ["seen/here/4.png", "seen/here/7.png"]
    assert Image.open(seen[0]).size == (28, 28)
    assert run_command(["predict", name, *seen, *options, "--raw", "--json"]) == 0
    again = document(capsys)["predictions"]
    assert [one["probabilities"] for one in again] == [one["probabilities"] for one in first]


def test_every_faulty_picture_is_named_and_nothing_is_predicted(
    options: list[str], files: list[str], capsys: Captured
) -> None:
    Path("text.jpg").write_text("no picture")
    Image.new("L", (40, 40), 255).save("blank.png")
    pictures = [files[0], "text.jpg", "none.png", "blank.png", files[1]]
    assert run_command(["predict", "mnist-pooling:max-same", *pictures, *options]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "3 pictures of 5 cannot be used" in told.err
    for part in ("text.jpg: expected", "none.png: expected", "blank picture", "nothing was predicted"):
        assert part in told.err
    assert "4.png" not in told.err
    assert run_command(["predict", "mnist-pooling:max-same", *options]) == 2
    assert "at least one picture" in capsys.readouterr().err
    assert run_command(["predict", "mnist-pooling:max-same", files[0], "--raw", *options]) == 2
    assert "28 × 28" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["predict", "4.png"], ["export", "--format", "onnx"]])
def test_nets_that_are_not_there_are_told_with_the_command_that_trains_them(
    command: list[str], files: list[str], capsys: Captured
) -> None:
    assert files
    assert run_command([command[0], "mnist-pooling:max-same", *command[1:]]) == 2
    told = capsys.readouterr().err
    assert "`paribus run mnist-pooling`" in told
    assert "Traceback" not in told
    assert not Path("paribus-store").exists()


def test_export_writes_a_file_and_says_so(options: list[str], files: list[str], capsys: Captured) -> None:
    assert files
    name = "mnist-pooling:max-valid@0"
    assert run_command(["export", name, "--format", "safetensors", *options]) == 0
    assert "mnist-pooling-max-valid-seed0.safetensors" in capsys.readouterr().out
    assert run_command(["export", name, "--format", "onnx", "-o", "net.onnx", "--json", *options]) == 0
    found = document(capsys)
    assert (found["file"], found["kind"], found["metadata"]["seed"]) == ("net.onnx", "onnx", "0")
    assert Path("net.onnx").stat().st_size == found["bytes"]
    assert run_command(["export", name, "--format", "onnx", "-o", "net.onnx", *options]) == 2
    assert "--force" in capsys.readouterr().err
    assert run_command(["export", name, "--format", "tflite", *options]) == 2
