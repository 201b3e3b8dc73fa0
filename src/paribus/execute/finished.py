"""A study that has nothing left to train: its outcome from the store alone, without a worker."""

import time
from collections.abc import Callable

from paribus.execute.estimate import seconds_a_run
from paribus.spec import study_digest
from paribus.standing import (
    Ending,
    Event,
    Layout,
    Outcome,
    StudyStarted,
    StudyStopped,
    assess,
    recorded_runs,
    with_noises,
)
from paribus.store import Store


def finished_outcome(layout: Layout, store: Store, *, on_event: Callable[[Event], None]) -> Outcome | None:
    """What `run_study` would end with at once, if every run that the study needs is recorded.

    Workers are started to train, and to say what this machine computes with. A study that was run before
    and needs no run asks for neither.

    Args:
        layout: The study.
        store: Where its runs are.
        on_event: Told of beginning and end, where there is an outcome.

    Returns:
        None if the study was never run, or has something to train: a run, or one whose weights are gone.

    Raises:
        StoreError: If the store cannot be read.
        UnequalRoundError: If variants of a round did not share what they must share.
    """
    began = time.monotonic()
    registration = store.registration(study_digest(layout.study))
    if registration is None:
        return None
    numerics = registration.numerics
    runs = recorded_runs(layout, store, numerics)
    standing = assess(layout, runs, numerics=numerics, registration=registration)
    known = [record.run_key for records in runs.values() for record in records.values()]
    if standing.verdict.needed or (layout.study.keep_weights and store.without_weights(known, numerics)):
        return None
    on_event(StudyStarted(standing, 0, seconds_a_run(layout, runs)))
    ending: Ending = "decided" if standing.verdict.decided else "at the cap"
    outcome = Outcome(with_noises(standing, store), ending, 0, time.monotonic() - began)
    on_event(StudyStopped(outcome))
    return outcome
