"""Thirty broken study files, each with several faults: every fault is named, nothing else happens."""

import math
from pathlib import Path

import pytest

from paribus.errors import StudyError
from paribus.spec import Study

HEAD = 'name = "s"\n'
NET = "[net]\nblocks = [{ channels = 4 }]\n"
PROTOCOL = "[protocol]\niterations = 10\n"
VARIANTS = '[variants]\nmax = {}\navg = { "net.pool" = "avg" }\n'

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.toml"))


def faults_of(path: Path) -> list[str]:
    """The fields that the first line of a broken file lists."""
    return path.read_text().splitlines()[0].removeprefix("# faults: ").split(" | ")


def test_there_are_thirty_of_them_with_several_faults_each() -> None:
    assert len(BROKEN) == 30
    assert all(len(faults_of(path)) >= 2 for path in BROKEN)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_fault_of_a_broken_file_is_named(path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        Study.read(path)
    assert sorted({fault.field for fault in caught.value.faults}) == sorted(faults_of(path))
    for field in faults_of(path):
        assert f"{field}: expected " in str(caught.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"name = ", "Invalid value"),
        (b"\xff\xfe\x00n", "byte 0xff"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"#" * 10_000_000, "a larger file"),
        (b'name = "a"\nname = "b"\n', "Cannot overwrite"),
        (b"x = 1" + b"0" * 5000, "valid TOML"),
    ],
)
def test_files_that_are_not_toml_are_refused_in_words(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=found):
        Study.read(path)


def test_nearest_name_is_offered_for_a_mistaken_one(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(HEAD + '[net]\npol = "avg"\npadding = "vald"\n' + PROTOCOL + VARIANTS)
    with pytest.raises(StudyError) as caught:
        Study.read(path)
    assert {fault.nearest for fault in caught.value.faults} == {"pool", "valid"}
    path.write_text(HEAD + "epochs = 3\nmargin_pp = 1.0\nclaim = []\n" + PROTOCOL + VARIANTS)
    with pytest.raises(StudyError) as caught:
        Study.read(path)
    assert [fault.nearest for fault in caught.value.faults] == [
        "protocol.epochs", "decision.margin_pp", "claims",
    ]  # fmt: skip


def test_python_study_with_not_a_number_is_refused() -> None:
    with pytest.raises(StudyError, match="a finite number"):
        Study(
            name="s",
            protocol={"iterations": 1, "learning_rate": math.nan},
            variants={"a": {}, "b": {"net.pool": "avg"}},
        )
