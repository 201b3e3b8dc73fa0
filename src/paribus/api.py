"""The Python way in: run a study, see how it stands, judge results trained elsewhere."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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
from paribus.standing import (
    Comparison,
    Event,
    Evidence,
    Exported,
    ExportFormat,
    Layout,
    Outcome,
    Prediction,
    Standing,
    gather,
    lay_out,
    recall,
    with_noises,
)
from paribus.store import DEFAULT_FOLDER, ProgressLog, Store
from paribus.store import mend as mend_store
from paribus.verdict import Rule, Verdict
from paribus.verdict import judge as judge_rounds
from paribus.verdict import plan as chances_of

if TYPE_CHECKING:  # for annotations only: trained nets need torch and Pillow, which `show` must not wait for
    from paribus.inference.ensemble import Ensemble
    from paribus.inference.reading import Picture
    from paribus.report.figures import StudyFigures
    from paribus.report.files import ReportFormat
    from paribus.report.html.page import Section
    from paribus.standing.looks import ImageLook

OnEvent = Callable[[Event], None]
Progress = OnEvent | bool


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
    progress: Progress = False,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Train a study until it is decided or at its cap; runs recorded before are not trained again.

    Args:
        study: A study, a study file, or the name of a built-in study.
        store: Folder of the store; made where missing.
        workers: Worker processes of one thread each; one a core when left out.
        progress: True shows the runs at work, on the terminal or below the cell of a notebook; a callable is
            told every event instead.
        say: Called with a sentence about each step of fetching or decoding images, where that is needed, and
            with what there is to mind about them.

    Returns:
        How it ended: ``.verdict`` in numbers and words, ``.runs`` as records (variant to seed to record),
        ``.arrays()`` and ``.curves(variant)`` as NumPy arrays, ``.ending``.

    Raises:
        StudyError: If the study is not valid, or does not fit its data.
        DataError: If its images cannot be had.
        StoreError: If the store cannot be used.
        NumericsError: If there is something to train and the study was begun with other numerics.
    """
    layout = lay_out(read(study), progress=say)
    purpose = f"run {layout.study.name}"
    with _listener(progress) as tell, Store.writer(Path(store), purpose=purpose) as opened:
        return _run(layout, opened, _workers(workers), tell, _ignore if say is None else say)


def show(
    study: str | Path | Study,
    *,
    store: str | Path = DEFAULT_FOLDER,
    say: Callable[[str], None] | None = None,
) -> Standing:
    """How a study stands by the runs recorded so far; trains nothing.

    Args:
        study: A study, a study file, or the name of a built-in study.
        store: Folder of the store; one that does not exist is empty.
        say: Called with a sentence about each step of decoding own images, where that is needed.
    """
    asked = read(study)
    with Store.reader(Path(store)) as opened:
        stands = recall(lay_out(asked, progress=say), opened, study_digest=study_digest(asked))
        return with_noises(stands, opened)


def evidence(study: str | Path | Study, *, store: str | Path = DEFAULT_FOLDER) -> Evidence:
    """How a study stands with what lies behind its numbers: what a report is made of.

    Args:
        study: A study, a study file, or the name of a built-in study.
        store: Folder of the store; one that does not exist is empty.
    """
    asked = read(study)
    with Store.reader(Path(store)) as opened:
        stands = recall(lay_out(asked), opened, study_digest=study_digest(asked))
        return gather(with_noises(stands, opened), opened, now=time.time())


def figures(study: str | Path | Study, *, store: str | Path = DEFAULT_FOLDER) -> "StudyFigures":
    """The charts of a study by the runs recorded so far; a notebook shows each of them as it is.

    Args:
        study: A study, a study file, or the name of a built-in study.
        store: Folder of the store.

    Returns:
        ``.intervals``, ``.learning``, ``.differences``, ``.rounds`` and more; None for what has no data yet.
        ``.svg_file()`` of a chart is the text of an SVG file.
    """
    from paribus.report.figures import study_figures  # noqa: PLC0415 - only here is it needed
    from paribus.report.html.page import run_paths  # noqa: PLC0415

    behind = evidence(study, store=store)
    return study_figures(behind, run_paths(behind.standing))


def report(
    study: str | Path | Study,
    path: str | Path | None = None,
    *,
    format: "ReportFormat" = "html",  # noqa: A002 - the option's name
    store: str | Path = DEFAULT_FOLDER,
    asked: Sequence[str] = (),
    extra: "Sequence[Section]" = (),
) -> tuple[Path, ...]:
    """Write the report of a study by the runs recorded so far; trains nothing.

    Args:
        study: A study, a study file, or the name of a built-in study.
        path: The file, or the folder for ``svg``; named after the study when left out. What is there is
            replaced.
        format: ``html``: one file that works offline; ``md``; ``csv``: every run; ``json``: as `show --json`;
            ``svg``: the figures one by one.
        store: Folder of the store.
        asked: The study as the user named it, with the options that belong to it, for the commands in the
            report; its own name when left out.
        extra: Further sections of the page.

    Returns:
        The files written.

    Raises:
        UsageError: If a file cannot be written.
    """
    from paribus.report.files import report_files, write_report  # noqa: PLC0415 - only here is it needed

    behind = evidence(study, store=store)
    made_at = datetime.now(UTC).isoformat(timespec="minutes")
    inside = _inside(behind, Path(store)) if format == "html" else ()
    files = report_files(behind, format, asked=asked, extra=(*extra, *inside), made_at=made_at)
    where = None if path is None else Path(path)
    return write_report(files, format, where, study=behind.standing.layout.study.name)


