"""Own nets: the callable called, its module checked, its initial weights set, its memory format chosen.

A net is made twice from the same seed. The second one is used; on the first it is tried out that the net is
the same each time, that it takes images and gives logits, and in which memory format it computes.
"""

import contextlib
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from paribus import streams
from paribus.errors import Fault, StudyError
from paribus.nets.generators import seeded
from paribus.nets.importing import OwnCode, failure, import_callable
from paribus.nets.resets import StockResets, stock_resets
from paribus.nets.shapes import GLOBALLY_SEEDED, MEMORY_FORMAT, OWN_START, Shape
from paribus.spec import OwnNet
from paribus.spec.faults import nearest, shown
from paribus.spec.own_net import GIVEN
from paribus.spec.sources import AT

TRIED = 2
"""Images in the batch that a net is tried out with."""
TOLERANCE = 1e-4
"""Share of the largest logit by which the logits of two memory formats may differ."""

_FLOATS = (torch.float64, torch.float32, torch.float16)
_STORED = (*_FLOATS, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)


class OwnModule(nn.Module):
    """A module of the user's own, in the memory format that it computes in.

    Args:
        net: What it was made from, for messages.
        module: Images (N, C, H, W) to logits (N, classes).
        channels_last: Whether it takes images in channels-last layout as they are; otherwise they are copied
            to the layout that torch calls contiguous.
    """

    def __init__(self, net: OwnNet, module: nn.Module, *, channels_last: bool) -> None:
        super().__init__()
        self.spec = net
        self.module = module
        self.channels_last = channels_last

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] to logits (N, classes).

        Raises:
            StudyError: If the user's code fails, or gives no tensor.
        """
        if not self.channels_last:
            images = images.clone(memory_format=torch.contiguous_format)
        try:
            logits = self.module(images)
        except (Exception, SystemExit) as error:
            if _out_of_memory(error):
                raise
            raise failure(self.spec, error) from error
        if not isinstance(logits, Tensor):
            raise _fault(
                "a module that returns logits, a tensor", f"{type(logits).__name__} from its forward"
            )
        return logits

    def named_state(self) -> dict[str, Tensor]:
        """Parameters and persistent buffers by the user's module's own names; the tensors are its own."""
        state = self.module.state_dict(keep_vars=True)
        return {name: tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}


@dataclass(frozen=True, eq=False)
class Made:
    """An own net, ready to be trained.

    Attributes:
        module: The net, in training mode.
        starts: Parameter name to what set its initial value; those drawn by name are left out.
        notes: What a reader of its runs should know.
    """

    module: OwnModule
    starts: Mapping[str, str]
    notes: Mapping[str, str]


def make_own(net: OwnNet, image: Shape, classes: int, seed: int) -> Made:
    """Make an own net with its initial weights.

    Args:
        net: The net, located.
        image: Shape of an image, ``(C, H, W)``.
        classes: Number of classes.
        seed: Seed of the round.

    Raises:
        StudyError: If the code cannot be imported or fails, does not take its arguments, or does not return a
            module from such images to such logits.
    """
    with contextlib.redirect_stdout(sys.stderr):  # standard output may be somebody's JSON
        code = import_callable(net)
        arguments = net.arguments | _given(net, code, image, classes)
        trial, _ = _called(net, code, arguments, image, seed)
        module, resets = _called(net, code, arguments, image, seed)
        _require_same(trial, module)
        starts = resets.replay(module, seed)
        with seeded(seed, "own-net trial"):
            reason = _trial(OwnModule(net, trial, channels_last=True), image, classes)
    if not reason:
        _to_channels_last(module)
    notes = {MEMORY_FORMAT: "channels last" if not reason else f"contiguous ({reason})"}
    own = [name for name, start in starts.items() if start == OWN_START]
    if own:
        notes[GLOBALLY_SEEDED] = ", ".join(own)
    return Made(OwnModule(net, module, channels_last=not reason), starts, notes)


@torch.no_grad()
def _to_channels_last(module: nn.Module) -> None:
    """Lay the weights of two-dimensional convolutions out as the images are that they go over."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.dim() == 4:
            tensor.data = tensor.data.clone(memory_format=torch.channels_last)


def _given(net: OwnNet, code: OwnCode, image: Shape, classes: int) -> dict[str, Any]:
    """What the callable gets from the data; its signature is checked against what it is going to get."""
    try:
        parameters = inspect.signature(code).parameters
    except (TypeError, ValueError):
        return {}
    named = {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    }
    given = {name: value for name, value in zip(GIVEN, (image, classes), strict=True) if name in named}
    takes = [name for name in named if name not in GIVEN]
    anything = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    faults = [
        Fault(
            f"net.{name}",
            f"an argument of {net.callable}, which takes {', '.join(takes) or 'none'}",
            f"an unknown one = {shown(value)}",
            nearest(name, takes),
        )
        for name, value in net.arguments.items()
        if name not in takes and not anything
    ]
    faults += [
        Fault(f"net.{name}", f"a value, which {net.callable} needs", "nothing")
        for name in takes
        if name not in net.arguments and named[name].default is inspect.Parameter.empty
    ]
    if faults:
        raise StudyError(AT, faults)
    return given


