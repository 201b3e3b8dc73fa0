"""What a variant changes of the base, in words: the cause that a report names."""

from collections.abc import Mapping
from typing import Any

from paribus.spec import Study
from paribus.spec.words import toml


def difference_words(study: Study, differences: Mapping[str, Any]) -> tuple[str, ...]:
    """A variant's differences, such as ``net.pool = avg (base: max)``; none for the base itself.

    A field that has the base's value, as happens where factors are crossed, is no difference.
    """
    base = {field: _base_value(study, field) for field in differences}
    return tuple(
        f"{field} = {_written(value)}{_instead_of(base[field])}"
        for field, value in differences.items()
        if value != base[field]
    )


def _base_value(study: Study, field: str) -> Any:  # noqa: ANN401 - whatever the field takes
    """None where the base leaves the field out; a list or table as the study has it, without defaults."""
    value = _looked_up(study, field, exclude_unset=False)
    return _looked_up(study, field, exclude_unset=True) if isinstance(value, list | dict) else value


def _looked_up(study: Study, field: str, *, exclude_unset: bool) -> Any:  # noqa: ANN401 - as above
    section, *parts = field.split(".")
    place: Any = getattr(study, section).model_dump(mode="json", exclude_unset=exclude_unset)
    for part in parts:
        place = place[int(part)] if isinstance(place, list) else (place or {}).get(part)
    return place


def _instead_of(value: object) -> str:
    return "" if value is None else f" (base: {_written(value)})"


def _written(value: object) -> str:
    return value if isinstance(value, str) else toml(value)
