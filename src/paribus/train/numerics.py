"""What decides the last bits of a run besides its configuration, and how a process is set up for it.

Same run key and same numerics give the same bits. Threads are part of it because they decide the order of
summation; one thread a worker keeps the bits independent of how many cores a machine has.
"""

import ctypes
import itertools
import operator
import os
import platform
import sys
from dataclasses import dataclass

import numpy as np
import torch

from paribus.kernels import Kernels, find_kernels
from paribus.spec import RECIPE

TORCH, NATIVE = "torch-2", "native-2"
"""Name and version of each engine; a version is raised when its bits change."""

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


@dataclass(frozen=True)
class Engine:
    """What a process computes with.

    Attributes:
        numerics: Its name, such as ``native-2 avx512 torch-2.13.0 AVX512 threads-1``.
        kernels: The kernels that take the place of torch's operations where a block has their form; None on
            the torch engine.
    """

    numerics: str
    kernels: Kernels | None


def set_up_process(numerics: str | None = None, *, threads: int = 1) -> Engine:
    """Fix the numerics of this process; called once, before the first run.

    Args:
        numerics: Those of a study that was begun; this machine's best where it cannot compute with them, or
            where they are left out.
        threads: Threads that one operation may use.
    """
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # torch makes it an attribute at run time only
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    _keep_freed_memory()
    offered = engines(threads)
    return next((engine for engine in offered if engine.numerics == numerics), offered[0])


def engines(threads: int = 1) -> list[Engine]:
    """All that this machine can compute with, best first.

    Args:
        threads: Threads that one operation may use.
    """
    version = torch.__version__.split("+", maxsplit=1)[0]
    common = f"torch-{version} {torch.backends.cpu.get_cpu_capability()} threads-{threads}"
    kernels = find_kernels()
    offered = () if isinstance(kernels, str) else kernels.each()
    native = [Engine(f"{NATIVE} {each.instructions} {common}", each) for each in offered]
    preferred = [each.preferred for each in offered]
    return [
        *itertools.compress(native, preferred),
        Engine(f"{TORCH} {common}", None),
        *itertools.compress(native, map(operator.not_, preferred)),
    ]


def environment() -> dict[str, str]:
    """Versions and machine, for the reader of a record; nothing depends on them."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "recipe": str(RECIPE),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "kernels": _kernels(),
        "cores": str(os.cpu_count()),
    }


def _kernels() -> str:
    """Instruction sets of the kernels, or why there are none."""
    kernels = find_kernels()
    return f"not used: {kernels}" if isinstance(kernels, str) else ", ".join(kernels.offered)


def _keep_freed_memory() -> None:
    """Let glibc keep the activations' memory instead of returning it to the kernel at every step."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        mallopt(_M_TRIM_THRESHOLD, 1 << 30)
        mallopt(_M_TOP_PAD, 64 << 20)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - not a file of anybody's
            return next(
                (line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown"
            )
    except OSError:
        return platform.processor() or "unknown"
