"""The grid variant × seed of the live table: what each run is doing, in a window that fits the terminal."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

from rich.table import Table
from rich.text import Text

from paribus.records import RunRecord
from paribus.report.numbers import loss, percent
from paribus.standing import RunEvaluated, RunFailed, RunFinished, RunStarted, RunStepped, Standing

RunEvent = RunStarted | RunStepped | RunEvaluated | RunFinished | RunFailed

_CELL_WIDTH = 12
_GAP = 2
_STYLES = {"waiting": "dim", "running": "cyan", "done": "", "diverged": "yellow", "failed": "bold red"}


@dataclass(frozen=True)
class _Cell:
    """What is known of one run."""

    state: Literal["waiting", "running", "done", "diverged", "failed"] = "waiting"
    iteration: int = 0
    loss: float | None = None
    accuracy: float | None = None

    @classmethod
    def of(cls, record: RunRecord) -> "_Cell":
        return cls(record.state, record.iterations, accuracy=record.accuracy)

    def text(self, iterations: int) -> Text:
        """What stands in the grid; at most `_CELL_WIDTH` wide unless a loss is huge."""
        style = _STYLES[self.state]
        if self.state == "running":
            share = f"{100 * self.iteration // iterations} %"
            return Text(share if self.loss is None else f"{share} {loss(self.loss)}", style=style)
        if self.state == "done" and self.accuracy is not None:
            return Text(percent(self.accuracy), style=style)
        return Text("·" if self.state == "waiting" else self.state, style=style)


_WAITING = _Cell()


class RunGrid:
    """The runs of a study, kept up by its events.

    Args:
        standing: How the study stands at first.
    """

    def __init__(self, standing: Standing) -> None:
        self._names = standing.layout.names
        self._seeds = standing.layout.seeds
        self._iterations = {variant.name: variant.iterations for variant in standing.layout.variants}
        self._cells: dict[tuple[str, int], _Cell] = {
            (name, seed): _Cell.of(record)
            for name, runs in standing.runs.items()
            for seed, record in runs.items()
        }
        self._newest = max((seed for _, seed in self._cells), default=self._seeds[0])

    def note(self, event: RunEvent) -> None:
        """Take an event of a run into the grid."""
        run = (event.variant, event.seed)
        self._newest = max(self._newest, event.seed)
        cell = self._cells.get(run, _WAITING)
        match event:
            case RunStarted():
                cell = _Cell("running")
            case RunStepped():
                cell = replace(cell, state="running", iteration=event.iteration, loss=event.loss)
            case RunEvaluated(evaluation=evaluation):
                cell = replace(
                    cell, state="running", iteration=evaluation.iteration, loss=evaluation.train_loss
                )
            case RunFinished():
                cell = _Cell.of(event.record)
            case RunFailed():
                cell = _Cell("failed" if event.final else "waiting")
        self._cells[run] = cell

    def counts(self) -> str:
        """How many runs are in which state, such as ``12 done, 2 running``."""
        found = Counter(cell.state for cell in self._cells.values())
        shown = [
            f"{found[state]:,} {state}" for state in ("done", "diverged", "failed", "running") if found[state]
        ]
        return ", ".join(shown) or "no run yet"

    def table(self, width: int, height: int) -> Table:
        """The most recent rounds and, where not all variants fit, those with running runs first.

        Args:
            width: Columns of the terminal.
            height: Lines the table may take, its header included.
        """
        name_width = min(max(map(len, self._names)), max(width // 3, 8))
        fitting = max(1, (width - name_width) // (_CELL_WIDTH + _GAP))
        seeds = [seed for seed in self._seeds if seed <= self._newest][-fitting:]
        names = self._shown_names(seeds, height)
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
        table.add_column("seed", width=name_width, no_wrap=True, overflow="ellipsis")
        for seed in seeds:
            table.add_column(str(seed), width=_CELL_WIDTH, justify="right", no_wrap=True, overflow="ellipsis")
        for name in names:
            table.add_row(Text(name), *(self._cell_text(name, seed) for seed in seeds))
        if len(names) < len(self._names) and len(names) + 2 <= height:
            hidden = len(self._names) - len(names)
            table.add_row(Text(f"and {hidden} more", style="dim"))
        return table

    def _shown_names(self, seeds: list[int], height: int) -> list[str]:
        """As many variants as fit, in their order; a line is left for how many are not shown."""
        if len(self._names) <= height - 1:
            return list(self._names)
        running = {name for name in self._names for seed in seeds if self._state(name, seed) == "running"}
        first = sorted(self._names, key=lambda name: name not in running)[: max(height - 2, 1)]
        return [name for name in self._names if name in first]

    def _state(self, name: str, seed: int) -> str:
        return self._cells.get((name, seed), _WAITING).state

    def _cell_text(self, name: str, seed: int) -> Text:
        return self._cells.get((name, seed), _WAITING).text(self._iterations[name])
