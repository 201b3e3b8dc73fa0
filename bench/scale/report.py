"""All that was measured: as tables to read and as JSON to keep."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.scale.fitting import Line, Times
from bench.scale.memory import WorkerMemory
from bench.scale.standing import StandingCost
from bench.scale.studies import StudyCost
from bench.scale.training import StepCost

from paribus.train import environment

QUIET = 0.5
"""Load average up to which a machine has nothing else to do."""

MOST_SECONDS, FROM_RECORDS = 1.0, 10_000
"""The bar on `paribus show`, and on `paribus run` with nothing to train, from so many recorded runs on."""


@dataclass(frozen=True)
class Report:
    """All that was measured.

    Attributes:
        settings: What was asked for.
        load: Load average of the machine before anything was measured.
        seconds: Wall time of all measurements.
        iterations: One run against its iterations.
        sides: A step against the image side.
        channels: A step against the channels.
        studies: Whole studies.
        standings: Studies shown from stores of different sizes.
        memory: Peak memory of workers.
    """

    settings: Mapping[str, Any]
    load: float
    seconds: float
    iterations: Sequence[Times]
    sides: Sequence[StepCost]
    channels: Sequence[StepCost]
    studies: Sequence[StudyCost]
    standings: Sequence[StandingCost]
    memory: Sequence[WorkerMemory]

    @property
    def notes(self) -> list[str]:
        """What is to be said of the figures, in sentences."""
        if self.load <= QUIET:
            return []
        busy = f"The machine was busy before the first measurement (load {self.load:.1f})"
        return [f"{busy}: the figures are provisional."]

    @property
    def iterations_line(self) -> Line:
        """Seconds of a run against its iterations."""
        return Line.through(self.iterations)

    @property
    def studies_line(self) -> Line:
        """Seconds of a study against its runs."""
        return Line.through([cost.times for cost in self.studies])


def table(report: Report) -> str:
    """The measurements, section by section, then the bars."""
    sections = (_iterations, _steps, _studies, _standings, _memory, _bars)
    lines = [line for section in sections for line in ("", *section(report))]
    return "\n".join([_machine(report), *lines, *(f"\n{note}" for note in report.notes)])


def keep(report: Report, path: Path) -> None:
    """Write everything as JSON, with what it was measured on."""
    document = {
        "format": 1,
        "command": "python -m bench.scale",
        "settings": report.settings,
        "machine": environment() | {"load_average_before": report.load},
        "seconds": report.seconds,
        "iterations": {
            "line": asdict(report.iterations_line),
            "points": [_timed(p) for p in report.iterations],
        },
        "sides": [_step(cost) for cost in report.sides],
        "channels": [_step(cost) for cost in report.channels],
        "studies": {
            "line": asdict(report.studies_line),
            "points": [
                {"variants": cost.variants, "rounds": cost.rounds}
                | _timed(cost.times)
                | {"seconds_a_run": cost.seconds_a_run}
                for cost in report.studies
            ],
        },
        "standings": [_standing(cost) for cost in report.standings],
        "memory": [asdict(worker) for worker in report.memory],
        "bars": [
            {"what": what, "median": seconds, "bar": MOST_SECONDS, "holds": seconds < MOST_SECONDS}
            for what, seconds in bars(report.standings)
        ],
        "notes": report.notes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def bars(standings: Sequence[StandingCost]) -> Iterator[tuple[str, float]]:
    """What has to be below `MOST_SECONDS`, in words, and the median that was measured."""
    for cost in standings:
        if cost.recorded >= FROM_RECORDS:
            study = f"{cost.variants} × {cost.rounds} study, {cost.own:,} of {cost.recorded:,} runs its own"
            yield f"show, {study}", cost.show.median
            if cost.run is not None:
                yield f"run with nothing to train, {study}", cost.run.median


def _timed(times: Times) -> dict[str, Any]:
    return {"count": times.count, "median": times.median, "seconds": list(times.seconds)}


def _step(cost: StepCost) -> dict[str, Any]:
    derived = {"seconds_a_step": cost.seconds, "flops_per_second": cost.flops_per_second}
    return {**asdict(cost), **derived}


def _standing(cost: StandingCost) -> dict[str, Any]:
    return {name: _timed(value) if isinstance(value, Times) else value for name, value in vars(cost).items()}


def _machine(report: Report) -> str:
    facts = environment()
    return (
        f"{facts['processor']}, {os.cpu_count()} cores, torch {facts['torch']}; load before: "
        f"{report.load:.1f}; medians; measured in {report.seconds:.0f} s"
    )


def _iterations(report: Report) -> Iterator[str]:
    line = report.iterations_line
    yield "one run on one thread, with one evaluation"
    yield _row("iterations", "s", "the line, s")
    for times in report.iterations:
        yield _row(f"{times.count:,}", f"{times.median:.2f}", f"{line.at(times.count):.2f}")
    yield _said(line, "iterations")


def _steps(report: Report) -> Iterator[str]:
    yield "one training step of 100 images on one thread"
    yield _row("side", "channels", "GFLOP", "ms", "GFLOP/s")
    for cost in (*report.sides, *report.channels):
        yield _row(
            f"{cost.side}",
            "/".join(map(str, cost.channels)),
            f"{cost.flops / 1e9:.2f}",
            f"{1000 * cost.seconds:.1f}",
            f"{cost.flops_per_second / 1e9:.1f}",
        )


def _studies(report: Report) -> Iterator[str]:
    line = report.studies_line
    yield "whole studies of runs with 5 iterations, one worker"
    yield _row("variants", "rounds", "runs", "s", "s a run", "the line, s")
    for cost in report.studies:
        yield _row(
            f"{cost.variants}",
            f"{cost.rounds}",
            f"{cost.times.count}",
            f"{cost.times.median:.2f}",
            f"{cost.seconds_a_run:.2f}",
            f"{line.at(cost.times.count):.2f}",
        )
    yield _said(line, "runs")


def _standings(report: Report) -> Iterator[str]:
    yield "recorded runs: the commands `show`, and `run` with nothing to train; their parts in one process; s"
    yield _row("recorded", "study", "its own", "show", "run", "open", "recall", "noises")
    for cost in report.standings:
        yield _row(
            f"{cost.recorded:,}",
            f"{cost.variants} × {cost.rounds}",
            f"{cost.own:,}",
            f"{cost.show.median:.2f}",
            "unfinished" if cost.run is None else f"{cost.run.median:.2f}",
            f"{cost.opening.median:.3f}",
            f"{cost.recall.median:.3f}",
            f"{cost.noises.median:.3f}",
        )


def _memory(report: Report) -> Iterator[str]:
    yield "peak memory of a worker"
    yield _row("channels", "MB")
    for worker in report.memory:
        channels = "no run yet" if worker.channels is None else "/".join(map(str, worker.channels))
        yield _row(channels, f"{worker.megabytes:.0f}")


def _bars(report: Report) -> Iterator[str]:
    yield f"bars (medians, below {MOST_SECONDS:g} s from {FROM_RECORDS:,} recorded runs on)"
    for what, seconds in bars(report.standings):
        yield f"  {what:<76}{seconds:>6.2f} s  {'holds' if seconds < MOST_SECONDS else 'DOES NOT HOLD'}"


def _said(line: Line, unit: str) -> str:
    return (
        f"  T = {line.start:.2f} s + N · {1000 * line.each:.1f} ms, N being the number of {unit}; "
        f"no further from it than {100 * line.largest_residual:.1f} %"
    )


def _row(*cells: str) -> str:
    return "  " + "".join(f"{cell:>12}" for cell in cells)