def plan(
    study: str | Path | Study,
    *,
    store: str | Path = DEFAULT_FOLDER,
    workers: int | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[Standing, Forecast]:
    """What running a study would train, about how long that takes, and what difference it can find.

    Args:
        study: A study, a study file, or the name of a built-in study.
        store: Folder of the store; runs recorded there are not trained again.
        workers: As in `run`.
        say: As in `show`.
    """
    stands = show(study, store=store, say=say)
    layout = replace(stands.layout, data=data.surveyed(stands.layout.study.data))
    stands = replace(stands, layout=layout)
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
    with WorkerPool(min(_workers(workers), len(chosen)), stands.numerics) as pool, interrupts() as interrupt:
        data.fetch(stands.layout.study.data)
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


def ensemble(
    what: str, *, store: str | Path = DEFAULT_FOLDER, overrides: Mapping[str, str] | None = None
) -> "Ensemble":
    """Trained nets, loaded once to be asked often.

    Args:
        what: A run key or at least its first 6 digits, ``STUDY:VARIANT`` for all recorded seeds of a variant,
            or ``STUDY:VARIANT@SEED``; a study is a file, a built-in name, or a name registered in the store.
        store: Folder of the store.
        overrides: Dotted field to value, as the study was run with ``--set``.

    Returns:
        The nets; ``.probabilities(images)`` asks them, and `predict` takes them too.

    Raises:
        UsageError: If nothing of that name is recorded.
        StoreError: If the weights are not kept, or are damaged.
    """
    from paribus.inference.choosing import choose, read_weights  # noqa: PLC0415

    with Store.reader(Path(store)) as opened:
        chosen = choose(what, opened, overrides)
        weights = read_weights(chosen, opened)
    from paribus.inference.ensemble import Ensemble  # noqa: PLC0415 - loads torch; a mistake is told before

    return Ensemble(chosen, weights)


def predict(
    what: "str | Ensemble",
    images: "Picture | Iterable[Picture]",
    *,
    store: str | Path = DEFAULT_FOLDER,
    overrides: Mapping[str, str] | None = None,
    raw: bool = False,
    save_prepared: str | Path | None = None,
) -> list[Prediction]:
    """Classify pictures with trained nets; several nets vote by the mean of their probabilities.

    Args:
        what: As in `ensemble`, or what it returned.
        images: Files, Pillow images, or uint8 arrays ``(H, W)``, ``(H, W, channels)`` or ``(C, H, W)``.
            They are brought into the form of the dataset's images.
        store: Folder of the store.
        overrides: As in `ensemble`.
        raw: Take the pixels as they are; the pictures must have the dataset's size.
        save_prepared: Folder for PNG files of what the nets see.

    Returns:
        What the nets say of each picture: ``.name``, ``.probability``, ``.probabilities``, ``.agreement``.

    Raises:
        UsageError: If a picture cannot be used (all of them are named), or nothing of that name is recorded.
        StoreError: If the weights are not kept, or are damaged.
    """
    from paribus.inference.choosing import choose, read_weights  # noqa: PLC0415
    from paribus.inference.preparing import prepare  # noqa: PLC0415
    from paribus.inference.preparing import save_prepared as save  # noqa: PLC0415

    if isinstance(what, str):
        with Store.reader(Path(store)) as opened:
            chosen = choose(what, opened, overrides)
            prepared = prepare(images, chosen.data, resize=chosen.resize, raw=raw)
            weights = read_weights(chosen, opened)
        from paribus.inference.ensemble import Ensemble  # noqa: PLC0415 - loads torch; mistakes are told before

        nets = Ensemble(chosen, weights)
    else:
        asked = what.chosen
        nets, prepared = what, prepare(images, asked.data, resize=asked.resize, raw=raw)
    if save_prepared is not None:
        save(prepared, Path(save_prepared))
    return nets.predict(prepared)


def look(
    study: str | Path | Study,
    image: "str | Picture",
    *,
    store: str | Path = DEFAULT_FOLDER,
    variants: Sequence[str] | None = None,
    seed: int | None = None,
) -> "ImageLook":
    """What the trained nets of a study make of one image, layer by layer.

    Args:
        study: A study, a study file, or the name of a built-in study.
        image: A test image such as ``mnist:7`` or ``folder:flowers:7``, or a picture: a file, a Pillow
            image or a uint8 array.
        store: Folder of the store.
        variants: Names of the variants; all of them when left out.
        seed: Seed whose nets are looked into; the first when left out. The probabilities are those of all
            seeds.

    Returns:
        The values: ``.predictions`` by variant, ``.nets`` with their blocks; `paribus.standing.pixels` takes
        single values apart.

    Raises:
        UsageError: If the image cannot be used, or no net is there to be looked into.
        DataError: If the test images are not on this machine.
    """
    from paribus.inference.look_images import image_of  # noqa: PLC0415

    asked = read(study)
    layout = lay_out(asked)
    unknown = [name for name in variants or () if name not in layout.names]
    if unknown:
        raise UsageError(
            f"{asked.name} has no variant {unknown[0]}",
            expected=f"one of {', '.join(layout.names)}",
            found=unknown[0],
        )
    name, pixels, label = image_of(image, layout)
    with Store.reader(Path(store)) as opened:
        digest = study_digest(asked)
        standing = recall(layout, opened, study_digest=digest)
        from paribus.inference.look_study import StudyNets  # noqa: PLC0415 - loads torch; mistakes are told before

        nets = StudyNets.load(standing, digest, opened, variants=variants)
        return nets.look(name, pixels, label=label, seed=seed)


def export(
    what: str,
    path: str | Path | None = None,
    *,
    format: ExportFormat,  # noqa: A002 - the option's name
    store: str | Path = DEFAULT_FOLDER,
    overrides: Mapping[str, str] | None = None,
    force: bool = False,
) -> Exported:
    """Write one trained net to a file that other tools read.

    Args:
        what: A run key or at least its first 6 digits, or ``STUDY:VARIANT@SEED``.
        path: The file; named after study, variant and seed when left out.
        format: ``safetensors`` (the weights) or ``onnx`` (the whole net; takes the extra ``onnx``).
        store: Folder of the store.
        overrides: As in `ensemble`.
        force: Replace a file that exists.

    Raises:
        UsageError: If several nets are meant, the file exists, or the net cannot be exported.
        StoreError: If the weights are not kept, or are damaged.
    """
    from paribus.inference.choosing import choose, read_weights  # noqa: PLC0415
    from paribus.inference.export import export as write  # noqa: PLC0415
    from paribus.inference.export import require_one  # noqa: PLC0415

    with Store.reader(Path(store)) as opened:
        chosen = choose(what, opened, overrides)
        require_one(chosen, what)
        (weights,) = read_weights(chosen, opened)
    return write(chosen, weights, None if path is None else Path(path), format, force=force)


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
        begun = store.registration(study_digest(layout.study))
        numerics = None if begun is None else begun.numerics
        with WorkerPool(workers, numerics, log=log_folder.with_suffix(".workers.log")) as pool:
            data.fetch(layout.study.data, progress=say)
            layout = replace(layout, data=data.surveyed(layout.study.data))
            for note in layout.data.notes:
                say(f"{layout.data.name}: {note}")
            with interrupts() as interrupt:
                return run_study(layout, store, pool, on_event=on_event, interrupt=interrupt)


def _inside(behind: Evidence, store: Path) -> "tuple[Section, ...]":
    """The section that looks inside the nets at a few test images; none where no weights are kept."""
    standing = behind.standing
    kept = any(record.weights_file for runs in standing.runs.values() for record in runs.values())
    if not kept or behind.test is None:
        return ()
    from paribus.inference.look_images import telling_images  # noqa: PLC0415

    images = telling_images(behind)
    if not images:
        return ()
    from paribus.inference.look_study import StudyNets  # noqa: PLC0415 - loads torch, only where there are nets
    from paribus.report.look_sections import look_section  # noqa: PLC0415

    layout = standing.layout
    with Store.reader(store) as opened:
        nets = StudyNets.load(standing, study_digest(layout.study), opened)
        if not nets.ensembles:
            return ()
        looks = [
            (
                image.why,
                nets.look(
                    f"Test image {image.index} of {layout.data.name}",
                    behind.test.images[image.index],
                    label=int(behind.test.labels[image.index]),
                ),
            )
            for image in images
        ]
    return (look_section(looks, layout.names),)


def _listener(progress: Progress) -> AbstractContextManager[OnEvent]:
    if not isinstance(progress, bool):
        return nullcontext(progress)
    if not progress:
        return nullcontext(_ignore)
    from paribus.report.notebook import progress_report  # noqa: PLC0415 - only where something is shown

    return progress_report()


def _workers(asked: int | None) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if asked is None:
        return cores
    if not 1 <= asked <= 256:
        raise UsageError("workers is out of range", expected="a whole number from 1 to 256", found=str(asked))
    return asked


def _ignore(_: object) -> None:
    pass
