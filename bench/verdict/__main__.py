"""Resample the bank, measure the seconds, run one study: print the table, keep it as JSON."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bench.speed.setting import STUDY, Setting, default_evaluate_every
from bench.verdict.findings import Repeat, ratio_bar, repeat
from bench.verdict.measure import measure, run_study
from bench.verdict.resample import Resampled, resample
from bench.verdict.table import Report, keep, table

import paribus
from paribus.verdict import read_results

BANK = Path(__file__).parents[1] / "bank" / "mnist-pooling.csv"
QUIET = 0.5
"""Load average up to which a machine has nothing else to do."""

QUICK_ITERATIONS = 3
SHORT_STUDY = {
    "protocol.iterations": str(QUICK_ITERATIONS),
    "protocol.evaluate_every": str(QUICK_ITERATIONS),
    "decision.max_rounds": "3",
}


def main() -> None:
    """Find everything and print it."""
    options = _options()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting.prepare(
            Path(folder),
            iterations=options.iterations,
            evaluate_every=default_evaluate_every(options.iterations),
        )
        resampled = _resampled(setting, options)
        rounds = resampled.rounds.mean()
        sys.stderr.write(f"{options.studies} resampled studies take {rounds:.2f} rounds on average\n")
        samples = [
            sample
            for turn in range(options.repeats)
            for sample in measure(setting, turn, threads=1 if options.quick else None)
        ]
    cap = setting.layout.study.decision.max_rounds
    scale = 1.0 if options.quick else _full_iterations() / options.iterations
    repeats: list[Repeat] = [
        repeat(resampled, [s for s in samples if s.round == turn], scale=scale, cap=cap)
        for turn in range(options.repeats)
    ]
    report = Report(
        settings={name: value for name, value in vars(options).items() if name != "out"},
        load=load,
        resampled=resampled,
        repeats=repeats,
        samples=samples,
        real=run_study(SHORT_STUDY if options.quick else {}) if options.real_study else None,
        bars=[] if options.quick else [ratio_bar(repeats)],
        notes=list(_notes(load, scale)),
    )
    print(table(report))
    if options.out is not None:
        keep(report, options.out)


def _resampled(setting: Setting, options: argparse.Namespace) -> Resampled:
    return resample(
        setting.layout.study,
        read_results(BANK),
        studies=options.studies,
        images=setting.layout.data.test_count,
        rng=np.random.default_rng(options.seed),
    )


def _notes(load: float, scale: float) -> Iterator[str]:
    yield (
        "The errors of the rounds are those of the simulation; the bank is a sample of rounds, too. "
        "Seconds of runs leave start-up out, those of the real study do not."
    )
    if scale != 1:
        yield f"Seconds are {scale:g} times those measured: the runs were that much shorter than the study's."
    if load > QUIET:
        yield f"The machine was busy before the first repeat (load {load:.1f}): the figures are provisional."


def _full_iterations() -> int:
    iterations = paribus.read(STUDY).protocol.iterations
    assert iterations is not None, "the built-in study says so many"
    return iterations


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.verdict", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few iterations on one thread, to see that it runs"
    )
    parser.add_argument(
        "--iterations", type=int, default=_full_iterations(), help="of a run; fewer are scaled to a full run"
    )
    parser.add_argument("--repeats", type=int, help="left out: 3, with --quick 1")
    parser.add_argument("--studies", type=int, help="to resample; left out: 2000, with --quick 200")
    parser.add_argument("--seed", type=int, default=1, help="of the resampling")
    parser.add_argument(
        "--no-real-study", dest="real_study", action="store_false", help="leave the real study out"
    )
    parser.add_argument("--out", type=Path, help="left out: bench/results/verdict.json, with --quick none")
    options = parser.parse_args()
    if options.quick:
        options.iterations = QUICK_ITERATIONS
    elif options.out is None:
        options.out = Path("bench/results/verdict.json")
    if options.repeats is None:
        options.repeats = 1 if options.quick else 3
    if options.studies is None:
        options.studies = 200 if options.quick else 2000
    for name in ("iterations", "repeats", "studies"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} has to be at least 1")
    return options


if __name__ == "__main__":
    main()
