"""Everything that can be wrong with a study, found in one pass and reported together."""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from paribus.errors import Fault, StudyError
from paribus.spec.claim import NAME, Claim, parse_claim
from paribus.spec.data import MAY_DIFFER, Data
from paribus.spec.decision import Decision
from paribus.spec.faults import nearest, section_faults, shown
from paribus.spec.fields import SpecModel
from paribus.spec.net import Net
from paribus.spec.own_net import OwnNet, net_model
from paribus.spec.protocol import Protocol
from paribus.spec.sources import Sources
from paribus.spec.variants import SECTIONS, Differences, cross, differ, flatten, starting_point

MAX_VARIANTS = 64

_MODELS: dict[str, type[SpecModel]] = {"data": Data, "net": Net, "protocol": Protocol, "decision": Decision}
_DEFAULTS: dict[str, SpecModel] = {"data": Data(), "net": Net(), "protocol": Protocol(iterations=1)}


def study_faults(fields: Mapping[str, Any], known: Iterable[str], sources: Sources) -> list[Fault]:
    """All faults of a study.

    Args:
        fields: The study as given: tables, lists and values, as TOML has them.
        known: The names of a study's top-level fields.
        sources: Finds the code of own nets.
    """
    faults = _top_level_faults(fields, list(known))
    for section in _MODELS:
        values = fields.get(section, {})
        wrong = section_faults(_model(section, values), values, section)
        faults += _forms_meant(wrong, values, sources.home) or _source_faults(section, values, sources)
    variants, variant_faults = _variants(fields)
    faults += variant_faults
    faults += _difference_faults(fields, variants, sources)
    faults += _claim_faults(fields.get("claims", []), variants)
    return faults


def _model(section: str, values: object) -> type[SpecModel]:
    return net_model(values) if section == "net" else _MODELS[section]


def _forms_meant(wrong: list[Fault], values: object, home: Path | None) -> list[Fault]:
    """Faults of a section; where own data are named by their path alone, with the name they should have."""
    dataset = values.get("dataset") if isinstance(values, Mapping) else None
    if not wrong or not isinstance(dataset, str) or ":" in dataset:
        return wrong
    meant = None
    with contextlib.suppress(OSError, ValueError):  # too long for a path, or with a null byte
        place = (home or Path()) / dataset
        if place.is_dir():
            meant = f"folder:{dataset}"
        elif place.suffix == ".npz" and place.is_file():
            meant = f"npz:{dataset}"
    return [
        replace(fault, nearest=fault.nearest or meant) if fault.field in ("data", "data.dataset") else fault
        for fault in wrong
    ]


def _source_faults(section: str, values: Mapping[str, Any], sources: Sources) -> list[Fault]:
    """What is wrong with the code of a sound section, if it is an own net."""
    if section != "net" or "callable" not in values:
        return []
    try:
        sources.find(values["callable"])
    except StudyError as error:
        return list(error.faults)
    return []


def _top_level_faults(fields: Mapping[str, Any], known: Sequence[str]) -> list[Fault]:
    faults = [
        Fault(
            key or shown(key),
            f"one of {', '.join(known)}",
            f"an unknown field = {shown(fields[key])}",
            _in_a_section(key) or nearest(key, known),
        )
        for key in fields
        if key not in known
    ]
    name = fields.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        found = "nothing" if name is None else shown(name)
        faults.append(
            Fault("name", f"a name of at most 64 letters, digits and _ . + - ({NAME.pattern})", found)
        )
    question = fields.get("question", "")
    if not isinstance(question, str) or len(question) > 2000:
        faults.append(Fault("question", "text of at most 2000 characters", shown(question)))
    if not isinstance(fields.get("keep_weights", True), bool):
        faults.append(Fault("keep_weights", "true or false", shown(fields["keep_weights"])))
    return faults


def _in_a_section(key: str) -> str | None:
    """A field that was given outside of its section, with its section."""
    return next((f"{section}.{key}" for section, model in _MODELS.items() if key in model.model_fields), None)


def _variants(fields: Mapping[str, Any]) -> tuple[dict[str, Differences], list[Fault]]:
    """The variants as far as they can be read, and what is wrong with them as such."""
    table, factors = fields.get("variants", {}), fields.get("factors", {})
    if not isinstance(table, Mapping):
        return {}, [Fault("variants", "a table of variants, each a table of differences", shown(table))]
    if not isinstance(factors, Mapping):
        return {}, [Fault("factors", "a table of fields, each with a list of levels", shown(factors))]
    if table and factors:
        return {}, [Fault("factors", "either [variants] or [factors]", "both")]
    if factors:
        return _crossed(flatten(factors))
    faults = _name_faults(table)
    variants: dict[str, Differences] = {}
    for name, differences in table.items():
        if isinstance(differences, Mapping):
            variants[str(name)] = flatten(differences)
        else:
            faults.append(
                Fault(
                    f"variants.{name}",
                    'a table of differences, such as { "net.pool" = "avg" }',
                    shown(differences),
                )
            )
    if not 2 <= len(table) <= MAX_VARIANTS:
        faults.append(Fault("variants", f"2 to {MAX_VARIANTS} variants", f"{len(table)}"))
    return variants, faults


def _crossed(factors: Mapping[str, Any]) -> tuple[dict[str, Differences], list[Fault]]:
    faults = [
        Fault(f"factors.{field}", "a list of at least 2 different levels", shown(levels))
        for field, levels in factors.items()
        if not isinstance(levels, list | tuple)
        or len({_canonical(level) for level in levels}) < max(2, len(levels))
    ]
    if faults:
        return {}, faults
    size = 1
    for levels in factors.values():
        size *= len(levels)
    if size > MAX_VARIANTS:
        return {}, [Fault("factors", f"at most {MAX_VARIANTS} combinations of levels", f"{size}")]
    variants = cross(factors)
    if len(variants) < size:
        return {}, [Fault("factors", "levels whose names differ", "two combinations of one name")]
    return variants, _name_faults(variants)


