"""Studies as a store's registrations declare them: for runs whose study file is not at hand.

A declaration names no place. Where own images lay is not known from it, but which ones they were: a run key
holds their fingerprint, and the data cache holds what was made of them.
"""

import json
from collections.abc import Collection
from typing import Any

from paribus.data import Facts, remembered
from paribus.errors import ParibusError
from paribus.records import Registration
from paribus.spec import Study, run_keys
from paribus.standing import Layout, lay_out
from paribus.store import Store

_SOMEWHERE = "images-of-which-the-place-is-not-known"


def declaring(run_key: str, store: Store) -> tuple[Registration, Layout, str] | None:
    """The newest registered study among whose runs is this one, laid out, and the run's variant."""
    for registration in reversed(store.registrations()):
        layout = _laid_out(registration, {run_key})
        if layout is None:
            continue
        variant = next((name for (name, _), key in layout.keys().items() if key == run_key), None)
        if variant is not None:
            return registration, layout, variant
    return None


def named(name: str, store: Store) -> tuple[Registration, Layout] | None:
    """The newest registered study of that name, laid out."""
    registrations = [entry for entry in store.registrations() if entry.name == name]
    recorded = {record.run_key for _, record in store.finished_since(0)} if registrations else set[str]()
    for registration in reversed(registrations):
        layout = _laid_out(registration, recorded)
        if layout is not None:
            return registration, layout
    return None


def out_of_reach(store: Store) -> tuple[str, ...]:
    """Names of registered studies that cannot be laid out, as their images or their code are not found."""
    registrations = store.registrations()
    recorded = {record.run_key for _, record in store.finished_since(0)} if registrations else set[str]()
    names = [entry.name for entry in registrations if _laid_out(entry, recorded) is None]
    return tuple(dict.fromkeys(names))


def declared_study(declaration: str) -> Study:
    """A study with the variants and seeds of a declaration; its claims and factors are left out.

    Args:
        declaration: A registration's JSON text.

    Raises:
        StudyError: If the declaration is of a version of paribus that knew other fields.
    """
    declared = json.loads(declaration)
    configurations = declared["configurations"]
    base = dict(next(iter(configurations.values())))
    variants = {
        name: {
            f"{section}.{field}": value
            for section, fields in sections.items()
            for field, value in _changed(base[section], fields)
        }
        for name, sections in configurations.items()
    }
    if base["data"]["dataset"].endswith(":"):
        base["data"] = {**base["data"], "dataset": f"{base['data']['dataset']}{_SOMEWHERE}"}
    return Study(name=declared["name"], variants=variants, decision=declared["decision"], **base)


def _changed(base: dict[str, Any], fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """Fields of a section that are not the base's, those without a value first.

    A net of another callable, or of the other form, shares nothing with the base's.
    """
    other = base.get("callable") != fields.get("callable")
    changed = [(name, value) for name, value in fields.items() if other or value != base.get(name)]
    return sorted(changed, key=lambda item: item[1] is not None)


def _laid_out(registration: Registration, recorded: Collection[str]) -> Layout | None:
    """The study of a registration; None where this version of paribus, or this machine, cannot lay it out.

    Args:
        registration: The registration.
        recorded: Run keys by which own images are known again.
    """
    try:
        study = declared_study(registration.declaration)
        if not study.data.own:
            return lay_out(study)
        known = _images_of(study, recorded)
        return None if known is None else lay_out(study, known=known)
    except (ParibusError, KeyError):
        return None


def _images_of(study: Study, recorded: Collection[str]) -> Facts | None:
    """The own images with which a study has some of these run keys."""
    seeds = range(study.decision.first_seed, study.decision.first_seed + study.decision.max_rounds)
    for known in remembered(study.data):
        for configuration in study.configurations.values():
            count = configuration.data.train_images or known.train_count
            keys = run_keys(configuration, seeds, fingerprint=known.fingerprint, train_images=count)
            if not set(recorded).isdisjoint(keys.values()):
                return known
    return None
