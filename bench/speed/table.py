"""The findings as a table to read and as JSON to keep."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.speed.contest import Sample
from bench.speed.findings import Bar, Finding, MachineRates, Spread, as_json
from bench.speed.gemm import Rates
from bench.speed.peers import versions
from bench.speed.roster import ROSTER, WORDS

from paribus.train import environment


@dataclass(frozen=True)
class Report:
    """All that was measured.

    Attributes:
        settings: What was asked for.
        load: Load average of the machine before anything was measured.
        samples: Every measurement.
        rates: The machine's rates.
        first_iterations: Seconds from `paribus run` to its first minibatch.
        found: What the samples say.
        bars: Whether the bars are reached.
        notes: What is missing, in sentences.
    """

    settings: Mapping[str, Any]
    load: float
    samples: Sequence[Sample]
    rates: MachineRates
    first_iterations: Sequence[float]
    found: Sequence[Finding]
    bars: Sequence[Bar]
    notes: Sequence[str]


_HEADINGS = (
    "s a run",
    "(least–most)",
    "with start",
    "1st iter.",
    "GFLOP/s",
    "of GEMM",
    "of conv",
    "÷ paribus",
    "(least–most)",
    "accuracy",
)
_WIDTHS = (9, 15, 11, 10, 9, 9, 9, 11, 14, 10)


def table(report: Report) -> str:
    """The findings variant by variant, then the bars and what is missing."""
    lines = [_machine(report)]
    for variant in dict.fromkeys(finding.variant for finding in report.found):
        lines += ["", variant, f"  {'':<48}" + _cells(_HEADINGS)]
        for finding in report.found:
            if finding.variant == variant:
                lines.append(f"  {WORDS[finding.competitor]:<48}" + _cells(_row(finding)))
        lines += [f"  {line}" for line in _rate_lines(variant, report.rates)]
    if report.bars:
        lines += ["", "bars (medians)"]
    for bar in report.bars:
        verdict = {True: "holds", False: "DOES NOT HOLD", None: "not asked of so short runs"}[bar.holds]
        lines.append(f"  {bar.what:<84}{bar.value:>9.3f}  {bar.bar:<26}{verdict}")
    return "\n".join([*lines, *(f"\n{note}" for note in report.notes)])


def keep(report: Report, path: Path) -> None:
    """Write everything as JSON, with what it was measured on."""
    document = {
        "format": 1,
        "command": "python -m bench.speed",
        "settings": report.settings,
        "machine": environment() | {"load_average_before": report.load},
        "peers": {finding: versions(ROSTER[finding]) for finding in _peers(report)},
        "rates_flops": [
            {"variant": variant, "round": turn, "operation": operation, **asdict(rates)}
            for (variant, turn), kinds in report.rates.items()
            for operation, rates in kinds.items()
        ],
        "findings": [as_json(finding) for finding in report.found],
        "bars": [as_json(bar) for bar in report.bars],
        "seconds_to_first_iteration": list(report.first_iterations),
        "samples": [as_json(sample) for sample in report.samples],
        "notes": list(report.notes),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _peers(report: Report) -> list[str]:
    names = dict.fromkeys(finding.competitor for finding in report.found)
    return [name for name in names if ROSTER[name].packages]


def _machine(report: Report) -> str:
    facts = environment()
    asked = report.settings
    return (
        f"{facts['processor']}, {os.cpu_count()} cores, torch {facts['torch']}; "
        f"{asked['iterations']} iterations, evaluated every {asked['evaluate_every']}, "
        f"{asked['repeats']} rounds; load before: {report.load:.1f}"
    )


def _row(finding: Finding) -> tuple[str, ...]:
    first = finding.first_iteration
    ratio = finding.ratio
    return (
        f"{finding.seconds.median:.2f}",
        _extremes(finding.seconds),
        f"{finding.seconds_with_start.median:.2f}",
        "" if first is None else f"{first.median:.2f}",
        f"{finding.gflops.median:.1f}",
        f"{100 * finding.share.median:.0f} %",
        f"{100 * finding.share_of_convolution.median:.0f} %",
        "" if ratio is None else f"{ratio.median:.2f}",
        "" if ratio is None else _extremes(ratio),
        f"{finding.accuracy.median:.2f} %",
    )


def _rate_lines(variant: str, rates: MachineRates) -> list[str]:
    mine = [operations for (name, _), operations in rates.items() if name == variant]
    return [
        f"{operation}: {_gflops([rates[operation] for rates in mine], 'shared')} GFLOP/s in one process on "
        f"all cores, {_gflops([rates[operation] for rates in mine], 'apart')} in one process a core"
        for operation in (mine[0] if mine else ())
    ]


def _gflops(rates: list[Rates], which: str) -> str:
    spread = Spread.of([getattr(rate, which) / 1e9 for rate in rates])
    return f"{spread.median:.0f} ({spread.least:.0f}–{spread.most:.0f})"


def _extremes(spread: Spread) -> str:
    return f"({spread.least:.2f}–{spread.most:.2f})"


def _cells(cells: tuple[str, ...]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
