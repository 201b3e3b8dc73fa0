"""The scale bench: it measures every section, its lines are fitted right, and its stores are real ones."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench.scale.fitting import Line, Times
from bench.scale.records import RecordedRuns
from bench.scale.report import bars
from bench.scale.standing import StandingCost
from bench.scale.studies import write_study

import paribus
from paribus import data
from paribus.standing import lay_out
from paribus.store import Store, ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory, mnist: data.Dataset) -> tuple[str, dict[str, Any]]:
    """What the quick form prints, and what it keeps."""
    assert len(mnist.test) == 10_000
    kept = tmp_path_factory.mktemp("scale") / "scale.json"
    command = [sys.executable, "-m", "bench.scale", "--quick", "--out", str(kept)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout, json.loads(kept.read_text())


@pytest.mark.slow
def test_file_has_machine_settings_and_every_section(quick: tuple[str, dict[str, Any]]) -> None:
    _, kept = quick
    assert {"processor", "cores", "torch"} <= kept["machine"].keys()
    settings = kept["settings"]
    assert settings["quick"]
    assert [point["count"] for point in kept["iterations"]["points"]] == settings["iterations"]
    assert [cost["side"] for cost in kept["sides"]] == settings["sides"]
    assert [cost["channels"] for cost in kept["channels"]] == settings["channels"]
    for cost in (*kept["sides"], *kept["channels"]):
        assert len(cost["times"]) == settings["turns"] * settings["steps"]
        assert cost["flops_per_second"] == pytest.approx(cost["flops"] / cost["seconds_a_step"])
    studies = kept["studies"]["points"]
    assert [[point["variants"], point["rounds"]] for point in studies] == settings["studies"]
    assert all(point["count"] == point["variants"] * point["rounds"] for point in studies)
    assert [worker["channels"] for worker in kept["memory"]] in ([], [None, *settings["channels"]])
    assert all(worker["megabytes"] > 50 for worker in kept["memory"])


@pytest.mark.slow
def test_studies_are_shown_from_stores_of_every_size(quick: tuple[str, dict[str, Any]]) -> None:
    printed, kept = quick
    seen = [
        (cost["recorded"], cost["rounds"], cost["own"], cost["finished"], cost["run"] is not None)
        for cost in kept["standings"]
    ]
    assert seen == [
        (10, 3, 9, True, True),
        (30, 3, 9, True, True),
        (30, 8, 24, True, True),
        (30, 8, 12, False, False),
        (20, 5, 20, True, True),
    ]
    assert kept["bars"] == []
    for heading in ("iterations", "side", "variants", "recorded", "peak memory", "bars"):
        assert heading in printed


def test_line_is_recovered_with_its_largest_residual() -> None:
    exact = [Times(count, (99.0, 2.0 + 0.5 * count, 0.0)) for count in (10, 20, 40)]
    line = Line.through(exact)
    assert line.start == pytest.approx(2.0)
    assert line.each == pytest.approx(0.5)
    assert line.largest_residual == pytest.approx(0.0, abs=1e-12)
    assert line.at(100) == pytest.approx(52.0)
    bent = Line.through([Times(0, (1.0,)), Times(1, (2.5,)), Times(2, (3.0,))])
    assert bent.start == pytest.approx(7 / 6)
    assert bent.each == pytest.approx(1.0)
    assert bent.largest_residual == pytest.approx((7 / 6 - 1.0) / 1.0)


def test_bars_are_asked_of_large_stores_only() -> None:
    def cost(recorded: int, *, finished: bool) -> StandingCost:
        second = Times(9, (0.5, 3.0, 0.4))
        return StandingCost(
            recorded=recorded,
            variants=3,
            rounds=3,
            own=9,
            finished=finished,
            show=second,
            run=second if finished else None,
            opening=second,
            recall=second,
            noises=second,
        )

    found = list(bars([cost(9_999, finished=True), cost(10_000, finished=False)]))
    assert found == [("show, 3 × 3 study, 9 of 10,000 runs its own", 0.5)]
    assert [seconds for _, seconds in bars([cost(12_800, finished=True)])] == [0.5, 0.5]


def test_showing_a_study_reads_as_many_runs_of_a_large_store_as_of_a_small_one(
    tmp_path: Path, mnist: data.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The synthetic runs are sound to the store, and count in the study to its last round."""
    assert len(mnist.test) == 10_000
    study = write_study(tmp_path, variants=3, rounds=4, min_rounds=3)
    layout = lay_out(paribus.read(study))
    store = RecordedRuns(tmp_path / "store", "numerics")
    store.add_study(layout)
    read: list[bytes] = []
    open_row = ledger.opened

    def noted(table: ledger.Table, found: Any) -> ledger.Row | None:  # noqa: ANN401 - whatever the file holds
        if table is ledger.Table.RUNS:
            read.append(found[1])
        return open_row(table, found)

    monkeypatch.setattr(ledger, "opened", noted)
    counts = []
    for total in (12, 15, 60):
        store.fill(layout, total)
        assert len(store) == total
        read.clear()
        stands = paribus.show(study, store=store.folder)
        counts.append(len(read))
        assert (stands.verdict.rounds, stands.verdict.needed) == (4, ())
        assert len(stands.noises) == 2
        assert {key.decode() for key in read} == set(layout.keys().values())
    assert counts == [24, 24, 24]  # once to judge, once with predictions for the noises
    with Store.reader(store.folder) as opened:
        assert opened.check() == []
        assert len(opened.finished_since(0)) == 60
