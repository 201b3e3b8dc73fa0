"""Exports beside the nets they came from: the same classes, the same probabilities, and whose they are."""

import importlib.util
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from safetensors import safe_open

from paribus import api, data
from paribus.errors import UsageError
from paribus.spec import Block, Net, Study, study_digest
from paribus.standing import lay_out
from paribus.store import Store

Floats = npt.NDArray[np.float32]


class Trained(Protocol):
    """Three variants in three seeds; see conftest.py."""

    store: Path
    study: Study
    overrides: dict[str, str]


def run_onnx(path: Path, images: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Logits and probabilities, by onnxruntime."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(["logits", "probabilities"], {"images": (images / 255).astype(np.float32)})
    return found[0], found[1]


@pytest.mark.parametrize("variant", ["max-same", "avg-same", "max-valid"])
def test_onnx_gives_the_recorded_classes_and_our_probabilities_on_all_test_images(
    variant: str, trained: Trained, mnist: data.Dataset, tmp_path: Path
) -> None:
    what = f"mnist-pooling:{variant}@2"
    exported = api.export(
        what, tmp_path / "net.onnx", format="onnx", store=trained.store, overrides=trained.overrides
    )
    nets = api.ensemble(what, store=trained.store, overrides=trained.overrides)
    with Store.reader(trained.store) as store:
        recorded = store.run(nets.voters.run_keys[0], nets.voters.numerics)
    assert recorded is not None
    logits, probabilities = run_onnx(exported.path, mnist.test.images)
    assert (logits.argmax(axis=1) == recorded.predictions).all()
    assert np.abs(probabilities - nets.probabilities(mnist.test.images)[0]).max() < 1e-4


@pytest.mark.parametrize(
    "net",
    [
        Net(
            blocks=(Block(channels=4, kernel=4), Block(channels=6)),
            batch_norm=True,
            residual=True,
            hidden=(9,),
            dropout=0.2,
        ),
        Net(blocks=(Block(channels=4), Block(channels=6, stride=2)), pool="none", global_pool="max"),
        Net(blocks=(Block(channels=4), Block(channels=6, pool_size=3)), pool="avg", activation="gelu"),
        Net(blocks=(Block(channels=4), Block(channels=6)), depthwise=True, activation="leaky_relu"),
    ],
    ids=["batch_norm-residual", "none-global", "avg-gelu", "depthwise"],
)
def test_onnx_computes_what_every_kind_of_net_computes(
    net: Net, shelve: Callable[..., None], mnist: data.Dataset, tmp_path: Path
) -> None:
    study = Study(
        name="kinds",
        net=net,
        protocol={"iterations": 1},
        variants={"this": {}, "other": {"protocol.learning_rate": 0.5}},
    )
    shelve(tmp_path / "store", study, [("this", 0)])
    exported = api.export("kinds:this@0", tmp_path / "net.onnx", format="onnx", store=tmp_path / "store")
    images = mnist.test.images[:101]
    expected = api.ensemble("kinds:this", store=tmp_path / "store").probabilities(images)[0]
    _, probabilities = run_onnx(exported.path, images)
    assert probabilities.shape == (101, 10)
    assert np.abs(probabilities - expected).max() < 1e-5


def test_an_own_net_repeats_its_record_and_exports(mnist: data.Dataset, tmp_path: Path) -> None:
    file = str(Path(__file__).parents[2] / "examples" / "own-net.toml")
    overrides = {
        "data.train_images": "500",
        "protocol.batch_size": "50",
        "protocol.iterations": "10",
        "protocol.evaluate_every": "10",
        "decision.max_rounds": "3",
    }
    study = api.read(file, overrides)
    outcome = api.run(study, store=tmp_path / "store")
    variant = next(iter(study.differences))
    nets = api.ensemble(f"{file}:{variant}@1", store=tmp_path / "store", overrides=overrides)
    assert nets.voters.run_keys == (outcome.runs[variant][1].run_key,)
    with Store.reader(tmp_path / "store") as store:
        recorded = store.run(nets.voters.run_keys[0], nets.voters.numerics)
    assert recorded is not None
    (probabilities,) = nets.probabilities(mnist.test.images)
    assert (probabilities.argmax(axis=1) == recorded.predictions).all()
    exported = api.export(
        f"{file}:{variant}@1",
        tmp_path / "own.onnx",
        format="onnx",
        store=tmp_path / "store",
        overrides=overrides,
    )
    assert json.loads(exported.metadata["net"])["callable"] == "own_net:small_resnet"
    found = run_onnx(exported.path, mnist.test.images[:500])[1]
    assert np.abs(found - probabilities[:500]).max() < 1e-4


@pytest.fixture
def small(tmp_path: Path, shelve: Callable[..., None]) -> Path:
    """A store with three runs of a tiny study."""
    shelve(tmp_path / "store", TINY, [("base", seed) for seed in range(3)])
    return tmp_path / "store"


TINY = Study(
    name="tiny",
    net=Net(blocks=(Block(channels=2),), batch_norm=True),
    protocol={"iterations": 1},
    variants={"base": {}, "avg": {"net.pool": "avg"}},
)


def facts_in(path: Path) -> dict[str, str]:
    if path.suffix == ".onnx":
        return {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    with safe_open(str(path), "numpy") as file:
        return dict(file.metadata())


@pytest.mark.parametrize("kind", ["onnx", "safetensors"])
def test_a_file_says_what_is_in_it_and_where_it_comes_from(kind: Any, small: Path, tmp_path: Path) -> None:  # noqa: ANN401
    exported = api.export("tiny:base@1", tmp_path / f"net.{kind}", format=kind, store=small)
    facts = facts_in(exported.path)
    assert facts == dict(exported.metadata)
    assert facts["producer"] == f"paribus {version('paribus')}"
    assert (facts["study"], facts["variant"], facts["seed"]) == ("tiny", "base", "1")
    assert facts["study_digest"] == study_digest(TINY)
    assert facts["run_key"] == lay_out(TINY).keys()["base", 1]
    assert facts["numerics"] == "torch-0 made up"
    assert facts["normalisation"] == "pixel / 255"
    assert json.loads(facts["classes"]) == list("0123456789")
    assert json.loads(facts["image"]) == [1, 28, 28]
    assert json.loads(facts["net"]) == TINY.net.model_dump(mode="json")
    assert [layer["name"] for layer in json.loads(facts["layers"])][:2] == ["conv1", "bn1"]
    assert exported.size == exported.path.stat().st_size


def test_safetensors_holds_the_weights_by_the_names_of_the_layer_table(small: Path, tmp_path: Path) -> None:
    exported = api.export("tiny:base@2", tmp_path / "net.safetensors", format="safetensors", store=small)
    with Store.reader(small) as store:
        record = store.runs([lay_out(TINY).keys()["base", 2]], "torch-0 made up").popitem()[1]
        expected = store.weights(record)
    with safe_open(str(exported.path), "numpy") as file:
        assert set(file.keys()) == set(expected)
        for name, values in expected.items():
            assert (file.get_tensor(name) == values).all()


def test_an_export_says_nothing_of_the_machine_and_is_the_same_again(small: Path, tmp_path: Path) -> None:
    contents = []
    for name in ("one.onnx", "two.onnx"):
        path = api.export("tiny:base@0", tmp_path / name, format="onnx", store=small).path
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    assert b".py" not in contents[0]
    assert str(Path.home()).encode() not in contents[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.onnx", "store", "two.onnx"]
    model = onnx.load(tmp_path / "one.onnx")
    assert [one.name for one in model.graph.input] == ["images"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def complaint(what: str, path: Path | None, store: Path, **options: Any) -> str:  # noqa: ANN401
    with pytest.raises(UsageError) as raised:
        api.export(what, path, store=store, **({"format": "safetensors"} | options))
    return " ".join(str(raised.value).split())


def test_nothing_is_overwritten_unless_it_is_meant(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_text("mine")
    assert "--force" in complaint("tiny:base@0", path, small)
    assert path.read_text() == "mine"
    api.export("tiny:base@0", path, format="safetensors", store=small, force=True)
    assert path.stat().st_size > 1000
    assert "a folder" in complaint("tiny:base@0", tmp_path, small, force=True)
    assert "there is no folder" in complaint("tiny:base@0", tmp_path / "none" / "net", small)


def test_the_file_is_named_after_the_run(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exported = api.export("tiny:base@1", format="safetensors", store=small)
    assert exported.path == Path("tiny-base-seed1.safetensors")
    assert exported.path.exists()


def test_several_nets_are_refused_with_the_command_for_the_first(small: Path, tmp_path: Path) -> None:
    told = complaint("tiny:base", tmp_path / "net", small)
    assert "3 nets" in told
    assert "seeds 0, 1, 2" in told
    assert "`paribus export tiny:base@0" in told
    assert not (tmp_path / "net").exists()


def test_without_the_extra_the_command_that_installs_it_is_told(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *rest: None if name == "onnxscript" else find(name, *rest)
    )
    told = complaint("tiny:base@0", tmp_path / "net.onnx", small, format="onnx")
    assert "pip install 'paribus[onnx]'" in told
    assert "onnxscript" in told


def test_a_net_that_onnx_computes_otherwise_is_refused(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the export is one: a graph with another weight does not pass it."""
    from paribus.inference import onnx_graph  # noqa: PLC0415

    exported = onnx_graph._exported

    def tampered(*arguments: Any) -> onnx.ModelProto:  # noqa: ANN401
        model = exported(*arguments)
        for tensor in model.graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.shape == (10,):
                tensor.CopyFrom(
                    onnx.numpy_helper.from_array(values + np.arange(10, dtype=np.float32), tensor.name)
                )
        return model

    monkeypatch.setattr(onnx_graph, "_exported", tampered)
    assert "a difference of" in complaint("tiny:base@0", tmp_path / "net.onnx", small, format="onnx")
    assert not (tmp_path / "net.onnx").exists()


def test_a_folder_that_may_not_be_written_to_is_told(small: Path, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 300)
    assert "cannot be written" in complaint("tiny:base@0", long, small)
