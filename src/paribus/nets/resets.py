"""Initial weights of own nets: torch's stock initialisation replayed from streams of its own for each name.

torch's layers draw their initial weights one after the other from one generator, so that a layer more shifts
all that come after it. Here it is noted which parameters were set by the stock ``reset_parameters`` of a
module and left alone afterwards. Those of convolutions and linear layers are drawn again as
`paribus.nets.initial` draws them, by (seed, parameter name); those of other modules (embeddings, recurrent
layers) by the module's own reset under a generator seeded by (seed, module name). What the net sets itself
keeps the values it got from one generator, seeded for the whole net.
"""

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import UninitializedParameter

from paribus import streams
from paribus.nets.generators import seeded
from paribus.nets.shapes import OWN_START

Reset = Callable[[Any], None]

_DRAWN_BY_NAME: tuple[Reset, ...] = (_ConvNd.reset_parameters, nn.Linear.reset_parameters)


@dataclass(frozen=True, eq=False)
class _Stock:
    """What a stock reset made of a parameter.

    Attributes:
        parameter: The parameter.
        owner: The module that was reset.
        reset: The stock reset.
        values: What it left in the parameter.
        fan_in: Inputs of one output, for a convolution or linear layer; 0 for any other module.
        random: Whether it drew from the generator.
    """

    parameter: nn.Parameter
    owner: nn.Module
    reset: Reset
    values: Tensor
    fan_in: int
    random: bool


class StockResets:
    """What torch's stock resets did while a net was made."""

    def __init__(self) -> None:
        self._stock: dict[int, _Stock] = {}

    def note(self, owner: nn.Module, reset: Reset) -> None:
        """Reset a module as torch does, and note what that did to which parameters."""
        before, known = _versions(owner), dict(self._stock)
        state = torch.get_rng_state()
        reset(owner)
        random = not torch.equal(state, torch.get_rng_state())
        versions = _versions(owner)
        for parameter in owner.parameters():
            key = id(parameter)
            if before.get(key) == versions.get(key):
                continue
            within = self._stock.get(key)
            if within is not None and within is not known.get(key) and torch.equal(within.values, parameter):
                continue  # a reset called by this one set it
            values = parameter.detach().clone()
            self._stock[key] = _Stock(parameter, owner, reset, values, _fan_in(owner, reset), random)

    @torch.no_grad()
    def replay(self, net: nn.Module, seed: int) -> dict[str, str]:
        """Draw again what stock resets set, each from a stream or generator of its own.

        Args:
            net: The net, with all its parameters made.
            seed: Seed of the round.

        Returns:
            Parameter name to what set its initial value; those drawn by name are left out.
        """
        places = {module: name for name, module in net.named_modules()}
        starts: dict[str, str] = {}
        drawn: list[tuple[str, _Stock]] = []
        replayed: dict[nn.Module, list[_Stock]] = {}
        for name, parameter in net.named_parameters():
            stock = self._stock.get(id(parameter))
            if stock is None or not torch.equal(stock.values, parameter):
                starts[name] = OWN_START
            elif stock.fan_in:
                drawn.append((name, stock))
            elif stock.owner in places or not stock.random:
                starts[name] = f"{type(stock.owner).__name__}({stock.owner.extra_repr()})"
                if stock.random:
                    replayed.setdefault(stock.owner, []).append(stock)
            else:
                starts[name] = OWN_START
        for owner, stocks in replayed.items():
            _reset_again(owner, stocks, seed, places[owner])
        for name, stock in drawn:
            bound = 1 / math.sqrt(stock.fan_in)
            values = streams.uniform(stock.parameter.numel(), bound, seed, "weights", name)
            stock.parameter.copy_(torch.from_numpy(values).reshape(stock.parameter.shape))
        return starts


@contextmanager
def stock_resets() -> Iterator[StockResets]:
    """Note what the stock resets of torch's modules do inside the block."""
    noted = StockResets()
    replaced: list[tuple[type[nn.Module], str, Any]] = []
    for kind, name in _stock_kinds():
        stock = vars(kind)[name]
        replaced.append((kind, name, stock))
        setattr(kind, name, _noting(noted, stock))
    try:
        yield noted
    finally:
        for kind, name, stock in replaced:
            setattr(kind, name, stock)


def _noting(noted: StockResets, stock: Reset) -> Reset:
    @functools.wraps(stock)
    def reset(owner: nn.Module) -> None:
        noted.note(owner, stock)

    return reset


@functools.cache
def _stock_kinds() -> list[tuple[type[nn.Module], str]]:
    """Classes of torch that define a reset of their own parameters, and its name.

    ``nn.Transformer`` is left out: its reset draws for all layers in it at once, so that it depends on how
    many there are; what it sets counts as set by the net itself.
    """
    public = [kind for kind in vars(nn).values() if isinstance(kind, type) and issubclass(kind, nn.Module)]
    bases = {base for kind in public for base in kind.__mro__ if base.__module__.startswith("torch.")}
    kinds = [(kind, "reset_parameters") for kind in bases if "reset_parameters" in vars(kind)]
    return [*kinds, (nn.MultiheadAttention, "_reset_parameters")]


def _versions(module: nn.Module) -> dict[int, int]:
    """How often each parameter was written to; parameters of lazy modules have no values at first."""
    return {
        id(parameter): parameter._version  # noqa: SLF001 - torch documents it, under this name
        for parameter in module.parameters()
        if not isinstance(parameter, UninitializedParameter)
    }


def _fan_in(owner: nn.Module, reset: Reset) -> int:
    """Inputs of one output, where torch's default is uniform in ±1/√fan_in for weights and biases."""
    weight = owner.weight if reset in _DRAWN_BY_NAME else None
    return math.prod(weight.shape[1:]) if isinstance(weight, Tensor) else 0


def _reset_again(owner: nn.Module, stocks: list[_Stock], seed: int, place: str) -> None:
    """Reset a module under a generator of its own; what the net changed after the first reset stays."""
    meant = {id(stock.parameter) for stock in stocks}
    others = [
        *(parameter for parameter in owner.parameters() if id(parameter) not in meant),
        *owner.buffers(),
    ]
    kept = [(tensor, tensor.detach().clone()) for tensor in others]
    with seeded(seed, "own-net", place):
        stocks[0].reset(owner)
    for tensor, values in kept:
        tensor.copy_(values)
