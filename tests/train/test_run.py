"""A run against the notebook's own models trained by a plain torch loop, and what a run proves of itself."""

import dataclasses
import math
import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from paribus.data import Dataset, batch_order
from paribus.nets.initial import initial_weights
from paribus.nets.shapes import layer_table
from paribus.records import Assignment, TrainedRun
from paribus.spec import Study, locate
from paribus.train import Engine, engines, set_up_process, train

VARIANTS = ("max-same", "avg-same", "max-valid")


ENGINES = engines()
best_and_torch = pytest.mark.parametrize(
    "engine",
    [engine for engine in ENGINES if engine.kernels is None or engine is ENGINES[0]],
    ids=lambda one: one.numerics,
)
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda one: one.numerics)


@pytest.fixture(scope="module", autouse=True)
def _set_up() -> None:
    set_up_process()


def pooling(**overrides: object) -> Study:
    return Study.read(
        locate("mnist-pooling"), {name.replace("__", "."): str(value) for name, value in overrides.items()}
    )


def run(study: Study, variant: str, data: Dataset, seed: int = 0, engine: Engine | None = None) -> TrainedRun:
    return train(Assignment("0" * 64, study.configurations[variant], seed), data, engine or engines()[0])


class Notebook(nn.Module):
    """The notebook's CNNModel, CNNModel2 and CNNModel3, layer for layer."""

    def __init__(self, pool: str, padding: int, features: int) -> None:
        super().__init__()
        pools = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}
        self.conv1 = nn.Conv2d(in_channels=1, out_channels=16, kernel_size=5, stride=1, padding=padding)
        self.relu1 = nn.ReLU()
        self.pool1 = pools[pool](kernel_size=2)
        self.conv2 = nn.Conv2d(in_channels=16, out_channels=32, kernel_size=5, stride=1, padding=padding)
        self.relu2 = nn.ReLU()
        self.pool2 = pools[pool](kernel_size=2)
        self.fc1 = nn.Linear(features, 10)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.pool1(self.relu1(self.conv1(images)))
        maps = self.pool2(self.relu2(self.conv2(maps)))
        logits: Tensor = self.fc1(maps.view(maps.size(0), -1))
        return logits


MODELS = {"max-same": ("max", 2, 1568), "avg-same": ("avg", 2, 1568), "max-valid": ("max", 0, 512)}


def plain_loop(
    variant: str, weights: Mapping[str, npt.NDArray[np.float32]], data: Dataset, iterations: int
) -> tuple[list[float], Notebook]:
    """The notebook's loop with given weights and batch order: losses of every iteration, and the model."""
    model = Notebook(*MODELS[variant])
    model.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in weights.items()})
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    order = batch_order(len(data.train), 0, 0)
    losses = []
    for iteration in range(iterations):
        chosen = order[100 * iteration : 100 * iteration + 100]
        images = torch.from_numpy(np.stack([data.train[int(i)][0] for i in chosen]))
        labels = torch.tensor([data.train[int(i)][1] for i in chosen])
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model


@torch.no_grad()
def logits_of(model: Notebook, images: npt.NDArray[np.uint8], kind: torch.dtype) -> Tensor:
    """In parts: all at once take gigabytes, which the process keeps."""
    parts = np.array_split(images, 20)
    return torch.cat([model(torch.tensor(part, dtype=kind) / 255) for part in parts])


@best_and_torch
@pytest.mark.parametrize("variant", VARIANTS)
def test_two_hundred_iterations_follow_the_notebooks_plain_loop(
    variant: str, engine: Engine, mnist: Dataset
) -> None:
    study = pooling(protocol__iterations=200, protocol__evaluate_every=200)
    configuration = study.configurations[variant]
    losses: list[float] = []
    trained = train(
        Assignment("0" * 64, configuration, 0), mnist, engine, on_step=lambda _, loss: losses.append(loss)
    )
    start = initial_weights(layer_table(configuration.declared_net, (1, 28, 28), 10), 0)
    expected, model = plain_loop(variant, start, mnist, 200)
    assert len(losses) == 200
    assert np.max(np.abs(np.array(losses) / np.array(expected) - 1)) < 1e-4
    ours, theirs, initial = (
        np.concatenate([np.asarray(weights[name]).ravel() for name in start])
        for weights in (trained.weights, model.state_dict(), start)
    )
    assert np.linalg.norm(ours - theirs) < 1e-3 * np.linalg.norm(theirs - initial)
    predicted = logits_of(model, mnist.test.images, torch.float32).argmax(1).numpy()
    accuracy = 100 * float((predicted == mnist.test.labels).mean())
    assert trained.record.accuracy == pytest.approx(accuracy, abs=0.05)
    assert trained.record.evaluations[-1].train_loss == losses[-1]


