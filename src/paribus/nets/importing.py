"""The one place where code of own nets is imported: in worker processes, and where a net is built.

What is run is the very text that went into the run key: the modules of a source come from memory, not from
files that may have changed meanwhile, nor from bytecode of another day.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from paribus.errors import Fault, StudyError
from paribus.spec import OwnNet, Source
from paribus.spec.sources import AT, Module, read_modules, source_digest

OwnCode = Callable[..., Any]


class _Loader(importlib.abc.SourceLoader):
    """Loads modules from their texts.

    Args:
        modules: The modules by name.
    """

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules

    def get_filename(self, fullname: str) -> str:
        """The file of a module, for tracebacks."""
        return str(self.modules[fullname].path)

    def get_data(self, path: str) -> bytes:
        """The text of a file of the source; there is no bytecode."""
        return next(module.text for module in self.modules.values() if str(module.path) == str(path))


class _Texts(importlib.abc.MetaPathFinder):
    """Finds the modules of one source.

    Args:
        source: The source.
        modules: Its modules by name.
    """

    def __init__(self, source: Source, modules: dict[str, Module]) -> None:
        self.source = source
        self.modules = modules
        self.loader = _Loader(modules)

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None, /
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a module of the source; None for any other."""
        module = self.modules.get(fullname)
        if module is None:
            return None
        folders = [str(module.path.parent)] if module.is_package else None
        return importlib.util.spec_from_file_location(
            fullname, module.path, loader=self.loader, submodule_search_locations=folders
        )


_current: list[_Texts] = []
"""The source whose modules are imported, if any."""


def import_callable(net: OwnNet) -> OwnCode:
    """The callable of an own net.

    Raises:
        StudyError: If the code is not the one that the study was read with, fails to be imported, or has no
            such callable.
    """
    name, _, path = net.callable.partition(":")
    texts = _use(net.source, name)
    try:
        found: Any = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise failure(net, error) from error
    if getattr(found, "__spec__", None) is None or found.__spec__.loader is not texts.loader:
        raise StudyError(AT, [Fault(AT, "a module whose name no other module has", f"{name} is taken")])
    for part in path.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise StudyError(AT, [Fault(AT, f"a callable that {name} defines", f"{path} is {found!r:.60}")])
    code: OwnCode = found
    return code


def failure(net: OwnNet, error: BaseException) -> StudyError:
    """An exception of the user's code in words, with the user's own file and line."""
    said = " ".join("".join(sign if sign.isprintable() else " " for sign in str(error)).split())[:500]
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return StudyError(AT, [Fault(AT, f"{net.callable} to work", f"{what}{_place(net, error)}")])


def _use(source: Source, name: str) -> _Texts:
    """Make the modules of a source importable, in place of those of the source before."""
    if _current and _current[0].source == source and name in _current[0].modules:
        return _current[0]
    root = Path(source.root)
    modules = read_modules(name, root)
    digest = source_digest(modules, root)
    if digest != source.digest:
        expected = f"the code that the study was read with ({source.digest[:16]})"
        raise StudyError(AT, [Fault(AT, expected, f"another text of {name} ({digest[:16]})")])
    _forget()
    texts = _Texts(source, modules)
    for module in modules:
        sys.modules.pop(module, None)
    sys.meta_path.insert(0, texts)
    sys.path.append(source.root)
    _current.append(texts)
    return texts


def _forget() -> None:
    """Take the modules of the source before out of the process."""
    while _current:
        texts = _current.pop()
        sys.meta_path.remove(texts)
        sys.path.remove(texts.source.root)
        for name in texts.modules:
            sys.modules.pop(name, None)


def _place(net: OwnNet, error: BaseException) -> str:
    """Where an exception was raised: the last line of the user's own files on its way, else of any file."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    own = {str(module.path) for texts in _current for module in texts.modules.values()}
    for file, line in reversed(frames):
        if file in own:
            return f" ({Path(file).relative_to(net.source.root).as_posix()}:{line})"
    return f" ({Path(frames[-1][0]).name}:{frames[-1][1]})" if frames else ""
