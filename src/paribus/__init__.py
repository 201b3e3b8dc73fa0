"""All else equal: is this design choice of a convolutional network really better, by how much, how sure?

    import paribus

    outcome = paribus.run("mnist-pooling")
    for sentence in outcome.verdict.sentences:
        print(sentence)

Names are looked up when they are first used, so that ``import paribus`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paribus.api import doctor, judge, plan, read, run, show, verify
    from paribus.data import load
    from paribus.errors import ParibusError
    from paribus.spec import Block, Data, Decision, Net, Protocol, Study

_HOMES = {
    "paribus.api": ("doctor", "judge", "plan", "read", "run", "show", "verify"),
    "paribus.data": ("load",),
    "paribus.errors": ("ParibusError",),
    "paribus.spec": ("Block", "Data", "Decision", "Net", "Protocol", "Study"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Block",
    "Data",
    "Decision",
    "Net",
    "ParibusError",
    "Protocol",
    "Study",
    "doctor",
    "judge",
    "load",
    "plan",
    "read",
    "run",
    "show",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'paribus' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