@each_engine
@pytest.mark.parametrize("batch_norm", ["true", "false"])
def test_the_same_run_twice_gives_the_same_bits_whatever_the_global_generators_did(
    batch_norm: str, engine: Engine, mnist: Dataset
) -> None:
    study = pooling(
        protocol__iterations=20, protocol__evaluate_every=10, net__dropout=0.2, net__batch_norm=batch_norm
    )
    records = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        np.random.seed(global_seed)  # noqa: NPY002 - it is the global generator that must not matter
        records.append(run(study, "max-same", mnist, engine=engine).record)
    one, other = records
    assert one.numerics == other.numerics == engine.numerics
    assert one.weights_digest == other.weights_digest
    assert one.evaluations == other.evaluations
    assert np.array_equal(one.predictions, other.predictions)


def test_variants_of_a_round_share_batch_order_and_initial_weights_of_equal_layers(mnist: Dataset) -> None:
    study = pooling(protocol__iterations=5, protocol__evaluate_every=5)
    records = {variant: run(study, variant, mnist, seed=4).record for variant in VARIANTS}
    assert len({record.order_digest for record in records.values()}) == 1
    for name in ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"):
        assert len({record.initial_digests[name] for record in records.values()}) == 1
    assert (
        records["max-same"].initial_digests["fc1.weight"]
        != records["max-valid"].initial_digests["fc1.weight"]
    )
    assert len({record.weights_digest for record in records.values()}) == 3
    assert run(study, "max-same", mnist, seed=5).record.order_digest != records["max-same"].order_digest


def test_record_holds_what_its_predictions_say(mnist: Dataset) -> None:
    record = run(pooling(protocol__iterations=60, protocol__evaluate_every=25), "max-same", mnist).record
    assert [evaluation.iteration for evaluation in record.evaluations] == [25, 50, 60]
    assert record.predictions.dtype == np.uint8
    right = record.predictions == mnist.test.labels
    assert record.accuracy == 100 * right.mean()
    assert record.correct_per_class == tuple(
        int(right[mnist.test.labels == digit].sum()) for digit in range(10)
    )
    assert record.images_per_class == tuple(np.bincount(mnist.test.labels).tolist())
    assert record.state == "done"
    assert record.flags == ()
    assert record.weights_moved > 0.1
    assert record.timing.total >= record.timing.training + record.timing.evaluation


@each_engine
def test_test_loss_and_accuracy_equal_torchs_on_the_final_weights(engine: Engine, mnist: Dataset) -> None:
    study = pooling(protocol__iterations=30, protocol__evaluate_every=30)
    trained = run(study, "avg-same", mnist, engine=engine)
    model = Notebook(*MODELS["avg-same"]).double()
    model.load_state_dict(
        {name: torch.from_numpy(np.array(values)) for name, values in trained.weights.items()}
    )
    logits = logits_of(model, mnist.test.images, torch.float64)
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(mnist.test.labels.astype(np.int64))).item()
    assert trained.record.evaluations[-1].test_loss == pytest.approx(loss, rel=1e-5)


@each_engine
def test_diverging_run_is_recorded_with_the_accuracy_its_weights_have(engine: Engine, mnist: Dataset) -> None:
    growing = {"protocol__learning_rate": 1e3, "protocol__weight_decay": 1e3}  # weights · (1 − 10⁶) a step
    study = pooling(protocol__iterations=50, protocol__evaluate_every=50, **growing)
    record = run(study, "max-same", mnist, engine=engine).record
    assert record.state == "diverged"
    assert record.iterations < 50
    assert "training loss was" in record.reason
    assert not math.isfinite(record.evaluations[-1].train_loss)
    assert record.accuracy == 100 * float((record.predictions == mnist.test.labels).mean())


