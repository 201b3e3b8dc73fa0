"""README, docs, examples: what they show is run here, and what they name exists."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from paribus import data
from paribus.cli import run_command
from paribus.records import Assignment
from paribus.spec import Protocol, Study, locate
from paribus.standing import lay_out
from paribus.train import set_up_process, train

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    """(document, code) of every fenced block of a language."""
    return [
        (path.name, code)
        for path in DOCUMENTS
        for found, code in FENCE.findall(path.read_text(encoding="utf-8"))
        if found == language
    ]


def commands() -> list[tuple[str, str]]:
    """(document, command) of every line of every shell block, comments left out."""
    return [
        (name, line.split("  #")[0].strip())
        for name, code in blocks("sh")
        for line in code.splitlines()
        if line.strip() and not line.startswith("#")
    ]


@pytest.fixture
def flowers(mnist: data.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of images that documents speak of, and a data cache of its own, with MNIST in it."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / mnist.name).symlink_to(data.cache_folder() / mnist.name)
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(tmp_path / "cache"))
    for name in ("rose", "tulip"):
        (tmp_path / "flowers" / name).mkdir(parents=True)
        for index in range(5):
            colour = (40 * index, 90, 200 if name == "rose" else 20)
            Image.new("RGB", (40 + index, 30), colour).save(tmp_path / "flowers" / name / f"{index}.jpg")


@pytest.mark.parametrize(("document", "code"), blocks("python"))
def test_python_of_documents_runs(
    document: str, code: str, mnist: data.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mnist.name == "mnist"
    monkeypatch.chdir(tmp_path)
    exec(compile(code, document, "exec"), {"__name__": "__main__"})


@pytest.mark.usefixtures("flowers")
@pytest.mark.parametrize(("document", "text"), blocks("toml"))
def test_study_files_of_documents_fit_their_data_and_train(document: str, text: str, tmp_path: Path) -> None:
    """Every variant of them is trained for two iterations and evaluated on a few images."""
    path = tmp_path / "study.toml"
    path.write_text(text)
    study = Study.read(path)
    assert len(lay_out(study).variants) >= 2, document
    engine = set_up_process()
    images = data.load(study.data)
    few = replace(images, test=images.test[:50])
    for name, configuration in study.configurations.items():
        protocol = configuration.protocol.model_dump(exclude_unset=True)
        shortened = {**protocol, "iterations": 2, "epochs": None, "evaluate_every": None}
        short = replace(configuration, protocol=Protocol.model_validate(shortened))
        record = train(Assignment("0" * 64, short, seed=0), few, engine).record
        assert (record.state, record.iterations) == ("done", 2), f"{document}: {name}"
        assert record.weights_moved > 0


def test_json_and_csv_of_documents_are_what_the_commands_print_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ((_, outline),) = blocks("json")
    assert run_command(["show", "mnist-pooling", "--store", str(tmp_path / "none"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert json.loads(outline) == {
        key: value if isinstance(value, int) else type(value)() for key, value in printed.items()
    } | {"contrasts": [], "claims": []}
    assert list(json.loads(outline)) == list(printed)
    for _, table in blocks("csv"):
        (tmp_path / "results.csv").write_text(table)
        assert run_command(["judge", str(tmp_path / "results.csv"), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["rounds"] == 2


def test_no_code_of_documents_goes_unchecked() -> None:
    """Every fenced block is of a language that is executed here, or output; no command stands outside."""
    found = {
        (path.name, language)
        for path in DOCUMENTS
        for language in re.findall(r"^ *```(.*)\n(?:.*\n)*?^ *```$", path.read_text("utf-8"), re.MULTILINE)
    }
    assert {language for _, language in found} <= {"python", "toml", "sh", "json", "csv", "text"}
    for path in DOCUMENTS:
        outside = FENCE.sub("", path.read_text(encoding="utf-8"))
        started = re.findall(r"^ {4,}(?:paribus|python|make|git|pip) .*$", outside, re.MULTILINE)
        assert started == [], path.name


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.toml")), ids=lambda path: path.stem)
def test_studies_of_the_repository_are_valid_and_fit_their_data(path: Path) -> None:
    study = Study.read(path)
    assert study.name == path.stem
    assert study.question
    assert len(lay_out(study).variants) == len(study.differences)


@pytest.mark.usefixtures("flowers")
@pytest.mark.parametrize(("document", "command"), commands())
def test_commands_of_documents_work(
    document: str,
    command: str,
    mnist: data.Dataset,
    shelve: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Commands of paribus are run, where they take nets on untrained ones; targets of make have to exist."""
    monkeypatch.chdir(tmp_path)
    if command.startswith(("paribus predict", "paribus export")):
        pooling = Study.read(locate("mnist-pooling"))
        shelve(tmp_path / "paribus-store", pooling, [("max-same", seed) for seed in range(3)])
    Image.fromarray(255 - mnist.test.images[4, 0]).save(tmp_path / "four.png")
    (tmp_path / "bench").symlink_to(ROOT / "bench")
    (tmp_path / "results.csv").write_text(
        "variant,seed,accuracy\n"
        + "".join(f"{name},{seed},{90 + seed / 10}\n" for name in "ab" for seed in range(3))
    )
    program, *arguments = shlex.split(command)
    if program == "paribus":
        assert run_command(arguments) == 0, document
    elif program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        targets = [word for word in arguments if "=" not in word]
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets), document
    elif program == "python" and arguments[0] == "-m":
        module = ROOT.joinpath(*arguments[1].split("."))
        assert module.with_suffix(".py").exists() or (module / "__main__.py").exists(), document
    else:
        assert program in ("git", "cd"), f"{document}: who checks {command!r}?"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if not (path.parent / link).exists()]
    assert missing == []


def test_every_module_has_its_place_in_the_architecture_and_every_place_its_module() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    tree = text[text.index("    src/paribus/") : text.index("    bench/ ")]
    named = set(re.findall(r"[a-z_]+\.py", tree))
    modules = {path.name for path in (ROOT / "src").rglob("*.py") if not path.name.startswith("__")}
    assert named == modules


SCRIPTS = [path for path in sorted((ROOT / "examples").glob("*.py")) if "__main__" in path.read_text("utf-8")]
"""Examples that are run as they are; a module that a study file names has a test of its own."""


@pytest.mark.parametrize("example", SCRIPTS, ids=lambda path: path.name)
def test_examples_run(example: Path, mnist: data.Dataset, tmp_path: Path) -> None:
    assert mnist.name == "mnist"
    done = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "supported" in done.stdout
