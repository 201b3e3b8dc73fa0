"""The replication page says what its script measured."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_measured_figure_of_the_replication_page_is_the_scripts() -> None:
    page = (ROOT / "docs" / "replication.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / "bench" / "results" / "replication.json").read_text(encoding="utf-8"))
    for rows in found["curves"].values():
        for row in rows:
            accuracy = f"{row['accuracy_mean']:.2f} ({row['accuracy_low']:.2f} to {row['accuracy_high']:.2f})"
            loss = f"{row['loss_mean']:.4f} ({row['loss_low']:.4f} to {row['loss_high']:.4f})"
            assert f"| {row['iteration']} | {row['printed_accuracy']:.2f} | {accuracy} |" in page
            assert f"| {row['printed_loss']:.4f} | {loss} |" in page
    for head in found["first"]:
        assert f"| {head['seed']} | {head['at_500']:.2f} | {head['first_passes']:,} |" in page
    assert not found["third"]["third_moved"]
    assert all(f"| {loss:.4f} |" in page for loss in found["third"]["losses"])
