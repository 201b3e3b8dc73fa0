"""Rounds, runs and seconds as a table to read and as JSON to keep."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bench.speed.contest import Sample
from bench.speed.findings import Bar, Spread, as_json
from bench.verdict.findings import Repeat
from bench.verdict.measure import RealStudy
from bench.verdict.resample import Counts, Resampled

from paribus.train import environment

NAME = 46
"""Width of the first column."""


@dataclass(frozen=True)
class Report:
    """All that was found.

    Attributes:
        settings: What was asked for.
        load: Load average of the machine before anything was measured.
        resampled: Rounds to the verdict.
        repeats: Seconds to the verdict.
        samples: Every measurement.
        real: The real study; None where it was left out.
        bars: Whether they are reached.
        notes: What to know of the figures, in sentences.
    """

    settings: Mapping[str, Any]
    load: float
    resampled: Resampled
    repeats: Sequence[Repeat]
    samples: Sequence[Sample]
    real: RealStudy | None
    bars: Sequence[Bar]
    notes: Sequence[str]

    @property
    def notebook_seconds(self) -> Spread:
        """Of the notebook's runs, one a variant."""
        return Spread.of([each.notebook_seconds for each in self.repeats])

    @property
    def real_ratio(self) -> float | None:
        """Seconds of the real study over the median of the notebook's runs."""
        return None if self.real is None else self.real.seconds / self.notebook_seconds.median


def table(report: Report) -> str:
    """Rounds, runs, seconds, the real study, bars and notes."""
    parts = (_machine, _rounds, _runs, _seconds, _real, _bars)
    lines = [line for part in parts for line in part(report)]
    return "\n".join([*lines, *(f"\n{note}" for note in report.notes)])


