"""How a study stands: its runs so far, what they say, and whether it was declared before they were known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from paribus.errors import UnequalRoundError
from paribus.markup import block, paragraph
from paribus.records import Registration, RunRecord
from paribus.standing.layout import Layout
from paribus.standing.runs import Curves, Failure, RunArrays, Runs, curves, run_arrays
from paribus.standing.tables import standing_html, standing_text
from paribus.store import Store
from paribus.verdict import Noises, Rule, Verdict, factorial_combinations, judge

Ending = Literal["decided", "at the cap", "interrupted", "a run failed"]


@dataclass(frozen=True)
class Standing:
    """A study with its runs and their verdict.

    Attributes:
        layout: The study laid out.
        runs: The recorded runs of one numerics.
        verdict: What they say.
        numerics: That numerics; empty before the first run.
        registration: When the study was first run; None if it never was.
        failures: Runs that failed and have not been trained since.
        noises: Name of a pair's contrast to what other seeds, and other images, would change; only where the
            labels of the test images are at hand.
    """

    layout: Layout
    runs: Runs
    verdict: Verdict
    numerics: str
    registration: Registration | None
    failures: tuple[Failure, ...] = ()
    noises: Mapping[str, Noises] = field(default_factory=dict)

    def arrays(self) -> RunArrays:
        """All runs as columns; see `RunArrays`."""
        return run_arrays(self.layout, self.runs, self.failures)

    def curves(self, variant: str) -> Curves:
        """Accuracy and losses of a variant over training, every run of it.

        Args:
            variant: Its name.

        Raises:
            UsageError: If the study has no variant of that name.
        """
        return curves(self.layout, self.runs, variant)

    def __str__(self) -> str:
        return standing_text(self.layout, self.verdict)

    def __repr__(self) -> str:
        return f"Standing({self.layout.study.name!r}, {self.verdict.progress})"

    def _repr_html_(self) -> str:
        return standing_html(self.layout, self.runs, self.verdict)


@dataclass(frozen=True)
class Outcome:
    """How running a study ended.

    Attributes:
        standing: How the study stands now.
        ending: Why it stopped.
        trained: Runs trained in this call.
        seconds: Wall time of this call.
    """

    standing: Standing
    ending: Ending
    trained: int
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """What the runs say."""
        return self.standing.verdict

    @property
    def runs(self) -> Runs:
        """Variant to seed to record."""
        return self.standing.runs

    def arrays(self) -> RunArrays:
        """All runs as columns; see `RunArrays`."""
        return self.standing.arrays()

    def curves(self, variant: str) -> Curves:
        """Accuracy and losses of a variant over training; as `Standing.curves`."""
        return self.standing.curves(variant)

    def __str__(self) -> str:
        return f"{self._head}\n{self.standing}"

    def __repr__(self) -> str:
        return f"Outcome({self.standing.layout.study.name!r}, {self._head})"

    def _repr_html_(self) -> str:
        return block(paragraph(self._head), self.standing._repr_html_())

    @property
    def _head(self) -> str:
        runs = "1 run" if self.trained == 1 else f"{self.trained:,} runs"
        return f"{self.ending}; {runs} trained in this call, {self.seconds:.1f} s"


def assess(
    layout: Layout,
    runs: Runs,
    *,
    numerics: str,
    registration: Registration | None,
    failures: tuple[Failure, ...] = (),
) -> Standing:
    """Judge the recorded runs of a study.

    Raises:
        UnequalRoundError: If variants of a round did not share what they must share.
    """
    require_equal_rounds(layout, runs)
    study = layout.study
    decision = study.decision
    accuracy = {
        name: {seed: record.accuracy for seed, record in runs.get(name, {}).items() if record.counts}
        for name in layout.names
    }
    verdict = judge(
        accuracy,
        claims=study.parsed_claims,
        combinations=None if study.claims else factorial_combinations(study.factors),
        rule=Rule(decision.alpha, decision.margin_pp, decision.min_rounds, decision.max_rounds),
        images=layout.data.test_count,
        seeds=layout.seeds,
        post_hoc=_post_hoc(registration),
    )
    return Standing(layout, runs, verdict, numerics, registration, failures)


def recall(layout: Layout, store: Store, *, study_digest: str) -> Standing:
    """How a study stands by what a store holds, without training anything.

    Its numerics are those it was pinned to when first run; for a study never run, those of most of its runs.

    Raises:
        StoreError: If the store cannot be read.
        UnequalRoundError: If variants of a round did not share what they must share.
    """
    registration = store.registration(study_digest)
    keys = layout.keys()
    if registration is not None:
        numerics = registration.numerics
    else:
        numerics = next((name for name, _ in store.numerics_of(keys.values()).most_common(1)), "")
    runs = recorded_runs(layout, store, numerics)
    failures = failed_runs(layout, store, numerics)
    return assess(layout, runs, numerics=numerics, registration=registration, failures=failures)


def recorded_runs(layout: Layout, store: Store, numerics: str) -> dict[str, dict[int, RunRecord]]:
    """The runs of a study that a store holds, variant to seed to record."""
    keys = layout.keys()
    found = store.runs(keys.values(), numerics)
    runs: dict[str, dict[int, RunRecord]] = {name: {} for name in layout.names}
    for (name, seed), key in keys.items():
        if key in found:
            runs[name][seed] = found[key]
    return runs


def failed_runs(layout: Layout, store: Store, numerics: str) -> tuple[Failure, ...]:
    """The runs of a study that failed and have not been trained since."""
    keys = layout.keys()
    failed = store.failures(keys.values(), numerics)
    return tuple(
        Failure(name, seed, failed[key][-1].reason) for (name, seed), key in keys.items() if key in failed
    )


def require_equal_rounds(layout: Layout, runs: Runs) -> None:
    """Check that the variants of each round saw what they must share and started alike.

    Variants with as many training images, batches and iterations see the same order; layers of the same name
    and shape start with the same bits, but for what an own net sets itself. A diverged run may have seen
    fewer batches.

    Raises:
        UnequalRoundError: Names the round, the variants and what differs.
    """
    orders: dict[tuple[object, ...], tuple[str, str]] = {}
    starts: dict[tuple[object, ...], tuple[str, str]] = {}
    for variant in layout.variants:
        common = variant.table.common_starts
        for seed, record in runs.get(variant.name, {}).items():
            batch = variant.configuration.protocol.batch_size
            order = (seed, variant.train_images, batch, record.iterations)
            _require_same(
                orders, order, variant.name, record.order_digest, f"order of batches with seed {seed}"
            )
            for name, start in common.items():
                what = f"initial {name} with seed {seed}"
                digest = record.initial_digests.get(name, "")
                _require_same(starts, (seed, *start), variant.name, digest, what)


def _require_same(
    seen: dict[tuple[object, ...], tuple[str, str]],
    key: tuple[object, ...],
    name: str,
    digest: str,
    what: str,
) -> None:
    first, expected = seen.setdefault(key, (name, digest))
    if digest != expected:
        raise UnequalRoundError(
            f"{first} and {name} do not share the {what}",
            expected=f"digest {expected[:16]} for both",
            found=f"{digest[:16]} for {name}",
            means="the difference of these two variants is not due to their named difference alone",
            mend="this must not happen: please report it, and train the study in a new store (--store)",
        )


def _post_hoc(registration: Registration | None) -> str | None:
    if registration is None or not registration.post_hoc:
        return None
    count = registration.runs_existing
    known = "1 of its runs was" if count == 1 else f"{count} of its runs were"
    return f"{known} already in the store when this study was first run ({registration.registered_at})"
