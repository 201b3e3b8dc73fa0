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
    table = layer_table(POOLING[variant].declared_net, MNIST, 10)
    assert list(table.parameters.values()) == shapes
    assert list(table.parameters) == [
        "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias",
    ]  # fmt: skip


def test_arithmetic_of_valid_padding_is_the_notebooks() -> None:
    layers = {layer.name: layer for layer in layer_table(POOLING["max-valid"].declared_net, MNIST, 10).layers}
    assert layers["conv1"].arithmetic == "⌊(28 + 2·0 − 5) / 1⌋ + 1 = 24"
    assert layers["pool1"].arithmetic == "⌊24 / 2⌋ = 12"
    assert layers["conv2"].arithmetic == "⌊(12 + 2·0 − 5) / 1⌋ + 1 = 8"
    assert layers["pool2"].arithmetic == "⌊8 / 2⌋ = 4"
    assert layers["flatten"].arithmetic == "32 · 4 · 4 = 512"


@pytest.mark.parametrize("variant", list(POOLING))
def test_flops_equal_torchs_own_count(variant: str) -> None:
    net = POOLING[variant].declared_net
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
    residual=st.booleans(),
    depthwise=st.booleans(),
)
nets = st.builds(
    Net,
    blocks=st.lists(blocks, min_size=1, max_size=3).map(tuple),
    hidden=st.lists(st.integers(1, 8), max_size=2).map(tuple),
    dropout=st.sampled_from([0.0, 0.2]),
    global_pool=st.sampled_from(["none", "avg", "max"]),
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
    buffers = {name: shape for layer in table.layers for name, shape in layer.buffers.items()}
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == table.parameters | buffers
    maps = torch.zeros(2, *image)
    for number, block in enumerate(module.blocks, start=1):
        maps = block(maps)
        last = [layer for layer in table.layers if layer.name in (f"act{number}", f"pool{number}")][-1]
        assert tuple(maps.shape[1:]) == last.output
    assert tuple(module(torch.zeros(2, *image)).shape) == (2, 10)
    forward, training = flops_by_torch(net, image)
    assert table.forward_flops == forward
    if not any(block.depthwise for block in net.resolved_blocks()):
        assert table.training_flops == training  # torch counts a depthwise weight's gradient once a channel


def test_net_that_does_not_fit_its_images_is_refused_with_the_field() -> None:
    with pytest.raises(StudyError, match=r"net\.blocks\.0\.kernel: expected at most 28"):
        layer_table(Net(blocks=(Block(channels=1, kernel=29),), padding="valid"), MNIST, 10)
    with pytest.raises(StudyError, match=r"net\.blocks\.1\.pool_size: expected at most 7"):
        layer_table(Net(blocks=(Block(channels=1, pool_size=4), Block(channels=1, pool_size=8))), MNIST, 10)


def test_residual_block_is_added_after_batch_normalization_and_projected_where_shapes_differ() -> None:
    net = Net(
        blocks=(Block(channels=8, stride=2), Block(channels=8), Block(channels=12)),
        residual=True,
        batch_norm=True,
        pool="none",
    )
    table = layer_table(net, MNIST, 10)
    layers = {layer.name: layer for layer in table.layers}
    assert [name for name in layers if name[-1] in "12" and not name.startswith("fc")] == [
        "conv1", "bn1", "skip1", "add1", "act1", "conv2", "bn2", "add2", "act2",
    ]  # fmt: skip
    assert layers["skip1"].parameters == {"skip1.weight": (8, 1, 1, 1), "skip1.bias": (8,)}
    assert layers["skip1"].arithmetic == "⌊(28 + 2·0 − 1) / 2⌋ + 1 = 14"
    assert (layers["add1"].detail, layers["add2"].detail) == ("skip1", "the block's input")
    assert "skip3" in layers
    assert layers["skip1"].flops == 2 * 8 * 14 * 14


def test_depthwise_block_convolves_each_channel_and_then_mixes_them() -> None:
    net = Net(blocks=(Block(channels=8), Block(channels=16, kernel=5, stride=2, depthwise=True)), pool="none")
    table = layer_table(net, MNIST, 10)
    layers = {layer.name: layer for layer in table.layers}
    assert layers["conv2_depth"].parameters == {"conv2_depth.weight": (8, 1, 5, 5)}
    assert layers["conv2"].parameters == {"conv2.weight": (16, 8, 1, 1), "conv2.bias": (16,)}
    assert layers["conv2_depth"].detail == "5×5 of each channel, stride 2, padding 2"
    assert layers["conv2_depth"].output == (8, 14, 14)
    assert layers["conv2_depth"].flops == 2 * 8 * 25 * 14 * 14
    assert layers["conv2"].flops == 2 * 16 * 8 * 14 * 14
    first = layers["conv1"].flops
    assert table.training_flops == 3 * table.forward_flops - first


def test_training_flops_leave_the_gradient_of_the_image_out_of_every_layer_that_takes_it() -> None:
    net = Net(blocks=(Block(channels=4, depthwise=True, residual=True),))
    table = layer_table(net, (3, 8, 8), 10)
    layers = {layer.name: layer.flops for layer in table.layers}
    assert table.training_flops == 3 * table.forward_flops - layers["conv1_depth"] - layers["skip1"]


def test_global_pooling_leaves_one_value_of_each_channel() -> None:
    table = layer_table(Net(global_pool="avg", hidden=(20,)), MNIST, 10)
    layers = {layer.name: layer for layer in table.layers}
    assert (layers["global_pool"].detail, layers["global_pool"].output) == ("avg 7×7", (32, 1, 1))
    assert layers["fc1"].parameters["fc1.weight"] == (20, 32)


def test_residual_block_whose_convolution_shrinks_the_maps_is_refused_with_the_way_out() -> None:
    with pytest.raises(
        StudyError, match=r"net\.blocks\.0\.residual: expected feature maps of 28 × 28"
    ) as caught:
        layer_table(Net(residual=True, padding="valid"), MNIST, 10)
    assert "padding = 'same'" in str(caught.value)
    assert "found 24 × 24" in str(caught.value)


def test_net_too_large_to_be_meant_is_refused_before_it_is_built() -> None:
    wide = Net(blocks=tuple(Block(channels=8192, kernel=25) for _ in range(3)), pool="none")
    with pytest.raises(StudyError, match="parameters"):
        layer_table(wide, MNIST, 10)
