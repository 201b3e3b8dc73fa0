"""The code of own nets: found and read as text, never imported.

A module is looked for in the study file's folder, then in the current one, then along Python's path. With it
go the modules of the same folder that it imports, found by reading import statements: what they say decides
a run's result, so their texts are part of its key.
"""

import ast
import hashlib
import os
import sys
import sysconfig
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from paribus.errors import Fault, StudyError
from paribus.spec.faults import nearest, shown

AT = "net.callable"
"""The field that names the code."""

MAX_MODULES = 500
"""Modules beyond which a source is taken for a mistake."""

_NEVER_OURS = frozenset(sys.stdlib_module_names) | {"torch", "numpy", "paribus"}


@dataclass(frozen=True)
class Source:
    """Where the code of an own net was found, and what it said.

    Attributes:
        root: Folder that its module is imported from, absolute; no part of any identity.
        digest: SHA-256 of the texts of its modules.
    """

    root: str
    digest: str


@dataclass(frozen=True)
class Module:
    """The text of one module.

    Attributes:
        name: Its full name.
        path: Its file.
        text: Its content in bytes, line ends as newlines.
    """

    name: str
    path: Path
    text: bytes

    @property
    def is_package(self) -> bool:
        """Whether other modules can lie in it."""
        return self.path.name == "__init__.py"

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax.

        Raises:
            StudyError: If it is no Python.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self.text, filename=self.path.name)
        except SyntaxError as error:
            found = f"{error.msg} ({self.path.name}:{error.lineno})"
        except (ValueError, RecursionError, MemoryError) as error:
            found = f"{type(error).__name__}: {error} ({self.path.name})"
        raise _fault("a module in Python", found)


@dataclass
class Sources:
    """Finds the code of own nets, that of each callable once.

    Attributes:
        home: Folder of the study file; None for a study made in Python.
        found: ``module:callable`` to its source.
    """

    home: Path | None = field(default=None, compare=False)
    found: dict[str, Source] = field(default_factory=dict)

    def find(self, callable_: str) -> Source:
        """The source of a callable.

        Args:
            callable_: ``module:callable``.

        Raises:
            StudyError: If there is no such module, it is no Python, or has no such callable.
        """
        if callable_ not in self.found:
            name, _, path = callable_.partition(":")
            root = self._root(name)
            modules = read_modules(name, root)
            _require_name(modules[name], path.partition(".")[0])
            self.found[callable_] = Source(str(root), source_digest(modules, root))
        return self.found[callable_]

    def _root(self, name: str) -> Path:
        parts = name.split(".")
        if parts[0] in _NEVER_OURS:
            raise _fault("a module that is not Python's, torch's, numpy's or paribus's own", shown(name))
        entries = [self.home or ".", ".", *(entry or "." for entry in sys.path)]
        roots = list(dict.fromkeys(Path(entry).absolute() for entry in entries if Path(entry).is_dir()))
        for root in roots:
            if _file(root, name) is not None:
                return root
        beside = {path.stem for root in roots[:2] for path in root.joinpath(*parts[:-1]).glob("*.py")}
        hint = nearest(parts[-1], beside)
        raise _fault(
            f"a file {'/'.join(parts)}.py in the study's folder, the current one or on Python's path",
            "none",
            hint and ".".join([*parts[:-1], hint]),
        )


def read_modules(name: str, root: Path) -> dict[str, Module]:
    """A module and what it imports of the same folder, each with its packages, by name.

    From a folder of installed packages, only modules of the same package are taken.

    Args:
        name: Full name of the module.
        root: Folder that it is imported from.

    Raises:
        StudyError: If one of them cannot be read or is no Python, or there are too many.
    """
    own = name.partition(".")[0] if _installed(root) else None
    modules: dict[str, Module] = {}
    pending, seen = deque(_with_packages(name)), set[str]()
    while pending:
        wanted = pending.popleft()
        top = wanted.partition(".")[0]
        if wanted in seen or top in _NEVER_OURS or (own is not None and top != own):
            continue
        seen.add(wanted)
        path = _file(root, wanted)
        if path is None:
            continue
        if len(modules) == MAX_MODULES:
            raise _fault(f"a module that imports at most {MAX_MODULES} others of its folder", "more")
        modules[wanted] = _read(wanted, path)
        for imported in _imports(modules[wanted]):
            pending.extend(_with_packages(imported))
    if name not in modules:
        raise _fault(f"the module {name}", f"no file of it in {root}")
    return modules


def source_digest(modules: dict[str, Module], root: Path) -> str:
    """SHA-256 of texts and their places below the root, as 64 hexadecimal digits."""
    lines = sorted(
        f"{module.path.relative_to(root).as_posix()} {hashlib.sha256(module.text).hexdigest()}\n"
        for module in modules.values()
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read(name: str, path: Path) -> Module:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise _fault("a module that can be read", f"{path.name}: {error.strerror}") from None
    text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return Module(name, path, text)


def _file(root: Path, name: str) -> Path | None:
    place = root.joinpath(*name.split("."))
    return next(
        (path for path in (place / "__init__.py", place.with_name(f"{place.name}.py")) if path.is_file()),
        None,
    )


def _with_packages(name: str) -> list[str]:
    """``a``, ``a.b`` and ``a.b.c`` of ``a.b.c``: importing the last one runs all of them."""
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def _imports(module: Module) -> Iterator[str]:
    """Names that may be modules in the import statements of a module, wherever they stand."""
    package = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = [*above, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names if base)


def _require_name(module: Module, name: str) -> None:
    """Refuse a name that a module cannot have; one that it may get by ``import *`` is left to the import."""
    names = set(_names(module.tree))
    if name not in names and not names & {"*", "__getattr__"}:
        raise _fault(f"a callable that {module.name} defines", shown(name), nearest(name, names))


def _names(node: ast.AST) -> Iterator[str]:
    """Names that the statements of a module give a value, those within functions and classes left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.alias):
            yield (child.asname or child.name.partition(".")[0])
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        else:
            yield from _names(child)


def _installed(root: Path) -> bool:
    """Whether a folder holds installed packages or Python's own."""
    paths = sysconfig.get_paths()
    places = {os.path.realpath(paths[name]) for name in ("purelib", "platlib", "stdlib", "platstdlib")}
    return root.name in ("site-packages", "dist-packages") or os.path.realpath(root) in places


def _fault(expected: str, found: str, hint: str | None = None) -> StudyError:
    return StudyError(AT, [Fault(AT, expected, found, hint)])
