"""Records and registrations as text and back, to the last bit. No database, no files.

The text is JSON. A float that JSON cannot hold (NaN with its payload, infinity) is written as its 64 bits.
"""

import hashlib
import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.errors import StoreError
from paribus.records import Evaluation, Registration, RunRecord, Timing

_Kind = np.dtype[np.uint8] | np.dtype[np.uint16]
Predictions = npt.NDArray[np.unsignedinteger]

_BITS = "bits:"
_KINDS: dict[str, _Kind] = {"uint8": np.dtype("u1"), "uint16": np.dtype("<u2")}
_NONE_LOADED: dict[str, Predictions] = {name: np.empty(0, dtype) for name, dtype in _KINDS.items()}

RESULT_FIELDS = (
    "seed",
    "state",
    "iterations",
    "evaluations",
    "order_digest",
    "initial_digests",
    "weights_digest",
    "correct_per_class",
    "images_per_class",
    "predictions",
)
"""What two records of one run must share; the rest is time, place, or follows from these."""


def encode_record(record: RunRecord) -> str:
    """A record as text; of the predictions, only their type, length and digest.

    Raises:
        StoreError: If the predictions are neither uint8 nor uint16.
    """
    return _to_text(_fields(record))


def decode_record(run_key: str, numerics: str, content: bytes, predictions: bytes | None = None) -> RunRecord:
    """The record that ``encode_record`` wrote.

    Args:
        run_key: Its run key.
        numerics: Its numerics.
        content: The text.
        predictions: What ``pack_predictions`` gave; None leaves the predictions of the record empty.

    Raises:
        ValueError: If the predictions are not the ones the text was written with.
    """
    fields = json.loads(content)
    about = fields["predictions"]
    return RunRecord(
        run_key=run_key,
        numerics=numerics,
        seed=fields["seed"],
        state=fields["state"],
        iterations=fields["iterations"],
        evaluations=tuple(
            [Evaluation(step, _float(a), _float(b), _float(c)) for step, a, b, c in fields["evaluations"]]
        ),
        order_digest=fields["order_digest"],
        initial_digests=fields["initial_digests"],
        weights_digest=fields["weights_digest"],
        weights_moved=_float(fields["weights_moved"]),
        correct_per_class=tuple(fields["correct_per_class"]),
        images_per_class=tuple(fields["images_per_class"]),
        predictions=_NONE_LOADED[about[0]] if predictions is None else _unpack(predictions, *about),
        timing=Timing(*map(_float, fields["timing"])),
        finished_at=fields["finished_at"],
        environment=fields["environment"],
        flags=tuple(fields["flags"]),
        reason=fields["reason"],
        weights_file=fields["weights_file"],
    )


def pack_predictions(predictions: Predictions) -> bytes:
    """Predictions compressed; type and length stand in the record's text."""
    return zlib.compress(_little_endian(predictions).tobytes(), level=6)


def check_predictions(content: bytes, packed: bytes) -> None:
    """Raise ValueError if packed predictions are not those that a record's text was written with."""
    _unpack(packed, *json.loads(content)["predictions"])


def differing_fields(stored: bytes, record: RunRecord) -> list[str]:
    """Fields in which a stored result and another record of the same run differ, to the bit.

    Times, machine, flags and the distance moved are not compared: they are no result, or follow from it.
    """
    old, new = json.loads(stored), json.loads(encode_record(record))
    return [
        name
        for name in RESULT_FIELDS
        if json.dumps(old[name], sort_keys=True) != json.dumps(new[name], sort_keys=True)
    ]


def with_weights_file(content: bytes, weights_file: str) -> str:
    """A record's text with another hash of the stored weights."""
    return _to_text(json.loads(content) | {"weights_file": weights_file})


def encode_registration(registration: Registration) -> str:
    """A registration as text, its digest and numerics aside."""
    fields = asdict(registration)
    return _to_text({name: fields[name] for name in fields if name not in ("study_digest", "numerics")})


def decode_registration(study_digest: str, numerics: str, content: bytes) -> Registration:
    """The registration that ``encode_registration`` wrote."""
    return Registration(study_digest=study_digest, numerics=numerics, **json.loads(content))


def _fields(record: RunRecord) -> dict[str, Any]:
    predictions = _little_endian(record.predictions)
    timing = record.timing
    return {
        "seed": int(record.seed),
        "state": record.state,
        "iterations": int(record.iterations),
        "evaluations": [
            [int(point.iteration), _plain(point.train_loss), _plain(point.test_loss), _plain(point.accuracy)]
            for point in record.evaluations
        ],
        "order_digest": record.order_digest,
        "initial_digests": dict(record.initial_digests),
        "weights_digest": record.weights_digest,
        "weights_moved": _plain(record.weights_moved),
        "correct_per_class": [int(count) for count in record.correct_per_class],
        "images_per_class": [int(count) for count in record.images_per_class],
        "predictions": [record.predictions.dtype.name, len(predictions), _sha256(predictions.tobytes())],
        "timing": [_plain(timing.total), _plain(timing.training), _plain(timing.evaluation)],
        "finished_at": record.finished_at,
        "environment": dict(record.environment),
        "flags": list(record.flags),
        "reason": record.reason,
        "weights_file": record.weights_file,
    }


def _to_text(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"), allow_nan=False)


def _plain(value: float) -> float | str:
    value = float(value)
    return value if math.isfinite(value) else _BITS + struct.pack(">d", value).hex()


def _float(value: float | str) -> float:
    if isinstance(value, str):
        number: float = struct.unpack(">d", bytes.fromhex(value.removeprefix(_BITS)))[0]
        return number
    return value


def _little_endian(predictions: Predictions) -> Predictions:
    if predictions.dtype.name not in _KINDS or predictions.ndim != 1:
        raise StoreError(
            "the predictions of a run cannot be stored",
            expected="one class for each test image, uint8 or uint16",
            found=f"{predictions.dtype.name} of shape {predictions.shape}",
            means="the run is not recorded",
        )
    return predictions.astype(_KINDS[predictions.dtype.name], copy=False)


def _unpack(packed: bytes, kind: str, length: int, digest: str) -> Predictions:
    dtype = _KINDS[kind]
    size = length * dtype.itemsize
    try:
        raw = zlib.decompressobj().decompress(packed, size + 1)
    except zlib.error as error:
        raise ValueError(f"predictions that cannot be decompressed ({error})") from error
    if len(raw) != size or _sha256(raw) != digest:
        raise ValueError("predictions with another digest")
    return np.frombuffer(raw, dtype)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
