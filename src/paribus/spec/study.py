"""A study: a question, a base, the variants, the claims and the rule that decides. A value, no behaviour."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PrivateAttr

from paribus.errors import StudyError
from paribus.spec.check import study_faults
from paribus.spec.claim import Claim, parse_claim
from paribus.spec.data import Data, anchored
from paribus.spec.decision import Decision
from paribus.spec.fields import Flag, Name, SpecModel, Text
from paribus.spec.net import Net
from paribus.spec.own_net import AnyNet, read_net
from paribus.spec.protocol import Protocol
from paribus.spec.sources import Sources
from paribus.spec.variants import SECTIONS, Differences, cross, differ, flatten


@dataclass(frozen=True)
class Configuration:
    """What one run trains, but for its seed: the base with a variant's differences put in.

    Attributes:
        data: The images.
        net: The network; an own one is located.
        protocol: The training protocol.
    """

    data: Data
    net: AnyNet
    protocol: Protocol

    @property
    def declared_net(self) -> Net:
        """The network, where it is known to be in declarative form."""
        assert isinstance(self.net, Net), "a net in declarative form"
        return self.net


class Study(SpecModel):
    """A question about convolutional networks, and all that is needed to answer it.

    Raises:
        StudyError: From the constructor, with every fault of the study.
    """

    name: Name
    """Name of the study."""
    question: Text = ""
    """The question in words; it is shown, and decides nothing."""
    claims: tuple[Text, ...] = ()
    """Chains such as `a < b < c` or `a ~ b`, declared before the runs."""
    data: Data = Data()
    """The images of the base."""
    net: AnyNet = Net()
    """The network of the base: in declarative form, or an own one, for which `"module:callable"` is short."""
    protocol: Protocol
    """The training protocol of the base."""
    variants: dict[str, Differences] = Field(default_factory=dict)
    """Name to differences from the base, such as `{"net.pool": "avg"}`; `{}` is the base itself."""
    factors: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    """Field to levels, crossed into variants; instead of `variants`."""
    decision: Decision = Decision()
    """The rule that decides."""
    keep_weights: Flag = True
    """Whether the store keeps the trained weights of each run."""
    _sources: Sources = PrivateAttr(default_factory=Sources)

    def __init__(self, /, **fields: Any) -> None:  # noqa: ANN401 - checked below, field by field
        self._declare(fields, Sources())

    def _declare(self, fields: Mapping[str, Any], sources: Sources) -> None:
        """Make the study of its fields, or refuse them; the code of own nets is found by `sources`."""
        plain = {key: _plain(value) for key, value in fields.items()}
        if isinstance(plain.get("net"), str):
            plain["net"] = {"callable": plain["net"]}
        faults = study_faults(plain, type(self).model_fields, sources)
        if faults:
            raise StudyError("Study(...)", faults)
        if "dataset" in plain.get("data", {}):
            plain["data"] = {**plain["data"], "dataset": anchored(plain["data"]["dataset"], Path())}
        if "variants" in plain:
            plain["variants"] = {name: flatten(table) for name, table in plain["variants"].items()}
        if "factors" in plain:
            plain["factors"] = flatten(plain["factors"])
        super().__init__(**plain)
        self._sources = sources

    @classmethod
    def read(cls, path: str | Path, overrides: Mapping[str, str] | None = None) -> Self:
        """Read a study from a TOML file.

        Args:
            path: The file.
            overrides: Dotted field to value, as on the command line (``--set net.pool=avg``).

        Raises:
            StudyError: With every fault of the file.
        """
        from paribus.spec.reading import read_fields  # noqa: PLC0415 - not needed for studies made in Python

        try:
            fields = read_fields(Path(path), overrides or {})
            study = cls.__new__(cls)
            study._declare(fields, Sources(Path(path).absolute().parent))  # noqa: SLF001 - of this class
        except StudyError as error:
            raise StudyError(str(path), error.faults) from None
        return study

    @cached_property
    def differences(self) -> dict[str, Differences]:
        """What each variant changes, in the order of the study."""
        return cross(self.factors) if self.factors else dict(self.variants)

    @cached_property
    def configurations(self) -> dict[str, Configuration]:
        """What each variant trains, in the order of the study."""
        base = {section: getattr(self, section).model_dump(mode="json") for section in SECTIONS}
        changed = {name: differ(base, differences) for name, differences in self.differences.items()}
        return {
            name: Configuration(
                data=Data.model_validate(sections["data"]),
                net=read_net(sections["net"], self._sources),
                protocol=Protocol.model_validate(sections["protocol"]),
            )
            for name, sections in changed.items()
        }

    @cached_property
    def parsed_claims(self) -> tuple[Claim, ...]:
        """The claims, each as its links."""
        return tuple(parse_claim(text) for text in self.claims)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "name", self.name
        yield "variants", list(self.differences)
        yield "claims", list(self.claims)

    def _repr_html_(self) -> str:
        from paribus.spec.tables import study_html  # noqa: PLC0415 - is made of the values of this module

        return study_html(self)


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever the field takes
    """Models given in Python as the tables they would be in a file."""
    if isinstance(value, SpecModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
