"""Which trained nets are meant: a run key, ``STUDY:VARIANT`` or ``STUDY:VARIANT@SEED``."""

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.data import Facts
from paribus.errors import StoreError, UsageError
from paribus.inference.registered import declaring, named, out_of_reach
from paribus.records import RunRecord
from paribus.spec import Study, locate, study_digest
from paribus.spec.data import Resize
from paribus.spec.faults import nearest, shown
from paribus.standing import Layout, VariantLayout, Voters, lay_out
from paribus.store import DEFAULT_FOLDER, Store

Weights = Mapping[str, npt.NDArray[np.generic]]

LEAST_DIGITS = 6
FORMS = f"a run key of at least {LEAST_DIGITS} hexadecimal digits, STUDY:VARIANT, or STUDY:VARIANT@SEED"

_HEX = re.compile(r"[0-9a-f]{1,64}")


@dataclass(frozen=True, eq=False)
class Chosen:
    """Recorded runs of one variant, to be used as trained nets.

    Attributes:
        study: What names their study on the command line.
        study_digest: Digest of what the study declares.
        layout: The study laid out.
        variant: Their variant.
        records: Their records, ascending by seed, without predictions.
        diverged: Seeds of recorded runs that are left out because they diverged.
    """

    study: str
    study_digest: str
    layout: Layout
    variant: VariantLayout
    records: tuple[RunRecord, ...]
    diverged: tuple[int, ...] = ()

    @property
    def data(self) -> Facts:
        """Facts of the dataset they were trained on."""
        return self.layout.data

    @property
    def resize(self) -> Resize:
        """How images of another shape were brought to the dataset's."""
        return self.variant.configuration.data.resize

    @property
    def voters(self) -> Voters:
        """What is told of them."""
        return Voters(
            study=self.layout.study.name,
            study_digest=self.study_digest,
            variant=self.variant.name,
            dataset=self.data.name,
            classes=self.data.classes,
            seeds=tuple(record.seed for record in self.records),
            run_keys=tuple(record.run_key for record in self.records),
            numerics=self.records[0].numerics,
            diverged=self.diverged,
        )


def choose(what: str, store: Store, overrides: Mapping[str, str] | None = None) -> Chosen:
    """The recorded runs that are meant.

    A study is a file, a built-in study, or else a study registered in the store under that name.

    Args:
        what: A run key or the beginning of one, ``STUDY:VARIANT`` for all recorded seeds of a variant, or
            ``STUDY:VARIANT@SEED``.
        store: Where the runs are.
        overrides: Dotted field to value, as the study was run with ``--set``.

    Raises:
        UsageError: If nothing of that name is recorded; the message names the nearest.
        StoreError: If the store cannot be read.
    """
    study, colon, rest = what.strip().rpartition(":")
    if not colon or not study:
        if overrides:
            raise UsageError(
                "a run key stands for a run as it was trained",
                expected="--set only with STUDY:VARIANT",
                found=f"--set {next(iter(overrides))} with {shown(what)}",
                mend="leave --set out, or name the study and the variant",
            )
        return _by_run_key(what.strip(), store)
    variant, at, seed = rest.partition("@")
    layout, digest = _find_study(study, store, overrides or {})
    if variant not in layout.names:
        hint = nearest(variant, layout.names)
        raise UsageError(
            f"{layout.study.name} has no variant {shown(variant)}",
            expected=f"one of {', '.join(layout.names)}",
            found=shown(rest),
            mend=f"did you mean {study}:{hint}?" if hint else f"for example {study}:{layout.names[0]}",
        )
    finished, numerics = _finished(layout, variant, store, digest)
    if not finished:
        raise _nothing_trained(study, layout, variant, store, digest, overrides or {})
    chosen = finished
    if at:
        chosen = {number: record for number, record in finished.items() if str(number) == seed.strip()}
        if not chosen:
            raise UsageError(
                f"no run of {layout.study.name}:{variant} with seed {shown(seed)} is recorded",
                expected=f"one of the seeds {_listed(finished)}, recorded under {numerics}",
                found=shown(seed),
                mend=f"for example {study}:{variant}@{min(finished)}",
            )
    return _without_diverged(study, digest, layout, variant, chosen)


