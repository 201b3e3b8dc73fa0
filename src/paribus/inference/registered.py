"""Studies as a store's registrations declare them: for runs whose study file is not at hand."""

import json
from typing import Any

from paribus.errors import ParibusError
from paribus.records import Registration
from paribus.spec import Study
from paribus.standing import Layout, lay_out
from paribus.store import Store


def declaring(run_key: str, store: Store) -> tuple[Registration, Layout, str] | None:
    """The newest registered study among whose runs is this one, laid out, and the run's variant."""
    for registration in reversed(store.registrations()):
        layout = _laid_out(registration)
        if layout is None:
            continue
        variant = next((name for (name, _), key in layout.keys().items() if key == run_key), None)
        if variant is not None:
            return registration, layout, variant
    return None


def named(name: str, store: Store) -> tuple[Registration, Layout] | None:
    """The newest registered study of that name, laid out."""
    for registration in reversed(store.registrations()):
        layout = _laid_out(registration) if registration.name == name else None
        if layout is not None:
            return registration, layout
    return None


def declared_study(declaration: str) -> Study:
    """A study with the variants and seeds of a declaration; its claims and factors are left out.

    Args:
        declaration: A registration's JSON text.

    Raises:
        StudyError: If the declaration is of a version of paribus that knew other fields.
    """
    declared = json.loads(declaration)
    configurations = declared["configurations"]
    base = next(iter(configurations.values()))
    variants = {
        name: {
            f"{section}.{field}": value
            for section, fields in sections.items()
            for field, value in _changed(base[section], fields)
        }
        for name, sections in configurations.items()
    }
    return Study(name=declared["name"], variants=variants, decision=declared["decision"], **base)


def _changed(base: dict[str, Any], fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """Fields of a section that are not the base's, those without a value first.

    A net of another callable, or of the other form, shares nothing with the base's.
    """
    other = base.get("callable") != fields.get("callable")
    changed = [(name, value) for name, value in fields.items() if other or value != base.get(name)]
    return sorted(changed, key=lambda item: item[1] is not None)


def _laid_out(registration: Registration) -> Layout | None:
    """The study of a registration; None where this version of paribus, or this machine, cannot lay it out."""
    try:
        return lay_out(declared_study(registration.declaration))
    except (ParibusError, KeyError):
        return None
