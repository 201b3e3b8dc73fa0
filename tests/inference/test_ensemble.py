"""Trained nets asked: the recorded predictions again, the vote, drawn digits, and how long it takes."""

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
import torch
from PIL import Image

import paribus
from paribus import api, data
from paribus.errors import UsageError
from paribus.inference.ensemble import Ensemble
from paribus.spec import Block, Net, Study
from paribus.standing import Prediction, Voters
from paribus.store import Store

VARIANTS = ["max-same", "avg-same", "max-valid"]


class Trained(Protocol):
    """Three variants in three seeds; see conftest.py."""

    store: Path
    study: Study
    overrides: dict[str, str]


def load(trained: Trained, what: str) -> Ensemble:
    return api.ensemble(what, store=trained.store, overrides=trained.overrides)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_test_images_get_the_classes_that_were_recorded(
    variant: str, trained: Trained, mnist: data.Dataset
) -> None:
    nets = load(trained, f"mnist-pooling:{variant}@1")
    with Store.reader(trained.store) as store:
        recorded = store.run(nets.voters.run_keys[0], nets.voters.numerics)
    assert recorded is not None
    assert recorded.accuracy > 97
    (by_net,) = nets.probabilities(mnist.test.images)
    assert (by_net.argmax(axis=1) == recorded.predictions).all()
    assert np.abs(by_net.sum(axis=1) - 1).max() < 1e-12


def test_raw_pictures_of_test_images_get_the_same_classes(
    trained: Trained, mnist: data.Dataset, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{index}.png" for index in range(60)]
    for path, image in zip(paths, mnist.test.images, strict=False):
        Image.fromarray(image[0]).save(path)
    nets = load(trained, "mnist-pooling:max-same")
    assert len(nets) == 3
    predictions = api.predict(nets, paths, raw=True)
    expected = nets.probabilities(mnist.test.images[:60])
    for index, prediction in enumerate(predictions):
        assert prediction.image == str(paths[index])
        assert (prediction.by_seed == expected[:, index]).all()
        assert (prediction.probabilities == expected[:, index].mean(axis=0)).all()
    arrays = api.predict(nets, mnist.test.images[:60], raw=True)
    assert [one.label for one in arrays] == [one.label for one in predictions]
    assert arrays[0].image == "image 1"


def test_of_twenty_drawn_digits_at_least_seventeen_are_right(
    trained: Trained, twenty: list[tuple[int, Image.Image]]
) -> None:
    predictions = api.predict(load(trained, "mnist-pooling:max-same"), [picture for _, picture in twenty])
    wrong = [
        (digit, prediction.label)
        for (digit, _), prediction in zip(twenty, predictions, strict=True)
        if prediction.label != digit
    ]
    assert len(wrong) <= 3, wrong


def test_the_vote_is_the_mean_and_agreement_counts_heads() -> None:
    by_seed = np.array([[0.6, 0.4, 0.0], [0.1, 0.9, 0.0], [0.55, 0.4, 0.05]])
    voters = Voters("s", "0", "v", "d", ("a", "b", "c"), (0, 1, 2), ("x", "y", "z"), "n")
    vote = Prediction("image", voters, by_seed)
    assert vote.name == "b"
    assert vote.probability == pytest.approx(1.7 / 3)
    assert vote.agreement == 1
    assert vote.runner_up == 0


def test_fifteen_nets_answer_one_image_at_once(trained: Trained, mnist: data.Dataset) -> None:
    ensembles = [load(trained, f"mnist-pooling:{variant}") for variant in VARIANTS]
    image = mnist.test.images[:1]
    seconds = []
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(2):
            for nets in ensembles:
                assert nets.probabilities(image).shape == (3, 1, 10)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.3, "18 nets"


def test_threads_may_ask_at_the_same_time_and_their_number_is_put_back(
    trained: Trained, mnist: data.Dataset
) -> None:
    nets = load(trained, "mnist-pooling:max-same")
    before = torch.get_num_threads()
    expected = nets.probabilities(mnist.test.images[:70])
    found: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(bool((nets.probabilities(mnist.test.images[:70]) == expected).all()))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4
    assert torch.get_num_threads() == before


def test_images_of_another_form_are_refused(trained: Trained) -> None:
    nets = load(trained, "mnist-pooling:max-same@0")
    wrong: tuple[Any, ...] = (np.zeros((2, 28, 28), np.uint8), np.zeros((2, 1, 28, 28), np.float32))
    for images in wrong:
        with pytest.raises(UsageError, match="no images of the dataset's form"):
            nets.probabilities(images)
    assert nets.probabilities(np.zeros((0, 1, 28, 28), np.uint8)).shape == (1, 0, 10)


def test_a_net_trained_in_bfloat16_with_batch_norm_repeats_its_record(
    mnist: data.Dataset, tmp_path: Path
) -> None:
    study = Study(
        name="half",
        data={"train_images": 500},
        net=Net(blocks=(Block(channels=4), Block(channels=6)), batch_norm=True, hidden=(12,), dropout=0.1),
        protocol={"iterations": 10, "learning_rate": 0.1, "precision": "bfloat16"},
        variants={"half": {}, "full": {"protocol.precision": "float32"}},
        decision={"max_rounds": 3},
    )
    outcome = paribus.run(study, store=tmp_path / "store")
    key = outcome.runs["half"][2].run_key
    nets = paribus.ensemble(key[:16], store=tmp_path / "store")
    with Store.reader(tmp_path / "store") as store:
        recorded = store.run(key, nets.voters.numerics)
    assert recorded is not None
    assert (nets.probabilities(mnist.test.images)[0].argmax(axis=1) == recorded.predictions).all()


def test_choosing_and_preparing_load_no_torch_and_paribus_loads_nothing() -> None:
    import subprocess  # noqa: PLC0415

    program = (
        "import sys, json; import paribus; before = sorted(sys.modules); paribus.predict; "
        "import paribus.inference.choosing, paribus.inference.preparing, paribus.inference.facts; "
        "print(json.dumps([[name for name in before if name.startswith('paribus')], 'torch' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [["paribus"], False]


Draw = Callable[..., Image.Image]


def test_one_picture_may_be_given_without_a_list(trained: Trained, drawn: Draw) -> None:
    (prediction,) = api.predict(load(trained, "mnist-pooling:max-same"), drawn(0))
    assert prediction.name == "0"
    assert prediction.classes == tuple("0123456789")
    assert prediction.seeds == (0, 1, 2)
