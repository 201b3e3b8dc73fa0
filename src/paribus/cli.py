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

from cyclopts import App, CycloptsError, Parameter

from paribus.cli_data import data_app
from paribus.cli_page import look, serve
from paribus.cli_parts import (
    DEFAULT_STORE,
    OUTPUT,
    AsJson,
    Overrides,
    StoreFolder,
    StudyName,
    console,
    fields_of,
    tell,
)
from paribus.cli_parts import show as show_result
from paribus.errors import ParibusError, UsageError

if TYPE_CHECKING:  # for annotations only: these imports are what `--help` must not wait for
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
app.command(data_app)
app.command(serve)
app.command(look)

TrainedNets = Annotated[
    str,
    Parameter(
        help="STUDY:VARIANT for all recorded seeds of a variant, STUDY:VARIANT@SEED for one, or the first 6 "
        "or more digits of a run key."
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
Verbose = Annotated[
    bool, Parameter(name=["--verbose", "-v"], group=OUTPUT, help="Print every evaluation of every run.")
]


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
    store: StoreFolder = DEFAULT_STORE,
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
    with EventReport(console(sys.stderr), clock=time.monotonic, verbose=verbose) as report:
        outcome = api.run(asked, store=store, workers=workers, progress=report, say=tell)
    if json:
        sys.stdout.write(as_json(study_document(outcome.standing, ending=outcome.ending)) + "\n")
    else:
        show_result(verdict_text(outcome.standing, asked=_asked(study, store, overrides)))
    if outcome.ending == "interrupted":
        return EXIT_INTERRUPTED
    if outcome.standing.failures:
        return EXIT_RUN_FAILED
    return _expected(outcome.verdict) if expect else 0


@app.command
def plan(
    study: StudyName,
    *,
    store: StoreFolder = DEFAULT_STORE,
    overrides: Overrides = None,
    workers: Workers = None,
    json: AsJson = False,
) -> None:
    """Show what would run: variants, layers, FLOPs, time, and what difference can be found."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_format import as_json, plan_document  # noqa: PLC0415
    from paribus.report.plan_text import plan_text  # noqa: PLC0415

    standing, forecast = api.plan(_read(study, overrides), store=store, workers=workers, say=tell)
    if json:
        sys.stdout.write(as_json(plan_document(standing, forecast)) + "\n")
    else:
        show_result(plan_text(standing, forecast))


@app.command
def show(
    study: StudyName,
    *,
    store: StoreFolder = DEFAULT_STORE,
    overrides: Overrides = None,
    max_rounds: Annotated[int | None, Parameter(help="The study with this many rounds at the most.")] = None,
    json: AsJson = False,
) -> None:
    """Show a study's verdict from the runs so far; trains nothing."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_format import as_json, study_document  # noqa: PLC0415
    from paribus.report.verdict_text import verdict_text  # noqa: PLC0415

    standing = api.show(_read(study, overrides, max_rounds), store=store, say=tell)
    if json:
        sys.stdout.write(as_json(study_document(standing)) + "\n")
    else:
        show_result(verdict_text(standing, asked=_asked(study, store, overrides)))


@app.command
def report(
    study: StudyName,
    *,
    output: Annotated[
        Path | None,
        Parameter(
            name=["--output", "-o"],
            help="The file, or the folder for svg; named after the study when left out. Replaces an old one.",
        ),
    ] = None,
    form: Annotated[
        Literal["html", "md", "csv", "json", "svg"],
        Parameter(
            name="--format",
            help="html: one file that works offline; md: text; csv: every run; json: as show --json; "
            "svg: the figures one by one.",
        ),
    ] = "html",
    store: StoreFolder = DEFAULT_STORE,
    overrides: Overrides = None,
    max_rounds: Annotated[int | None, Parameter(help="The study with this many rounds at the most.")] = None,
) -> None:
    """Write a study's report from the runs so far; trains nothing."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.numbers import size  # noqa: PLC0415

    asked = _asked(study, store, overrides)
    written = api.report(_read(study, overrides, max_rounds), output, format=form, store=store, asked=asked)
    for path in written:
        sys.stdout.write(f"{path} ({size(path.stat().st_size)})\n")
    if not written:
        tell("there is no figure to draw before the first run is finished")


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
        show_result(judged_text(verdict))


@app.command
def verify(
    study: StudyName,
    *,
    runs: Annotated[int, Parameter(help="How many recorded runs to train again.")] = 3,
    store: StoreFolder = DEFAULT_STORE,
    overrides: Overrides = None,
    workers: Workers = None,
    json: AsJson = False,
) -> int:
    """Train a sample of the recorded runs again and compare the bits."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_commands import verify_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415
    from paribus.report.verify_text import comparison_line, verify_text  # noqa: PLC0415

    output = console(sys.stderr)
    comparisons = api.verify(
        _read(study, overrides),
        runs=runs,
        store=store,
        workers=workers,
        progress=lambda comparison: output.print(comparison_line(comparison), markup=False, highlight=False),
    )
    if json:
        sys.stdout.write(as_json(verify_document(comparisons)) + "\n")
    else:
        show_result(verify_text(comparisons, runs))
    return EXIT_RUN_FAILED if any(one.same_numerics and one.differing for one in comparisons) else 0


@app.command
def predict(
    what: TrainedNets,
    *images: Annotated[Path, Parameter(help="Pictures: PNG, JPEG, WebP and others.")],
    store: StoreFolder = DEFAULT_STORE,
    overrides: Overrides = None,
    raw: Annotated[
        bool, Parameter(help="Take the pixels as they are; the pictures must have the dataset's size.")
    ] = False,
    save_prepared: Annotated[
        Path | None, Parameter(help="Folder for PNG files of what the nets see.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Classify your own pictures with trained nets; several seeds vote."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_commands import predict_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415
    from paribus.report.predict_text import predict_text  # noqa: PLC0415

    predictions = api.predict(
        what, images, store=store, overrides=fields_of(overrides), raw=raw, save_prepared=save_prepared
    )
    if json:
        sys.stdout.write(as_json(predict_document(predictions)) + "\n")
    else:
        show_result(predict_text(predictions))


@app.command
def export(
    what: TrainedNets,
    *,
    form: Annotated[
        Literal["onnx", "safetensors"],
        Parameter(name="--format", help="onnx: the whole net; safetensors: its weights."),
    ],
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="The file; named after the run when left out."),
    ] = None,
    force: Annotated[bool, Parameter(help="Replace a file that exists.")] = False,
    store: StoreFolder = DEFAULT_STORE,
    overrides: Overrides = None,
    json: AsJson = False,
) -> None:
    """Write one trained net to a file that other tools read."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_commands import exported_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415
    from paribus.report.predict_text import exported_text  # noqa: PLC0415

    exported = api.export(what, output, format=form, store=store, overrides=fields_of(overrides), force=force)
    if json:
        sys.stdout.write(as_json(exported_document(exported)) + "\n")
    else:
        sys.stdout.write(exported_text(exported) + "\n")


@app.command
def doctor(
    *,
    mend: Annotated[bool, Parameter(help="First put a damaged store in order.")] = False,
    store: StoreFolder = DEFAULT_STORE,
    workers: Workers = None,
    json: AsJson = False,
) -> int:
    """Show what this machine has and what paribus will use."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.doctor_text import doctor_text  # noqa: PLC0415
    from paribus.report.json_commands import doctor_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415

    for sentence in api.mend(store) if mend else ():
        tell(sentence)
    facts = tuple(api.doctor(store=store, workers=workers))
    if json:
        sys.stdout.write(as_json(doctor_document([astuple(fact) for fact in facts])) + "\n")
    else:
        show_result(doctor_text([(fact.name, fact.value, fact.note) for fact in facts]))
    return 0 if all(fact.sound for fact in facts) else EXIT_RUN_FAILED


def _read(study: str, overrides: list[str] | None, max_rounds: int | None = None) -> "Study":
    from paribus.spec import Study, locate  # noqa: PLC0415

    fields = fields_of(overrides)
    if max_rounds is not None:
        fields["decision.max_rounds"] = str(max_rounds)
    return Study.read(locate(study), fields)


def _asked(study: str, store: Path, overrides: list[str] | None) -> list[str]:
    """What the user typed to name the study, to be repeated in commands to type next."""
    options = [word for override in overrides or () for word in ("--set", override)]
    return [study, *options, *(() if store == DEFAULT_STORE else ("--store", str(store)))]


def _expected(verdict: "Verdict") -> int:
    """Exit code of ``--expect``: a claim refuted or not supported outweighs one undecided."""
    answers = {claim.verdict for claim in verdict.claims}
    if answers & {"refuted", "not supported"}:
        return EXIT_NOT_SUPPORTED
    return EXIT_UNDECIDED if "undecided" in answers or not verdict.decided else 0


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"paribus: {message}\n")
    return code


def _plain(error: CycloptsError) -> str:
    """A parser's message on one line, without the boxes that it may bring."""
    return " ".join(str(error).split())


if __name__ == "__main__":
    main()
