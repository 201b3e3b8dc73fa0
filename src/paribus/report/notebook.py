"""A study at work in a notebook: the live view as text below the cell, drawn again in its place."""

import io
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console

from paribus.report.event_lines import event_line
from paribus.report.live import Clock, EventReport, StudyView
from paribus.standing import Event, RunFailed, StudyStarted, StudyStopped

_SECONDS_BETWEEN_DRAWINGS = 0.5
_WIDTH, _HEIGHT = 100, 40


def progress_report() -> "AbstractContextManager[EventReport | NotebookReport]":
    """What shows a running study where this process runs: in a notebook, on a terminal, or line by line."""
    if Console().is_jupyter:
        return nullcontext(NotebookReport(cell_output(), clock=time.monotonic))
    return EventReport(Console(stderr=True), clock=time.monotonic)


class NotebookReport:
    """Shows a study's events as one text that changes; called with each of them.

    Args:
        show: Puts a text in the place of the one before.
        clock: Seconds that only go up, such as `time.monotonic`.
    """

    def __init__(self, show: Callable[[str], None], *, clock: Clock) -> None:
        self._show = show
        self._clock = clock
        self._lines: list[str] = []
        self._view: StudyView | None = None
        self._drawn_at = float("-inf")

    def __call__(self, event: Event) -> None:
        """Show one event: beginning, failures and end in a line that stays, anything else in the view."""
        if isinstance(event, StudyStarted | RunFailed | StudyStopped):
            self._lines.append(event_line(event))
        if isinstance(event, StudyStarted):
            self._view = StudyView(event, self._clock)
        elif isinstance(event, StudyStopped):
            self._view = None
        elif self._view is not None:
            self._view.note(event)
        now = self._clock()
        if (
            isinstance(event, StudyStarted | StudyStopped)
            or now - self._drawn_at >= _SECONDS_BETWEEN_DRAWINGS
        ):
            self._drawn_at = now
            self._show(self._text())

    def _text(self) -> str:
        file = io.StringIO()
        if self._view is not None:
            console = Console(file=file, width=_WIDTH, height=_HEIGHT, force_jupyter=False)
            console.print(self._view)
        return "\n".join([*self._lines, *(line.rstrip() for line in file.getvalue().splitlines())])


def cell_output() -> Callable[[str], None]:
    """Shows a text below the notebook's cell at work; a further text takes the place of the one before."""
    from IPython.display import DisplayHandle  # noqa: PLC0415 - is there where a notebook runs

    handle = DisplayHandle()
    tell: Callable[..., object] = handle.display

    def show(text: str) -> None:
        nonlocal tell
        tell({"text/plain": text}, raw=True)
        tell = handle.update

    return show
