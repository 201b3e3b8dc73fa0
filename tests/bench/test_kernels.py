"""The bench of the kernels: it runs, and its ratios are of the same repeat."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.kernels.__main__ import Sample, findings

from paribus import data
from paribus.train import engines

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_quick_form_measures_every_engine_on_every_variant(tmp_path: Path, mnist: data.Dataset) -> None:
    assert len(mnist.test) == 10_000
    path = tmp_path / "kernels.json"
    command = [sys.executable, "-m", "bench.kernels", "--quick", "--out", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    kept = json.loads(path.read_text(encoding="utf-8"))
    measured = {(sample["variant"], sample["numerics"]) for sample in kept["samples"]}
    assert measured == {
        (variant, engine.numerics)
        for variant in ("max-same", "avg-same", "max-valid")
        for engine in engines()
    }
    assert all(sample["step"] > 0 for sample in kept["samples"])
    assert "ms a step" in done.stdout


def test_ratios_are_of_the_same_repeat() -> None:
    """The machine is twice as slow in the second repeat."""
    samples = [
        Sample("max-same", "native-1", 0, step=1.0, evaluation=1.0),
        Sample("max-same", "torch-2", 0, step=2.0, evaluation=4.0),
        Sample("max-same", "native-1", 1, step=2.0, evaluation=2.0),
        Sample("max-same", "torch-2", 1, step=4.0, evaluation=8.0),
    ]
    native, torch = findings(samples)
    assert native["step_ratio"] == {"median": 0.5, "least": 0.5, "most": 0.5}
    assert native["evaluation_ratio"]["median"] == 0.25
    assert torch["step_ratio"]["median"] == 1.0
