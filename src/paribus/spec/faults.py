"""From pydantic's errors to faults in words: field, expected, found, nearest name."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from paribus.errors import Fault
from paribus.spec.fields import SpecModel

_EXPECTED = {
    "missing": "a value",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of sensible size",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_pattern_mismatch": "a name of at most 64 letters, digits and _ . + -, a letter or digit first",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_BOUNDS = {
    "greater_than": ("more than {gt}"),
    "greater_than_equal": ("at least {ge}"),
    "less_than": ("less than {lt}"),
    "less_than_equal": ("at most {le}"),
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "literal_error": "{expected}",
    "value_error": "{error}",
}


def section_faults(model: type[SpecModel], values: object, at: str) -> list[Fault]:
    """All faults of one section of a study.

    Args:
        model: The section's model.
        values: What was given for it.
        at: The section's name, put before each field.
    """
    details = _errors(model, values)
    faults = _merged(_fault(model, item, at) for item in _without_echoes(details))
    wrong = {str(item["loc"][0]) for item in details if item["loc"]}
    if wrong and isinstance(values, Mapping):
        sound = {key: value for key, value in values.items() if key not in wrong}
        together = [item for item in _errors(model, sound) if item["type"] == "value_error"]
        faults += [
            fault
            for item in together
            if not any(key in (fault := _fault(model, item, at)).expected for key in wrong)
        ]
    return faults


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The valid name that a mistaken one resembles most, if any does."""
    return next(iter(difflib.get_close_matches(name.lower(), list(names), n=1, cutoff=0.6)), None)


def shown(value: object) -> str:
    """A value as a message shows it: at most 60 characters."""
    try:
        text = repr(value)
    except ValueError:
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."


def _errors(model: type[SpecModel], values: object) -> list[ErrorDetails]:
    try:
        model.model_validate(values)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _without_echoes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without "too short" of a list whose items are at fault: pydantic counts only the sound ones."""
    return [
        item
        for item in details
        if item["type"] != "too_short"
        or not any(other["loc"][: len(item["loc"])] == item["loc"] for other in details if other is not item)
    ]


def _fault(model: type[BaseModel], details: ErrorDetails, at: str) -> Fault:
    path, owner = _path(model, details["loc"])
    field = ".".join([at, *path])
    if details["type"] == "extra_forbidden":
        names = list(owner.model_fields)
        field = ".".join([at, *path, str(details["loc"][-1])])
        hint = nearest(str(details["loc"][-1]), names)
        return Fault(
            field,
            f"one of the fields {', '.join(names)}",
            f"an unknown field = {shown(details['input'])}",
            hint,
        )
    found = "nothing" if details["type"] == "missing" else shown(details["input"])
    hint = None
    if details["type"] == "literal_error" and isinstance(details["input"], str):
        hint = nearest(
            details["input"], details["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        )
    return Fault(field, _expected(details), found, hint)


def _expected(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**context)
    return _EXPECTED.get(kind, details["msg"])


def _path(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[list[str], type[BaseModel]]:
    """The fields and indices of a location (pydantic adds tags of unions), and the model they lead to."""
    path: list[str] = []
    owner = model
    for part in location:
        if isinstance(part, int):
            path.append(str(part))
        elif part in owner.model_fields:
            path.append(part)
            owner = _model_in(owner.model_fields[part].annotation) or owner
        elif owner.model_config.get("extra") == "allow":
            path.append(part)
    return path, owner


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - annotations have no common type
    """The first model inside an annotation such as ``tuple[Block, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _merged(faults: Iterable[Fault]) -> list[Fault]:
    """One fault a field: the alternatives of a union joined by "or"."""
    merged: dict[str, Fault] = {}
    for fault in faults:
        seen = merged.get(fault.field)
        if seen is None:
            merged[fault.field] = fault
        elif fault.expected not in seen.expected:
            merged[fault.field] = Fault(
                seen.field, f"{seen.expected}, or {fault.expected}", seen.found, seen.nearest or fault.nearest
            )
    return list(merged.values())
