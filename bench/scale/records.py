"""Synthetic runs in a real store: everything as training would have left it but the weights."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paribus import data
from paribus.records import Evaluation, Registration, RunRecord, Timing
from paribus.spec import canonical, declaration, run_keys, study_digest
from paribus.standing import Layout, VariantLayout
from paribus.store import Store
from paribus.store.database import DATABASE_FILE, Database
from paribus.store.run_rows import RunRows
from paribus.train import environment

OTHER_SEEDS = 1_000_000
"""Runs that belong to no study that is shown have seeds from here on."""

WRONG, STEP = 300, 10
"""Test images that a run gets wrong, and by how many more or fewer from one seed to the next."""


class RecordedRuns:
    """A store that grows by synthetic runs.

    Args:
        folder: The store; it does not exist yet.
        numerics: Numerics of the runs.
    """

    def __init__(self, folder: Path, numerics: str) -> None:
        self.folder = folder
        self._numerics = numerics
        self._labels = data.load("mnist").test.labels.astype(np.uint8)
        self._environment = environment()
        self._random = np.random.default_rng(0)
        self._recorded: set[str] = set()

    def __len__(self) -> int:
        return len(self._recorded)

    def add_study(self, layout: Layout, rounds: int | None = None) -> None:
        """Register a study and record its runs of the first rounds, all where no number is given."""
        self.folder.mkdir(exist_ok=True)
        study = layout.study
        with Store.writer(self.folder, purpose="bench.scale") as store:
            store.register(
                Registration(
                    study_digest=study_digest(study),
                    name=study.name,
                    numerics=self._numerics,
                    registered_at="2026-01-01T00:00:00+00:00",
                    runs_existing=0,
                    declaration=canonical(declaration(study)),
                )
            )
        seeds = layout.seeds[:rounds]
        self._add(
            (layout.variant(name), seed, key) for (name, seed), key in layout.keys().items() if seed in seeds
        )

    def fill(self, layout: Layout, total: int) -> None:
        """Record runs of a study's variants with seeds that are not its own, up to a total of all runs."""
        seeds = range(OTHER_SEEDS, OTHER_SEEDS + total)
        keys = {
            variant.name: run_keys(
                variant.configuration,
                seeds,
                fingerprint=layout.data.fingerprint,
                train_images=variant.train_images,
            )
            for variant in layout.variants
        }
        runs = ((variant, seed, keys[variant.name][seed]) for seed in seeds for variant in layout.variants)
        new = [run for run in runs if run[2] not in self._recorded]
        self._add(new[: max(0, total - len(self))])

    def _add(self, runs: Iterable[tuple[VariantLayout, int, str]]) -> None:
        """Record runs as ``Store.commit`` would, in one transaction instead of one each."""
        database = Database(self.folder / DATABASE_FILE, writable=True)
        rows = RunRows(database)
        with database.transaction():
            for variant, seed, key in runs:
                if key not in self._recorded:
                    rows.add(self._record(variant, seed, key))
                    self._recorded.add(key)
        database.close()

    def _record(self, variant: VariantLayout, seed: int, key: str) -> RunRecord:
        predictions = self._predictions(variant.name, seed)
        right = self._labels[predictions == self._labels]
        accuracy = 100 * len(right) / len(self._labels)
        protocol = variant.configuration.protocol
        return RunRecord(
            run_key=key,
            numerics=self._numerics,
            seed=seed,
            state="done",
            iterations=variant.iterations,
            evaluations=tuple(
                Evaluation(point, float(self._random.random()), float(self._random.random()), accuracy)
                for point in protocol.evaluation_points(variant.train_images)
            ),
            order_digest=_digest(f"order {seed}"),
            initial_digests={name: _digest(f"{name} {seed}") for name in variant.table.parameters},
            weights_digest=_digest(f"weights {key}"),
            weights_moved=float(self._random.random()),
            correct_per_class=_per_class(right),
            images_per_class=_per_class(self._labels),
            predictions=predictions,
            timing=Timing(30.0, 25.0, 4.0),
            finished_at="2026-01-01T00:00:00+00:00",
            environment=self._environment,
        )

    def _predictions(self, variant: str, seed: int) -> npt.NDArray[np.uint8]:
        """The labels but for some wrong ones: variants take turns in having more, so that none is better."""
        lead = int(hashlib.sha256(variant.encode()).digest()[0]) % 3 + 1
        wrong = self._random.choice(len(self._labels), WRONG + (-1) ** seed * lead * STEP, replace=False)
        predictions = self._labels.copy()
        predictions[wrong] = (predictions[wrong] + self._random.integers(1, 10, len(wrong))) % 10
        return predictions


def _per_class(labels: npt.NDArray[np.uint8]) -> tuple[int, ...]:
    return tuple(np.bincount(labels, minlength=10).tolist())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