def read_weights(chosen: Chosen, store: Store) -> tuple[Weights, ...]:
    """The weights of chosen runs, each checked against its recorded hash.

    Raises:
        StoreError: If some are not kept; the message has the command that brings them back.
        StoreDamagedError: If a file is gone or is not the one that was written.
    """
    missing = [record.seed for record in chosen.records if not record.weights_file]
    if missing:
        name = f"{chosen.layout.study.name}:{chosen.variant.name}"
        seeds = f"seed {missing[0]}" if len(missing) == 1 else f"seeds {_listed(missing)}"
        raise StoreError(
            f"the weights of {name}, {seeds}, are not kept in {store.folder}",
            expected="a file of weights for every net that is asked",
            found="results without weights",
            means="the results are safe, but these nets cannot be used",
            mend=f"`{_run_command(chosen.study, store)} --set keep_weights=true` trains them once more, to "
            "the same bits, and keeps the weights",
        )
    return tuple(store.weights(record) for record in chosen.records)


def _by_run_key(asked: str, store: Store) -> Chosen:
    prefix = asked.lower()
    if not _HEX.fullmatch(prefix):
        raise _no_run_key(asked, store)
    if len(prefix) < LEAST_DIGITS:
        raise UsageError(
            f"{asked} is too short for a run key",
            expected=f"at least {LEAST_DIGITS} hexadecimal digits",
            found=f"{len(prefix)} of them",
            mend="give more digits; `paribus show STUDY --json` has the run key of every run",
        )
    records = [record for _, record in store.finished_since(0)]
    found = {record.run_key: record for record in records if record.run_key.startswith(prefix)}
    if not found:
        raise _no_such_run(prefix, {record.run_key for record in records}, store)
    if len(found) > 1:
        first, last_key = min(found), max(found)
        longest = next(at for at in range(len(first)) if first[at] != last_key[at])
        raise UsageError(
            f"{prefix} is the beginning of {len(found)} run keys",
            expected="the beginning of one run key only",
            found=", ".join(key[:12] for key in sorted(found)[:5]) + (", ..." if len(found) > 5 else ""),
            mend=f"give at least {longest + 1} digits",
        )
    ((run_key, last),) = found.items()
    declared = declaring(run_key, store)
    if declared is None:
        lost = ", ".join(out_of_reach(store))
        raise UsageError(
            f"no study registered in {store.folder} declares run {run_key[:12]}",
            expected="a run of a study that was run against this store",
            found="a run without its study, so its net is not known",
            means=f"it may be of {lost}, whose images or code are not found from here" if lost else None,
            mend="name it as STUDY:VARIANT@SEED, with the file of its study",
        )
    registration, layout, variant = declared
    pinned = store.runs([run_key], registration.numerics)
    record = pinned.get(run_key, last)
    return _without_diverged(
        layout.study.name, registration.study_digest, layout, variant, {record.seed: record}
    )


def _find_study(study: str, store: Store, overrides: Mapping[str, str]) -> tuple[Layout, str]:
    """A study laid out, and its digest."""
    try:
        path = locate(study)
    except UsageError:
        found = None if overrides else named(study, store)
        if found is None and study in out_of_reach(store):
            raise UsageError(
                f"the images or the code of {study} are not found from here",
                expected="the file of the study, or a study that needs none",
                found=f"the name of a study that was run against {store.folder}",
                mend="name its file instead, as in STUDY.toml:VARIANT",
            ) from None
        if found is None:
            raise
        return found[1], found[0].study_digest
    read = Study.read(path, overrides)
    return lay_out(read), study_digest(read)


