"""The verdict bench: the rule's own rounds, the schedule of `paribus run`, ratios of the same repeat."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.speed.contest import Sample
from bench.verdict.findings import ratio_bar, repeat
from bench.verdict.resample import Resampled, resample
from bench.verdict.schedule import mean_schedule, schedule

import paribus
from paribus import data
from paribus.spec import Study
from paribus.verdict import judge, read_results

ROOT = Path(__file__).parents[2]
BANK = ROOT / "bench" / "bank" / "mnist-pooling.csv"
MIN_ROUNDS, MAX_ROUNDS = 3, 20


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory, mnist: data.Dataset) -> tuple[str, dict[str, Any]]:
    """What the quick form prints, and what it keeps."""
    assert len(mnist.test) == 10_000
    kept = tmp_path_factory.mktemp("verdict") / "verdict.json"
    command = [sys.executable, "-m", "bench.verdict", "--quick", "--out", str(kept)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout, json.loads(kept.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_quick_form_prints_rounds_runs_seconds_and_a_real_study(quick: tuple[str, dict[str, Any]]) -> None:
    printed, kept = quick
    for words in ("max-same - max-valid", "avg-same < max-valid < max-same", "the study"):
        assert sum(line.startswith(f"  {words} ") for line in printed.splitlines()) == 1
    assert "one real study, from the command to its end:" in printed
    assert kept["real_study"]["runs"] == {"max-same": 3, "avg-same": 3, "max-valid": 3}
    assert kept["real_study"]["rounds"] == 3
    assert {"processor", "cores", "torch"} <= kept["machine"].keys()
    assert kept["settings"]["iterations"] == 3


@pytest.mark.slow
def test_kept_seconds_are_mean_runs_times_seconds_a_run(quick: tuple[str, dict[str, Any]]) -> None:
    _, kept = quick
    (turn,) = kept["repeats"]
    needed = {name: found["mean"] for name, found in kept["rounds"]["runs_needed"].items()}
    assert turn["needed_seconds"] == pytest.approx(sum(needed[v] * turn["paribus"][v] for v in needed))
    way = turn["schedule"]
    busy = sum((way["finished"][v] + way["cut_off"][v]) * turn["paribus"][v] for v in needed)
    assert way["seconds"] == pytest.approx(busy)  # no worker waits before the cap is near
    taken = [sample["seconds"] for sample in kept["samples"] if sample["competitor"] == "notebook"]
    assert len(taken) == 3
    assert turn["ratio"] == pytest.approx(way["seconds"] / sum(taken))


def study_of(*claims: str, variants: int = 3) -> Study:
    """A study of variants a, b and so on; nothing of it is trained."""
    return Study(
        name="constructed",
        claims=list(claims),
        net={"blocks": [{"channels": 4, "kernel": 3}]},
        protocol={"iterations": 1},
        variants={
            name: {"protocol.learning_rate": 0.01 * (1 + index)}
            for index, name in enumerate("abcd"[:variants])
        },
        decision={"min_rounds": MIN_ROUNDS, "max_rounds": MAX_ROUNDS},
    )


def bank_of(**accuracies: object) -> dict[str, dict[int, float]]:
    """Thirty rounds of variants with these accuracies, one or an array of them."""
    return {
        name: dict(enumerate(np.broadcast_to(np.asarray(values, float), 30).tolist()))
        for name, values in accuracies.items()
    }


def drawn(study: Study, bank: Mapping[str, Mapping[int, float]], studies: int = 50) -> Resampled:
    return resample(study, bank, studies=studies, images=10_000, rng=np.random.default_rng(0))


def test_enormous_differences_stop_every_contrast_at_the_first_look() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (3, 30))
    found = drawn(study_of("a < b < c"), bank_of(a=50 + noise[0], b=60 + noise[1], c=70 + noise[2]))
    assert found.contrasts == ("b - a", "c - b")
    assert np.all(found.contrast_rounds == MIN_ROUNDS)
    assert np.all(found.needed == MIN_ROUNDS)
    assert np.all(found.claim_rounds == MIN_ROUNDS)
    assert set(found.answers.flat) == {"supported"}
    assert found.decided.all()


def test_identical_variants_never_have_a_direction() -> None:
    same = 90 + np.random.default_rng(1).normal(0, 1, 30)
    found = drawn(study_of("a < b < c", "c < a"), bank_of(a=same, b=same, c=same))
    assert set(found.answers.flat) == {"not supported"}


def test_differences_lost_in_the_noise_go_on_to_the_cap() -> None:
    noise = np.random.default_rng(1).normal(0, 5, 30)
    found = drawn(study_of("a ~ b", variants=2), bank_of(a=80, b=80 + noise - noise.mean()))
    assert np.mean(~found.decided) > 0.9
    assert np.all(found.rounds[~found.decided] == MAX_ROUNDS)
    assert np.all(found.needed[~found.decided] == MAX_ROUNDS)


def test_refuted_link_answers_its_claim_and_ends_the_training_of_who_only_that_claim_needs() -> None:
    rng = np.random.default_rng(1)
    bank = bank_of(a=60 + rng.normal(0, 0.1, 30), b=50 + rng.normal(0, 0.1, 30), c=50 + rng.normal(0, 3, 30))
    found = drawn(study_of("a < b < c"), bank)
    assert set(found.answers.flat) == {"refuted"}
    assert np.all(found.claim_rounds == MIN_ROUNDS)
    assert np.all(found.needed == MIN_ROUNDS)


NOISE = np.random.default_rng(2).normal(0, 1, (3, 30))
"""Three variants whose differences are settled early, late or not at all, as rounds are drawn."""


@pytest.mark.parametrize(
    ("study", "bank"),
    [
        (paribus.read("mnist-pooling"), read_results(BANK)),
        (
            study_of("a < b < c", "a ~ c", "b < a"),
            bank_of(a=80 + NOISE[0], b=82 + NOISE[1], c=81.5 + NOISE[2]),
        ),
        (
            study_of("a < b < c", "b < c"),
            bank_of(a=90 + NOISE[0], b=80 + NOISE[1], c=80.5 + NOISE[2]),
        ),
        (study_of(), bank_of(a=80 + NOISE[0], b=82 + NOISE[1], c=84 + NOISE[2])),
    ],
    ids=["the bank", "claims that share contrasts", "a claim refuted by one link", "no claims"],
)
def test_one_walk_over_all_rounds_tells_what_judging_after_every_round_tells(
    study: Study, bank: dict[str, dict[int, float]]
) -> None:
    """The reference judges as `paribus run` does: whenever a round is complete, on the rounds so far."""
    found = drawn(study, bank, studies=30)
    names = list(study.differences)
    for index, rounds in enumerate(np.random.default_rng(0).integers(30, size=(30, MAX_ROUNDS)).tolist()):
        trained = dict.fromkeys(names, 0)
        answered = dict.fromkeys(found.claims, 0)
        for count in range(MAX_ROUNDS):
            verdict = judge(
                {name: {turn: bank[name][rounds[turn]] for turn in range(count)} for name in names},
                claims=study.claims,
                seeds=range(MAX_ROUNDS),
            )
            for name in verdict.needed:
                trained[name] += 1
            for claim in verdict.claims:
                answered[claim.claim] += not claim.final
        assert found.needed[index].tolist() == list(trained.values())
        assert found.claim_rounds[index].tolist() == list(answered.values())


def test_free_worker_begins_the_next_round_and_what_it_did_is_thrown_away_at_the_stop() -> None:
    """a: 0–4, then 4–8 cut off at 5; b: 0–1; a's second run 1–5 decides."""
    way = schedule({"a": 2, "b": 1}, {"a": 4.0, "b": 1.0}, workers=2, cap=20)
    assert way.seconds == 5
    assert way.finished == {"a": 2, "b": 1}
    assert way.cut_off == {"a": pytest.approx(0.25), "b": 0}


