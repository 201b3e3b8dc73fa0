"""Stock initialisation replayed by name, against torch's own distributions, whatever else a net has."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from paribus.nets.generators import seeded
from paribus.nets.resets import stock_resets
from paribus.nets.shapes import OWN_START

Make = Callable[[], nn.Module]


def replayed(make: Make, seed: int = 0) -> tuple[nn.Module, dict[str, str]]:
    with seeded(seed, "test"), stock_resets() as resets:
        net = make()
    return net, resets.replay(net, seed)


def bits(net: nn.Module) -> dict[str, bytes]:
    return {name: parameter.detach().numpy().tobytes() for name, parameter in net.named_parameters()}


class Rich(nn.Module):
    """A module of every sort, with or without others before them."""

    def __init__(self, *, more: bool) -> None:
        super().__init__()
        if more:
            self.before = nn.Linear(50, 50)
            self.embedded_before = nn.Embedding(50, 50)
        self.conv = nn.Conv2d(3, 4, 3)
        self.transposed = nn.ConvTranspose2d(4, 2, 3)
        self.linear = nn.Linear(7, 5)
        self.embedding = nn.Embedding(11, 3)
        self.recurrent = nn.LSTM(5, 6)
        self.bilinear = nn.Bilinear(3, 4, 5)
        self.attention = nn.MultiheadAttention(8, 2)
        self.norm = nn.BatchNorm2d(4)
        self.prelu = nn.PReLU(3)
        if more:
            self.after = nn.Linear(50, 50)


def test_what_stock_resets_set_does_not_depend_on_the_other_modules() -> None:
    one, starts = replayed(lambda: Rich(more=False))
    other, _ = replayed(lambda: Rich(more=True))
    alone, among = bits(one), bits(other)
    assert [name for name in alone if alone[name] != among[name]] == []
    assert OWN_START not in starts.values()
    assert {name for name in alone if name not in starts} == {
        "conv.weight", "conv.bias", "transposed.weight", "transposed.bias", "linear.weight", "linear.bias",
        "attention.out_proj.weight",
    }  # fmt: skip
    assert starts["attention.out_proj.bias"].startswith("MultiheadAttention(")
    assert not one.get_parameter("attention.out_proj.bias").any()


def test_another_seed_gives_other_values_to_everything_random() -> None:
    one, two = (bits(replayed(lambda: Rich(more=False), seed)[0]) for seed in (0, 1))
    same = {name for name in one if one[name] == two[name]}
    assert same == {
        "norm.weight", "norm.bias", "prelu.weight", "attention.in_proj_bias", "attention.out_proj.bias",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: nn.Conv2d(8, 64, 5, groups=2), "weight"),
        (lambda: nn.Conv2d(8, 4000, 3), "bias"),
        (lambda: nn.ConvTranspose2d(64, 8, 5), "weight"),
        (lambda: nn.Conv1d(30, 90, 3), "weight"),
        (lambda: nn.Linear(300, 100), "weight"),
        (lambda: nn.Linear(9, 5000), "bias"),
        (lambda: nn.Embedding(100, 100), "weight"),
        (lambda: nn.GRU(50, 60), "weight_hh_l0"),
    ],
)
def test_values_are_distributed_as_torchs_own(make: Make, name: str) -> None:
    ours, _ = replayed(make)
    torch.manual_seed(5)
    theirs = make().get_parameter(name).detach().numpy().ravel()
    found = ours.get_parameter(name).detach().numpy().ravel()
    assert stats.ks_2samp(found, theirs).pvalue > 1e-4
    assert np.abs(found).max() == pytest.approx(np.abs(theirs).max(), rel=0.3)


def scaled() -> nn.Module:
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4), nn.BatchNorm1d(4))
    net.get_parameter("0.weight").data *= 2
    nn.init.zeros_(net.get_parameter("1.bias"))
    nn.init.zeros_(net.get_parameter("3.weight"))
    net.register_parameter("own", nn.Parameter(torch.randn(3)))
    return net


def test_what_the_net_changes_after_a_stock_reset_stays_and_is_told() -> None:
    with seeded(0, "test"):
        plain = scaled()
    net, starts = replayed(scaled)
    own = {name for name, start in starts.items() if start == OWN_START}
    assert own == {"0.weight", "1.bias", "3.weight", "own"}
    before, after = bits(plain), bits(net)
    assert all(before[name] == after[name] for name in own)
    assert before["2.weight"] != after["2.weight"]


class Changed(nn.Module):
    """An embedding of which the net changes nothing, and a recurrent layer of which it changes one bias."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(3, 4)
        nn.init.ones_(self.get_parameter("recurrent.bias_hh_l0"))


def test_a_module_reset_again_keeps_what_the_net_changed_in_it() -> None:
    net, starts = replayed(Changed)
    assert starts["recurrent.bias_hh_l0"] == OWN_START
    assert starts["recurrent.weight_ih_l0"] == "LSTM(3, 4)"
    assert (net.get_parameter("recurrent.bias_hh_l0") == 1).all()


class OwnReset(nn.Linear):
    """A layer with a reset of its own, as users write them."""

    def reset_parameters(self) -> None:
        nn.init.orthogonal_(self.weight)
        nn.init.zeros_(self.bias)


class ScaledReset(nn.Linear):
    """A layer that begins with torch's reset and goes on from there."""

    def reset_parameters(self) -> None:
        super().reset_parameters()
        with torch.no_grad():
            self.weight.mul_(0.5)


@pytest.mark.parametrize(
    ("make", "own"),
    [
        (lambda: OwnReset(4, 4), {"weight", "bias"}),
        (lambda: ScaledReset(4, 4), {"weight"}),
        (lambda: torch.nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)),
         {"parametrizations.weight.original0", "parametrizations.weight.original1"}),
        (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1), None),
    ],
    ids=["own reset", "scaled reset", "weight norm", "copied layers"],
)  # fmt: skip
def test_layers_with_an_initialisation_of_their_own_keep_it(make: Make, own: set[str] | None) -> None:
    net, starts = replayed(make)
    found = {name for name, start in starts.items() if start == OWN_START}
    assert found == (set(bits(net)) if own is None else own)
    with seeded(0, "test"):
        plain = bits(make())
    assert all(plain[name] == bits(net)[name] for name in found)


def tied() -> nn.Module:
    net = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6))
    net[1].weight = net[0].weight
    return net


def test_a_shared_parameter_stays_shared_and_is_drawn_by_its_first_name() -> None:
    net, starts = replayed(tied)
    assert net.state_dict()["0.weight"].data_ptr() == net.state_dict()["1.weight"].data_ptr()
    assert starts == {}
    alone, _ = replayed(lambda: nn.Sequential(nn.Linear(6, 6)))
    assert bits(alone)["0.weight"] == bits(net)["0.weight"]


def test_torchs_classes_are_as_they_were_afterwards() -> None:
    before = nn.Linear.reset_parameters, nn.Embedding.reset_parameters
    with stock_resets():
        assert nn.Linear.reset_parameters is not before[0]
    assert (nn.Linear.reset_parameters, nn.Embedding.reset_parameters) == before


def test_torchs_classes_are_as_they_were_after_a_failure_too() -> None:
    before = nn.Linear.reset_parameters
    with pytest.raises(ZeroDivisionError):
        replayed(lambda: nn.Linear(4, 4 // 0))
    assert nn.Linear.reset_parameters is before
