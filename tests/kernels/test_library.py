"""Compiling and finding the library: what is done where it is missing, broken, or not wanted."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from paribus.kernels import ENGINE, INSTRUCTIONS, Kernels, find_kernels, library
from paribus.kernels.compiling import CompileError, compile_kernels

ROOT = Path(__file__).parents[2]
HAS_COMPILER = any(shutil.which(name) for name in ("c++", "g++", "clang++"))
needs_compiler = pytest.mark.skipif(not HAS_COMPILER, reason="there is no C++ compiler to test with")
needs_kernels = pytest.mark.skipif(isinstance(find_kernels(), str), reason=str(find_kernels()))

Find = Callable[[], Kernels | str]


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Iterator[Find]:
    """Looks for the kernels as if for the first time, in an environment that asks for nothing."""
    for name in (ENGINE, INSTRUCTIONS):
        monkeypatch.delenv(name, raising=False)

    def fresh() -> Kernels | str:
        find_kernels.cache_clear()
        return find_kernels()

    yield fresh
    find_kernels.cache_clear()


def test_the_environment_can_leave_them_aside(monkeypatch: pytest.MonkeyPatch, find: Find) -> None:
    monkeypatch.setenv(ENGINE, "torch")
    assert find() == "PARIBUS_ENGINE=torch leaves them aside"


def test_a_library_that_is_not_there_is_told_with_what_makes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, find: Find
) -> None:
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "none.so")
    assert "`python -m paribus.kernels`" in str(find())


def test_a_library_that_does_not_load_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, find: Find
) -> None:
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(library, "LIBRARY", broken)
    assert "cannot be loaded" in str(find())


@needs_compiler
def test_a_library_of_something_else_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, find: Find
) -> None:
    source, other = tmp_path / "other.cpp", tmp_path / "other.so"
    source.write_text("int nothing;")
    subprocess.run(["c++", "-shared", "-fPIC", "-o", str(other), str(source)], check=True)
    monkeypatch.setattr(library, "LIBRARY", other)
    assert "cannot be loaded" in str(find())


@needs_kernels
def test_a_library_of_other_sources_is_not_used(monkeypatch: pytest.MonkeyPatch, find: Find) -> None:
    monkeypatch.setattr(library, "sources_digest", lambda: "0" * 64)
    assert "compiled from other sources" in str(find())


@needs_kernels
def test_an_instruction_set_can_be_chosen_and_a_wrong_name_is_told(
    monkeypatch: pytest.MonkeyPatch, find: Find
) -> None:
    monkeypatch.setenv(INSTRUCTIONS, "portable")
    chosen = find()
    assert isinstance(chosen, Kernels)
    assert chosen.offered == (chosen.instructions,) == ("portable",)
    monkeypatch.setenv(INSTRUCTIONS, "mmx")
    assert str(find()).startswith("PARIBUS_INSTRUCTIONS=mmx is none of what this machine has (")


@needs_kernels
def test_every_machine_can_run_the_portable_set(find: Find) -> None:
    kernels = find()
    assert isinstance(kernels, Kernels)
    assert kernels.offered[-1] == "portable"


@pytest.mark.parametrize(("compiler", "said"), [("", "no C++ compiler was found"), ("false", "failed")])
def test_a_compiler_that_is_missing_or_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compiler: str, said: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    if compiler:
        (tools / compiler).symlink_to(str(shutil.which(compiler)))
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("CXX", compiler)  # empty: none is named
    monkeypatch.setattr("sysconfig.get_config_var", lambda _: None)
    with pytest.raises(CompileError, match=re.escape(said)):
        compile_kernels(tmp_path / "made.so")
    assert not list(tmp_path.glob("*.so"))


@needs_compiler
def test_the_command_compiles_them_again(tmp_path: Path) -> None:
    """In a copy, since other tests use the library meanwhile."""
    copy = tmp_path / "paribus"
    shutil.copytree(ROOT / "src" / "paribus", copy, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "paribus.kernels"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == copy / "kernels" / "_kernels.so"
    assert (copy / "kernels" / "_kernels.so").stat().st_size > 10_000


@needs_compiler
@pytest.mark.slow
def test_sanitizers_find_nothing_in_the_tests_of_the_block_and_would_find_something(tmp_path: Path) -> None:
    """Reads or writes outside of memory, and undefined behaviour, in any instruction set of this machine."""
    options = ("-O1", "-g1", "-fsanitize=address,undefined")
    made = compile_kernels(tmp_path / "sanitized.so", options=options)
    tests = [sys.executable, "-m", "pytest", "tests/kernels/test_block.py", "-p", "no:xdist"]
    clean = _sanitized(tests, PARIBUS_TEST_LIBRARY=str(made), PARIBUS_TEST_FEW="1")
    assert clean.returncode == 0, (clean.stdout + clean.stderr)[-4000:]
    assert " passed" in clean.stdout
    program = (
        "import ctypes, sys; from paribus.kernels.library import BlockShape;"
        "library = ctypes.CDLL(sys.argv[1]); libc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p;"
        "take = lambda floats: ctypes.c_void_p(libc.malloc(ctypes.c_size_t(4 * floats)));"
        "shape = BlockShape(1, 8, 8, 1, 16, 3, 1, 1, 0);"
        "library.paribus_forward(b'portable', ctypes.byref(shape), ctypes.c_int64(1),"
        " take(32), take(144), take(16), take(256), None)"  # half of the image is missing
    )
    faulty = _sanitized([sys.executable, "-c", program, str(made)])
    assert faulty.returncode != 0
    assert "heap-buffer-overflow" in faulty.stderr


def _sanitized(command: list[str], **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **{name: value for name, value in os.environ.items() if name not in (ENGINE, INSTRUCTIONS)},
        "LD_PRELOAD": " ".join(map(_compiler_file, ("libasan.so", "libubsan.so"))),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",  # Python keeps memory to its end
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        **variables,
    }
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=500
    )


def _compiler_file(name: str) -> str:
    done = subprocess.run(["c++", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return str(Path(done.stdout.strip()).resolve())
