"""Compile the kernels.

Standard library only, so that the package's build can use it before anything is installed.

``python -m paribus.kernels`` compiles them again, after a change or once a compiler is there.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = FOLDER / "sources"
LIBRARY = FOLDER / "_kernels.so"

_COMMON = ("-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden", "-ffp-contract=fast", "-Wall", "-Wextra")
_WITHOUT_LIBRARY = ("-fno-exceptions", "-fno-rtti")
_X86 = {
    "avx512": ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mfma"),
    "avx2": ("-mavx2", "-mfma"),
}
_SECONDS = 600


class CompileError(Exception):
    """The kernels could not be compiled; the message says why."""


def sources_digest() -> str:
    """SHA-256 of the sources, in hexadecimal; the library names the one that it was made of."""
    files = sorted(path for path in SOURCES.iterdir() if path.suffix in (".h", ".inc", ".cpp"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def compile_kernels(target: Path = LIBRARY, *, options: tuple[str, ...] = ()) -> Path:
    """Compile the kernels for this kind of machine, every instruction set of it, into one library.

    Args:
        target: Where to put the library; written aside first.
        options: Further options of the compiler, such as sanitizers.

    Returns:
        The library.

    Raises:
        CompileError: If there is no C++ compiler, or it fails.
    """
    compiler = _compiler()
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    define = (f'-DPARIBUS_SOURCES="{sources_digest()}"', *(["-DPARIBUS_X86"] if x86 else []))
    units = {"portable": (), **(_X86 if x86 else {})}
    with tempfile.TemporaryDirectory() as scratch:
        objects = [
            _start(compiler, name, (*_COMMON, *_WITHOUT_LIBRARY, *flags, *options), Path(scratch))
            for name, flags in units.items()
        ]
        objects.append(_start(compiler, "library", (*_COMMON, *define, *options), Path(scratch)))
        for name, process in objects:
            _finish(name, process)
        made = Path(scratch) / "kernels.so"
        files = [str(Path(scratch) / f"{name}.o") for name, _ in objects]
        link = [*compiler, "-shared", "-pthread", *options, "-o", str(made), *files]
        _finish("the library", _run(link))
        aside = target.with_suffix(f".{os.getpid()}.part")
        shutil.copyfile(made, aside)
        aside.replace(target)
    return target


def _compiler() -> list[str]:
    named = os.environ.get("CXX") or sysconfig.get_config_var("CXX") or ""
    for candidate in (named, "c++", "g++", "clang++"):
        words = str(candidate).split()
        if words and shutil.which(words[0]):
            return words if candidate == os.environ.get("CXX") else words[:1]
    raise CompileError("no C++ compiler was found (c++, g++ or clang++, or the one that CXX names)")


def _start(
    compiler: list[str], name: str, flags: tuple[str, ...], scratch: Path
) -> tuple[str, "subprocess.Popen[bytes]"]:
    return name, _run(
        [*compiler, *flags, "-c", str(SOURCES / f"{name}.cpp"), "-o", str(scratch / f"{name}.o")]
    )


def _run(command: list[str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - the compiler
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise CompileError(f"{command[0]} cannot be started: {error}") from None


def _finish(name: str, process: "subprocess.Popen[bytes]") -> None:
    try:
        told, _ = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise CompileError(f"compiling {name} took more than {_SECONDS} s") from None
    if process.returncode:
        raise CompileError(f"compiling {name} failed:\n{told.decode(errors='replace')[-2000:]}")
