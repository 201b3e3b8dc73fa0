"""The equality bench: it trains what is missing, its file can be judged, its bar means what it says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.equality import rows, training
from bench.equality.judged import judge, largest_difference, pairs
from bench.speed.setting import Setting

import paribus
from paribus import data
from paribus.errors import NumericsError
from paribus.standing import lay_out
from paribus.train import Engine
from paribus.verdict import read_results

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def resumed(
    tmp_path_factory: pytest.TempPathFactory, mnist: data.Dataset
) -> tuple[Path, dict[str, Any], str]:
    """Where the quick form goes on from a file with one run of its own and two that others trained."""
    assert len(mnist.test) == 10_000
    path = tmp_path_factory.mktemp("equality") / "equality.json"
    path.with_suffix(".csv").write_text(
        "variant,seed,accuracy,net,iterations\n"
        "plain-loop,0,40.00,max-same,600\n"
        "plain-loop,1,50.00,max-same,3\n"
        "plain-loop,2,40.00,avg-same,3\n"
        "paribus,0,40.00,max-same,3\n"
    )
    command = [sys.executable, "-m", "bench.equality", "--quick", "--out", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return path, json.loads(path.read_text(encoding="utf-8")), done.stdout


@pytest.mark.slow
def test_only_what_is_missing_is_trained_and_judge_reads_the_file(
    resumed: tuple[Path, dict[str, Any], str],
) -> None:
    path, kept, printed = resumed
    found = read_results(path.with_suffix(".csv"))
    assert {name: list(runs) for name, runs in found.items()} == {
        "paribus": [0, 1, 2],
        "plain-loop": [0, 1, 2],
    }
    assert found["plain-loop"][1] == 50
    for seed in (0, 2):
        assert abs(found["plain-loop"][seed] - found["paribus"][seed]) <= 0.05  # five images that may fall
    assert kept["largest_absolute_difference_pp"] == pytest.approx(50 - found["paribus"][1])
    assert kept["sentences"][0].startswith("Claim `plain-loop ~ paribus`")
    assert kept["verdict"]["decision"]["min_rounds"] == kept["verdict"]["decision"]["max_rounds"] == 3
    assert "plain-loop ~ paribus" in printed
    assert len(kept["rounds"]) == 3


def test_rounds_of_paribus_are_runs_of_the_built_in_study(tmp_path: Path) -> None:
    setting = Setting.prepare(tmp_path, iterations=3000, evaluate_every=500)
    ours = lay_out(training.rounds_of(setting, "max-valid", 10)).keys()
    theirs = lay_out(paribus.read("mnist-pooling")).keys()
    assert [ours["max-valid", seed] for seed in range(10)] == [
        theirs["max-valid", seed] for seed in range(10)
    ]


@pytest.mark.slow
def test_recorded_rounds_of_other_numerics_are_not_taken_for_those_of_now(
    tmp_path: Path, mnist: data.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mnist.name == "mnist"
    setting = Setting.prepare(tmp_path, iterations=3, evaluate_every=3)
    monkeypatch.setattr(training, "set_up_process", lambda: Engine("torch-0", None))
    with pytest.raises(NumericsError, match="expected: torch-0"):
        training.paribus_runs(setting, "max-valid", 3, tmp_path / "store")


NOISE = np.random.default_rng(0).normal(0, 1, 10).round(2)


@pytest.mark.parametrize(
    ("shift", "spread", "size", "direction", "holds"),
    [
        (0.0, 0.01, "within", "unsettled", True),
        (0.05, 0.01, "within", "higher", True),
        (0.0, 1.0, "unsettled", "unsettled", True),
        (0.5, 0.01, "beyond", "higher", False),
        (-0.5, 0.01, "beyond", "lower", False),
    ],
)
def test_bar_asks_for_equivalence_or_no_direction(
    shift: float, spread: float, size: str, direction: str, holds: bool, tmp_path: Path
) -> None:
    path = tmp_path / "equality.csv"
    plain = dict.fromkeys(range(10), 96.0)
    ours = {seed: 96.0 + shift + spread * float(noise - NOISE.mean()) for seed, noise in enumerate(NOISE)}
    rows.write(path, rows.PLAIN, plain, ours, net="max-same", iterations=3000)
    judged = judge(path, rows.PLAIN, 10)
    (contrast,) = judged.document["contrasts"]
    assert (contrast["size"], contrast["direction"], contrast["rounds"]) == (size, direction, 10)
    assert judged.holds == holds
    assert contrast["sentence"] in judged.sentences


def test_pairs_and_the_largest_difference_follow_from_the_accuracies() -> None:
    found = pairs({0: 96.5, 1: 96.0}, {0: 96.4, 1: 96.3})
    assert [each["difference_pp"] for each in found] == [-0.1, 0.3]
    assert largest_difference(found) == 0.3


def test_file_without_the_plain_loop_has_nothing_to_go_on_from(tmp_path: Path) -> None:
    path = tmp_path / "equality.csv"
    assert rows.known(path, rows.PLAIN, net="max-same", iterations=3) == {}
    rows.write(path, rows.PLAIN, {}, {0: 96.0}, net="max-same", iterations=3)
    assert rows.known(path, rows.PLAIN, net="max-same", iterations=3) == {}
