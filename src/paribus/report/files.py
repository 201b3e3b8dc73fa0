"""Reports as files: which forms there are, what they are called, and the way onto the disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from paribus.errors import UsageError
from paribus.report.figures import study_figures
from paribus.report.html.page import Section, report_html, run_paths
from paribus.report.json_format import as_json, study_document
from paribus.report.markdown import report_markdown
from paribus.report.runs_csv import runs_csv
from paribus.standing import Evidence
from paribus.store.durable import write_durably

ReportFormat = Literal["html", "md", "csv", "json", "svg"]


def report_files(
    evidence: Evidence,
    form: ReportFormat,
    *,
    asked: Sequence[str] = (),
    extra: Sequence[Section] = (),
    made_at: str = "",
) -> dict[str, str]:
    """The files of a report, name to text: one, or for `svg` one a figure.

    Args:
        evidence: The study with what lies behind its numbers.
        form: ``html``, ``md``, ``csv`` (every run), ``json`` (the document of ``show``) or ``svg``.
        asked: The study as the user named it, with the options that belong to it; its own name when left out.
        extra: Further sections of the page.
        made_at: When it is made, ISO 8601; not told when left out.
    """
    standing = evidence.standing
    if form == "svg":
        figures = study_figures(evidence, run_paths(standing))
        return {f"{figure.name}.svg": figure.svg_file() for figure in figures}
    name = f"{standing.layout.study.name}-report.{form}"
    match form:
        case "html":
            return {name: report_html(evidence, asked=asked, extra=extra, made_at=made_at)}
        case "md":
            return {name: report_markdown(evidence, asked=asked)}
        case "csv":
            return {name: runs_csv(standing)}
        case "json":
            return {name: as_json(study_document(standing)) + "\n"}


def write_report(
    files: dict[str, str], form: ReportFormat, path: Path | None, *, study: str
) -> tuple[Path, ...]:
    """Write the files of a report; each aside first and then moved, over an earlier one of that name.

    Args:
        files: Name to text.
        form: Their form.
        path: The file, or the folder for `svg`; named after the study when left out.
        study: Name of the study.

    Returns:
        The files written.

    Raises:
        UsageError: If one cannot be written; names it.
    """
    if form != "svg":
        ((name, text),) = files.items()
        return (_write(Path(name) if path is None else path, text),)
    folder = Path(f"{study}-figures") if path is None else path
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error.strerror or type(error).__name__) from None
    return tuple(_write(folder / name, text) for name, text in files.items())


def _write(path: Path, text: str) -> Path:
    if not path.parent.is_dir():
        raise _unwritable(path, f"no folder {path.parent}")
    try:
        write_durably(path, text.encode())
    except OSError as error:
        raise _unwritable(path, error.strerror or type(error).__name__) from None
    return path


def _unwritable(path: Path, found: str) -> UsageError:
    return UsageError(
        f"{path} cannot be written",
        expected="a name in a folder that exists and that this user may write to",
        found=found,
        means="the report was not written; the study is as it was",
        mend="name another place with -o",
    )
