"""What this machine has, and what paribus will use of it."""

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from paribus.data import cache_folder, datasets, is_cached
from paribus.errors import WorkerError
from paribus.execute.estimate import product_rate
from paribus.execute.pool import WorkerPool
from paribus.store import Store

WAIT_SECONDS = 60


@dataclass(frozen=True)
class Fact:
    """Something that was looked at.

    Attributes:
        name: What.
        value: What was found.
        note: What it means or how to mend it; empty if all is well.
        sound: Whether paribus can work with it.
    """

    name: str
    value: str
    note: str = ""
    sound: bool = True


def examine(store: Path, workers: int) -> Iterator[Fact]:
    """Look at everything that running a study needs.

    Args:
        store: Folder of the store.
        workers: How many workers a run would use.
    """
    yield Fact("paribus", _version("paribus"))
    yield Fact("Python", f"{platform.python_version()} at {sys.executable}")
    yield Fact("system", f"{platform.system()} {platform.release()} {platform.machine()}")
    yield Fact(
        "cores", f"{os.cpu_count()}, of which {workers} would work", "one worker a core, one thread each"
    )
    yield _memory()
    yield Fact("matrix product", f"{product_rate() / 1e9:.0f} GFLOP/s in float32 on one core")
    yield from _worker()
    for entry in datasets():
        cached = is_cached(entry.name)
        value = "in the cache" if cached else "not in the cache"
        note = "" if cached else entry.help or "fetched when a study needs it"
        yield Fact(entry.name, f"{value} ({cache_folder()})", note)
    yield _image_files()
    yield _store(store)
    for package, use in (("ray", "runs on a cluster"), ("onnx", "export")):
        there = importlib.util.find_spec(package) is not None
        note = "" if there else f"for {use}: pip install 'paribus[{package}]'"
        yield Fact(package, _version(package) if there else "not installed", note)


def _image_files() -> Fact:
    from PIL import features  # noqa: PLC0415 - only here is it needed

    forms = {"PNG": "zlib", "JPEG": "jpg", "WebP": "webp"}
    missing = [form for form, feature in forms.items() if not features.check(feature)]
    note = f"without {', '.join(missing)}: pip install --upgrade pillow" if missing else ""
    here = ", ".join(form for form in forms if form not in missing)
    return Fact("image files", f"{here} by Pillow {_version('pillow')}", note, sound=not missing)


def _memory() -> Fact:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return Fact("memory", "unknown")
    return Fact("memory", f"{pages * size / 2**30:.1f} GiB", "a worker takes about 0.5 GiB")


def _worker() -> Iterator[Fact]:
    """What a worker says of itself: the only way to know what it would compute with."""
    try:
        with WorkerPool(1, silence_seconds=WAIT_SECONDS) as pool:
            message = None
            while message is None:
                heard = pool.hear(WAIT_SECONDS)
                message = heard.message if heard else None
    except WorkerError as error:
        yield Fact("worker", "does not start", str(error), sound=False)
        return
    environment = message.fields["environment"]
    yield Fact("processor", str(environment["processor"]))
    yield Fact("torch", str(environment["torch"]))
    kernels = str(environment["kernels"])
    slower = "training is slower: torch's operations do all of the work"
    yield Fact("kernels", kernels, slower if kernels.startswith("not used") else "")
    yield Fact("numerics", str(message.fields["numerics"]), "runs of other numerics are never mixed in")


def _store(folder: Path) -> Fact:
    if not folder.exists():
        free = shutil.disk_usage(folder.absolute().parent).free
        return Fact("store", f"{folder} will be made", f"{free / 2**30:.1f} GiB free")
    with Store.reader(folder) as store:
        faults = store.check()
    free = shutil.disk_usage(folder).free
    if faults:
        return Fact("store", f"{folder} is damaged", "; ".join(faults), sound=False)
    return Fact("store", f"{folder} is intact", f"{free / 2**30:.1f} GiB free")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
