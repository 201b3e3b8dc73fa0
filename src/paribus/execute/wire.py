"""Messages between driver and worker: one JSON line, then as many bytes of safetensors as it announces.

Nothing is pickled, so a message cannot run code and a worker may be anything that speaks this form.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from paribus.records import Assignment, Evaluation, RunRecord, Timing, TrainedRun
from paribus.spec import AnyNet, Configuration, Data, Net, OwnNet, Protocol, Source, net_model

Arrays = Mapping[str, npt.NDArray[np.generic]]

_PREDICTIONS = "predictions"


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        kind: What it says: ``train``, ``ready``, ``step``, ``evaluated``, ``done`` or ``failed``.
        fields: Its values, as JSON has them.
        arrays: Its arrays.
    """

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=dict)


def send(stream: IO[bytes], message: Message) -> None:
    """Write a message and flush it."""
    payload = safetensors.numpy.save(
        {key: np.asarray(value, order="C") for key, value in message.arrays.items()}
    )
    size = len(payload) if message.arrays else 0
    header = json.dumps({"kind": message.kind, "fields": dict(message.fields), "bytes": size})
    stream.write(header.encode() + b"\n" + payload[:size])
    stream.flush()


def receive(stream: IO[bytes]) -> Message | None:
    """Read a message; None once the other side is gone, even in the middle of one."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    header = json.loads(line)
    payload = stream.read(header["bytes"])
    if len(payload) < header["bytes"]:
        return None
    arrays = safetensors.numpy.load(payload) if payload else {}
    return Message(header["kind"], header["fields"], arrays)


def train_message(assignment: Assignment) -> Message:
    """Ask for a run."""
    configuration = assignment.configuration
    return Message(
        "train",
        {
            "run_key": assignment.run_key,
            "seed": assignment.seed,
            "data": configuration.data.model_dump(mode="json"),
            "net": configuration.net.model_dump(mode="json"),
            "source": asdict(configuration.net.source) if isinstance(configuration.net, OwnNet) else None,
            "protocol": configuration.protocol.model_dump(mode="json"),
        },
    )


def read_assignment(message: Message) -> Assignment:
    """The run that a ``train`` message asks for."""
    fields = message.fields
    configuration = Configuration(
        data=Data.model_validate(fields["data"]),
        net=_read_net(fields["net"], fields["source"]),
        protocol=Protocol.model_validate(fields["protocol"]),
    )
    return Assignment(fields["run_key"], configuration, fields["seed"])


def _read_net(table: Mapping[str, Any], source: Mapping[str, str] | None) -> AnyNet:
    """A net, and where the code of an own one is; the worker reads it there and finds it unchanged."""
    net = net_model(table).model_validate(table)
    if isinstance(net, Net):
        return net
    assert source is not None, "an own net travels with its source"
    return net.at(Source(**source))


def evaluation_message(evaluation: Evaluation) -> Message:
    """Tell of an evaluation."""
    return Message("evaluated", asdict(evaluation))


def read_evaluation(message: Message) -> Evaluation:
    """The evaluation that an ``evaluated`` message tells of."""
    return Evaluation(**message.fields)


def done_message(trained: TrainedRun) -> Message:
    """Hand over a trained run."""
    fields = {
        name: value
        for name, value in vars(trained.record).items()
        if name not in (_PREDICTIONS, "evaluations", "timing")
    }
    fields["evaluations"] = [asdict(evaluation) for evaluation in trained.record.evaluations]
    fields["timing"] = asdict(trained.record.timing)
    weights = {f"weights/{name}": values for name, values in trained.weights.items()}
    return Message("done", fields, {**weights, _PREDICTIONS: trained.record.predictions})


def read_trained(message: Message) -> TrainedRun:
    """The run that a ``done`` message hands over."""
    fields = dict(message.fields)
    for name in ("correct_per_class", "images_per_class", "flags"):
        fields[name] = tuple(fields[name])
    fields["evaluations"] = tuple(Evaluation(**values) for values in fields["evaluations"])
    fields["timing"] = Timing(**fields["timing"])
    predictions = np.asarray(message.arrays[_PREDICTIONS])
    weights = {
        name.removeprefix("weights/"): values
        for name, values in message.arrays.items()
        if name != _PREDICTIONS
    }
    return TrainedRun(RunRecord(**fields, predictions=predictions.astype(predictions.dtype)), weights)
