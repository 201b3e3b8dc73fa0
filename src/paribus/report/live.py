"""What a running study shows while it works: a live table on a terminal, plain lines anywhere else.

Draws only when told of an event: no thread runs beside the one that starts worker processes.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from paribus.report.answers import answer, answer_style
from paribus.report.event_lines import event_line
from paribus.report.forecast import remaining_work
from paribus.report.numbers import count, duration
from paribus.report.run_grid import RunGrid
from paribus.report.terminal import Legible, said
from paribus.standing import (
    Event,
    RoundJudged,
    RunEvaluated,
    RunFailed,
    RunStepped,
    StudyStarted,
    StudyStopped,
)

_SECONDS_BETWEEN_DRAWINGS = 0.1

Clock = Callable[[], float]


class EventReport:
    """Shows a study's events on a console; called with each of them, inside its ``with`` block.

    Args:
        console: Where to; progress belongs on stderr.
        clock: Seconds that only go up, such as `time.monotonic`.
        verbose: Whether to print every evaluation too.
    """

    def __init__(self, console: Console, *, clock: Clock, verbose: bool = False) -> None:
        self._console = console
        self._clock = clock
        self._verbose = verbose
        self._live: Live | None = None
        self._view: StudyView | None = None
        self._drawn_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, StudyStopped):
            self._stop()
        if self._is_told(event):
            self._console.print(Legible(Text(event_line(event))), soft_wrap=True)
        if isinstance(event, StudyStarted) and self._console.is_interactive:
            self._start(event)
        elif self._view is not None:
            self._view.note(event)
            self._draw(at_once=not isinstance(event, RunStepped | RunEvaluated))

    def _is_told(self, event: Event) -> bool:
        """Whether an event gets a line of its own; the live table shows most of them by itself."""
        if isinstance(event, RunStepped):
            return False
        if isinstance(event, RunEvaluated):
            return self._verbose
        return self._live is None or isinstance(event, RunFailed)

    def _start(self, event: StudyStarted) -> None:
        self._view = StudyView(event, self._clock)
        self._live = Live(
            self._view,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            vertical_overflow="crop",
        )
        self._live.start(refresh=True)

    def _draw(self, *, at_once: bool) -> None:
        now = self._clock()
        if self._live is not None and (at_once or now - self._drawn_at >= _SECONDS_BETWEEN_DRAWINGS):
            self._drawn_at = now
            self._live.refresh()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
        self._live = self._view = None


class StudyView:
    """A running study, rendered to fit the terminal: headline, grid of runs, provisional verdict.

    Args:
        started: The beginning of the study.
        clock: As for `EventReport`.
    """

    def __init__(self, started: StudyStarted, clock: Clock) -> None:
        self._clock = clock
        self._standing = started.standing
        self._grid = RunGrid(started.standing)
        work = remaining_work(started.standing, started.seconds_a_run, started.workers)
        self._ends_at = self._end(work.seconds_most)

    def note(self, event: Event) -> None:
        """Take an event into the view."""
        if isinstance(event, RoundJudged):
            self._standing = event.standing
            self._ends_at = self._end(event.seconds_left)
        elif not isinstance(event, StudyStarted | StudyStopped):
            self._grid.note(event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = max(options.max_height - 1, 1)  # the cursor's line
        lines = console.render_lines(Legible(self._verdict()), options, pad=False)
        verdict = lines[: max((height - 1) // 2, 0)]
        room = height - 1 - len(verdict)
        yield Legible(self._headline())
        if room >= 2:
            yield Legible(self._grid.table(options.max_width, room))
        for line in verdict:
            yield from line
            yield Segment.line()

    def _headline(self) -> Text:
        verdict = self._standing.verdict
        words = [
            f"{count(verdict.rounds, 'round')} of {verdict.rule.min_rounds} to {verdict.rule.max_rounds}"
        ]
        if self._ends_at is not None:
            words.append(f"at most {duration(max(self._ends_at - self._clock(), 0))} left")
        words.append(self._grid.counts())
        name = self._standing.layout.study.name
        text = Text.assemble((name, "bold"), "  ", " · ".join(words))
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    def _verdict(self) -> RenderableType:
        """The claims' answers, then the contrasts in words."""
        verdict = self._standing.verdict
        claims = [
            Text.assemble((answer(claim), answer_style(claim)), "  ", claim.claim) for claim in verdict.claims
        ]
        return Group(*claims, *(said(contrast.sentence, "dim") for contrast in verdict.contrasts))

    def _end(self, seconds: float | None) -> float | None:
        return None if seconds is None else self._clock() + seconds
