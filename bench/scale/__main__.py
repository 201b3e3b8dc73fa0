"""Measure everything: print the tables, keep all as JSON."""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from bench.scale.memory import worker_memory
from bench.scale.report import Report, keep, table
from bench.scale.sizes import FULL, QUICK
from bench.scale.standing import standing_costs
from bench.scale.studies import study_costs
from bench.scale.training import channel_costs, iteration_times, side_costs

from paribus.train import set_up_process


def main() -> None:
    """Measure everything and print it."""
    options = _options()
    sizes = QUICK if options.quick else FULL
    load, began = os.getloadavg()[0], time.monotonic()
    engine = set_up_process()
    _tell("iterations")
    iterations = iteration_times(sizes.iterations, sizes.turns, sizes.images, engine)
    _tell("image sides and channels")
    sides = side_costs(sizes.sides, sizes.steps, sizes.turns, engine)
    channels = channel_costs(sizes.channels, sizes.steps, sizes.turns, engine)
    _tell("memory of workers")
    memory = worker_memory(sizes.channels, sizes.worker_iterations)
    _tell("studies")
    studies = study_costs(sizes.studies, sizes.turns)
    _tell("recorded runs")
    with tempfile.TemporaryDirectory() as folder:
        standings = list(standing_costs(Path(folder), sizes, engine.numerics))
    report = Report(
        settings={"quick": options.quick} | asdict(sizes),
        load=load,
        seconds=time.monotonic() - began,
        iterations=iterations,
        sides=sides,
        channels=channels,
        studies=studies,
        standings=standings,
        memory=memory,
    )
    print(table(report))
    if options.out is not None:
        keep(report, options.out)


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}...\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument("--out", type=Path, help="left out: bench/results/scale.json, with --quick none")
    options = parser.parse_args()
    if options.out is None and not options.quick:
        options.out = Path("bench/results/scale.json")
    return options


if __name__ == "__main__":
    main()