def test_runs_finished_ahead_of_the_verdict_are_counted_and_none_is_begun_beyond_the_cap() -> None:
    """b: 0–1, 0–1, 1–2, which is all up to the cap; a: 0–10 decides, 1–11 and 2–12 are cut off."""
    way = schedule({"b": 1, "a": 1}, {"b": 1.0, "a": 10.0}, workers=3, cap=3)
    assert way.seconds == 10
    assert way.finished == {"b": 3, "a": 1}
    assert way.cut_off == {"b": 0, "a": pytest.approx(1.7)}


def test_one_worker_trains_what_is_needed_and_nothing_else() -> None:
    needed = np.random.default_rng(0).integers(3, 21, size=(100, 3))
    seconds = {"a": 3.0, "b": 2.0, "c": 0.5}
    way = mean_schedule(needed, seconds, workers=1, cap=20)
    assert way.seconds == pytest.approx(float(np.mean(needed @ list(seconds.values()))))
    assert list(way.finished.values()) == pytest.approx(needed.mean(axis=0).tolist())
    assert set(way.cut_off.values()) == {0.0}


def sample(competitor: str, variant: str, turn: int, seconds: float) -> Sample:
    return Sample(
        competitor=competitor,
        variant=variant,
        round=turn,
        seed=turn,
        seconds=seconds,
        seconds_with_start=seconds + 1,
        first_iteration=None,
        accuracy=95.0,
        flops=1e12 / seconds,
        told={"threads": 1, "numerics": "torch-2"},
    )


def test_ratio_is_of_the_same_repeat_and_short_runs_are_scaled() -> None:
    """Three rounds of both: 3·(1 + 3) over 5 + 3 is 1.5; the second repeat is on a machine half as fast."""
    found = drawn(study_of("a < b", variants=2), bank_of(a=50, b=70))
    assert np.all(found.needed == MIN_ROUNDS)
    repeats = [
        repeat(
            found,
            [
                sample(competitor, variant, turn, (1 + turn) * seconds)
                for competitor, variant, seconds in (
                    ("notebook", "a", 5.0),
                    ("notebook", "b", 3.0),
                    ("paribus", "a", 1.0),
                    ("paribus", "b", 3.0),
                )
            ],
            scale=5,
            cap=MAX_ROUNDS,
        )
        for turn in (0, 1)
    ]
    assert [each.notebook_seconds for each in repeats] == [40, 80]
    assert [each.needed_seconds for each in repeats] == [pytest.approx(60), pytest.approx(120)]
    assert [each.ratio for each in repeats] == [pytest.approx(1.5), pytest.approx(1.5)]
    assert ratio_bar(repeats).holds
