"""The compiled kernels: whether they can be used on this machine, and with which instruction set."""

import ctypes
import os
from dataclasses import dataclass, replace
from functools import cache

from paribus.kernels.compiling import LIBRARY, sources_digest

ENGINE = "PARIBUS_ENGINE"
"""Environment variable: ``torch`` leaves the kernels aside."""
INSTRUCTIONS = "PARIBUS_INSTRUCTIONS"
"""Environment variable: the instruction set to use, where not the best one."""

PORTABLE = "portable"


class BlockShape(ctypes.Structure):
    """What the library is told of a block; the same fields as in ``sources/block.h``."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in (
            "images",
            "height",
            "width",
            "in_channels",
            "out_channels",
            "kernel",
            "before",
            "after",
            "average",
        )
    ]


@dataclass(frozen=True)
class Kernels:
    """The library, ready to be called.

    Attributes:
        instructions: The instruction set in use.
        offered: All instruction sets that may be used here, best first.
        code_multiple: Codes of a window are rounded up to so many.
        asked: Whether the environment asks for this instruction set.
    """

    library: ctypes.CDLL
    instructions: str
    offered: tuple[str, ...]
    code_multiple: int
    asked: bool

    @property
    def preferred(self) -> bool:
        """Whether to use them before torch's operations, which on x86 are faster than the portable set."""
        return self.asked or self.instructions != PORTABLE

    def each(self) -> tuple["Kernels", ...]:
        """The library with every instruction set that may be used here, best first."""
        return tuple(replace(self, instructions=name) for name in self.offered)


@cache
def find_kernels() -> Kernels | str:
    """The kernels, or in words why they cannot be used."""
    if os.environ.get(ENGINE, "").lower() == "torch":
        return f"{ENGINE}=torch leaves them aside"
    if not LIBRARY.exists():
        return "they are not compiled; with a C++ compiler there, `python -m paribus.kernels` does it"
    try:
        library = ctypes.CDLL(str(LIBRARY))
        library.paribus_sources.restype = ctypes.c_char_p
        if library.paribus_sources().decode() != sources_digest():
            return "they were compiled from other sources; `python -m paribus.kernels` compiles them again"
        library.paribus_instruction_sets.restype = ctypes.c_char_p
        library.paribus_code_multiple.restype = ctypes.c_int64
        offered = tuple(library.paribus_instruction_sets().decode().split())
        multiple = int(library.paribus_code_multiple())
    except (OSError, AttributeError) as error:
        return f"their library cannot be loaded ({error})"
    asked = os.environ.get(INSTRUCTIONS, "").lower()
    if asked:
        if asked not in offered:
            return f"{INSTRUCTIONS}={asked} is none of what this machine has ({', '.join(offered)})"
        offered = (asked,)
    return Kernels(library, offered[0], offered, multiple, asked=bool(asked))
