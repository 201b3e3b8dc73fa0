"""Parts of a study as text: values as TOML has them, differences in a line."""

import json
from collections.abc import Mapping


def toml(value: object) -> str:
    """A value as it would stand in a study file, on one line.

    Args:
        value: A number, text, true or false, or lists and tables of these; None has no form in TOML and
            becomes `none`.
    """
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        items = ", ".join(f"{_key(str(key))} = {toml(item)}" for key, item in value.items())
        return f"{{ {items} }}" if items else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(item) for item in value)}]"
    return _quoted(value)


def settings(fields: Mapping[str, object]) -> str:
    """Fields and values in a line, such as ``net.pool = "avg"; net.padding = "valid"``; nothing for none."""
    return "; ".join(f"{field} = {toml(value)}" for field, value in fields.items())


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _quoted(key)


def _quoted(value: object) -> str:
    """As JSON, which agrees with TOML on numbers, on true and false, and on text but for one sign."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
