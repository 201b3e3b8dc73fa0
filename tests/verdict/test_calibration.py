"""The calibration benchmark runs in its quick form, with and without real runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def calibrate(folder: Path, bank: Path) -> tuple[str, dict[str, Any]]:
    out = folder / "calibration.json"
    command = [sys.executable, "-m", "bench.calibration", "--quick", "--out", str(out), "--bank", str(bank)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout, json.loads(out.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_it_measures_error_rates_coverage_cost_and_real_runs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bank = tmp_path / "bank.csv"
    rows = [f"{name},{seed},{96 + rng.normal(0, 0.1):.2f}" for name in ("max", "avg") for seed in range(30)]
    bank.write_text("variant,seed,accuracy\n" + "\n".join(rows), encoding="utf-8")
    printed, kept = calibrate(tmp_path, bank)
    measured = kept["rows"]
    assert isinstance(measured, list)
    by_name = {(row["case"], row["measure"]): row["value"] for row in measured}
    normal = "A/A, normal differences, looked at after every round"
    assert by_name[normal, "a direction called, one contrast"] < 0.07
    assert by_name[normal, "control: a 5 % t-test at every look"] > 0.15
    assert by_name["cost, Δ = 1.0 s_d", "paribus: mean rounds"] == pytest.approx(11, rel=0.05)
    assert "real bank, 30 rounds of 2 variants, resampled" in printed
    assert all(row["case"] in printed and row["measure"] in printed for row in measured)


@pytest.mark.slow
def test_it_says_so_when_there_are_no_real_runs(tmp_path: Path) -> None:
    printed, kept = calibrate(tmp_path, tmp_path / "none.csv")
    assert "The rows on real runs are left out" in printed
    assert any("left out" in note for note in kept["notes"])
