"""Run the contest: print the table, keep it as JSON."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.speed import gemm, peers
from bench.speed.contest import CompetitorError, Sample, compete
from bench.speed.findings import MachineRates, bars, findings
from bench.speed.first_iteration import seconds_to_first_iteration
from bench.speed.roster import ROSTER, Competitor
from bench.speed.setting import STUDY, Setting, default_evaluate_every
from bench.speed.table import Report, keep, table

import paribus

QUIET = 0.5
"""Load average up to which a machine has nothing else to do."""


def main() -> None:
    """Measure everything and print it."""
    options = _options()
    load = os.getloadavg()[0]
    competitors = [ROSTER[name] for name in options.competitors]
    missing = peers.install(competitors)
    present = [competitor for competitor in competitors if competitor.name not in missing]
    contest = _Contest(options, missing)
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting.prepare(
            Path(folder), iterations=options.iterations, evaluate_every=options.evaluate_every
        )
        contest.run(setting, present)
    found = findings(contest.samples, contest.rates)
    report = Report(
        settings={name: value for name, value in vars(options).items() if name != "out"},
        load=load,
        samples=contest.samples,
        rates=contest.rates,
        first_iterations=contest.first_iterations,
        found=found,
        bars=[]
        if options.quick
        else list(bars(found, contest.samples, contest.first_iterations, options.iterations)),
        notes=[*_busy(load), *(f"{name} is left out: {why}." for name, why in contest.failed.items())],
    )
    print(table(report))
    if options.out is not None:
        keep(report, options.out)


class _Contest:
    """The rounds, and what they have brought so far."""

    def __init__(self, options: argparse.Namespace, missing: dict[str, str]) -> None:
        self.options = options
        self.samples: list[Sample] = []
        self.rates: MachineRates = {}
        self.first_iterations: list[float] = []
        self.failed = dict(missing)

    def run(self, setting: Setting, competitors: Sequence[Competitor]) -> None:
        """Every competitor once on every variant, and again, so that all see the machine's moods alike."""
        cores = len(os.sched_getaffinity(0))
        cores, side, products = (1, 256, 3) if self.options.quick else (cores, gemm.SIDE, gemm.PRODUCTS)
        with gemm.Raters(cores, side=side, products=products) as raters:
            for turn in range(self.options.repeats):
                for variant in self.options.variants:
                    self.rates[variant, turn] = raters.measure()
                    self._round(setting, competitors, variant, turn)
                if not self.options.quick:
                    self.first_iterations.append(seconds_to_first_iteration())

    def _round(self, setting: Setting, competitors: Sequence[Competitor], variant: str, turn: int) -> None:
        task = setting.task(variant, seed=turn)
        for competitor in competitors:
            if competitor.name in self.failed:
                continue
            try:
                sample = compete(
                    competitor,
                    task,
                    variant=variant,
                    turn=turn,
                    seed=turn,
                    flops=setting.flops(variant),
                    threads=1 if self.options.quick else None,
                )
            except CompetitorError as error:
                self.failed[competitor.name] = str(error)
                continue
            self.samples.append(sample)
            sys.stderr.write(
                f"round {turn + 1}, {variant}, {competitor.name}: {sample.seconds:.2f} s a run, "
                f"{sample.accuracy:.2f} %\n"
            )


def _busy(load: float) -> Iterator[str]:
    if load > QUIET:
        yield f"The machine was busy before the first round (load {load:.1f}): the figures are provisional."


def _options() -> argparse.Namespace:
    variants = list(paribus.read(STUDY).differences)
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few iterations on one thread, to see that it runs"
    )
    parser.add_argument("--iterations", type=int, default=600, help="3000 for the full table")
    parser.add_argument("--evaluate-every", type=int, help="left out: 500, or at the end of a shorter run")
    parser.add_argument("--repeats", type=int, help="rounds; left out: 5, with --quick 2")
    parser.add_argument("--variants", nargs="+", choices=variants, default=variants)
    parser.add_argument("--competitors", nargs="+", choices=list(ROSTER), default=list(ROSTER))
    parser.add_argument("--out", type=Path, help="left out: bench/results/speed.json, with --quick none")
    options = parser.parse_args()
    if options.quick:
        options.iterations, options.variants = 3, ["max-valid"]
    elif options.out is None:
        options.out = Path("bench/results/speed.json")
    if options.repeats is None:
        options.repeats = 2 if options.quick else 5
    if options.evaluate_every is None:
        options.evaluate_every = default_evaluate_every(options.iterations)
    if options.iterations % options.evaluate_every:
        parser.error("--evaluate-every has to divide --iterations: a run ends with an evaluation")
    return options


if __name__ == "__main__":
    main()
