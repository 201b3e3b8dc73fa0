"""The Python way in: run a study, see how it stands, judge results trained elsewhere."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from paribus import data
from paribus.errors import UsageError
from paribus.execute import (
    Fact,
    WorkerPool,
    examine,
    finished_outcome,
    interrupts,
    run_study,
    sample,
    seconds_a_run,
)
from paribus.execute import verify as rerun
from paribus.execute.progress import note_event
from paribus.report.forecast import Forecast
from paribus.spec import Study, locate, study_digest
from paribus.standing import Comparison, Event, Layout, Outcome, Standing, lay_out, recall, with_noises
from paribus.store import DEFAULT_FOLDER, ProgressLog, Store
from paribus.store import mend as mend_store
from paribus.verdict import Rule, Verdict
from paribus.verdict import judge as judge_rounds
from paribus.verdict import plan as chances_of

OnEvent = Callable[[Event], None]


def read(study: str | Path | Study, overrides: Mapping[str, str] | None = None) -> Study:
    """A study from a file or by the name of a built-in one.

    Args:
        study: Path, name, or a study (returned as it is).
        overrides: Dotted field to value, such as ``{"decision.max_rounds": "5"}``.

    Raises:
        StudyError: With every fault of the study.
        UsageError: If there is no such study.
    """
    return study if isinstance(study, Study) else Study.read(locate(str(study)), overrides)


def run(
    study: str | Path | Study,
    *,
    store: str | Path = DEFAULT_FOLDER,
    workers: int | None = None,
    progress: OnEvent | None = None,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Train a study until it is decided or at its cap; runs recorded before are not trained again.

    Args:
        study: A study, a study file, or the name of a built-in study.
        store: Folder of the store; made where missing.
        workers: Worker processes of one thread each; one a core when left out.
        progress: Called with every event.
        say: Called with a sentence about each step of fetching images, where that is needed.

    Returns:
        How it ended: ``.verdict``, ``.runs``, ``.ending``.

    Raises:
        StudyError: If the study is not valid, or does not fit its data.
        DataError: If its images cannot be had.
        StoreError: If the store cannot be used.
        NumericsError: If there is something to train and the study was begun with other numerics.
    """
    layout = lay_out(read(study))
    tell = _ignore if progress is None else progress
    with Store.writer(Path(store), purpose=f"run {layout.study.name}") as opened:
        return _run(layout, opened, _workers(workers), tell, _ignore if say is None else say)


def show(study: str | Path | Study, *, store: str | Path = DEFAULT_FOLDER) -> Standing:
    """How a study stands by the runs recorded so far; trains nothing.

    Args:
        study: A study, a study file, or the name of a built-in study.
        store: Folder of the store; one that does not exist is empty.
    """
    asked = read(study)
    with Store.reader(Path(store)) as opened:
        stands = recall(lay_out(asked), opened, study_digest=study_digest(asked))
        return with_noises(stands, opened)


def plan(
    study: str | Path | Study, *, store: str | Path = DEFAULT_FOLDER, workers: int | None = None
) -> tuple[Standing, Forecast]:
    """What running a study would train, about how long that takes, and what difference it can find.

    Args:
        study: A study, a study file, or the name of a built-in study.
        store: Folder of the store; runs recorded there are not trained again.
        workers: As in `run`.
    """
    stands = show(study, store=store)
    chances = chances_of(stands.verdict.rule, contrasts=len(stands.verdict.contrasts))
    return stands, Forecast(seconds_a_run(stands.layout, stands.runs), _workers(workers), chances)


def verify(
    study: str | Path | Study,
    *,
    runs: int = 3,
    store: str | Path = DEFAULT_FOLDER,
    workers: int | None = None,
    progress: Callable[[Comparison], None] | None = None,
) -> tuple[Comparison, ...]:
    """Train a sample of a study's recorded runs again and compare the bits; records nothing.

    Args:
        study: A study, a study file, or the name of a built-in study.
        runs: Size of the sample, or as many as there are.
        store: Folder of the store.
        workers: As in `run`.
        progress: Called with every comparison.

    Raises:
        UsageError: If nothing is recorded.
    """
    stands = show(study, store=store)
    chosen = sample(stands, runs)
    with WorkerPool(min(_workers(workers), len(chosen))) as pool, interrupts() as interrupt:
        data.fetch(stands.layout.data.name)
        tell = _ignore if progress is None else progress
        return rerun(stands, chosen, pool, on_comparison=tell, interrupt=interrupt)


def doctor(*, store: str | Path = DEFAULT_FOLDER, workers: int | None = None) -> Iterator[Fact]:
    """What this machine has and what paribus will use of it, fact by fact."""
    return examine(Path(store), _workers(workers))


def mend(store: str | Path = DEFAULT_FOLDER) -> list[str]:
    """Put a damaged store in order: keep what is intact, move aside what is not.

    Returns:
        What was done, in sentences; empty if nothing was wrong.

    Raises:
        StoreError: If the store is in use or cannot be written to.
    """
    return mend_store(Path(store))


def judge(
    accuracy: Mapping[str, Mapping[int, float]],
    *,
    claims: Sequence[str] = (),
    alpha: float = 0.05,
    margin_pp: float = 0.1,
    min_rounds: int = 3,
    max_rounds: int = 20,
    images: int | None = None,
) -> Verdict:
    """Judge results trained elsewhere by the looks that `run` would have taken.

    Args:
        accuracy: Variant to seed to final test accuracy, percent.
        claims: Chains such as ``a < b < c`` or ``a ~ b``; all pairs are compared when there are none.
        alpha: Probability, over the whole study, that some interval misses its true difference.
        margin_pp: Differences within this many percentage points count as equivalent.
        min_rounds: Seed rounds before the first look.
        max_rounds: Seed rounds after which the study ends.
        images: Test images, which set the resolution of the accuracies; 10,000 when left out.

    Raises:
        ResultsError: If the results cannot be compared.
        UsageError: If a claim names no variant of the results, or an option is out of range.
    """
    rule = Rule(alpha, margin_pp, min_rounds, max_rounds)
    if images is None:
        return judge_rounds(accuracy, claims=claims, rule=rule)
    return judge_rounds(accuracy, claims=claims, rule=rule, images=images)


def _run(layout: Layout, store: Store, workers: int, tell: OnEvent, say: Callable[[str], None]) -> Outcome:
    """Run the study; unless there is nothing to train, fetch images while the workers start."""
    log_folder = store.progress_path(layout.study.name)
    log_folder.parent.mkdir(parents=True, exist_ok=True)
    with ProgressLog(log_folder) as log:

        def on_event(event: Event) -> None:
            note_event(log, event)
            tell(event)

        finished = finished_outcome(layout, store, on_event=on_event)
        if finished is not None:
            return finished
        with WorkerPool(workers, log=log_folder.with_suffix(".workers.log")) as pool:
            data.fetch(layout.data.name, progress=say)
            with interrupts() as interrupt:
                return run_study(layout, store, pool, on_event=on_event, interrupt=interrupt)


def _workers(asked: int | None) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if asked is None:
        return cores
    if not 1 <= asked <= 256:
        raise UsageError("workers is out of range", expected="a whole number from 1 to 256", found=str(asked))
    return asked


def _ignore(_: object) -> None:
    pass
