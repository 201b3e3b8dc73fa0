"""Run the calibration: print the table, keep it as JSON."""

import argparse
from pathlib import Path

import numpy as np
from bench.calibration import bank, errors, rivals
from bench.calibration.row import Row, keep, read, table

PARTS = ("errors", "rivals", "bank")


def main() -> None:
    """Measure everything and print it."""
    options = _options()
    studies, adastop_studies = (2_000, 1) if options.quick else (100_000, 1_000)
    rng = np.random.default_rng(options.seed)
    rows: list[Row] = []
    notes: list[str] = []
    if "errors" in options.only:
        rows += errors.normal_rows(rng, studies)
        rows += errors.margin_rows(rng, studies)
        rows += errors.other_rows(rng, studies)
    if "rivals" in options.only:
        rows += rivals.rows(rng, studies, adastop_studies)
    if "bank" in options.only and options.bank.exists():
        rows += bank.rows(rng, studies, options.bank)
    elif "bank" in options.only:
        notes.append(f"The rows on real runs are left out: there is no {options.bank}.")
    if set(options.only) != set(PARTS):
        measured = {row.case for row in rows}
        rows = [row for row in read(options.out) if row.case not in measured] + rows
    failed = [row for row in rows if row.holds is False]
    held = sum(row.holds is True for row in rows)
    notes += [f"{held} bars hold, {len(failed)} do not."]
    print(table(rows))
    for note in notes:
        print(f"\n{note}")
    keep(rows, notes, options.out)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.calibration", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few studies, to see that it runs")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=PARTS,
        default=PARTS,
        help="measure these; the others keep what the JSON has",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("bench/results/calibration.json"))
    parser.add_argument("--bank", type=Path, default=bank.BANK)
    return parser.parse_args()


if __name__ == "__main__":
    main()
