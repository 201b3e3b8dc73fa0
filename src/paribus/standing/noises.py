"""What other seeds would change, and what other test images would: from the stored predictions."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from paribus import data
from paribus.errors import DataError
from paribus.records import RunRecord
from paribus.standing.state import Standing
from paribus.store import Store
from paribus.verdict import Noises, tell_noises_apart


def with_noises(standing: Standing, store: Store) -> Standing:
    """A study's standing with the two noises of each pair of variants told apart.

    Needs the labels of the test images: where the dataset is not in the cache, nothing is added.

    Args:
        standing: How the study stands.
        store: Where its predictions are.
    """
    pairs = [
        contrast for contrast in standing.verdict.contrasts if contrast.contrast.pair and contrast.rounds >= 2
    ]
    if not pairs:
        return standing
    try:
        labels = data.load(standing.layout.study.data, offline=True).test.labels
    except DataError:
        return standing
    keys = [record.run_key for runs in standing.runs.values() for record in runs.values()]
    records = store.runs(keys, standing.numerics, predictions=True)
    noises: dict[str, Noises] = {}
    for contrast in pairs:
        a, b = contrast.contrast.pair or ("", "")
        seeds = standing.layout.seeds[: contrast.rounds]
        tables = [_correct(standing, records, name, seeds, labels) for name in (a, b)]
        noises[contrast.name] = tell_noises_apart(tables[0], tables[1])
    return replace(standing, noises=noises)


def _correct(
    standing: Standing,
    records: Mapping[str, RunRecord],
    variant: str,
    seeds: range,
    labels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
) -> npt.NDArray[np.bool_]:
    """Whether each run was right, ``(rounds, test images)``."""
    runs = standing.runs[variant]
    return np.stack([records[runs[seed].run_key].predictions == labels for seed in seeds])
