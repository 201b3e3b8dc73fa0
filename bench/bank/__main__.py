"""Train rounds of mnist-pooling to a fixed number and write their accuracies as CSV.

``python -m bench.bank --rounds 30`` goes on where it was stopped. The CSV is kept in the repository, the
store is not.
"""

import argparse
import csv
import sys
from pathlib import Path

import paribus
from paribus.standing import Event, RunFinished, Runs

CSV = Path(__file__).parent / "mnist-pooling.csv"


def main() -> None:
    """Train what is missing, then write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="seed rounds, all of them trained")
    parser.add_argument("--store", type=Path, default=Path("paribus-store"), help="folder of the runs")
    options = parser.parse_args()
    rounds = str(options.rounds)
    study = paribus.read("mnist-pooling", {"decision.min_rounds": rounds, "decision.max_rounds": rounds})
    outcome = paribus.run(study, store=options.store, progress=_tell)
    write(outcome.runs, CSV)


def write(runs: Runs, path: Path) -> None:
    """Write variant, seed and final test accuracy in percent, a line a run.

    Args:
        runs: Variant to seed to record.
        path: The CSV file.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["variant", "seed", "accuracy"])
        for variant, records in runs.items():
            for seed in sorted(records):
                rows.writerow([variant, seed, f"{records[seed].accuracy:.2f}"])


def _tell(event: Event) -> None:
    if isinstance(event, RunFinished):
        sys.stderr.write(f"{event.variant} seed {event.seed}: {event.record.accuracy:.2f} %\n")


if __name__ == "__main__":
    main()
