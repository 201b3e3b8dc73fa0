"""Measure steps and evaluations, engine after engine: print the table, keep it as JSON."""

import argparse
import itertools
import json
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.speed.findings import Bar, Spread
from bench.speed.setting import STUDY

import paribus
from paribus.data import Dataset, load
from paribus.records import Assignment
from paribus.train import Engine, engines, environment, set_up_process, train

QUIET = 0.5
"""Load average up to which a machine has nothing else to do."""

UNCOUNTED_STEPS = 5
MOST = {"max-same": 0.6, "avg-same": 0.85, "max-valid": 0.85}
"""Bars: a step on the best engine over one on torch's operations alone."""


@dataclass(frozen=True)
class Sample:
    """One engine on one variant in one repeat.

    Attributes:
        variant: What was trained.
        numerics: The engine.
        repeat: Which repeat, from 0.
        step: Median seconds of a training step of 100 images.
        evaluation: Seconds of one evaluation of the test images.
    """

    variant: str
    numerics: str
    repeat: int
    step: float
    evaluation: float


def main() -> None:
    """Measure everything and print it."""
    options = _options()
    load_average = os.getloadavg()[0]
    set_up_process()
    data = load("mnist")
    data = replace(data, test=data.test[:200]) if options.quick else data
    samples = list(_measured(data, options.steps, options.repeats))
    document = {
        "format": 1,
        "command": "python -m bench.kernels",
        "settings": {name: getattr(options, name) for name in ("quick", "steps", "repeats")},
        "machine": environment(),
        "notes": [f"The machine was busy before the first repeat (load {load_average:.1f})."]
        if load_average > QUIET
        else [],
        "findings": list(findings(samples)),
        "bars": [] if options.quick else [asdict(bar) for bar in bars(samples)],
        "samples": [asdict(sample) for sample in samples],
    }
    print(_table(document))
    if options.out is not None:
        options.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _measured(data: Dataset, steps: int, repeats: int) -> Iterator[Sample]:
    """Every engine once on every variant, and again, so that all see the machine's moods alike."""
    for repeat, variant, engine in itertools.product(range(repeats), MOST, engines()):
        yield _sample(data, engine, variant, repeat, steps)


def _sample(data: Dataset, engine: Engine, variant: str, repeat: int, steps: int) -> Sample:
    count = UNCOUNTED_STEPS + steps
    overrides = {"protocol.iterations": str(count), "protocol.evaluate_every": str(count)}
    configuration = paribus.read(STUDY, overrides).configurations[variant]
    marks: list[float] = []
    trained = train(
        Assignment("0" * 64, configuration, repeat),
        data,
        engine,
        on_step=lambda _, __: marks.append(time.perf_counter()),
    )
    counted = [after - before for before, after in itertools.pairwise(marks[UNCOUNTED_STEPS - 1 :])]
    step = statistics.median(counted)
    return Sample(variant, engine.numerics, repeat, step, trained.record.timing.evaluation)


def findings(samples: Sequence[Sample]) -> Iterator[dict[str, Any]]:
    """One for each variant and engine: medians, and ratios to torch's operations in the same repeat."""
    torch = {(s.variant, s.repeat): s for s in samples if s.numerics.startswith("torch")}
    for variant, numerics in dict.fromkeys((s.variant, s.numerics) for s in samples):
        found = [s for s in samples if (s.variant, s.numerics) == (variant, numerics)]
        beside = [torch[s.variant, s.repeat] for s in found]
        yield {
            "variant": variant,
            "numerics": numerics,
            "step": asdict(Spread.of([s.step for s in found])),
            "evaluation": asdict(Spread.of([s.evaluation for s in found])),
            "step_ratio": asdict(Spread.of([s.step / b.step for s, b in zip(found, beside, strict=True)])),
            "evaluation_ratio": asdict(
                Spread.of([s.evaluation / b.evaluation for s, b in zip(found, beside, strict=True)])
            ),
        }


def bars(samples: Sequence[Sample]) -> Iterator[Bar]:
    """Whether the best engine's steps are as short as they have to be; none where torch's is the best."""
    best = engines()[0].numerics
    for finding in findings(samples):
        if finding["numerics"] == best and not best.startswith("torch"):
            ratio, most = finding["step_ratio"]["median"], MOST[finding["variant"]]
            what = f"{finding['variant']}: a step with the kernels over one by torch alone"
            yield Bar(what, ratio, f"≤ {most:g}", ratio <= most)


def _table(document: dict[str, Any]) -> str:
    lines = [f"{'':<12}{'engine':<22}{'ms a step':>12}{'÷ torch':>22}{'s an evaluation':>18}"]
    for finding in document["findings"]:
        ratio, step = finding["step_ratio"], finding["step"]
        engine = " ".join(finding["numerics"].split()[:2])
        spread = f"{ratio['median']:.2f} ({ratio['least']:.2f}–{ratio['most']:.2f})"
        lines.append(
            f"{finding['variant']:<12}{engine:<22}{1e3 * step['median']:>12.2f}{spread:>22}"
            f"{finding['evaluation']['median']:>18.3f}"
        )
    for bar in document["bars"]:
        holds = "holds" if bar["holds"] else "DOES NOT HOLD"
        lines.append(f"bar: {bar['what']}: {bar['value']:.2f}, has to be {bar['bar']}: {holds}")
    return "\n".join([*lines, *document["notes"]])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.kernels", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that it runs")
    parser.add_argument("--steps", type=int, help="counted steps; left out: 200, with --quick 2")
    parser.add_argument("--repeats", type=int, help="left out: 7, with --quick 1")
    parser.add_argument("--out", type=Path, help="left out: bench/results/kernels.json, with --quick none")
    options = parser.parse_args()
    options.steps = options.steps or (2 if options.quick else 200)
    options.repeats = options.repeats or (1 if options.quick else 7)
    if options.out is None and not options.quick:
        options.out = Path("bench/results/kernels.json")
    return options


if __name__ == "__main__":
    main()
