"""Every number of the notebook beside what is measured; writes bench/results/replication.json.

``python -m bench.replication --store paribus-store`` needs the runs of ``python -m bench.bank``.
"""

import argparse
import json
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from bench.replication.first_model import continued
from bench.replication.notebook import ACCURACY, ITERATIONS, LOSS
from bench.replication.third_model import third_cell

import paribus
from paribus.standing import Runs
from paribus.store import Store

RESULT = Path(__file__).parents[1] / "results" / "replication.json"
ROUNDS = 30
PARTS = ("curves", "first", "third")


def main() -> None:
    """Measure the parts asked for; parts not asked for keep what the JSON has."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("paribus-store"))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--iterations", type=int, default=12_000, help="how far to continue the first model")
    parser.add_argument("--seeds", type=int, default=4, help="fresh first models to continue")
    options = parser.parse_args()
    rounds = {"decision.min_rounds": str(ROUNDS), "decision.max_rounds": str(ROUNDS)}
    study = paribus.read("mnist-pooling", rounds)
    runs = paribus.show(study, store=options.store).runs
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    if "curves" in options.parts:
        found["curves"] = {variant: curves(runs, variant) for variant in ACCURACY}
    if "third" in options.parts:
        with Store.reader(options.store) as store:
            weights = store.weights(runs["avg-same"][0])
        second = {name: torch.from_numpy(values.copy()) for name, values in weights.items()}
        found["third"] = asdict(third_cell(0, second))
    if "first" in options.parts:
        with ProcessPoolExecutor(2) as pool:
            heads = pool.map(continued, range(options.seeds), [options.iterations] * options.seeds)
            found["first"] = [asdict(head) for head in heads]
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


def curves(runs: Runs, variant: str) -> list[dict[str, float]]:
    """Printed and measured loss and accuracy of one variant, an entry an iteration."""
    records = list(runs[variant].values())
    rows = []
    for index, iteration in enumerate(ITERATIONS):
        accuracies = [record.evaluations[index].accuracy for record in records]
        losses = [record.evaluations[index].train_loss for record in records]
        rows.append(
            {
                "iteration": iteration,
                "runs": len(records),
                "printed_loss": LOSS[variant][index],
                "loss_mean": round(statistics.mean(losses), 4),
                "loss_low": round(min(losses), 4),
                "loss_high": round(max(losses), 4),
                "printed_accuracy": ACCURACY[variant][index],
                "accuracy_mean": round(statistics.mean(accuracies), 2),
                "accuracy_low": min(accuracies),
                "accuracy_high": max(accuracies),
            }
        )
    return rows


if __name__ == "__main__":
    main()
