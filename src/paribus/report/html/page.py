"""The report of a study: its sections, and the one file that holds them all."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from paribus.report.charts.figure import Figure
from paribus.report.charts.theme import chart_css, variables_css
from paribus.report.figures import StudyFigures, study_figures
from paribus.report.html.answer import answer_section
from paribus.report.html.environment import Link, data_link, figure_view, render
from paribus.report.html.images import images_section
from paribus.report.html.layers import layers_section
from paribus.report.html.method import method_section
from paribus.report.html.runs import runs_section
from paribus.report.json_format import study_document
from paribus.report.standing_words import state_of
from paribus.standing import Evidence, Standing


@dataclass(frozen=True)
class Section:
    """A part of the report with a heading of its own.

    Attributes:
        identity: What links to it name; letters and hyphens.
        title: Its heading.
        body: What stands under it.
    """

    identity: str
    title: str
    body: Markup


def report_html(
    evidence: Evidence,
    *,
    asked: Sequence[str] = (),
    extra: Sequence[Section] = (),
    made_at: str = "",
) -> str:
    """A study as one HTML file that is complete without scripts and network.

    Args:
        evidence: The study with what lies behind its numbers.
        asked: The study as the user named it, with the options that belong to it; its own name when left out.
        extra: Further sections; they stand before the last two, runs and method.
        made_at: When it is made, ISO 8601; not told when left out.
    """
    standing = evidence.standing
    *shown, runs, method = report_sections(evidence, asked=asked)
    kind, state = state_of(standing)
    study = standing.layout.study
    style = stylesheet()
    page = render(
        "document.html",
        study=study.name,
        question=study.question or study.name,
        state=state,
        state_kind=kind.replace(" ", "-"),
        post_hoc=standing.verdict.post_hoc is not None,
        sections=[*shown, *extra, runs, method],
        style=Markup(style),  # noqa: S704 - our own file
        style_hash="sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii"),
        version=version("paribus"),
        made_at=made_at,
    )
    return str(page)


def report_sections(
    evidence: Evidence, *, asked: Sequence[str] = (), link: Link = data_link
) -> tuple[Section, ...]:
    """The sections of a study's report, in order.

    Args:
        evidence: The study with what lies behind its numbers.
        asked: As in `report_html`.
        link: Where a page finds files to save; inside the page itself when left out.
    """
    standing = evidence.standing
    named = tuple(asked) or (standing.layout.study.name,)
    paths = run_paths(standing)
    figures = study_figures(evidence, paths)
    return (
        Section("answer", "The answer", answer_section(standing, named)),
        Section("intervals", "Intervals", _intervals(standing, figures, link)),
        Section("curves", "Over training", _curves(standing, figures, link)),
        Section("seeds", "Seed by seed", _seeds(figures, link)),
        Section("images", "Classes and images", images_section(evidence, figures, link)),
        Section("layers", "Layers", layers_section(standing.layout)),
        Section("runs", "Runs", runs_section(evidence, paths, link)),
        Section("method", "How it was done", method_section(standing, named, link)),
    )


def with_activity(
    sections: Sequence[Section], evidence: Evidence, *, link: Link = data_link
) -> tuple[Section, ...]:
    """Sections of a study's report, of which that of the runs tells what is running now.

    Args:
        sections: As `report_sections` made them of the same runs.
        evidence: The study with its activity.
        link: As in `report_sections`.
    """
    runs = runs_section(evidence, run_paths(evidence.standing), link)
    return tuple(replace(one, body=runs) if one.identity == "runs" else one for one in sections)


def run_paths(standing: Standing) -> dict[tuple[str, int], str]:
    """(variant, seed) to the run's place in the document of ``--json``, such as ``runs.12``."""
    runs = study_document(standing)["runs"]
    return {(run["variant"], run["seed"]): f"runs.{index}" for index, run in enumerate(runs)}


@cache
def stylesheet() -> str:
    """The style sheet of the report: colours, page, charts."""
    folder = Path(__file__).parent
    page = "".join((folder / name).read_text(encoding="utf-8") for name in ("style.css", "look.css"))
    return variables_css() + page + chart_css()


def _intervals(standing: Standing, figures: StudyFigures, link: Link) -> Markup:
    if figures.intervals is None:
        return _figures([], ["There is no difference to show before the first round is complete."], link)
    waiting = [
        f"The first interval comes after {standing.verdict.rule.min_rounds} rounds."
        for contrast in standing.verdict.contrasts[:1]
        if contrast.low_pp is None
    ]
    return _figures([figures.intervals], waiting, link, level=0)


def _curves(standing: Standing, figures: StudyFigures, link: Link) -> Markup:
    drawn = [figure for figure in (figures.learning, figures.differences) if figure is not None]
    if drawn:
        return _figures(drawn, [], link)
    if not any(standing.runs.values()):
        return _figures([], ["There is no curve before the first run is finished."], link)
    words = (
        "Each run was measured once, at the end of training, so there is no curve to draw; "
        "`protocol.evaluate_every` asks for measurements on the way."
    )
    return _figures([], [words], link)


def _seeds(figures: StudyFigures, link: Link) -> Markup:
    if figures.rounds is None:
        return _figures([], ["There is no run to show yet."], link)
    return _figures([figures.rounds], [], link, level=0)


def _figures(drawn: Sequence[Figure], sentences: Sequence[str], link: Link, *, level: int = 3) -> Markup:
    views = [figure_view(figure, link) for figure in drawn]
    values: Mapping[str, object] = {"sentences": sentences, "views": views, "level": level}
    return render("figures.html", **values)