def test_net_that_cannot_learn_is_a_result_with_flags(mnist: Dataset) -> None:
    study = pooling(protocol__iterations=20, protocol__evaluate_every=20, protocol__learning_rate=1e-6)
    record = run(study, "max-same", mnist).record
    assert record.state == "done"
    assert "loss stayed at chance" in record.flags


def test_training_on_fewer_images_uses_only_those(mnist: Dataset) -> None:
    study = pooling(protocol__epochs=2, protocol__evaluate_every=100, data__train_images=250)
    record = run(study, "max-same", mnist).record
    assert record.iterations == 6
    first = dataclasses.replace(mnist, train=mnist.train[:250])
    assert run(study, "max-same", first).record.weights_digest == record.weights_digest


@pytest.mark.parametrize(
    ("optimizer", "fields", "kind", "options"),
    [
        ("sgd", {"momentum": 0.9, "nesterov": "true", "weight_decay": 0.01}, torch.optim.SGD,
         {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        ("adam", {"weight_decay": 0.1}, torch.optim.Adam, {"weight_decay": 0.1}),
        ("adamw", {"betas": "[0.8, 0.9]", "epsilon": 1e-6, "weight_decay": 0.1}, torch.optim.AdamW,
         {"betas": (0.8, 0.9), "eps": 1e-6, "weight_decay": 0.1}),
    ],
)  # fmt: skip
def test_every_optimizer_follows_torchs_own_unfused_one(
    optimizer: str, fields: dict[str, object], kind: type, options: dict[str, object], mnist: Dataset
) -> None:
    overrides = {f"protocol.{name}": str(value) for name, value in fields.items()}
    study = Study.read(
        locate("mnist-pooling"),
        {"protocol.iterations": "10", "protocol.evaluate_every": "10", "protocol.optimizer": optimizer,
         "protocol.learning_rate": "0.003", **overrides},
    )  # fmt: skip
    trained = run(study, "max-same", mnist)
    configuration = study.configurations["max-same"]
    model = Notebook(*MODELS["max-same"])
    start = initial_weights(layer_table(configuration.declared_net, (1, 28, 28), 10), 0)
    model.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in start.items()})
    reference = kind(model.parameters(), lr=0.003, foreach=False, fused=False, **options)
    for batch in range(10):
        chosen = batch_order(60_000, 0, 0)[100 * batch : 100 * batch + 100]
        images = torch.from_numpy(mnist.train.images[chosen].astype(np.float32) / 255)
        reference.zero_grad()
        labels = torch.from_numpy(mnist.train.labels[chosen].astype(np.int64))
        torch.autograd.backward(nn.functional.cross_entropy(model(images), labels))
        reference.step()
    for name, values in model.state_dict().items():
        assert np.allclose(trained.weights[name], values.numpy(), rtol=2e-3, atol=2e-5), name


def test_bfloat16_is_close_to_float32_but_not_the_same(mnist: Dataset) -> None:
    fields = {"protocol__iterations": 100, "protocol__evaluate_every": 100}
    exact = run(pooling(**fields), "max-same", mnist).record
    short = run(pooling(**fields, protocol__precision="bfloat16"), "max-same", mnist).record
    assert short.weights_digest != exact.weights_digest
    assert short.accuracy == pytest.approx(exact.accuracy, abs=3)
    assert short.initial_digests == exact.initial_digests


def test_a_run_starts_without_torchs_compiler(mnist: Dataset) -> None:
    """Importing it takes longer than the first minibatches; a worker would wait for it at each start."""
    program = (
        "import sys; from tests.train.test_run import pooling, run, set_up_process; set_up_process();"
        "from paribus.data import load;"
        "data = load('mnist', offline=True);"
        "run(pooling(protocol__iterations=1, data__train_images=100), 'max-same', data);"
        "print(sorted({'torch._dynamo', 'torch._inductor', 'sympy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (len(mnist.train), done.stdout.strip()) == (60000, "[]")
