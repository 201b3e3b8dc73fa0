"""Pages as HTML: templates with values put in, every text cleaned and escaped."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from paribus.report.html.page import stylesheet
from paribus.report.terminal import clean

_FOLDER = Path(__file__).parent

Links = Sequence[tuple[str, str]]
"""Name and address of the pages that a page leads to."""


class Pages:
    """Makes the pages.

    Args:
        store: Where the studies are, as the reader knows it.
    """

    def __init__(self, store: Path) -> None:
        self._shared = {"store": str(store), "version": version("paribus")}

    def page(self, template: str, *, links: Links = (), here: str = "", **values: Any) -> str:  # noqa: ANN401
        """A page.

        Args:
            template: File name of its template.
            links: The pages that it leads to.
            here: Which of them it is.
            values: Whatever the template takes.
        """
        return _ENVIRONMENT.get_template(template).render(**self._shared, links=links, here=here, **values)


@cache
def static_files() -> dict[str, tuple[str, bytes]]:
    """Name to media type and content of the files that pages load."""
    folder = _FOLDER / "static"
    style = stylesheet() + (folder / "page.css").read_text(encoding="utf-8")
    return {
        "style.css": ("text/css; charset=utf-8", style.encode()),
        "page.js": ("text/javascript; charset=utf-8", (folder / "page.js").read_bytes()),
        "icon.svg": ("image/svg+xml", (folder / "icon.svg").read_bytes()),
    }


def _finished(value: object) -> object:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_finished,
    trim_blocks=True,
    lstrip_blocks=True,
)
