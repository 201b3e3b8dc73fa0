"""A network of the user's own: a callable that returns a torch module, with its keyword arguments.

Nothing is imported here. The callable takes what stands beside it in the study, and, if its signature asks
for them, ``image_shape`` (C, H, W) and ``classes``. It returns a module from images (N, C, H, W) float32 in
[0, 1] to logits (N, classes).
"""

import keyword
import math
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, PrivateAttr, Strict, model_validator

from paribus.spec.fields import SpecModel
from paribus.spec.net import Net
from paribus.spec.sources import Source, Sources

GIVEN = ("image_shape", "classes")
"""Parameters that a callable gets from the data, not from the study."""

_CALLABLE = re.compile(r"(?!\d)\w+(\.(?!\d)\w+)*:(?!\d)\w+(\.(?!\d)\w+)*")
_LARGEST = 2**63


def _named(text: str) -> str:
    if len(text) > 256 or not _CALLABLE.fullmatch(text):
        raise ValueError("a module and a callable in it, such as 'own_net:small_resnet'")
    return text


def _argument(value: object) -> object:
    """A value that JSON can hold; no table, whose fields would be differences of their own."""
    if isinstance(value, list | tuple):
        return [_argument(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a finite number")
    if isinstance(value, int) and not -_LARGEST < value < _LARGEST:
        raise ValueError("a whole number of sensible size")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError("a keyword argument: a number, text, true or false, or a list of these")


Argument = Annotated[Any, AfterValidator(_argument)]


class OwnNet(SpecModel):
    """A network of the user's own. Fields beside `callable` are its keyword arguments."""

    model_config = ConfigDict(extra="allow")

    callable: Annotated[str, Strict(), AfterValidator(_named)]
    """``module:callable``; the module lies in the study's folder, the current one, or on Python's path."""
    __pydantic_extra__: dict[str, Argument]
    _source: Source | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _arguments_are_names(self) -> "OwnNet":
        for name in self.arguments:
            if not name.isidentifier() or keyword.iskeyword(name):
                raise ValueError(f"names of parameters in Python for arguments, not {name[:60]!r}")
            if name in GIVEN:
                raise ValueError(
                    f"no {name}: the callable gets it from the data if its signature asks for it"
                )
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the callable."""
        return dict(self.model_extra or {})

    @property
    def source(self) -> Source:
        """Where its code is and what it says; only of a net that was located."""
        assert self._source is not None, "nets of a study's configurations are located"
        return self._source

    def declared(self) -> dict[str, Any]:
        """Its fields as a study declares them; what its code says is declared beside them."""
        return self.model_dump(mode="json")

    def at(self, source: Source) -> "OwnNet":
        """The same net with its code found."""
        located = self.model_copy()
        located._source = source  # noqa: SLF001 - of this class
        return located


AnyNet = Net | OwnNet
"""A network in declarative form, or one of the user's own."""


def net_model(table: object) -> type[Net] | type[OwnNet]:
    """What a net's table is meant as: it names a callable, or declares blocks."""
    return OwnNet if isinstance(table, Mapping) and "callable" in table else Net


def read_net(table: Mapping[str, Any], sources: Sources) -> AnyNet:
    """A net from its table, located if it is an own one.

    Args:
        table: Its fields, checked before.
        sources: Finds its code.

    Raises:
        StudyError: If its code cannot be found.
    """
    net = net_model(table).model_validate(table)
    return net.at(sources.find(net.callable)) if isinstance(net, OwnNet) else net