def _name_faults(names: Iterable[object]) -> list[Fault]:
    return [
        Fault(
            f"variants.{shown(name)}",
            f"a name of at most 64 letters, digits and _ . + - ({NAME.pattern})",
            shown(name),
        )
        for name in names
        if not NAME.fullmatch(str(name))
    ]


def _difference_faults(
    fields: Mapping[str, Any], variants: Mapping[str, Differences], sources: Sources
) -> list[Fault]:
    """Differences that lead nowhere or make a section invalid, and variants with the same content.

    Where a section of the base is itself at fault, its plain fields are checked against a default one.
    """
    given = {section: _explicit(section, fields.get(section, {})) for section in SECTIONS}
    sound = {section: given[section] or _default(section, fields.get(section)) for section in SECTIONS}
    faults: list[Fault] = []
    contents: dict[str, str] = {}
    for name, differences in variants.items():
        base = starting_point(sound, differences)
        wrong = [fault for path in differences for fault in _path_faults(base, given, name, path)]
        misled = {path for path in differences if _unreachable(base, path) or _decides_the_evaluation(path)}
        reached = {path: value for path, value in differences.items() if path not in misled}
        changed = differ(base, reached)
        wrong += _changed_faults(changed, name, reached)
        if not wrong and "net.callable" in reached:
            wrong += [
                replace(fault, field=f'variants.{name}."{fault.field}"')
                for fault in _source_faults("net", changed["net"], sources)
            ]
        if not wrong and None not in given.values():
            wrong += _same_content(changed, name, contents)
        faults += wrong
    return faults


def _default(section: str, values: object) -> dict[str, Any]:
    """A section of the form that was given, in place of one that is at fault."""
    own = _model(section, values) is OwnNet
    return {"callable": "own:net"} if own else _DEFAULTS[section].model_dump(mode="json")


def _explicit(section: str, values: object) -> dict[str, Any] | None:
    """A section with its defaults written out; None where it is not valid (reported elsewhere)."""
    model = _model(section, values)
    if section_faults(model, values, ""):
        return None
    return model.model_validate(values).model_dump(mode="json")


def _path_faults(
    base: Mapping[str, Any], given: Mapping[str, object], variant: str, path: str
) -> list[Fault]:
    at = f'variants.{variant}."{path}"'
    section = path.split(".", 1)[0]
    if section not in SECTIONS or "." not in path:
        hint = nearest(section, SECTIONS)
        return [Fault(at, "a field of data, net or protocol, such as net.pool", shown(path), hint)]
    if _decides_the_evaluation(path):
        what = "the dataset" if path == "data.dataset" else path
        return [Fault(at, "the same test images for every variant", f"a difference in {what}")]
    missing = _unreachable(base, path)
    if missing and given[section] is not None:
        return [Fault(at, "a path that leads to a field", f"{missing!r}, which is not there")]
    return []


def _decides_the_evaluation(path: str) -> bool:
    """Whether a difference there would change which images are evaluated, or what they look like."""
    section, _, field = path.partition(".")
    field = field.partition(".")[0]
    return section == "data" and field in Data.model_fields and field not in MAY_DIFFER


def _unreachable(base: Mapping[str, Any], path: str) -> str | None:
    """The part of a path that is not there, if it leads nowhere."""
    if path.split(".", 1)[0] not in SECTIONS or "." not in path:
        return path
    try:
        differ(base, {path: None})
    except KeyError as error:
        return str(error.args[0])
    return None


def _changed_faults(changed: Mapping[str, Any], variant: str, differences: Differences) -> list[Fault]:
    """Faults of the changed sections, reported at the difference that made them where one did."""
    faults = []
    for section in SECTIONS:
        for fault in section_faults(_model(section, changed[section]), changed[section], section):
            at = (
                fault.field
                if fault.field in differences
                else ", ".join(path for path in differences if path.startswith(section))
            )
            faults.append(Fault(f'variants.{variant}."{at}"', fault.expected, fault.found, fault.nearest))
    return faults


def _same_content(changed: Mapping[str, Any], name: str, contents: dict[str, str]) -> list[Fault]:
    sections = {
        section: _model(section, changed[section]).model_validate(changed[section]) for section in SECTIONS
    }
    content = _canonical({section: model.model_dump(mode="json") for section, model in sections.items()})
    if content in contents:
        return [
            Fault(
                f"variants.{name}",
                "a difference from every other variant (for an A/A check, run the study twice with another "
                "decision.first_seed)",
                f"the same content as {contents[content]}",
            )
        ]
    contents[content] = name
    return []


def _claim_faults(claims: object, variants: Mapping[str, Differences]) -> list[Fault]:
    if not isinstance(claims, list | tuple):
        return [Fault("claims", "a list of claims, such as ['a < b']", shown(claims))]
    faults: list[Fault] = []
    seen: dict[Claim, int] = {}
    for index, text in enumerate(claims):
        at = f"claims.{index}"
        try:
            claim = parse_claim(text) if isinstance(text, str) else None
        except ValueError as error:
            faults.append(Fault(at, str(error), shown(text)))
            continue
        if claim is None:
            faults.append(Fault(at, "text, such as 'a < b'", shown(text)))
            continue
        faults += [
            Fault(at, f"variants of this study ({', '.join(variants)})", name, nearest(name, variants))
            for name in claim.variants
            if name not in variants
        ]
        if claim in seen:
            faults.append(Fault(at, "each claim once", f"the same as claims.{seen[claim]}"))
        seen.setdefault(claim, index)
    return faults


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=repr)
