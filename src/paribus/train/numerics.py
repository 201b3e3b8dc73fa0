"""What decides the last bits of a run besides its configuration, and how a process is set up for it.

Same run key and same numerics give the same bits. Threads are part of it because they decide the order of
summation; one thread a worker keeps the bits independent of how many cores a machine has.
"""

import ctypes
import os
import platform
import sys

import numpy as np
import torch

from paribus.spec import RECIPE

ENGINE = "torch-2"
"""Name and version of the engine; its version is raised when its bits change."""

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


def set_up_process(threads: int = 1) -> str:
    """Fix the numerics of this process; called once, before the first run.

    Args:
        threads: Threads torch may use for one operation.

    Returns:
        The numerics, such as ``torch-1 torch-2.13.0 AVX512 threads-1``.
    """
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # untyped module
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    _keep_freed_memory()
    version = torch.__version__.split("+", maxsplit=1)[0]
    return f"{ENGINE} torch-{version} {torch.backends.cpu.get_cpu_capability()} threads-{threads}"


def environment() -> dict[str, str]:
    """Versions and machine, for the reader of a record; nothing depends on them."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "recipe": str(RECIPE),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count()),
    }


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
