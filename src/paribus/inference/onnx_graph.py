"""A trained net as an ONNX model: from ``images`` to ``logits`` and ``probabilities``."""

import importlib.util
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from paribus.errors import UsageError
from paribus.inference.choosing import Chosen, Weights
from paribus.inference.ensemble import trained_module

if TYPE_CHECKING:
    import onnx

OPSET = 18
"""Operator set of the model: old enough for runtimes of the last years."""

TOLERANCE = 1e-4
"""Largest difference of a probability between the net and its export."""

_PACKAGES = ("onnx", "onnxscript")


def require_extra() -> None:
    """Refuse to go on without the packages that ONNX takes.

    Raises:
        UsageError: If one is not installed.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"exporting to ONNX takes the package {' and '.join(missing)}",
            expected="the extra `onnx` of paribus",
            found="an installation without it",
            means="nothing was exported; --format safetensors needs no further package",
            mend="pip install 'paribus[onnx]'",
        )


class WithProbabilities(nn.Module):
    """A net that gives probabilities beside its logits.

    Args:
        net: Images to logits.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images ``(N, C, H, W)`` in [0, 1] to logits and probabilities, ``(N, classes)`` each."""
        logits: Tensor = self.net(images)
        return logits, torch.softmax(logits, dim=1)


def onnx_bytes(chosen: Chosen, weights: Weights, facts: Mapping[str, str]) -> bytes:
    """One trained net as an ONNX file, checked against the net on random images.

    Args:
        chosen: One run.
        weights: Its weights.
        facts: What the file says of it.

    Raises:
        UsageError: If the net has no form in ONNX, or one that computes something else.
    """
    import onnx  # noqa: PLC0415 - of the extra `onnx`

    net = WithProbabilities(trained_module(chosen, chosen.records[0].seed, weights)).eval()
    model = _exported(net, chosen)
    _forget_traces(model)
    onnx.helper.set_model_props(model, dict(facts))
    model.producer_name, _, model.producer_version = facts["producer"].partition(" ")
    onnx.checker.check_model(model, full_check=True)
    _check(model, net, chosen)
    return bytes(model.SerializeToString(deterministic=True))


def _exported(net: nn.Module, chosen: Chosen) -> "onnx.ModelProto":
    """The model as torch's exporter makes it, for any number of images at a time."""
    example = torch.zeros((2, *chosen.data.image_shape))
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                net,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                input_names=["images"],
                output_names=["logits", "probabilities"],
                dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # the exporter meets the modules of anybody
        raise _no_onnx(chosen, "operations that ONNX has", str(error).strip().splitlines()[0]) from error
    assert program is not None, "the exporter returns the program where no file is named"
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter has to say of itself and of packages that are not there."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _check(model: "onnx.ModelProto", net: nn.Module, chosen: Chosen) -> None:
    """Compare the model, run by ONNX's reference implementation, with the net on three random images."""
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415 - of the extra `onnx`

    shape = (3, *chosen.data.image_shape)
    images = np.random.default_rng(0).random(shape, dtype=np.float32)
    with torch.inference_mode():
        expected = net(torch.from_numpy(images))[1].numpy()
    found: Any = ReferenceEvaluator(model).run(["probabilities"], {"images": images})
    difference = float(np.abs(found[0] - expected).max())
    if not difference <= TOLERANCE:
        raise _no_onnx(chosen, "the same probabilities from the export", f"a difference of {difference:.1e}")


def _no_onnx(chosen: Chosen, expected: str, found: str) -> UsageError:
    return UsageError(
        f"the net of {chosen.layout.study.name}:{chosen.variant.name} has no faithful form in ONNX",
        expected=expected,
        found=found,
        means="nothing was exported",
        mend="export its weights with --format safetensors",
    )


def _forget_traces(message: Any) -> None:  # noqa: ANN401 - protobuf messages are typed by their descriptors
    """Clear what the exporter notes of the machine it ran on: stack traces with paths of source files."""
    for name in ("metadata_props", "doc_string"):
        if name in message.DESCRIPTOR.fields_by_name:
            message.ClearField(name)
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                _forget_traces(part)
