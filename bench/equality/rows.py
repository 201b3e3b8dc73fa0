"""The accuracies as a CSV file that `paribus judge` reads, and what an interrupted run left in it."""

import csv
from collections.abc import Mapping
from pathlib import Path

PLAIN, TORCH, OURS = "plain-loop", "torch-engine", "paribus"
"""What the file calls them; its columns `net` and `iterations` say what was trained."""

_COLUMNS = ("variant", "seed", "accuracy", "net", "iterations")

Accuracies = Mapping[int, float]
"""Seed to final test accuracy, percent."""


def known(path: Path, against: str, *, net: str, iterations: int) -> dict[int, float]:
    """Accuracies of the other side that a file holds for the same net and as many iterations.

    Args:
        path: The CSV file; one that does not exist holds none.
        against: Name of the other side.
        net: Name of the study's variant.
        iterations: Minibatches of a run.
    """
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            int(row["seed"]): float(row["accuracy"])
            for row in csv.DictReader(file)
            if (row["variant"], row["net"], row["iterations"]) == (against, net, str(iterations))
        }


def write(
    path: Path, against: str, other: Accuracies, ours: Accuracies, *, net: str, iterations: int
) -> None:
    """Write both beside the file, then put it in its place.

    Args:
        path: The CSV file.
        against: Name of the other side.
        other: Its accuracies.
        ours: Of paribus.
        net: Name of the study's variant.
        iterations: Minibatches of a run.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_COLUMNS)
        for name, accuracies in ((against, other), (OURS, ours)):
            for seed, accuracy in sorted(accuracies.items()):
                rows.writerow([name, seed, f"{accuracy:.2f}", net, iterations])
    fresh.replace(path)
