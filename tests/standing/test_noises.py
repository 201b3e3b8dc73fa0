"""Two noises from stored predictions, against the definition computed by hand."""

from pathlib import Path

import numpy as np
import pytest

from paribus import api, data
from paribus.spec import Block, Data, Decision, Net, Protocol, Study
from paribus.store import Store

STUDY = Study(
    name="noises",
    claims=["slow < quick"],
    data=Data(train_images=1000),
    net=Net(blocks=(Block(channels=4),)),
    protocol=Protocol(batch_size=50, iterations=20, learning_rate=0.1),
    variants={"quick": {}, "slow": {"protocol.learning_rate": 0.01}},
    decision=Decision(min_rounds=3, max_rounds=3),
)


def test_noises_of_a_study_are_those_of_its_stored_predictions(
    mnist: data.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = api.run(STUDY, store=tmp_path)
    noises = outcome.standing.noises["quick - slow"]
    with Store.reader(tmp_path) as store:
        keys = {record.run_key for runs in outcome.runs.values() for record in runs.values()}
        stored = store.runs(keys, outcome.standing.numerics, predictions=True)
    tables = [
        np.stack(
            [
                stored[record.run_key].predictions == mnist.test.labels
                for record in outcome.runs[name].values()
            ]
        ).astype(float)
        for name in ("slow", "quick")
    ]
    difference = tables[1] - tables[0]
    assert noises.difference_pp == pytest.approx(100 * difference.mean())
    assert noises.difference_pp == pytest.approx(outcome.verdict.contrasts[0].difference_pp)
    assert noises.seed_se_pp == pytest.approx(
        100 * difference.mean(axis=1).std(ddof=1) / np.sqrt(3), rel=1e-6
    )
    assert (noises.rounds, noises.images) == (3, 10_000)
    shown = api.show(STUDY, store=tmp_path)
    assert shown.noises == outcome.standing.noises
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(tmp_path / "empty"))
    assert api.show(STUDY, store=tmp_path).noises == {}
