"""Every section and field of a study file, in words made of the models themselves.

    python -m paribus.spec.reference docs/study-file.md

writes them between the two marks of that file; without a file they are printed.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo

from paribus.spec.fields import SpecModel
from paribus.spec.study import Study
from paribus.spec.words import toml

BEGIN = "<!-- fields: made by `python -m paribus.spec.reference docs/study-file.md`, do not edit -->"
END = "<!-- end of fields -->"

Schema = Mapping[str, Any]


def reference() -> str:
    """All sections, each with a table of its fields, as Markdown."""
    return "\n".join(_section(heading, model) for heading, model in sections())


def sections() -> list[tuple[str, type[SpecModel]]]:
    """Heading and model of each section, nested ones behind the one that they belong to."""
    return list(_nested("", Study))


def renewed(document: str) -> str:
    """A document with the text between its two marks made anew.

    Raises:
        ValueError: If a mark is missing.
    """
    before, found, rest = document.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"the document has no place for the fields: lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def type_in_words(schema: Schema) -> str:
    """What a field takes, from its JSON Schema, such as ``whole number, 1 to 64``."""
    if "$ref" in schema:
        return f"table (`{schema['$ref'].rsplit('/', 1)[-1]}`)"
    if "anyOf" in schema:
        kinds = [type_in_words(part) for part in schema["anyOf"] if part.get("type") != "null"]
        return _choice(list(dict.fromkeys(kinds)))
    if "enum" in schema or "const" in schema:
        return _choice([f"`{toml(value)}`" for value in schema.get("enum", [schema.get("const")])])
    words = _WORDS.get(schema.get("type", ""))
    return words(schema) if words else "any value"


def _nested(
    path: str, model: type[SpecModel], *, listed: bool = False
) -> Iterator[tuple[str, type[SpecModel]]]:
    """A model's section and those within it; a class is described where it comes first."""
    place = f"[[{path}]]" if listed else f"[{path}]"
    yield (f"`{place}` · `{model.__name__}`" if path else f"Top level · `{model.__name__}`"), model
    for name, field in model.model_fields.items():
        for inner, in_list in _models(field.annotation):
            yield from _nested(f"{path}.{name}".lstrip("."), inner, listed=in_list)


def _models(annotation: object, *, in_list: bool = False) -> Iterator[tuple[type[SpecModel], bool]]:
    """The models in a field's type, and whether they stand in a list."""
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        yield annotation, in_list
        return
    origin = getattr(annotation, "__origin__", None)
    for part in get_args(annotation):
        yield from _models(part, in_list=in_list or origin in (tuple, list))


def _section(heading: str, model: type[SpecModel]) -> str:
    schema = model.model_json_schema()
    properties = schema.get("properties") or schema["$defs"][model.__name__]["properties"]
    lines = [
        f"### {heading}",
        "",
        _introduction(model),
        "",
        "| field | takes | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in model.model_fields.items():
        meaning = " ".join((field.description or "").split())
        cells = (f"`{name}`", type_in_words(properties[name]), _default(field), meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _introduction(model: type[SpecModel]) -> str:
    """A model's docstring up to its first section for readers of the code."""
    text = inspect.cleandoc(model.__doc__ or "")
    return text.split("\nRaises:")[0].strip()


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None:
        return "left out"
    if default in ({}, (), ""):
        return "empty"
    if isinstance(default, SpecModel):
        return "its defaults"
    if isinstance(default, tuple | list):
        default = [
            item.model_dump(mode="json", exclude_unset=True) if isinstance(item, SpecModel) else item
            for item in default
        ]
    return f"`{toml(default)}`"


def _bounds(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if least is not None and most is not None:
        return f", {_number(least)} to {_number(most)}"
    parts = [
        f"{words} {_number(bound)}"
        for words, bound in (("at least", least), ("above", above), ("at most", most), ("below", below))
        if bound is not None
    ]
    return f", {' and '.join(parts)}" if parts else ""


def _text(schema: Schema) -> str:
    if "pattern" in schema:
        return f"name of at most {schema.get('maxLength', 64)} letters, digits and `_ . + -`"
    if "maxLength" in schema:
        return f"text of at most {_number(schema['maxLength'])} characters"
    return "text"


def _list(schema: Schema) -> str:
    if "prefixItems" in schema:
        kinds = [type_in_words(part) for part in schema["prefixItems"]]
        each = f"each a {kinds[0]}" if len(set(kinds)) == 1 else "; ".join(kinds)
        return f"list of {len(kinds)}, {each}"
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    size = "" if most is None else f" of {least} to {most}"
    return f"list{size}, each a {type_in_words(schema.get('items', {}))}"


def _choice(kinds: Sequence[str]) -> str:
    """Kinds with commas and an `or`; with semicolons where commas stand in them already."""
    if len(kinds) == 1:
        return kinds[0]
    comma = ";" if any("," in kind for kind in kinds) else ","
    before_last = comma if comma == ";" else ""
    return f"{f'{comma} '.join(kinds[:-1])}{before_last} or {kinds[-1]}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


_WORDS: Mapping[str, Callable[[Schema], str]] = {
    "boolean": lambda _: "`true` or `false`",
    "integer": lambda schema: f"whole number{_bounds(schema)}",
    "number": lambda schema: f"number{_bounds(schema)}",
    "string": _text,
    "array": _list,
    "object": lambda _: "table",
}


def main(arguments: Sequence[str]) -> None:
    """Print the reference, or renew it in a document.

    Args:
        arguments: Nothing, or the document.
    """
    if not arguments:
        sys.stdout.write(reference())
        return
    path = Path(arguments[0])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
