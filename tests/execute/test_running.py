"""Running a study: what is trained, what is recorded, what is told, and when it ends."""

import dataclasses
from pathlib import Path

import pytest

from paribus import api
from paribus.data import fetch
from paribus.errors import NumericsError
from paribus.execute import Interrupt, WorkerPool, verify
from paribus.records import Registration
from paribus.spec import Study, canonical, declaration, study_digest
from paribus.standing import (
    Event,
    RoundJudged,
    RunEvaluated,
    RunFinished,
    RunStarted,
    StudyStarted,
    StudyStopped,
)
from paribus.store import Store, read_progress


class Told(list[Event]):
    """Collects events."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    def trained(self) -> list[tuple[str, int]]:
        return [(event.variant, event.seed) for event in self if isinstance(event, RunFinished)]


def changed(study: Study, **fields: object) -> Study:
    return Study(**(study.model_dump(mode="json", exclude_unset=True) | fields))


def test_a_study_trains_every_run_of_every_round_and_keeps_it(small: Study, tmp_path: Path) -> None:
    told = Told()
    outcome = api.run(small, store=tmp_path / "store", workers=2, progress=told)
    assert outcome.trained == 12
    assert sorted(told.trained()) == sorted((name, seed) for name in small.differences for seed in range(4))
    assert isinstance(told[0], StudyStarted)
    assert isinstance(told[-1], StudyStopped)
    assert [event.standing.verdict.rounds for event in told if isinstance(event, RoundJudged)] == [1, 2, 3, 4]
    assert sum(isinstance(event, RunStarted) for event in told) == 12
    assert sum(isinstance(event, RunEvaluated) for event in told) == 24
    with Store.reader(tmp_path / "store") as store:
        assert store.check() == []
        records = [record for _, record in store.finished_since(0)]
    assert len(records) == 12
    assert {record.state for record in records} == {"done"}
    assert all(record.weights_file for record in records)


def test_running_again_trains_nothing_and_says_the_same(small: Study, tmp_path: Path) -> None:
    first = api.run(small, store=tmp_path / "store")
    told = Told()
    second = api.run(small, store=tmp_path / "store", progress=told)
    assert second.trained == 0
    assert told.trained() == []
    assert second.verdict == first.verdict
    assert api.show(small, store=tmp_path / "store").verdict == first.verdict


def test_finished_study_is_told_without_a_worker_on_any_machine(
    small: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = api.run(small, store=tmp_path / "store")

    def no_workers(*_: object, **__: object) -> None:
        raise AssertionError("a worker was asked for")

    monkeypatch.setattr(api, "WorkerPool", no_workers)
    told = Told()
    second = api.run(small, store=tmp_path / "store", progress=told)
    assert [type(event) for event in told] == [StudyStarted, StudyStopped]
    assert (second.ending, second.trained) == (first.ending, 0)
    assert second.standing.noises == first.standing.noises
    with pytest.raises(AssertionError, match="asked for"):
        api.run(changed(small, decision={"min_rounds": 5, "max_rounds": 5}), store=tmp_path / "store")
    next((tmp_path / "store").rglob("*.safetensors")).unlink()
    with pytest.raises(AssertionError, match="asked for"):
        api.run(small, store=tmp_path / "store")


def test_one_worker_and_two_give_the_same_bits_and_the_same_verdict(small: Study, tmp_path: Path) -> None:
    one = api.run(small, store=tmp_path / "one", workers=1)
    two = api.run(small, store=tmp_path / "two", workers=2)
    assert one.verdict == two.verdict
    for name in small.differences:
        for seed in range(4):
            assert one.runs[name][seed].weights_digest == two.runs[name][seed].weights_digest


def test_adding_a_variant_trains_only_its_runs_and_makes_the_verdict_post_hoc(
    small: Study, tmp_path: Path
) -> None:
    first = api.run(small, store=tmp_path / "store")
    assert first.verdict.post_hoc is None
    wider = changed(
        small, variants={**small.variants, "none": {"net.pool": "none"}}, claims=[*small.claims, "none < max"]
    )
    told = Told()
    outcome = api.run(wider, store=tmp_path / "store", progress=told)
    assert sorted(told.trained()) == [("none", seed) for seed in range(4)]
    assert outcome.verdict.post_hoc is not None
    assert "12 of its runs were already in the store" in outcome.verdict.post_hoc


def test_raising_max_rounds_trains_only_the_new_rounds_and_makes_the_verdict_post_hoc(
    small: Study, tmp_path: Path
) -> None:
    api.run(small, store=tmp_path / "store")
    longer = changed(small, decision={"min_rounds": 5, "max_rounds": 5})
    told = Told()
    outcome = api.run(longer, store=tmp_path / "store", progress=told)
    assert sorted(told.trained()) == [(name, 4) for name in sorted(small.differences)]
    assert outcome.verdict.post_hoc is not None


def test_a_study_stops_as_soon_as_it_is_decided(small: Study, tmp_path: Path) -> None:
    easy = changed(
        small,
        variants={"max": {}, "dead": {"protocol.learning_rate": 1e-6}},
        claims=["dead < max"],
        decision={"min_rounds": 3, "max_rounds": 50},
    )
    outcome = api.run(easy, store=tmp_path / "store", workers=2)
    assert outcome.ending == "decided"
    assert outcome.verdict.claims[0].verdict == "supported"
    assert outcome.verdict.rounds < 10
    assert outcome.trained <= 2 * outcome.verdict.rounds + 2


def test_rounds_follow_ascending_seeds_from_the_first_seed(small: Study, tmp_path: Path) -> None:
    told = Told()
    study = changed(small, decision={"min_rounds": 3, "max_rounds": 3, "first_seed": 100})
    api.run(study, store=tmp_path / "store", workers=1, progress=told)
    assert [seed for _, seed in told.trained()] == [100] * 3 + [101] * 3 + [102] * 3


def test_a_diverging_variant_counts_with_the_accuracy_its_weights_have(small: Study, tmp_path: Path) -> None:
    growing = {"protocol.learning_rate": 1e3, "protocol.weight_decay": 1e3}
    study = changed(small, variants={"max": {}, "growing": growing}, claims=["growing < max"])
    outcome = api.run(study, store=tmp_path / "store")
    assert {record.state for record in outcome.runs["growing"].values()} == {"diverged"}
    assert outcome.verdict.claims[0].verdict == "supported"
    assert outcome.verdict.rounds == 4


def test_runs_of_other_numerics_are_not_mixed_in(small: Study, tmp_path: Path) -> None:
    registration = Registration(
        study_digest=study_digest(small),
        name=small.name,
        numerics="torch-0 elsewhere",
        registered_at="2026-01-01T00:00:00+00:00",
        runs_existing=0,
        declaration=canonical(declaration(small)),
    )
    with Store.writer(tmp_path / "store", purpose="test") as store:
        store.register(registration)
    with pytest.raises(NumericsError, match="torch-0 elsewhere"):
        api.run(small, store=tmp_path / "store")


def test_weights_are_left_out_when_the_study_does_not_want_them(small: Study, tmp_path: Path) -> None:
    outcome = api.run(changed(small, keep_weights=False), store=tmp_path / "store")
    assert {record.weights_file for runs in outcome.runs.values() for record in runs.values()} == {""}
    assert not list((tmp_path / "store").rglob("*.safetensors"))


def test_progress_file_tells_another_process_what_happened(small: Study, tmp_path: Path) -> None:
    api.run(small, store=tmp_path / "store")
    with Store.reader(tmp_path / "store") as store:
        events = read_progress(store.progress_path("small"))
    assert events[0]["event"] == "StudyStarted"
    assert (
        events[-1] == {**events[-1], "event": "StudyStopped", "ending": "at the cap"} or events[-1]["ending"]
    )
    assert sum(event["event"] == "RunFinished" for event in events) == 12


def test_run_whose_weights_are_gone_is_trained_once_more_and_gets_them_back(
    small: Study, tmp_path: Path
) -> None:
    first = api.run(small, store=tmp_path / "store")
    lost = next((tmp_path / "store").rglob("*.safetensors"))
    content = lost.read_bytes()
    lost.unlink()
    second = api.run(small, store=tmp_path / "store")
    assert second.trained == 1
    assert lost.read_bytes() == content
    assert second.verdict == first.verdict


def test_verify_reruns_a_sample_and_finds_the_same_bits(small: Study, tmp_path: Path) -> None:
    api.run(small, store=tmp_path / "store")
    comparisons = api.verify(small, runs=4, store=tmp_path / "store")
    assert len(comparisons) == 4
    assert {comparison.variant for comparison in comparisons} == set(small.differences)
    assert all(comparison.same_numerics and not comparison.differing for comparison in comparisons)


def test_verify_names_what_differs_when_a_result_is_not_what_its_spec_says(
    small: Study, tmp_path: Path
) -> None:
    """The recorded runs of one study are passed off as those of another with a different learning rate."""
    api.run(small, store=tmp_path / "store")
    standing = api.show(small, store=tmp_path / "store")
    wrong = {**standing.runs, "max": standing.runs["slow"]}
    fetch("mnist")
    with WorkerPool(1) as pool:
        found = verify(
            dataclasses.replace(standing, runs=wrong),
            [("max", 0)],
            pool,
            on_comparison=lambda _: None,
            interrupt=Interrupt(),
        )
    assert found[0].differing == ("final weights", "evaluations")
