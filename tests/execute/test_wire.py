"""Messages between driver and worker: what goes in comes out."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paribus.execute.wire import Message, read_assignment, receive, send, train_message
from paribus.records import Assignment
from paribus.spec import OwnNet, Study, run_key


def sent(message: Message) -> Message:
    """A message after its way through a pipe."""
    pipe = io.BytesIO()
    send(pipe, message)
    pipe.seek(0)
    received = receive(pipe)
    assert received is not None
    return received


def test_arrays_keep_type_shape_and_bits() -> None:
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "single": np.array(7, dtype=np.int64),
        "empty": np.empty((0, 3), dtype=np.float32),
        "strided": np.arange(24, dtype=np.float32).reshape(2, 3, 4).transpose(2, 0, 1),
        "flags": np.array([True, False]),
    }
    found = sent(Message("done", {}, arrays)).arrays
    assert found.keys() == arrays.keys()
    for name, values in arrays.items():
        assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape), name
        assert found[name].tobytes() == values.tobytes(), name


def test_own_net_arrives_with_its_arguments_and_the_place_of_its_code(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def net(): ...\n")
    (tmp_path / "study.toml").write_text(
        'name = "s"\n[net]\ncallable = "mine:net"\nwidths = [1, 2.5, "a", true]\n'
        '[protocol]\niterations = 1\n[variants]\na = {}\nb = { "net.depth" = 3 }\n'
    )
    study = Study.read(tmp_path / "study.toml")
    for configuration in study.configurations.values():
        assignment = Assignment("0" * 64, configuration, 3)
        received = read_assignment(sent(train_message(assignment)))
        assert received == assignment
        net = received.configuration.net
        assert isinstance(net, OwnNet)
        assert net.source.root == str(tmp_path)
        keys = [
            run_key(one, 3, fingerprint="f", train_images=9)
            for one in (configuration, received.configuration)
        ]
        assert keys[0] == keys[1]


def test_declared_net_arrives_as_it_was() -> None:
    study = Study(name="s", protocol={"iterations": 1}, variants={"a": {}, "b": {"net.residual": True}})
    for configuration in study.configurations.values():
        assignment = Assignment("0" * 64, configuration, 3)
        assert read_assignment(sent(train_message(assignment))) == assignment
