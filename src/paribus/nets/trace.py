"""Layer tables of own nets: the net is made and shown one image, and its modules tell what they do.

Started as ``python -m paribus.nets.trace`` by `paribus.nets.tracing`, in a process of its own, so that the
user's code is not imported where studies are read. It reads a request in JSON on standard input and answers
with one line of JSON for each net.
"""

import inspect
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from paribus import streams
from paribus.errors import StudyError
from paribus.nets.own import make_own
from paribus.nets.shapes import Layer, LayerTable, Shape
from paribus.spec import OwnNet, Source

MAX_DETAIL = 200
_SETTING = re.compile(r"(^|, )(?P<name>\w+)=(?P<value>\([^()]*\)|[^,()]+)")


@dataclass
class _Call:
    """What is known of a module from its calls.

    Attributes:
        calls: How often it was called.
        output: Shape of its first output for one image.
        flops: FLOPs of its calls, without those of the modules that it called.
        flops_of_image: Of these, the FLOPs of calls whose inputs need no gradient.
    """

    calls: int = 0
    output: Shape = ()
    flops: int = 0
    flops_of_image: int = 0


class _Watch:
    """Notes the calls of all modules of a net, in the order in which they begin.

    Args:
        net: The net.
        counter: Counts FLOPs meanwhile.
    """

    def __init__(self, net: nn.Module, counter: FlopCounterMode) -> None:
        self.calls: dict[nn.Module, _Call] = {}
        self._counter = counter
        self._open: list[tuple[int, int]] = []  # FLOPs before a call, and of the calls within it
        for module in net.modules():
            module.register_forward_pre_hook(self._enter)
            module.register_forward_hook(self._leave)

    def _enter(self, module: nn.Module, _inputs: tuple[Any, ...]) -> None:
        self.calls.setdefault(module, _Call())
        self._open.append((self._counter.get_total_flops(), 0))

    def _leave(self, module: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        before, within = self._open.pop()
        total = self._counter.get_total_flops() - before
        if self._open:
            outer, inner = self._open[-1]
            self._open[-1] = (outer, inner + total)
        call = self.calls[module]
        if not call.calls:
            call.output = next((tuple(tensor.shape[1:]) for tensor in _tensors(output)), ())
        call.calls += 1
        call.flops += total - within
        if not any(tensor.requires_grad for tensor in _tensors(inputs)) and not any(module.children()):
            call.flops_of_image += total


def trace(net: OwnNet, image: Shape, classes: int) -> LayerTable:
    """The layer table of an own net.

    Args:
        net: The net, located.
        image: Shape of an image, ``(C, H, W)``.
        classes: Number of classes.

    Raises:
        StudyError: If the net cannot be made, or does not work.
    """
    made = make_own(net, image, classes, seed=0)
    module = made.module.module
    draws = streams.uniform(image[0] * image[1] * image[2], 0.5, 0, "own-net trace") + 0.5
    images = torch.from_numpy(draws).reshape(1, *image[1:], image[0]).permute(0, 3, 1, 2)
    made.module.eval()
    with FlopCounterMode(display=False) as counter:
        watch = _Watch(module, counter)
        made.module(images)
        total = counter.get_total_flops()
    of_image = sum(call.flops_of_image for call in watch.calls.values())
    layers = tuple(_layers(module, watch.calls))
    return LayerTable(image, classes, layers, 3 * total - of_image, made.starts, made.notes)


def _layers(net: nn.Module, calls: Mapping[nn.Module, _Call]) -> Iterator[Layer]:
    """A row for every module that computes by itself or holds weights, in the order of the calls."""
    names = {module: name for name, module in net.named_modules()}
    trained = {name: tuple(parameter.shape) for name, parameter in net.named_parameters()}
    kept = {
        name: tuple(tensor.shape)
        for name, tensor in net.state_dict().items()
        if isinstance(tensor, Tensor) and name not in dict(net.named_parameters(remove_duplicate=False))
    }
    for module in [*calls, *(module for module in names if module not in calls)]:
        name, call = names.get(module, ""), calls.get(module, _Call())
        prefix = f"{name}." if name else ""
        parameters = _own(prefix, dict(module.named_parameters(recurse=False)), trained)
        buffers = _own(prefix, dict(module.named_buffers(recurse=False)), kept)
        leaf = not any(module.children())
        if (leaf and call.calls) or parameters or buffers or call.flops:
            kind = type(module).__name__
            detail = _legible(f"{kind}({_settings(module)})")
            yield Layer(
                name=_legible(name) or "net",
                kind=kind,
                detail=detail if len(detail) <= MAX_DETAIL else f"{detail[: MAX_DETAIL - 3]}...",
                output=call.output,
                arithmetic=f"called {call.calls} times" if call.calls > 1 else "",
                parameters=parameters,
                flops=call.flops,
                buffers=buffers,
            )


def _own(prefix: str, tensors: Mapping[str, Tensor], known: Mapping[str, Shape]) -> dict[str, Shape]:
    """Those of a module's own tensors that are known by their name in the net, with their shapes."""
    return {f"{prefix}{name}": known[f"{prefix}{name}"] for name in tensors if f"{prefix}{name}" in known}


def _settings(module: nn.Module) -> str:
    """What a module says of itself, without settings that its class has by default."""
    defaults = {
        name: str(parameter.default)
        for name, parameter in inspect.signature(type(module).__init__).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    said = _SETTING.sub(
        lambda found: "" if defaults.get(found["name"]) == found["value"] else found[0], module.extra_repr()
    )
    return said.removeprefix(", ")


def _legible(text: str) -> str:
    """The user's text on one line, without control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _tensors(value: object) -> Iterator[Tensor]:
    """The tensors in what a module takes or gives."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the user's code prints goes to standard error
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - stays open as long as the process
    torch.set_num_threads(1)
    torch.set_deterministic_debug_mode("error")
    image, classes = tuple(request["image"]), int(request["classes"])
    for asked in request["nets"]:
        net = OwnNet.model_validate(asked["net"]).at(Source(**asked["source"]))
        try:
            answer: dict[str, Any] = {"table": asdict(trace(net, image, classes))}
        except StudyError as error:
            answer = {"faults": [asdict(fault) for fault in error.faults]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
