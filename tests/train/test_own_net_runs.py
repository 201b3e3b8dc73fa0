"""Runs of own nets: the same bits whatever was trained before, and what their records say."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch.nn import functional

from paribus.data import Dataset, batch_order
from paribus.errors import StudyError
from paribus.nets.build import build
from paribus.nets.shapes import LayerTable
from paribus.records import Assignment, TrainedRun
from paribus.spec import OwnNet, Study
from paribus.train import engines, set_up_process, train

MODULE = """
import random, numpy, torch
from torch import nn
from torch.nn import functional

seen = []

class Own(nn.Module):
    def __init__(self, width, drop, classes):
        super().__init__()
        self.conv = nn.Conv2d(1, width, 3, stride=2)
        self.norm = nn.BatchNorm2d(width)
        self.drop = nn.Dropout(drop)
        self.place = nn.Parameter(torch.randn(width, 1, 1) * random.random() * numpy.random.rand())
        self.fc = nn.Linear(width, classes)

    def forward(self, images):
        maps = functional.relu(self.norm(self.conv(images)) + self.place)
        return self.fc(self.drop(maps.mean((2, 3))))

def net(classes, width=8, drop=0.3):
    seen.append(width)
    return Own(width, drop, classes)

class Failing(Own):
    def __init__(self, how, classes):
        super().__init__(4, 0.0, classes)
        self.how, self.steps = how, 0

    def forward(self, images):
        self.steps += self.training
        if self.steps > 5:
            if self.how == "exit":
                raise SystemExit("enough")
            self.place.register_hook(lambda gradient: (_ for _ in ()).throw(SystemExit("later")))
        return super().forward(images)

def failing(classes, how):
    return Failing(how, classes)
"""


@pytest.fixture(scope="module", autouse=True)
def _set_up() -> None:
    set_up_process()


@pytest.fixture
def few(mnist: Dataset) -> Dataset:
    return dataclasses.replace(mnist, test=mnist.test[:200])


def study(folder: Path, net: Mapping[str, object], **protocol: object) -> Study:
    (folder / "mine.py").write_text(MODULE)
    lines = [f"{name} = {value!r}" for name, value in {"callable": "mine:net", **net}.items()]
    steps = [
        f"{name} = {value!r}" for name, value in {"iterations": 12, "batch_size": 20, **protocol}.items()
    ]
    (folder / "study.toml").write_text(
        "\n".join(
            [
                'name = "s"\n[data]\ntrain_images = 200\n[net]', *lines, "[protocol]", *steps,
                '[variants]\na = {}\nb = { "net.width" = 12 }\n',
            ]
        )
    )  # fmt: skip
    return Study.read(folder / "study.toml")


def run(chosen: Study, variant: str, data: Dataset, seed: int = 0) -> TrainedRun:
    return train(Assignment("0" * 64, chosen.configurations[variant], seed), data, engines()[0])


def test_a_run_has_the_same_bits_whatever_was_trained_before_in_the_process(
    tmp_path: Path, few: Dataset
) -> None:
    own = study(tmp_path, {"width": 8}, learning_rate=0.1)
    first = run(own, "a", few)
    other = run(own, "b", few)
    torch.seed()
    again = run(own, "a", few)
    assert again.record.weights_digest == first.record.weights_digest
    assert again.record.initial_digests == first.record.initial_digests
    assert again.record.evaluations == first.record.evaluations
    assert other.record.weights_digest != first.record.weights_digest
    assert run(own, "a", few, seed=1).record.initial_digests["place"] != first.record.initial_digests["place"]


def test_training_draws_nothing_from_the_processes_generators(tmp_path: Path, few: Dataset) -> None:
    own = study(tmp_path, {})
    torch.manual_seed(4)
    before = torch.get_rng_state()
    run(own, "a", few)
    assert torch.equal(before, torch.get_rng_state())


def test_variants_share_initial_bits_wherever_a_layer_has_the_same_shapes(
    tmp_path: Path, few: Dataset
) -> None:
    own = study(tmp_path, {"width": 8})
    one, other = (run(own, variant, few).record.initial_digests for variant in ("a", "b"))
    assert one.keys() == other.keys()
    assert one["fc.weight"] != other["fc.weight"]
    dropped = run(study(tmp_path, {"width": 8, "drop": 0.5}), "a", few).record.initial_digests
    assert dropped == one


def test_record_says_what_the_net_set_itself_and_keeps_buffers(tmp_path: Path, few: Dataset) -> None:
    trained = run(study(tmp_path, {}), "a", few)
    assert trained.record.environment["globally seeded"] == "place"
    assert trained.record.environment["memory format"] == "channels last"
    assert {"norm.running_mean", "norm.num_batches_tracked", "place"} < set(trained.weights)
    assert trained.weights["norm.num_batches_tracked"] == 12
    assert trained.record.weights_moved > 0
    assert set(trained.record.initial_digests) == {
        "conv.weight", "conv.bias", "norm.weight", "norm.bias", "place", "fc.weight", "fc.bias",
    }  # fmt: skip


def test_stored_weights_give_the_recorded_predictions_back(tmp_path: Path, few: Dataset) -> None:
    own = study(tmp_path, {})
    trained = run(own, "a", few)
    net = build(own.configurations["a"].net, LayerTable((1, 28, 28), 10, (), 0), trained.weights, 0).eval()
    images = torch.from_numpy(few.test.images.astype(np.float32) / 255)
    with torch.no_grad():
        predicted = net(images).argmax(1).numpy()
    assert (predicted == trained.record.predictions).mean() > 0.99


def test_a_run_follows_a_plain_loop_over_the_users_own_module(tmp_path: Path, few: Dataset) -> None:
    own = study(tmp_path, {"drop": 0.0}, learning_rate=0.1)
    net = own.configurations["a"].net
    assert isinstance(net, OwnNet)
    module = build(net, LayerTable((1, 28, 28), 10, (), 0), {}, 0).module
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for step in range(12):
        order = batch_order(200, 0, step // 10)
        chosen = order[20 * (step % 10) : 20 * (step % 10) + 20]
        images = torch.from_numpy(few.train.images[chosen].astype(np.float32) / 255)
        labels = torch.from_numpy(few.train.labels[chosen].astype(np.int64))
        optimizer.zero_grad()
        torch.autograd.backward(functional.cross_entropy(module(images), labels))
        optimizer.step()
    expected: dict[str, npt.NDArray[np.float32]] = {
        name: parameter.detach().numpy() for name, parameter in module.named_parameters()
    }
    trained = run(own, "a", few)
    for name, values in expected.items():
        assert np.allclose(trained.weights[name], values, rtol=1e-3, atol=1e-5), name


@pytest.mark.parametrize(("how", "said"), [("exit", "enough"), ("hook", "later")])
def test_code_that_exits_in_the_midst_of_a_run_ends_that_run_in_words(
    tmp_path: Path, few: Dataset, how: str, said: str
) -> None:
    own = study(tmp_path, {"callable": "mine:failing", "how": how})
    torch.manual_seed(4)
    before = torch.get_rng_state()
    base = dataclasses.replace(own.configurations["a"])
    with pytest.raises(StudyError, match=rf"SystemExit: {said} \(mine.py:\d+\)"):
        train(Assignment("0" * 64, base, 0), few, engines()[0])
    assert torch.equal(before, torch.get_rng_state())
