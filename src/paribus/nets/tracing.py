"""Layer tables of a study's nets, without torch: by arithmetic, or for own nets by a process that has it.

What that process finds is kept in a cache, so that a study is shown at once the next time.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from paribus.errors import Fault, StudyError
from paribus.nets.shapes import Layer, LayerTable, Shape, layer_table
from paribus.spec import AnyNet, Net, OwnNet, canonical
from paribus.spec.sources import AT

FORMAT = 1
"""Version of the tables in the cache; raised when the same net would give another one."""

SECONDS_A_NET = 300.0
"""How long making and trying a net may take before its code is taken for hung."""

COMMAND = (sys.executable, "-m", "paribus.nets.trace")

Traced = LayerTable | StudyError


def layer_tables(
    nets: Mapping[str, AnyNet],
    image: Shape,
    classes: int,
    *,
    cache: Path,
    command: Sequence[str] = COMMAND,
    seconds: float = SECONDS_A_NET,
) -> dict[str, Traced]:
    """The layer table of each net, or what is wrong with it.

    Args:
        nets: Where a net stands in the study, such as ``variants.a: net``, to the net.
        image: Shape of an image, ``(C, H, W)``.
        classes: Number of classes.
        cache: Folder of tables of own nets; made where missing.
        command: What starts the process that traces own nets.
        seconds: How long it may take for one net.
    """
    keys = {at: _key(net, image, classes) for at, net in nets.items() if isinstance(net, OwnNet)}
    own: dict[str, LayerTable | tuple[Fault, ...]] = {}
    missing: dict[str, OwnNet] = {}
    for at, key in keys.items():
        kept = _read(cache / f"{key}.json")
        net = nets[at]
        if kept is not None:
            own[key] = kept
        elif isinstance(net, OwnNet):
            missing[key] = net
    for key, answer in zip(
        missing, _traced([*missing.values()], image, classes, command, seconds), strict=True
    ):
        own[key] = answer
        if isinstance(answer, LayerTable):
            _keep(cache / f"{key}.json", answer)
    return {
        at: _told(own[keys[at]], at) if at in keys else _declared(net, image, classes, at)
        for at, net in nets.items()
    }


def _declared(net: AnyNet, image: Shape, classes: int, at: str) -> Traced:
    assert isinstance(net, Net), "the others are own nets"
    try:
        return layer_table(net, image, classes, at=at)
    except StudyError as error:
        return error


def _told(answer: LayerTable | tuple[Fault, ...], at: str) -> Traced:
    """An answer with the place of its net in the study before the fields of its faults."""
    if isinstance(answer, LayerTable):
        return answer
    faults = [replace(fault, field=f"{at}{fault.field.removeprefix('net')}") for fault in answer]
    return StudyError(at, faults)


def _key(net: OwnNet, image: Shape, classes: int) -> str:
    """What a table depends on, as 64 hexadecimal digits."""
    parts = {
        "format": FORMAT,
        "callable": net.callable,
        "arguments": net.arguments,
        "source": net.source.digest,
        "image": image,
        "classes": classes,
        "torch": version("torch"),
    }
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def _traced(
    nets: Sequence[OwnNet], image: Shape, classes: int, command: Sequence[str], seconds: float
) -> list[LayerTable | tuple[Fault, ...]]:
    """What a process that has torch finds out of nets; each one after one that ends it is asked for again."""
    answers: list[LayerTable | tuple[Fault, ...]] = []
    while len(answers) < len(nets):
        left = nets[len(answers) :]
        lines, end = _asked(left, image, classes, command, seconds)
        answers += [_answer(json.loads(line)) for line in lines]
        if len(answers) < len(nets):
            failed = nets[len(answers)]
            answers.append((Fault(AT, f"{failed.callable} to work", end),))
    return answers


def _asked(
    nets: Sequence[OwnNet], image: Shape, classes: int, command: Sequence[str], seconds: float
) -> tuple[list[str], str]:
    """The whole lines that the process answered, and how it ended."""
    request = {
        "nets": [{"net": net.model_dump(mode="json"), "source": asdict(net.source)} for net in nets],
        "image": image,
        "classes": classes,
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command,
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=seconds * len(nets),
            env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return _whole_lines(error.stdout or b""), f"nothing after {seconds * len(nets):.0f} s"
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    last = f" after saying: {said[-1][:200]}" if said else ""
    return _whole_lines(done.stdout), f"its process ended with exit code {done.returncode}{last}"


def _whole_lines(output: bytes) -> list[str]:
    return output[: output.rfind(b"\n") + 1].decode("utf-8").splitlines()


def _answer(answer: Mapping[str, Any]) -> LayerTable | tuple[Fault, ...]:
    if "table" in answer:
        return _table(answer["table"])
    return tuple(Fault(**fault) for fault in answer["faults"])


def _table(fields: Mapping[str, Any]) -> LayerTable:
    """A table from the JSON form of its fields."""
    layers = []
    for layer in fields["layers"]:
        shapes = {
            part: {name: tuple(shape) for name, shape in layer[part].items()}
            for part in ("parameters", "buffers")
        }
        layers.append(Layer(**{**layer, **shapes, "output": tuple(layer["output"])}))
    return LayerTable(**{**fields, "image": tuple(fields["image"]), "layers": tuple(layers)})


def _read(file: Path) -> LayerTable | None:
    """A table of the cache; None where there is none, or one that is not as it was written."""
    try:
        kept = json.loads(file.read_bytes())
        if kept["sha256"] == _digest(kept["table"]):
            return _table(kept["table"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def _keep(file: Path, table: LayerTable) -> None:
    """Put a table into the cache, whole or not at all; a cache that cannot be written to stays as it is."""
    fields = json.loads(json.dumps(asdict(table)))
    text = json.dumps({"sha256": _digest(fields), "table": fields})
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, suffix=".part", delete=False) as aside:
            aside.write(text)
        Path(aside.name).replace(file)


def _digest(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(fields).encode()).hexdigest()
