"""The command line: arguments in, exit codes out. Joins execute's events with report's renderers only.

Rooms are imported by the command that needs them, so that `--help` and `show` start at once.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from paribus.errors import ParibusError, UsageError

if TYPE_CHECKING:  # for annotations only: these imports are what `--help` must not wait for
    from rich.console import Console, RenderableType

    from paribus.spec import Study
    from paribus.verdict import Verdict

EXIT_RUN_FAILED, EXIT_USAGE, EXIT_NOT_SUPPORTED, EXIT_UNDECIDED, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

app = App(
    name="paribus",
    help="All else equal: is this design choice of a convolutional network really better?",
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
    result_action="return_value",
)
data_app = App(name="data", help="List, fetch and show datasets.", help_format="plaintext")
app.command(data_app)

_OUTPUT = Group("Output")

StudyName = Annotated[str, Parameter(help="A study file, or a built-in study such as mnist-pooling.")]
StoreFolder = Annotated[
    Path, Parameter(name="--store", env_var="PARIBUS_STORE", help="Folder where runs are kept.")
]
Overrides = Annotated[
    list[str] | None,
    Parameter(
        name="--set",
        consume_multiple=False,
        help="Override a field of the study, as in net.pool=avg; repeatable.",
    ),
]
Workers = Annotated[
    int | None,
    Parameter(
        name="--workers",
        env_var="PARIBUS_WORKERS",
        help="Worker processes of one thread; one a core when left out.",
    ),
]
AsJson = Annotated[
    bool,
    Parameter(
        name="--json", group=_OUTPUT, help="Print one JSON document (docs/formats.md) instead of text."
    ),
]
Verbose = Annotated[
    bool, Parameter(name=["--verbose", "-v"], group=_OUTPUT, help="Print every evaluation of every run.")
]

_DEFAULT_STORE = Path("paribus-store")


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: As typed, without the program's name.

    Returns:
        The exit code: 0 done, 1 failed, 2 usage, 3 and 4 with ``run --expect``, 130 interrupted.
    """
    try:
        code = app(arguments, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        return _complain(f"{_plain(error)}\n  to mend it: see `paribus --help`", EXIT_USAGE)
    except ParibusError as error:
        return _complain(str(error), EXIT_USAGE if isinstance(error, UsageError) else EXIT_RUN_FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted; everything recorded is safe", EXIT_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has had enough
        return 0
    except Exception as error:
        if os.environ.get("PARIBUS_DEBUG"):
            raise
        return _complain(
            f"internal error: {type(error).__name__}: {error}\n"
            "  this means: a fault of paribus, not of yours; everything recorded is safe\n"
            "  to mend it: please report it with what PARIBUS_DEBUG=1 prints",
            EXIT_RUN_FAILED,
        )
    return code if isinstance(code, int) else 0


@app.command
def run(
    study: StudyName,
    *,
    store: StoreFolder = _DEFAULT_STORE,
    overrides: Overrides = None,
    max_rounds: Annotated[int | None, Parameter(help="End after so many seed rounds at the latest.")] = None,
    workers: Workers = None,
    expect: Annotated[bool, Parameter(help="Exit with 3 or 4 unless every claim is supported.")] = False,
    verbose: Verbose = False,
    json: AsJson = False,
) -> int:
    """Train a study until it is decided; goes on where it was stopped."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_format import as_json, study_document  # noqa: PLC0415
    from paribus.report.live import EventReport  # noqa: PLC0415
    from paribus.report.verdict_text import verdict_text  # noqa: PLC0415

    asked = _read(study, overrides, max_rounds)
    with EventReport(_console(sys.stderr), clock=time.monotonic, verbose=verbose) as report:
        outcome = api.run(asked, store=store, workers=workers, progress=report, say=_tell)
    if json:
        sys.stdout.write(as_json(study_document(outcome.standing, ending=outcome.ending)) + "\n")
    else:
        _print(verdict_text(outcome.standing, asked=_asked(study, store, overrides)))
    if outcome.ending == "interrupted":
        return EXIT_INTERRUPTED
    if outcome.standing.failures:
        return EXIT_RUN_FAILED
    return _expected(outcome.verdict) if expect else 0


@app.command
def plan(
    study: StudyName,
    *,
    store: StoreFolder = _DEFAULT_STORE,
    overrides: Overrides = None,
    workers: Workers = None,
    json: AsJson = False,
) -> None:
    """Show what would run: variants, layers, FLOPs, time, and what difference can be found."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_format import as_json, plan_document  # noqa: PLC0415
    from paribus.report.plan_text import plan_text  # noqa: PLC0415

    standing, forecast = api.plan(_read(study, overrides), store=store, workers=workers)
    if json:
        sys.stdout.write(as_json(plan_document(standing, forecast)) + "\n")
    else:
        _print(plan_text(standing, forecast))


@app.command
def show(
    study: StudyName,
    *,
    store: StoreFolder = _DEFAULT_STORE,
    overrides: Overrides = None,
    max_rounds: Annotated[int | None, Parameter(help="The study with this many rounds at the most.")] = None,
    json: AsJson = False,
) -> None:
    """Show a study's verdict from the runs so far; trains nothing."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_format import as_json, study_document  # noqa: PLC0415
    from paribus.report.verdict_text import verdict_text  # noqa: PLC0415

    standing = api.show(_read(study, overrides, max_rounds), store=store)
    if json:
        sys.stdout.write(as_json(study_document(standing)) + "\n")
    else:
        _print(verdict_text(standing, asked=_asked(study, store, overrides)))


@app.command
def judge(
    file: Annotated[Path, Parameter(help="CSV with columns variant, seed, accuracy (percent).")],
    *,
    claim: Annotated[
        list[str] | None,
        Parameter(consume_multiple=False, help="A claim such as 'a < b' or 'a ~ b'; repeatable."),
    ] = None,
    alpha: Annotated[float, Parameter(help="Probability that some interval misses its difference.")] = 0.05,
    margin: Annotated[float, Parameter(help="Differences within so many pp count as equivalent.")] = 0.1,
    min_rounds: Annotated[int, Parameter(help="Seed rounds before the first look.")] = 3,
    max_rounds: Annotated[int, Parameter(help="Seed rounds after which the study ends.")] = 20,
    images: Annotated[
        int | None, Parameter(help="Test images behind an accuracy; 10,000 when left out.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Judge results trained elsewhere, by the looks that `run` would have taken."""
    from paribus.report.json_commands import verdict_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415
    from paribus.report.verdict_text import judged_text  # noqa: PLC0415
    from paribus.verdict import DEFAULT_IMAGES, Rule  # noqa: PLC0415
    from paribus.verdict import judge as judge_rounds  # noqa: PLC0415
    from paribus.verdict.results import read_results  # noqa: PLC0415

    verdict = judge_rounds(
        read_results(file),
        claims=claim or (),
        rule=Rule(alpha, margin, min_rounds, max_rounds),
        images=DEFAULT_IMAGES if images is None else images,
    )
    if json:
        sys.stdout.write(as_json(verdict_document(verdict)) + "\n")
    else:
        _print(judged_text(verdict))


@app.command
def verify(
    study: StudyName,
    *,
    runs: Annotated[int, Parameter(help="How many recorded runs to train again.")] = 3,
    store: StoreFolder = _DEFAULT_STORE,
    overrides: Overrides = None,
    workers: Workers = None,
    json: AsJson = False,
) -> int:
    """Train a sample of the recorded runs again and compare the bits."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_commands import verify_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415
    from paribus.report.verify_text import comparison_line, verify_text  # noqa: PLC0415

    console = _console(sys.stderr)
    comparisons = api.verify(
        _read(study, overrides),
        runs=runs,
        store=store,
        workers=workers,
        progress=lambda comparison: console.print(comparison_line(comparison), markup=False, highlight=False),
    )
    if json:
        sys.stdout.write(as_json(verify_document(comparisons)) + "\n")
    else:
        _print(verify_text(comparisons, runs))
    return EXIT_RUN_FAILED if any(one.same_numerics and one.differing for one in comparisons) else 0


@app.command
def doctor(
    *,
    mend: Annotated[bool, Parameter(help="First put a damaged store in order.")] = False,
    store: StoreFolder = _DEFAULT_STORE,
    workers: Workers = None,
    json: AsJson = False,
) -> int:
    """Show what this machine has and what paribus will use."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.doctor_text import doctor_text  # noqa: PLC0415
    from paribus.report.json_commands import doctor_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415

    for sentence in api.mend(store) if mend else ():
        _tell(sentence)
    facts = tuple(api.doctor(store=store, workers=workers))
    if json:
        sys.stdout.write(as_json(doctor_document([astuple(fact) for fact in facts])) + "\n")
    else:
        _print(doctor_text([(fact.name, fact.value, fact.note) for fact in facts]))
    return 0 if all(fact.sound for fact in facts) else EXIT_RUN_FAILED


@data_app.command(name="list")
def data_list(*, json: AsJson = False) -> None:
    """List the datasets that paribus knows."""
    from paribus import data  # noqa: PLC0415
    from paribus.report.data_text import data_text  # noqa: PLC0415
    from paribus.report.json_commands import data_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415

    cached = {entry.name for entry in data.datasets() if data.is_cached(entry.name)}
    if json:
        sys.stdout.write(as_json(data_document(data.datasets(), cached)) + "\n")
    else:
        _print(data_text(data.datasets(), cached))


@data_app.command(name="fetch")
def data_fetch(
    name: Annotated[str, Parameter(help="Name of the dataset.")],
    *,
    folder: Annotated[Path | None, Parameter(help="A folder that holds its files already.")] = None,
    json: AsJson = False,
) -> None:
    """Bring a dataset into the cache, checked byte for byte."""
    from paribus import data  # noqa: PLC0415
    from paribus.report.data_text import fetched_text  # noqa: PLC0415
    from paribus.report.json_commands import fetched_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415

    fetched = data.fetch(name, folder=folder, progress=_tell)
    if json:
        sys.stdout.write(as_json(fetched_document(fetched)) + "\n")
    else:
        _print(fetched_text(fetched))


@data_app.command(name="show")
def data_show(
    name: Annotated[str, Parameter(help="Name of the dataset.")],
    *,
    split: Annotated[Literal["train", "test"], Parameter(help="Which images.")] = "test",
    index: Annotated[int, Parameter(help="Which of them, from 0.")] = 0,
    png: Annotated[Path | None, Parameter(help="Write the picture to this file instead.")] = None,
    json: AsJson = False,
) -> None:
    """Show an image of a dataset and its label."""
    from paribus import data  # noqa: PLC0415
    from paribus.report.data_text import image_caption  # noqa: PLC0415
    from paribus.report.json_commands import image_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415
    from paribus.report.picture import as_text, write_png  # noqa: PLC0415

    dataset = data.load(name, progress=_tell)
    images = dataset.train if split == "train" else dataset.test
    try:
        label = images[index][1]
    except IndexError as error:
        raise UsageError(f"--index {index}: {error}") from None
    pixels = images.images[index]
    if png is not None:
        write_png(pixels, png)
    if json:
        sys.stdout.write(as_json(image_document(dataset, split, index, label, pixels)) + "\n")
    else:
        if png is None:
            color = _console(sys.stdout).color_system == "truecolor"
            sys.stdout.write(as_text(pixels, color=color) + "\n")
        sys.stdout.write(image_caption(dataset, split, index, label, png) + "\n")


def _read(study: str, overrides: list[str] | None, max_rounds: int | None = None) -> "Study":
    from paribus.spec import Study, locate, parse_override  # noqa: PLC0415

    fields = dict(map(parse_override, overrides or ()))
    if max_rounds is not None:
        fields["decision.max_rounds"] = str(max_rounds)
    return Study.read(locate(study), fields)


def _asked(study: str, store: Path, overrides: list[str] | None) -> list[str]:
    """What the user typed to name the study, to be repeated in commands to type next."""
    options = [word for override in overrides or () for word in ("--set", override)]
    return [study, *options, *(() if store == _DEFAULT_STORE else ("--store", str(store)))]


def _expected(verdict: "Verdict") -> int:
    """Exit code of ``--expect``: a claim refuted or not supported outweighs one undecided."""
    answers = {claim.verdict for claim in verdict.claims}
    if answers & {"refuted", "not supported"}:
        return EXIT_NOT_SUPPORTED
    return EXIT_UNDECIDED if "undecided" in answers or not verdict.decided else 0


def _console(stream: object) -> "Console":
    from rich.console import Console  # noqa: PLC0415

    return Console(stderr=stream is sys.stderr)


def _print(content: "RenderableType") -> None:
    _console(sys.stdout).print(content)


def _tell(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"paribus: {message}\n")
    return code


def _plain(error: CycloptsError) -> str:
    """A parser's message on one line, without the boxes that it may bring."""
    return " ".join(str(error).split())


if __name__ == "__main__":
    main()
