"""Layer arithmetic against torch: shapes, parameters and FLOPs of nets that torch really runs."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from paribus.errors import StudyError
from paribus.nets.build import build
from paribus.nets.initial import initial_weights
from paribus.nets.shapes import layer_table
from paribus.spec import Block, Net, Study, locate

MNIST = (1, 28, 28)
POOLING = Study.read(locate("mnist-pooling")).configurations


def flops_by_torch(net: Net, image: tuple[int, ...]) -> tuple[int, int]:
    """Forward and training FLOPs of one image by torch's own counter."""
    table = layer_table(net, image, 10)
    module = build(net, table, initial_weights(table, 0), seed=0).eval()
    images = torch.zeros(1, *image)
    with FlopCounterMode(display=False) as forward, torch.no_grad():
        module(images)
    with FlopCounterMode(display=False) as both:
        module(images).sum().backward()
    return forward.get_total_flops(), both.get_total_flops()


@pytest.mark.parametrize(
    ("variant", "shapes"),
    [
        ("max-same", [(16, 1, 5, 5), (16,), (32, 16, 5, 5), (32,), (10, 1568), (10,)]),
        ("avg-same", [(16, 1, 5, 5), (16,), (32, 16, 5, 5), (32,), (10, 1568), (10,)]),
        ("max-valid", [(16, 1, 5, 5), (16,), (32, 16, 5, 5), (32,), (10, 512), (10,)]),
    ],
)
def test_parameter_shapes_are_the_notebooks(variant: str, shapes: list[tuple[int, ...]]) -> None:
    table = layer_table(POOLING[variant].net, MNIST, 10)
    assert list(table.parameters.values()) == shapes
    assert list(table.parameters) == [
        "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias",
    ]  # fmt: skip


def test_arithmetic_of_valid_padding_is_the_notebooks() -> None:
    layers = {layer.name: layer for layer in layer_table(POOLING["max-valid"].net, MNIST, 10).layers}
    assert layers["conv1"].arithmetic == "⌊(28 + 2·0 − 5) / 1⌋ + 1 = 24"
    assert layers["pool1"].arithmetic == "⌊24 / 2⌋ = 12"
    assert layers["conv2"].arithmetic == "⌊(12 + 2·0 − 5) / 1⌋ + 1 = 8"
    assert layers["pool2"].arithmetic == "⌊8 / 2⌋ = 4"
    assert layers["flatten"].arithmetic == "32 · 4 · 4 = 512"


@pytest.mark.parametrize("variant", list(POOLING))
def test_flops_equal_torchs_own_count(variant: str) -> None:
    net = POOLING[variant].net
    table = layer_table(net, MNIST, 10)
    assert (table.forward_flops, table.training_flops) == flops_by_torch(net, MNIST)


blocks = st.builds(
    Block,
    channels=st.integers(1, 6),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]) | st.integers(0, 3),
    activation=st.sampled_from(["relu", "tanh", "none"]),
    pool=st.sampled_from(["max", "avg", "none"]),
    pool_size=st.integers(2, 3),
    batch_norm=st.booleans(),
    dropout=st.sampled_from([0.0, 0.3]),
)
nets = st.builds(
    Net,
    blocks=st.lists(blocks, min_size=1, max_size=3).map(tuple),
    hidden=st.lists(st.integers(1, 8), max_size=2).map(tuple),
    dropout=st.sampled_from([0.0, 0.2]),
)


@settings(max_examples=150, deadline=None)
@given(nets, st.tuples(st.integers(1, 3), st.integers(3, 20), st.integers(3, 20)))
def test_any_net_has_the_shapes_parameters_and_flops_that_torch_finds(
    net: Net, image: tuple[int, int, int]
) -> None:
    try:
        table = layer_table(net, image, 10)
    except StudyError:  # does not fit: another test says how that is told
        return
    module = build(net, table, initial_weights(table, 0), seed=0).eval()
    assert len(list(module.parameters())) == len(table.parameters)
    state = module.named_state()
    assert {name: tuple(state[name].shape) for name in table.parameters} == table.parameters
    maps = torch.zeros(2, *image)
    for number, block in enumerate(module.blocks, start=1):
        maps = block(maps)
        last = [layer for layer in table.layers if layer.name in (f"act{number}", f"pool{number}")][-1]
        assert tuple(maps.shape[1:]) == last.output
    assert tuple(module(torch.zeros(2, *image)).shape) == (2, 10)
    assert table.forward_flops == flops_by_torch(net, image)[0]


def test_net_that_does_not_fit_its_images_is_refused_with_the_field() -> None:
    with pytest.raises(StudyError, match=r"net\.blocks\.0\.kernel: expected at most 28"):
        layer_table(Net(blocks=(Block(channels=1, kernel=29),), padding="valid"), MNIST, 10)
    with pytest.raises(StudyError, match=r"net\.blocks\.1\.pool_size: expected at most 7"):
        layer_table(Net(blocks=(Block(channels=1, pool_size=4), Block(channels=1, pool_size=8))), MNIST, 10)


def test_net_too_large_to_be_meant_is_refused_before_it_is_built() -> None:
    wide = Net(blocks=tuple(Block(channels=8192, kernel=25) for _ in range(3)), pool="none")
    with pytest.raises(StudyError, match="parameters"):
        layer_table(wide, MNIST, 10)