def _finished(layout: Layout, variant: str, store: Store, digest: str) -> tuple[dict[int, RunRecord], str]:
    """Seed to record of a variant, under the numerics the study is pinned to or those of most of its runs."""
    keys = {seed: key for (name, seed), key in layout.keys().items() if name == variant}
    registration = store.registration(digest)
    candidates = [] if registration is None else [registration.numerics]
    candidates += [numerics for numerics, _ in store.numerics_of(keys.values()).most_common()]
    for numerics in candidates:
        records = store.runs(keys.values(), numerics)
        if records:
            return {seed: records[key] for seed, key in keys.items() if key in records}, numerics
    return {}, ""


def _without_diverged(
    study: str, digest: str, layout: Layout, variant: str, records: Mapping[int, RunRecord]
) -> Chosen:
    sound = tuple(record for _, record in sorted(records.items()) if record.state == "done")
    diverged = tuple(sorted(seed for seed, record in records.items() if record.state == "diverged"))
    if not sound:
        raise UsageError(
            f"{layout.study.name}:{variant} has no net to ask: seed {_listed(diverged)} diverged",
            expected="a run whose loss stayed finite",
            found=next(iter(records.values())).reason or "a run that diverged",
            mend="choose another variant or seed",
        )
    return Chosen(study, digest, layout, layout.variant(variant), sound, diverged)


def _nothing_trained(
    study: str, layout: Layout, variant: str, store: Store, digest: str, overrides: Mapping[str, str]
) -> UsageError:
    others = [
        entry
        for entry in store.registrations()
        if entry.name == layout.study.name and entry.study_digest != digest
    ]
    means = (
        f"a study of the name {layout.study.name} with other settings was run against this store; repeat "
        "its --set options to use its nets"
        if others
        else None
    )
    options = "".join(f" --set {shlex.quote(f'{field}={value}')}" for field, value in overrides.items())
    return UsageError(
        f"nothing is trained yet: {store.folder} holds no run of {layout.study.name}:{variant}",
        expected="at least one recorded run",
        found="none",
        means=means,
        mend=f"`{_run_command(study, store)}{options}` trains the study",
    )


def _no_run_key(asked: str, store: Store) -> UsageError:
    try:
        layout, _ = _find_study(asked, store, {})
    except UsageError:
        found, mend = "neither", "`paribus show STUDY --json` has the variants, seeds and run keys of a study"
    else:
        found, mend = "a study without a variant", f"did you mean {asked}:{layout.names[0]}?"
    return UsageError(f"{shown(asked)} names no trained net", expected=FORMS, found=found, mend=mend)


def _no_such_run(prefix: str, keys: set[str], store: Store) -> UsageError:
    hint = difflib.get_close_matches(prefix, {key[: len(prefix)] for key in keys}, n=1, cutoff=0.5)
    held = f"{len(keys):,} other runs" if keys else "no run at all"
    return UsageError(
        f"no run {prefix} in {store.folder}",
        expected="the run key of a recorded run, or the beginning of one",
        found=held + (f"; the nearest begins with {hint[0]}" if hint else ""),
        mend="`paribus show STUDY --json` has the run key of every run"
        if keys
        else "`paribus run STUDY` trains a study; --store names another store",
    )


def _run_command(study: str, store: Store) -> str:
    where = "" if store.folder == DEFAULT_FOLDER else f" --store {shlex.quote(str(store.folder))}"
    try:
        locate(study)
    except UsageError:  # known by the store's register only
        study = f"{study}.toml"
    return f"paribus run {shlex.quote(study)}{where}"


def _listed(seeds: Iterable[int]) -> str:
    """Seeds in a row, three or more that follow each other as a range: ``0 to 4, 7, 8``."""
    ranges: list[list[int]] = []
    for seed in sorted(seeds):
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1].append(seed)
        else:
            ranges.append([seed])
    parts = ((f"{row[0]} to {row[-1]}",) if len(row) > 2 else map(str, row) for row in ranges)
    return ", ".join(part for row in parts for part in row)
