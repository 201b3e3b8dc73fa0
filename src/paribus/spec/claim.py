"""What a study claims before it is run: chains such as ``a < b < c`` or ``a ~ b``.

``a < b`` says that b is more accurate than a; ``a ~ b`` that they are equivalent within the study's margin.
"""

import re
from dataclasses import dataclass
from typing import Literal

Relation = Literal["<", "~"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
"""A variant's name: it appears in claims, tables, file names and pages."""


@dataclass(frozen=True)
class Link:
    """One comparison of a chain: ``a < b`` or ``a ~ b``."""

    a: str
    relation: Relation
    b: str

    def __str__(self) -> str:
        return f"{self.a} {self.relation} {self.b}"


@dataclass(frozen=True)
class Claim:
    """The conjunction of the links of one chain, left to right."""

    links: tuple[Link, ...]

    def __str__(self) -> str:
        return self.links[0].a + "".join(f" {link.relation} {link.b}" for link in self.links)

    @property
    def variants(self) -> tuple[str, ...]:
        """The names in the chain, each once, in its order."""
        return tuple(dict.fromkeys(name for link in self.links for name in (link.a, link.b)))


def parse_claim(text: str) -> Claim:
    """Read a claim.

    Args:
        text: A chain of variant names joined by ``<`` or ``~``, with spaces around the signs or not.

    Raises:
        ValueError: If the text is not such a chain, or names a variant twice.
    """
    tokens = [token.strip() for token in re.split(r"([<~])", text)]
    names, relations = tokens[0::2], tokens[1::2]
    if not relations:
        raise ValueError("a chain of at least two variant names joined by < or ~")
    for name in names:
        if not NAME.fullmatch(name):
            raise ValueError(f"a variant's name on both sides of every < or ~, not {name!r}")
    if len(set(names)) != len(names):
        raise ValueError("each variant at most once in a chain")
    links = [Link(a, _relation(sign), b) for a, sign, b in zip(names, relations, names[1:], strict=False)]
    return Claim(tuple(links))


def _relation(sign: str) -> Relation:
    return "<" if sign == "<" else "~"
