"""Templates and the ways from values into them: escaping, cleaning, numbers in full, links to files."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from paribus.report.charts.figure import Figure
from paribus.report.charts.svg import inline
from paribus.report.tables import Number, Table, as_csv
from paribus.report.terminal import clean

Link = Callable[[str, str, str], str]
"""From a file's name, media type and text to where a page finds it."""

_FOLDER = Path(__file__).parent

_UNIT = re.compile(r"(?<=\d) (?=(?:pp|rounds?|runs?|images?)\b|%)")
"""The space between a number and its unit."""


@dataclass(frozen=True)
class FigureView:
    """A figure as the templates take it.

    Attributes:
        name: Stem of its files.
        title: What it is called.
        caption: How to read it.
        drawings: Inline SVG, for wide and narrow places where there are two.
        small: Whether the one drawing is small.
        table: The values drawn.
        csv: Where the table is as a file.
        svg: Where the chart is as a file.
    """

    name: str
    title: str
    caption: str
    drawings: tuple[Markup, ...]
    small: bool
    table: Table
    csv: str
    svg: str


def data_link(_name: str, media_type: str, text: str) -> str:
    """A file as a data URI, which needs no place to be fetched from."""
    return f"data:{media_type};base64,{base64.b64encode(text.encode()).decode('ascii')}"


def figure_view(figure: Figure, link: Link) -> FigureView:
    """A figure with its drawings as HTML and its files as links."""
    kinds = ("only",) if len(figure.drawings) == 1 else ("wide", "narrow")
    return FigureView(
        name=figure.name,
        title=figure.title,
        caption=figure.caption,
        drawings=tuple(
            inline(
                drawing,
                title=figure.title,
                description=figure.description,
                identity=f"{figure.name}-{kind}",
                css=kind,
            )
            for drawing, kind in zip(figure.drawings, kinds, strict=True)
        ),
        small=len(figure.drawings) == 1,
        table=figure.table,
        csv=link(f"{figure.name}.csv", "text/csv;charset=utf-8", as_csv(figure.table)),
        svg=link(f"{figure.name}.svg", "image/svg+xml", figure.svg_file()),
    )


def render(template: str, **values: Any) -> Markup:  # noqa: ANN401 - whatever the template takes
    """A template with values put in; every text is cleaned of control characters and escaped."""
    return Markup(_ENVIRONMENT.get_template(template).render(**values))  # noqa: S704 - autoescaped


def _finished(value: object) -> object:
    """What stands in the page for a value: text on one line, without control characters; markup as it is."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _full(value: float) -> str:
    """A number as ``--json`` writes it."""
    return json.dumps(value)


def _moment(iso: str) -> str:
    """A time as ``23 November 2026, 09:15 UTC``."""
    at = datetime.fromisoformat(iso)
    return f"{at.day} {at:%B %Y, %H:%M} {at.tzname() or ''}".rstrip()


def _bound(text: str) -> Markup:
    """A sentence whose numbers stay on one line with their units."""
    return Markup(_UNIT.sub("\N{NO-BREAK SPACE}", str(escape(clean(text)))))  # noqa: S704 - just escaped


def _is_number_cell(value: object) -> bool:
    return isinstance(value, Number)


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_finished,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(bound=_bound, full=_full, moment=_moment, thousands="{:,}".format)
_ENVIRONMENT.tests["number_cell"] = _is_number_cell
