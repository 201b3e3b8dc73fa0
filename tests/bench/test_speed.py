"""The speed bench: its competitors train the same run, and its figures follow from what they took."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench.speed import peers
from bench.speed.contest import Sample
from bench.speed.findings import bars, findings
from bench.speed.gemm import Rates, convolution, product
from bench.speed.roster import Competitor

from paribus import data

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory, mnist: data.Dataset) -> tuple[str, dict[str, Any]]:
    """What the quick form prints, and what it keeps."""
    assert len(mnist.test) == 10_000
    kept = tmp_path_factory.mktemp("speed") / "speed.json"
    command = [sys.executable, "-m", "bench.speed", "--quick", "--repeats", "1", "--out", str(kept)]
    asked = ["--competitors", "notebook", "tensors", "paribus"]
    done = subprocess.run([*command, *asked], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout, json.loads(kept.read_text())


def test_table_has_a_line_for_every_competitor_and_the_rate_of_the_machine(
    quick: tuple[str, dict[str, Any]],
) -> None:
    printed, _ = quick
    for words in ("the notebook's loop", "tensors in memory", "paribus, one worker a core"):
        assert sum(words in line for line in printed.splitlines()) == 1
    assert "matrix product, bfloat16" in printed
    assert "left out" not in printed


def test_all_competitors_train_the_same_run_to_the_same_accuracy(quick: tuple[str, dict[str, Any]]) -> None:
    _, kept = quick
    reached = [sample["accuracy"] for sample in kept["samples"]]
    assert len(reached) == 3
    assert max(reached) - min(reached) <= 0.05  # five images that may fall either way
    assert not any(accuracy == pytest.approx(9.8) for accuracy in reached)  # a net that says one class


def test_file_has_machine_settings_and_every_sample(quick: tuple[str, dict[str, Any]]) -> None:
    _, kept = quick
    assert {"processor", "cores", "torch"} <= kept["machine"].keys()
    assert kept["settings"]["iterations"] == 3
    for finding in kept["findings"]:
        taken = [s["seconds"] for s in kept["samples"] if s["competitor"] == finding["competitor"]]
        assert [finding["seconds"]["median"]] == taken
    ours = [sample["told"] for sample in kept["samples"] if sample["competitor"] == "paribus"]
    assert all(0 <= share < 1 for told in ours for share in told["overhead_in_runs"])


def sample(competitor: str, turn: int, seconds: float, **told: object) -> Sample:
    return Sample(
        competitor=competitor,
        variant="max-same",
        round=turn,
        seed=turn,
        seconds=seconds,
        seconds_with_start=seconds + 1,
        first_iteration=None,
        accuracy=95.0,
        flops=1e12 / seconds,
        told=told,
    )


def test_ratios_are_of_the_same_round_so_that_a_slow_minute_is_not_counted_twice() -> None:
    """The machine is twice as slow in the second round; unpaired medians would give 40 / 15."""
    told = {"numerics": "torch-2", "overhead_in_runs": [0.005, 0.01, 0.03], "workers_not_training": 0.05}
    samples = [
        sample("notebook", 0, 30.0),
        sample("paribus", 0, 10.0, **told),
        sample("notebook", 1, 50.0),
        sample("paribus", 1, 20.0, **told),
    ]
    rates = {product("float32"): Rates(shared=1.5e11, apart=2e11), convolution("float32"): Rates(4e11, 3e11)}
    found = findings(samples, {("max-same", turn): rates for turn in (0, 1)})
    notebook, ours = found
    assert notebook.ratio is not None
    assert notebook.ratio.median == pytest.approx((3.0 + 2.5) / 2)
    assert ours.share.median == pytest.approx((0.5 + 0.25) / 2)
    assert ours.share_of_convolution.median == pytest.approx((0.25 + 0.125) / 2)
    by_name = {bar.what: bar for bar in bars(found, samples, [2.0, 4.0, 3.5], iterations=3000)}
    assert by_name["max-same: notebook over paribus"].holds
    assert by_name["max-same: paribus's useful FLOP/s over the product rate"].holds is False
    overhead = by_name["max-same: share of a run outside steps and evaluation"]
    assert overhead.holds
    assert overhead.value == pytest.approx(0.01)
    assert by_name["s from `paribus run` to its first iteration"].holds is False


def test_peer_that_cannot_be_installed_is_reported_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "FOLDER", tmp_path / ".bench-venv")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    absent = Competitor("absent", "absent_trainer", packages=("no-such-peer",), environment="absent")
    home = Competitor("home", "notebook")
    reasons = peers.install([home, absent])
    assert list(reasons) == ["absent"]
    assert "no-such-peer as pinned in peers.txt cannot be installed here" in reasons["absent"]
    assert str(tmp_path) not in reasons["absent"]
    assert (tmp_path / ".bench-venv" / "absent" / "absent.log").read_text()
