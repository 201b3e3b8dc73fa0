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
    from paribus.api import doctor, ensemble, export, figures, judge, plan, predict, read, run, show, verify
    from paribus.data import load
    from paribus.errors import ParibusError
    from paribus.spec import Augmentation, Block, Data, Decision, Net, Protocol, Study
    from paribus.standing import Outcome, Standing
    from paribus.verdict import Verdict

_HOMES = {
    "paribus.api": (
        "doctor",
        "ensemble",
        "export",
        "figures",
        "judge",
        "plan",
        "predict",
        "read",
        "run",
        "show",
        "verify",
    ),
    "paribus.data": ("load",),
    "paribus.errors": ("ParibusError",),
    "paribus.spec": ("Augmentation", "Block", "Data", "Decision", "Net", "Protocol", "Study"),
    "paribus.standing": ("Outcome", "Standing"),
    "paribus.verdict": ("Verdict",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Augmentation",
    "Block",
    "Data",
    "Decision",
    "Net",
    "Outcome",
    "ParibusError",
    "Protocol",
    "Standing",
    "Study",
    "Verdict",
    "doctor",
    "ensemble",
    "export",
    "figures",
    "judge",
    "load",
    "plan",
    "predict",
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