def keep(report: Report, path: Path) -> None:
    """Write everything as JSON, with what it was measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document(report), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def document(report: Report) -> dict[str, Any]:
    """The report as plain JSON values."""
    drawn = report.resampled
    return {
        "format": 1,
        "command": "python -m bench.verdict",
        "settings": report.settings,
        "machine": environment() | {"load_average_before": report.load},
        "rounds": {
            "studies": len(drawn.rounds),
            "contrasts": dict(zip(drawn.contrasts, map(_mean, drawn.contrast_rounds.T), strict=True)),
            "claims": {
                claim: _mean(rounds) | {"answers": _shares(answers)}
                for claim, rounds, answers in zip(
                    drawn.claims, drawn.claim_rounds.T, drawn.answers.T, strict=True
                )
            },
            "study": _mean(drawn.rounds),
            "runs_needed": dict(zip(drawn.variants, map(_mean, drawn.needed.T), strict=True)),
            "undecided_at_the_cap": float(1 - drawn.decided.mean()),
        },
        "repeats": [
            asdict(each)
            | {
                "notebook_seconds": each.notebook_seconds,
                "ratio": each.ratio,
                "needed_ratio": each.needed_ratio,
            }
            for each in report.repeats
        ],
        "real_study": None
        if report.real is None
        else asdict(report.real) | {"over_the_notebook": report.real_ratio},
        "bars": [as_json(bar) for bar in report.bars],
        "samples": [as_json(sample) for sample in report.samples],
        "notes": list(report.notes),
    }


def _machine(report: Report) -> Iterator[str]:
    facts, asked = environment(), report.settings
    yield (
        f"{facts['processor']}, {facts['cores']} cores, torch {facts['torch']}; "
        f"{asked['iterations']} iterations, {asked['repeats']} repeats; load before: {report.load:.1f}"
    )


def _rounds(report: Report) -> Iterator[str]:
    drawn = report.resampled
    yield f"\nrounds to the verdict, {len(drawn.rounds)} studies of rounds drawn from the bank"
    yield _line("", "mean", "± sim.", "5 to 95 %")
    for name, rounds in zip(drawn.contrasts, drawn.contrast_rounds.T, strict=True):
        yield _line(name, *_mean_cells(rounds))
    for claim, rounds, answers in zip(drawn.claims, drawn.claim_rounds.T, drawn.answers.T, strict=True):
        shares = ", ".join(f"{answer} {100 * share:.1f} %" for answer, share in _shares(answers).items())
        yield _line(claim, *_mean_cells(rounds)) + f"   {shares}"
    undecided = f"   undecided at the cap {100 * (1 - drawn.decided.mean()):.1f} %"
    yield _line("the study", *_mean_cells(drawn.rounds)) + undecided


def _runs(report: Report) -> Iterator[str]:
    drawn = report.resampled
    ways = [each.schedule for each in report.repeats]
    yield "\nmean runs to the verdict (trained: begun ahead of it, too; cut off: thrown away at the stop)"
    yield _line("", "needed", "trained", "cut off")
    columns = [
        dict(zip(drawn.variants, drawn.needed.mean(axis=0).tolist(), strict=True)),
        {name: _median([way.finished[name] for way in ways]) for name in drawn.variants},
        {name: _median([way.cut_off[name] for way in ways]) for name in drawn.variants},
    ]
    for name in drawn.variants:
        yield _line(name, *(f"{column[name]:.2f}" for column in columns))
    yield _line("all", *(f"{sum(column.values()):.2f}" for column in columns))


def _seconds(report: Report) -> Iterator[str]:
    repeats = report.repeats
    yield "\nseconds a run"
    yield _line("", "notebook", "", "paribus", "")
    for name in report.resampled.variants:
        cells = (
            cell
            for kind in ([each.notebook[name] for each in repeats], [each.paribus[name] for each in repeats])
            for cell in _spread(kind)
        )
        yield _line(name, *cells)
    yield "\nseconds to the verdict, and over the notebook's runs of the same repeat"
    yield _line("", "seconds", "", "ratio", "")
    yield _line("the notebook's runs, one a variant", *_spread([each.notebook_seconds for each in repeats]))
    yield _line(
        "paribus, the runs that the verdict rests on",
        *_spread([each.needed_seconds for each in repeats]),
        *_spread([each.needed_ratio for each in repeats]),
    )
    yield _line(
        "paribus, with those begun ahead of the verdict",
        *_spread([each.schedule.seconds for each in repeats]),
        *_spread([each.ratio for each in repeats]),
    )


def _real(report: Report) -> Iterator[str]:
    if report.real is None:
        return
    real = report.real
    runs = ", ".join(f"{name} {count}" for name, count in real.runs.items())
    yield (
        f"\none real study, from the command to its end: {real.seconds:.1f} s, {real.rounds} rounds, "
        f"{sum(real.runs.values())} runs ({runs}), {'decided' if real.decided else 'undecided'}; "
        f"{report.real_ratio:.2f} times the notebook's runs (median)"
    )


def _bars(report: Report) -> Iterator[str]:
    for bar in report.bars:
        verdict = "holds" if bar.holds else "DOES NOT HOLD"
        yield f"\nbar: {bar.what}, median {bar.value:.2f}, has to be {bar.bar}: {verdict}"


def _mean(rounds: Counts) -> dict[str, float]:
    """Mean, its simulation error, and the range of nine studies in ten."""
    low, high = np.quantile(rounds, (0.05, 0.95))
    error = rounds.std() / math.sqrt(len(rounds))
    return {"mean": float(rounds.mean()), "error": float(error), "low": float(low), "high": float(high)}


def _mean_cells(rounds: Counts) -> tuple[str, str, str]:
    found = _mean(rounds)
    return f"{found['mean']:.2f}", f"{found['error']:.2f}", f"{found['low']:.0f} to {found['high']:.0f}"


def _shares(answers: "np.ndarray[Any, np.dtype[np.str_]]") -> dict[str, float]:
    """Answer to the share of the studies that gave it, the most frequent first."""
    kinds, counts = np.unique(answers, return_counts=True)
    pairs = zip(kinds.tolist(), (counts / len(answers)).tolist(), strict=True)
    return dict(sorted(pairs, key=lambda pair: -pair[1]))


def _median(values: Sequence[float]) -> float:
    return Spread.of(values).median


def _spread(values: Sequence[float]) -> tuple[str, str]:
    spread = Spread.of(values)
    return f"{spread.median:.2f}", f"({spread.least:.2f}–{spread.most:.2f})"


def _line(name: str, *cells: str) -> str:
    return (f"  {name:<{NAME}}" + "".join(f"{cell:>17}" for cell in cells)).rstrip()
