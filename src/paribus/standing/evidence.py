"""How a study stands with what lies behind the numbers: predictions, test images, what is running now."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from paribus import data
from paribus.data import Split
from paribus.errors import DataError
from paribus.standing.activity import Activity, activity
from paribus.standing.state import Standing
from paribus.store import Store, read_progress

Predictions = Mapping[str, Mapping[int, npt.NDArray[np.unsignedinteger]]]
"""Variant to seed to the predicted class of each test image, ``(test images,)``."""


@dataclass(frozen=True)
class Evidence:
    """What a report is made of.

    Attributes:
        standing: How the study stands.
        predictions: What each run that counts predicts.
        test: The test images and their labels; None where they are not on this machine.
        activity: What is being trained now; None if nothing is.
    """

    standing: Standing
    predictions: Predictions = field(default_factory=dict)
    test: Split | None = None
    activity: Activity | None = None


def gather(standing: Standing, store: Store, *, now: float) -> Evidence:
    """The evidence of a study from a store and the data cache; asks no place outside this machine.

    Args:
        standing: How the study stands.
        store: Where its runs are.
        now: Seconds since the epoch; decides whether the study counts as running.

    Raises:
        StoreDamagedError: If predictions are not as written.
    """
    layout = standing.layout
    events = read_progress(store.progress_path(layout.study.name))
    keys = [record.run_key for runs in standing.runs.values() for record in runs.values()]
    whole = store.runs(keys, standing.numerics, predictions=True)
    predictions = {
        name: {
            seed: whole[record.run_key].predictions
            for seed, record in runs.items()
            if record.counts and record.run_key in whole
        }
        for name, runs in standing.runs.items()
    }
    return Evidence(standing, predictions, _test_split(standing), activity(events, layout, now=now))


def _test_split(standing: Standing) -> Split | None:
    try:
        return data.load(standing.layout.study.data, offline=True).test
    except DataError:
        return None
