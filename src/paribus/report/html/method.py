"""The section that says how it was done: commands to repeat it, protocol, data, engine, machine."""

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tomli_w
from markupsafe import Markup, escape

from paribus import data
from paribus.report.html.environment import Link, render
from paribus.report.numbers import count
from paribus.report.tables import Table
from paribus.report.terminal import clean
from paribus.spec import Study
from paribus.standing import Standing

_ALWAYS_TOLD = {"batch_size", "optimizer", "learning_rate", "schedule", "precision"}


def method_section(standing: Standing, asked: Sequence[str], link: Link) -> Markup:
    """The body of the section.

    Args:
        standing: How the study stands.
        asked: The study as the user named it, with the options that belong to it.
        link: Where files are.
    """
    study = standing.layout.study
    toml = study_toml(study)
    named = clean(shlex.join(asked))
    return render(
        "method.html",
        proof=_proof(standing),
        commands=[f"paribus run {named}", f"paribus verify {named}"],
        repeat=(
            "The first trains what is missing, in an empty store everything; the second trains a sample of "
            "the recorded runs again. With the same numerics every run gives the same bits, with others "
            "nearly the same numbers."
        ),
        study=study.name,
        toml=escape(toml),
        toml_href=link(f"{study.name}.toml", "application/toml", toml),
        protocol=protocol_table(study),
        defaults=defaults_sentence(study),
        data=list(data_facts(standing)),
        environment=list(machine_facts(standing)),
    )


def study_toml(study: Study) -> str:
    """The study as a file that `paribus run` takes, with what was overridden put in."""
    fields = study.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    tables = {key: fields.pop(key) for key in list(fields) if isinstance(fields[key], dict)}
    text = tomli_w.dumps({**fields, **tables})
    return "".join(sign if sign.isprintable() or sign == "\n" else _escaped(sign) for sign in text)


def protocol_table(study: Study) -> Table:
    """The training protocol of the base: what always matters, and what differs from the default."""
    rows = tuple((name, _written(value)) for name, value in _told(study).items())
    return Table("The loss is cross-entropy", ("field", "value"), rows)


def defaults_sentence(study: Study) -> str:
    """The fields of the protocol that `protocol_table` leaves out."""
    told = _told(study)
    fields = _flat(study.protocol.model_dump(mode="json", exclude_none=True))
    rest = [f"{name} = {_written(value)}" for name, value in fields.items() if name not in told]
    return f"Other fields have their defaults: {', '.join(rest)}." if rest else ""


def data_facts(standing: Standing) -> Iterator[tuple[str, str]]:
    """The dataset and how it is used: name and value of each fact."""
    entry, study = standing.layout.data, standing.layout.study
    yield "dataset", f"{entry.title} ({entry.name})"
    if study.data.own is None:
        yield "licence", data.entry_of(study.data.dataset).licence
    used = sorted({variant.train_images for variant in standing.layout.variants})
    evaluated = f"{entry.test_count:,} {entry.evaluated} images"
    split = f"{' or '.join(f'{number:,}' for number in used)} training images, {evaluated}"
    size = " × ".join(map(str, entry.image_shape))
    yield "images", f"{split}; {size}; {count(len(entry.classes), 'class', 'classes')}"
    yield "fingerprint", entry.fingerprint
    settings = study.data.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    settings.pop("dataset", None)
    for note in entry.notes:
        yield "note", note
    if settings:
        yield "settings", "; ".join(f"{name} = {_written(value)}" for name, value in settings.items())


def machine_facts(standing: Standing) -> Iterator[tuple[str, str]]:
    """The numerics, and what the runs say of their machines; how many runs, where they differ."""
    if standing.numerics:
        yield "numerics", standing.numerics
    found: dict[str, Counter[str]] = {}
    for runs in standing.runs.values():
        for record in runs.values():
            for key, value in record.environment.items():
                found.setdefault(key, Counter())[str(value)] += 1
    for key, values in found.items():
        if len(values) == 1:
            yield key, next(iter(values))
        else:
            yield (
                key,
                "; ".join(f"{value} ({count(number, 'run')})" for value, number in values.most_common(8)),
            )


def _proof(standing: Standing) -> str:
    runs = sum(record.counts for of_variant in standing.runs.values() for record in of_variant.values())
    if not runs:
        return "Digests of both are recorded with every run and compared."
    of_runs = f"each of the {runs:,} runs" if runs > 1 else "the one run"
    return f"Digests of both were recorded with {of_runs} and are equal where they must be."


def _told(study: Study) -> dict[str, Any]:
    protocol = study.protocol
    changed = _flat(protocol.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
    fields = _flat(protocol.model_dump(mode="json", exclude_none=True))
    return {name: value for name, value in fields.items() if name in changed or name in _ALWAYS_TOLD}


def _flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _escaped(sign: str) -> str:
    """A sign in the form that TOML's strings have for it."""
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
