"""Code of own nets: where it is found, which texts count, and that nothing of it is imported."""

import sys
from pathlib import Path

import pytest

from paribus.errors import StudyError
from paribus.spec.sources import MAX_MODULES, Sources, read_modules

NET = "def net():\n    return None\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def digest(folder: Path, callable_: str = "mine:net") -> str:
    return Sources(folder).find(callable_).digest


def fault(folder: Path | None, callable_: str) -> str:
    with pytest.raises(StudyError) as caught:
        Sources(folder).find(callable_)
    (found,) = caught.value.faults
    assert found.field == "net.callable"
    return str(found)


def test_the_studys_folder_comes_before_the_current_one_and_before_pythons_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, here, path = (tmp_path / name for name in ("home", "here", "path"))
    for folder in (home, here, path):
        write(folder, mine=NET)
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(str(path))
    assert Sources(home).find("mine:net").root == str(home)
    (home / "mine.py").unlink()
    assert Sources(home).find("mine:net").root == str(here)
    (here / "mine.py").unlink()
    assert Sources(home).find("mine:net").root == str(path)
    assert Sources().find("mine:net").root == str(path)


def test_code_is_read_and_never_run(tmp_path: Path) -> None:
    write(tmp_path, mine="raise SystemExit\ndef net(): ...\n")
    assert Sources(tmp_path).find("mine:net").root == str(tmp_path)
    assert "mine" not in sys.modules


def test_modules_that_it_imports_of_the_same_folder_count_and_others_do_not(tmp_path: Path) -> None:
    write(
        tmp_path,
        mine="import json, torch\nimport layers.blocks as b\nfrom helper import f\ndef net(): ...\n",
        helper="def f():\n    from deep import g\n    return g\n",
        deep="g = 1\n",
        unused="import never\n",
        json="of_mine = False\n",
        layers__blocks="from . import sizes\nfrom .sizes import WIDTH\nfrom ..nowhere import x\n",
        layers__sizes="WIDTH = 1\n",
    )
    (tmp_path / "layers" / "__init__.py").write_text("")
    names = set(read_modules("mine", tmp_path))
    assert names == {"mine", "helper", "deep", "layers", "layers.blocks", "layers.sizes"}


@pytest.mark.parametrize("changed", ["mine", "helper", "package/__init__", "package/inner"])
def test_digest_changes_with_every_text_that_counts(tmp_path: Path, changed: str) -> None:
    write(tmp_path, mine="import helper, package.inner\ndef net(): ...\n", helper="", other="")
    write(tmp_path, package__inner="")
    (tmp_path / "package" / "__init__.py").write_text("")
    before = digest(tmp_path)
    file = tmp_path / f"{changed}.py"
    file.write_text(file.read_text() + "# another comment\n")
    assert digest(tmp_path) != before
    (tmp_path / "other.py").write_text("# does not count\n")


def test_digest_depends_neither_on_line_ends_nor_on_the_folder(tmp_path: Path) -> None:
    for name, text in {"unix": "x = 1\n\ndef net(): ...\n", "dos": "x = 1\r\n\r\ndef net(): ...\r\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").write_bytes(text.encode())
    assert digest(tmp_path / "unix") == digest(tmp_path / "dos")


def test_missing_module_is_told_with_the_nearest_one_beside_the_study(tmp_path: Path) -> None:
    write(tmp_path, mine=NET)
    assert "found none; did you mean `mine`?" in fault(tmp_path, "mne:net")
    assert "models/own.py" in fault(tmp_path, "models.own:net")


def test_missing_callable_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    write(tmp_path, mine="def small_resnet(): ...\n")
    assert "did you mean `small_resnet`?" in fault(tmp_path, "mine:smal_resnet")


@pytest.mark.parametrize(
    "text",
    [
        "from elsewhere import *\n",
        "def __getattr__(name): ...\n",
        "if True:\n    net = 1\n",
        "import x as net\n",
        "from x import net\n",
        "class net: ...\n",
        "try:\n    a, net = 1, 2\nexcept OSError:\n    pass\n",
        "net: int = 3\n",
    ],
)
def test_names_are_found_however_they_are_bound(tmp_path: Path, text: str) -> None:
    write(tmp_path, mine=text)
    assert digest(tmp_path)


def test_a_name_within_a_function_is_not_the_modules(tmp_path: Path) -> None:
    write(tmp_path, mine="def f():\n    net = 1\n")
    assert "a callable that mine defines" in fault(tmp_path, "mine:net")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"def net(:\n", "invalid syntax (mine.py:1)"),
        (b"x = '\xff'\n", "mine.py"),
        (b"x = 1\0\n", "mine.py"),
    ],
)
def test_text_that_is_no_python_is_told_with_its_line(tmp_path: Path, text: bytes, found: str) -> None:
    (tmp_path / "mine.py").write_bytes(text)
    assert found in fault(tmp_path, "mine:net")


@pytest.mark.parametrize("name", ["json:loads", "torch.nn:Sequential", "os.path:join"])
def test_modules_of_python_and_torch_are_no_own_code(tmp_path: Path, name: str) -> None:
    assert "not Python's" in fault(tmp_path, name)


def test_of_installed_packages_only_the_named_one_is_read(tmp_path: Path) -> None:
    root = tmp_path / "site-packages"
    write(root, zoo__models="import other\nfrom zoo import base\ndef net(): ...\n", zoo__base="", other="")
    assert set(read_modules("zoo.models", root)) == {"zoo.models", "zoo.base"}


def test_code_that_imports_a_whole_library_of_its_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, mine="".join(f"import m{i}\n" for i in range(MAX_MODULES)) + "def net(): ...\n")
    for i in range(MAX_MODULES):
        (tmp_path / f"m{i}.py").touch()
    assert f"at most {MAX_MODULES}" in fault(tmp_path, "mine:net")
