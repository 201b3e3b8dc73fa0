"""Variants as named differences from the base, and factors that cross into variants."""

import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Differences = dict[str, Any]
"""Dotted field to value, such as ``{"net.pool": "avg"}``."""

SECTIONS = ("data", "net", "protocol")
"""The parts of the base in which a variant may differ."""

_EITHER_OR = {"iterations": "epochs", "epochs": "iterations"}


def flatten(table: Mapping[str, Any], prefix: str = "") -> Differences:
    """A variant's table with dotted fields, whether written ``"net.pool" = ..`` or ``net.pool = ..``.

    ``net = "module:callable"`` is short for ``net.callable``, as it is in the base.
    """
    flat: Differences = {}
    for key, value in table.items():
        if key == "net" and not prefix and isinstance(value, str):
            flat["net.callable"] = value
        elif isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def starting_point(base: Mapping[str, Any], differences: Differences) -> dict[str, Any]:
    """What differences are put into: the base, but no net where they replace it by one of the other form.

    A callable replaces a net in declarative form; blocks, which are tables as no argument is, an own net.
    """
    own = "callable" in base["net"]
    blocks = differences.get("net.blocks")
    declared = isinstance(blocks, list | tuple) and any(isinstance(block, Mapping) for block in blocks)
    replaced = declared if own else "net.callable" in differences
    return {**base, "net": {}} if replaced else dict(base)


def differ(base: Mapping[str, Any], differences: Differences) -> dict[str, Any]:
    """The base with the differences put in.

    Args:
        base: Section to its fields, defaults written out.
        differences: Dotted fields to values.

    Raises:
        KeyError: If a path leads nowhere; its argument names the part that does not exist.
    """
    changed = copy.deepcopy(starting_point(base, differences))
    for path, value in differences.items():
        *parents, last = path.split(".")
        place: Any = changed
        for part in parents:
            place = _step(place, part)
        _put(place, last, value)
    return changed


def cross(factors: Mapping[str, Sequence[Any]]) -> dict[str, Differences]:
    """All combinations of the factors' levels as variants, named by their levels."""
    fields = list(factors)
    combined: dict[str, Differences] = {}
    for levels in itertools.product(*factors.values()):
        name = "-".join(level_name(field, level) for field, level in zip(fields, levels, strict=True))
        combined[name] = dict(zip(fields, levels, strict=True))
    return combined


def level_name(field: str, level: object) -> str:
    """How a level stands in a variant's name: a word as it is, anything else behind its field's name."""
    text = level if isinstance(level, str) else f"{field.rsplit('.', 1)[-1]}{str(level).lower()}"
    return re.sub(r"[^A-Za-z0-9_.+]", "_", text)


def effects(factors: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, dict[str, float]]]:
    """Main effects and two-factor interactions of a factorial study.

    A main effect is the mean over all other factors of one level minus the factor's first level; an
    interaction is how much a factor's effect at a level of another factor exceeds its effect at that one's
    first level.

    Yields:
        Name and weights of each contrast (variant to weight; the weights sum to zero).
    """
    for field in factors:
        yield from _main_effects(factors, field)
    for one, other in itertools.combinations(factors, 2):
        yield from _interactions(factors, one, other)


def _main_effects(factors: Mapping[str, Sequence[Any]], field: str) -> Iterator[tuple[str, dict[str, float]]]:
    variants = cross(factors)
    first = factors[field][0]
    for level in factors[field][1:]:
        share = len(factors[field]) / len(variants)
        signs = {name: _sign(differences[field], level, first) for name, differences in variants.items()}
        weights = {name: sign * share for name, sign in signs.items() if sign}
        yield f"{level_name(field, level)} - {level_name(field, first)} (mean over the rest)", weights


def _interactions(
    factors: Mapping[str, Sequence[Any]], one: str, other: str
) -> Iterator[tuple[str, dict[str, float]]]:
    variants = cross(factors)
    cells = len(factors[one]) * len(factors[other]) / len(variants)
    first, second = factors[one][0], factors[other][0]
    for level, degree in itertools.product(factors[one][1:], factors[other][1:]):
        signs = {
            name: _sign(differences[one], level, first) * _sign(differences[other], degree, second)
            for name, differences in variants.items()
        }
        weights = {name: sign * cells for name, sign in signs.items() if sign}
        effect = f"{level_name(one, level)} - {level_name(one, first)}"
        yield (
            f"({effect} with {level_name(other, degree)}) - ({effect} with {level_name(other, second)})",
            weights,
        )


def _sign(value: object, plus: object, minus: object) -> int:
    return (value == plus) - (value == minus)


def _step(place: Any, part: str) -> Any:  # noqa: ANN401 - a table, a list or a field's value
    try:
        return place[int(part)] if isinstance(place, list) else place[part]
    except (KeyError, IndexError, ValueError, TypeError):
        raise KeyError(part) from None


def _put(place: Any, part: str, value: object) -> None:  # noqa: ANN401 - a table or a list
    if isinstance(place, list):
        _step(place, part)
        place[int(part)] = value
    elif isinstance(place, dict):
        place[part] = value
        if _EITHER_OR.get(part) in place:
            place[_EITHER_OR[part]] = None
    else:
        raise KeyError(part)
