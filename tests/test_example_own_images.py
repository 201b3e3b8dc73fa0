"""The example with own pictures, from the folder to the verdict, shortened."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import paribus
from paribus import data
from paribus.cli import run_command

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_images"
SHORT = {"protocol.epochs": "2", "protocol.learning_rate": "0.1", "decision.max_rounds": "3"}


@pytest.fixture(scope="module")
def example(mnist: data.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example with its pictures made, of digits since those are in the cache."""
    assert mnist.name == "mnist"
    folder = tmp_path_factory.mktemp("own") / "examples" / "own_images"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("images"))
    command = [sys.executable, "make_images.py", "--dataset", "mnist", "--each", "24"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"240 pictures in {folder / 'images'}"]
    return folder


def test_the_pictures_lie_in_a_folder_for_each_class(example: Path) -> None:
    classes = sorted(path.name for path in (example / "images").iterdir())
    assert classes == [str(digit) for digit in range(10)]
    for name in classes:
        files = sorted(path.suffix for path in (example / "images" / name).iterdir())
        assert files == [".jpg"] * 12 + [".png"] * 12


def test_the_study_trains_on_them(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(tmp_path / "cache"))
    study = paribus.read(example / "own_images.toml", SHORT)
    outcome = paribus.run(study, store=tmp_path / "store")
    layout = outcome.standing.layout
    assert layout.data.image_shape == (1, 28, 28)
    assert layout.data.classes == tuple(str(digit) for digit in range(10))
    assert layout.data.test_count == 60
    assert {variant.train_images for variant in layout.variants} == {180}
    arrays = outcome.arrays()
    assert set(arrays["state"]) == {"done"}
    assert arrays["accuracy"][arrays["variant"] == "max"].mean() > 30  # a guess has 10 %


def test_the_commands_of_its_readme_lead_to_a_verdict(
    example: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All of them, in their order, from the folder that holds `examples`; the pictures are made already."""
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PARIBUS_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(example.parents[1])
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (script, maker), *commands = [shlex.split(line) for line in block.splitlines()]
    assert (script, Path(maker).resolve()) == ("python", (example / "make_images.py").resolve())
    options = [word for field, value in SHORT.items() for word in ("--set", f"{field}={value}")]
    for program, *arguments in commands:
        assert program == "paribus"
        short = options if arguments[0] in ("plan", "run") else []
        assert run_command([*arguments, *short]) == 0, arguments
    told = capsys.readouterr().out
    assert "180 training + 60 test images of 1×28×28" in told
    assert re.search(r"(decided|undecided|stopped)[^\n]* after 3 rounds", told)


def test_links_and_fields_of_its_readme_exist() -> None:
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (EXAMPLE / link).exists(), link
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    fields = {field for row in rows for field in re.findall(r"`(\w+)`", row)}
    assert len(fields) == 7
    assert fields <= paribus.Data.model_fields.keys()