def _called(
    net: OwnNet,
    code: OwnCode,
    arguments: Mapping[str, Any],
    image: Shape,
    seed: int,
) -> tuple[nn.Module, StockResets]:
    """What the callable returns, in training mode, and what torch's stock resets did to it."""
    with seeded(seed, "own-net"), stock_resets() as resets:
        try:
            module = code(**arguments)
            if isinstance(module, nn.Module) and any(map(_unmade, module.parameters())):
                with torch.no_grad():
                    module.eval()(torch.zeros(1, *image))  # lazy modules learn their shapes from an image
        except (Exception, SystemExit) as error:
            if _out_of_memory(error):
                raise
            raise failure(net, error) from error
        if not isinstance(module, nn.Module):
            raise _fault("a callable that returns a torch.nn.Module", f"an object of {type(module).__name__}")
        _require_usable(module)
    return module.train(), resets


def _require_usable(module: nn.Module) -> None:
    """Parameters in float32 and a state that can be stored, all on the processor."""
    for name, parameter in module.named_parameters():
        if parameter.dtype != torch.float32 or parameter.device.type != "cpu":
            raise _fault("parameters in float32 on the processor", _described(name, parameter))
    for name, tensor in module.state_dict().items():
        if isinstance(tensor, Tensor) and (tensor.dtype not in _STORED or tensor.device.type != "cpu"):
            raise _fault(
                "buffers of whole or floating-point numbers on the processor", _described(name, tensor)
            )
    if not any(parameter.requires_grad for parameter in module.parameters()):
        raise _fault("a module with parameters to train", "none")


def _require_same(one: nn.Module, other: nn.Module) -> None:
    """Two modules of two calls with one seed: apart from each other, and the same in every bit."""
    if one is other or {id(p) for p in one.parameters()} & {id(p) for p in other.parameters()}:
        raise _fault("a new module with new parameters from every call", "parameters of the call before")
    first, second = (
        {
            name: tensor.numpy().tobytes()
            for name, tensor in net.state_dict().items()
            if isinstance(tensor, Tensor)
        }
        for net in (one, other)
    )
    differing = [name for name in first | second if first.get(name) != second.get(name)]
    if differing:
        expected = "the same initial values from every call, as the global generators are seeded before each"
        raise _fault(expected, f"others for {shown(', '.join(differing))}")


def _trial(net: OwnModule, image: Shape, classes: int) -> str:
    """Try a net out, in training and in evaluation, with its images contiguous and channels last.

    Returns:
        Why channels last does not do; empty if it does.
    """
    draws = streams.uniform(TRIED * image[0] * image[1] * image[2], 0.5, 0, "own-net trial") + 0.5
    images = torch.from_numpy(draws).reshape(TRIED, *image)
    net.channels_last = False
    _step(net, images, classes)
    expected = _evaluated(net, images)
    net.channels_last = True
    _to_channels_last(net.module)
    strided = images.clone(memory_format=torch.channels_last)
    try:
        found = _evaluated(net, strided)
        _step(net, strided, classes)
    except StudyError as error:
        return f"channels last fails: {error.faults[0].found}"
    largest = float(expected.nan_to_num().abs().max())
    if not torch.allclose(found, expected, rtol=0, atol=TOLERANCE * largest, equal_nan=True):
        return "channels last gives other logits"
    return ""


def _step(net: OwnModule, images: Tensor, classes: int) -> None:
    """Forward and backward in training mode, and that the logits are what they should be."""
    net.train()
    net.zero_grad()
    with torch.enable_grad():
        logits = net(images)
        if logits.shape != (len(images), classes) or not logits.is_floating_point():
            expected = f"logits of shape ({len(images)}, {classes}) for {len(images)} images"
            raise _fault(
                expected, f"{str(logits.dtype).removeprefix('torch.')} of shape {tuple(logits.shape)}"
            )
        if not logits.requires_grad:
            raise _fault("logits that depend on trained parameters", "none that do")
        try:
            torch.autograd.backward(logits.float().square().mean())
        except (Exception, SystemExit) as error:
            if _out_of_memory(error):
                raise
            raise failure(net.spec, error) from error


def _evaluated(net: OwnModule, images: Tensor) -> Tensor:
    net.eval()
    with torch.no_grad():
        logits: Tensor = net(images)
    return logits.float()


def _unmade(parameter: nn.Parameter) -> bool:
    return isinstance(parameter, UninitializedParameter)


def _out_of_memory(error: BaseException) -> bool:
    """Whether the machine, not the code, is at fault: another attempt may go well."""
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)


def _described(name: str, tensor: Tensor) -> str:
    return f"{name} in {str(tensor.dtype).removeprefix('torch.')} on {tensor.device.type}"


def _fault(expected: str, found: str) -> StudyError:
    return StudyError(AT, [Fault(AT, expected, found)])
