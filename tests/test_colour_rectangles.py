"""Colour images that are no squares: every field of the protocol as a difference, predictions, exports."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

import paribus
from paribus import api, data
from paribus.spec import Study
from paribus.store import Store

HEIGHT, WIDTH, EACH = 20, 14, 100
VARIANTS: dict[str, dict[str, Any]] = {
    "base": {},
    "adam": {"protocol.optimizer": "adam", "protocol.momentum": 0.0, "protocol.learning_rate": 0.005},
    "adamw": {
        "protocol.optimizer": "adamw",
        "protocol.momentum": 0.0,
        "protocol.learning_rate": 0.005,
        "protocol.weight_decay": 0.1,
    },
    "nesterov": {"protocol.nesterov": True},
    "decay": {"protocol.weight_decay": 0.001},
    "cosine": {"protocol.schedule": "cosine"},
    "one-cycle": {"protocol.schedule": "one-cycle"},
    "step": {"protocol.schedule": "step", "protocol.step_every": 10, "protocol.step_factor": 0.5},
    "smooth": {"protocol.label_smoothing": 0.1},
    "longer": {"protocol.epochs": 5, "protocol.batch_size": 48},
    "augmented": {
        f"protocol.augmentation.{field}": value
        for field, value in {"flip": True, "shift": 2, "rotation": 15.0, "crop": 0.8, "cutout": 4}.items()
    },
    "modern": {
        "net.residual": True,
        "net.depthwise": True,
        "net.batch_norm": True,
        "net.global_pool": "avg",
        "net.blocks.1.stride": 2,
        "net.blocks.1.pool": "none",
    },
}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A data cache for this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARIBUS_DATA_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of noise with a patch of red, green or blue, which is the class; and the study's store."""
    root = tmp_path_factory.mktemp("colour")
    random = np.random.default_rng(0)
    labels = np.arange(3 * EACH) % 3
    images = random.integers(0, 150, (len(labels), HEIGHT, WIDTH, 3))
    for image, label in zip(images, labels, strict=True):
        top, left = random.integers(0, HEIGHT - 8), random.integers(0, WIDTH - 8)
        image[top : top + 8, left : left + 8, label] += 100
    classes = np.array(["red", "green", "blue"])
    np.savez(root / "patches.npz", images=images.astype(np.uint8), labels=labels, classes=classes)
    return root


@pytest.fixture(scope="module")
def outcome(folder: Path) -> paribus.Outcome:
    """Every variant in three seeds."""
    study = Study(
        name="patches",
        data={"dataset": f"npz:{folder / 'patches.npz'}"},
        net={"blocks": [{"channels": 6}, {"channels": 6}]},
        protocol={"batch_size": 24, "iterations": 40, "learning_rate": 0.05, "momentum": 0.9},
        variants=VARIANTS,
        decision={"min_rounds": 3, "max_rounds": 3},
    )
    return paribus.run(study, store=folder / "store")


def test_every_variant_learns_and_is_trained_in_its_own_way(outcome: paribus.Outcome) -> None:
    assert outcome.standing.layout.data.image_shape == (3, HEIGHT, WIDTH)
    first = {name: outcome.runs[name][0] for name in VARIANTS}
    assert {record.state for runs in outcome.runs.values() for record in runs.values()} == {"done"}
    assert len({record.weights_digest for record in first.values()}) == len(VARIANTS)
    for name in VARIANTS:
        accuracies = [record.accuracy for record in outcome.runs[name].values()]
        assert np.mean(accuracies) > 60, f"{name}: {accuracies}; a guess has 33 %"


def test_variants_share_order_and_start_where_they_share_batches_and_layers(outcome: paribus.Outcome) -> None:
    for seed in range(3):
        of_seed = {name: outcome.runs[name][seed] for name in VARIANTS if name not in ("longer", "modern")}
        assert len({record.order_digest for record in of_seed.values()}) == 1
        assert len({tuple(sorted(record.initial_digests.items())) for record in of_seed.values()}) == 1
    assert outcome.runs["longer"][0].iterations == 25  # 5 epochs of 240 images in batches of 48


@pytest.mark.parametrize("variant", ["base", "modern"])
def test_nets_are_asked_and_exported_by_run_key_when_the_images_are_gone(
    outcome: paribus.Outcome, folder: Path, tmp_path: Path, variant: str
) -> None:
    record = outcome.runs[variant][1]
    images = data.load(outcome.standing.layout.study.data).test.images
    archive = folder / "patches.npz"
    archive.rename(tmp_path / "elsewhere.npz")
    try:
        nets = api.ensemble(record.run_key, store=folder / "store")
        exported = api.export(record.run_key, tmp_path / "net.onnx", format="onnx", store=folder / "store")
    finally:
        (tmp_path / "elsewhere.npz").rename(archive)
    (probabilities,) = nets.probabilities(images)
    with Store.reader(folder / "store") as store:
        recorded = store.run(record.run_key, record.numerics)
    assert recorded is not None
    assert (probabilities.argmax(axis=1) == recorded.predictions).all()
    session = onnxruntime.InferenceSession(str(exported.path), providers=["CPUExecutionProvider"])
    (found,) = session.run(["probabilities"], {"images": (images / 255).astype(np.float32)})
    assert np.abs(found - probabilities).max() < 1e-4
    assert str(folder) not in str(exported.metadata)
    picture = Image.fromarray(images[0].transpose(1, 2, 0)).resize((3 * WIDTH, 3 * HEIGHT))
    (prediction,) = api.predict(nets, picture)
    assert prediction.classes == ("red", "green", "blue")
