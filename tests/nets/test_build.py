"""Modules against torch's own layers, and initial weights against torch's own distributions."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from paribus.nets.build import build
from paribus.nets.initial import initial_weights
from paribus.nets.shapes import layer_table
from paribus.spec import Block, Net

IMAGE = (3, 17, 15)

NETS = [
    Net(
        blocks=(Block(channels=5, kernel=5), Block(channels=4)),
        pool=pool,
        activation=activation,
        padding=padding,
    )
    for pool in ("max", "avg", "none")
    for activation in ("relu", "tanh", "gelu")
    for padding in ("same", "valid")
]


def plain_torch(net: Net, weights: dict[str, np.ndarray]) -> nn.Sequential:
    """The same net from torch's layers, in the order the spec says, plain NCHW."""
    activations = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}
    pools = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}
    layers: list[nn.Module] = []
    channels = IMAGE[0]
    for number, block in enumerate(net.resolved_blocks(), start=1):
        conv = nn.Conv2d(channels, block.channels, block.kernel, block.stride, padding=block.padding[0])
        layers += [conv, activations[block.activation]()]
        if block.pool != "none":
            layers.append(pools[block.pool](block.pool_size))
        channels = block.channels
        conv.weight.data = torch.from_numpy(weights[f"conv{number}.weight"].copy())
        assert conv.bias is not None
        conv.bias.data = torch.from_numpy(weights[f"conv{number}.bias"].copy())
    fc = nn.Linear(weights["fc1.weight"].shape[1], 10)
    fc.weight.data = torch.from_numpy(weights["fc1.weight"].copy())
    fc.bias.data = torch.from_numpy(weights["fc1.bias"].copy())
    return nn.Sequential(*layers, nn.Flatten(), fc)


@pytest.mark.parametrize("net", NETS, ids=str)
def test_module_computes_what_torchs_layers_compute_with_their_gradients(net: Net) -> None:
    table = layer_table(net, IMAGE, 10)
    weights = initial_weights(table, 3)
    ours, theirs = build(net, table, weights, seed=3), plain_torch(net, weights)
    images = torch.from_numpy(np.random.default_rng(0).random((7, *IMAGE), dtype=np.float32))
    logits, expected = ours(images), theirs(images)
    assert torch.allclose(logits, expected, rtol=1e-5, atol=1e-6)
    logits.square().sum().backward()
    expected.square().sum().backward()
    for (name, parameter), reference in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert parameter.grad is not None, name
        assert reference.grad is not None
        assert torch.allclose(parameter.grad, reference.grad, rtol=1e-4, atol=1e-5), name


class Plain(nn.Module):
    """Depthwise-separable and residual blocks and a global pooling, from torch's own layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.skip1 = nn.Conv2d(3, 6, 1)
        self.bn1 = nn.BatchNorm2d(6)
        self.conv2_depth = nn.Conv2d(6, 6, 5, stride=2, padding=2, groups=6, bias=False)
        self.conv2 = nn.Conv2d(6, 9, 1)
        self.skip2 = nn.Conv2d(6, 9, 1, stride=2)
        self.bn2 = nn.BatchNorm2d(9)
        self.conv3 = nn.Conv2d(9, 9, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(9)
        self.fc1 = nn.Linear(9, 10)

    def forward(self, images: Tensor) -> Tensor:
        maps = torch.max_pool2d(torch.relu(self.bn1(self.conv1(images)) + self.skip1(images)), 2)
        maps = torch.relu(self.bn2(self.conv2(self.conv2_depth(maps))) + self.skip2(maps))
        maps = torch.nn.functional.avg_pool2d(torch.relu(self.bn3(self.conv3(maps)) + maps), 2)
        logits: Tensor = self.fc1(maps.amax((2, 3)))
        return logits


def test_residual_and_separable_blocks_and_global_pooling_compute_what_torchs_layers_compute() -> None:
    net = Net(
        blocks=(
            Block(channels=6),
            Block(channels=9, kernel=5, stride=2, depthwise=True, pool="none"),
            Block(channels=9, pool="avg"),
        ),
        residual=True,
        batch_norm=True,
        global_pool="max",
    )
    table = layer_table(net, IMAGE, 10)
    weights = initial_weights(table, 3)
    ours, theirs = build(net, table, weights, seed=3), Plain()
    start = {name: torch.from_numpy(values.copy()) for name, values in weights.items()}
    theirs.load_state_dict(theirs.state_dict() | start)
    assert set(ours.named_state()) == set(theirs.state_dict())
    images = torch.from_numpy(np.random.default_rng(0).random((7, *IMAGE), dtype=np.float32))
    images = images.contiguous(memory_format=torch.channels_last)
    logits, expected = ours(images), theirs(images)
    assert torch.allclose(logits, expected, rtol=1e-4, atol=1e-5)
    torch.autograd.backward([logits.square().sum(), expected.square().sum()])
    state = ours.named_state()
    for name, reference in theirs.named_parameters():
        gradient = state[name].grad
        assert gradient is not None, name
        assert reference.grad is not None
        assert torch.allclose(gradient, reference.grad, rtol=1e-3, atol=1e-4), name


@pytest.mark.parametrize("activation", ["relu", "tanh", "none"])
@pytest.mark.parametrize("pool", ["max", "avg", "none"])
def test_adding_the_input_leaves_the_input_as_it_is(activation: str, pool: str) -> None:
    net = Net(blocks=(Block(channels=3),), residual=True, activation=activation, pool=pool)
    table = layer_table(net, IMAGE, 10)
    block = build(net, table, initial_weights(table, 0), seed=0).blocks[0]
    images = torch.rand(2, *IMAGE)
    before = images.clone()
    block(images)
    with torch.inference_mode():
        block(images)
    assert torch.equal(images, before)


def test_relu_after_max_pooling_gives_the_same_bits_as_before_it() -> None:
    block = Net(blocks=(Block(channels=8, kernel=5),))
    table = layer_table(block, (1, 28, 28), 10)
    module = build(block, table, initial_weights(table, 0), seed=0).blocks[0]
    images = torch.rand(9, 1, 28, 28, generator=torch.Generator().manual_seed(1)) - 0.5
    maps = module.get_submodule("conv")(images)
    spec_order = torch.max_pool2d(torch.relu(maps), 2)
    assert torch.equal(module(images), spec_order)


@pytest.mark.parametrize("seed", [0, 1])
def test_initial_weights_are_distributed_as_torchs_defaults(seed: int) -> None:
    net = Net(blocks=(Block(channels=64, kernel=5), Block(channels=64, kernel=5)), hidden=(128,))
    table = layer_table(net, (1, 28, 28), 10)
    ours = initial_weights(table, seed)
    torch.manual_seed(seed)
    for name, layer in {"conv2": nn.Conv2d(64, 64, 5), "fc1": nn.Linear(64 * 49, 128)}.items():
        for part in ("weight", "bias"):
            theirs = getattr(layer, part).detach().numpy().ravel()
            assert stats.ks_2samp(ours[f"{name}.{part}"].ravel()[:20_000], theirs[:20_000]).pvalue > 1e-4


def test_layer_of_the_same_name_and_shape_starts_with_the_same_bits_in_every_net() -> None:
    one = initial_weights(layer_table(Net(padding="same"), (1, 28, 28), 10), 5)
    other = initial_weights(
        layer_table(Net(padding="valid", pool="avg", batch_norm=True), (1, 28, 28), 10), 5
    )
    for name in ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"):
        assert one[name].tobytes() == other[name].tobytes()
    assert one["fc1.weight"].shape != other["fc1.weight"].shape


def test_dropout_masks_come_from_the_seed_and_not_from_a_global_generator() -> None:
    net = Net(dropout=0.5, hidden=(20,))
    table = layer_table(net, (1, 28, 28), 10)
    images = torch.rand(50, 1, 28, 28)
    outputs = []
    for global_seed, seed in ((1, 7), (2, 7), (1, 8)):
        torch.manual_seed(global_seed)
        module = build(net, table, initial_weights(table, 0), seed=seed)
        before = torch.get_rng_state()
        outputs.append(module(images))
        assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_dropout_zeroes_the_declared_share_and_scales_the_rest() -> None:
    net = Net(blocks=(Block(channels=8, dropout=0.25),), activation="sigmoid")
    table = layer_table(net, (1, 64, 64), 10)
    block = build(net, table, initial_weights(table, 0), seed=0).blocks[0]
    images = torch.rand(20, 1, 64, 64)
    trained, evaluated = block(images), block.eval()(images)
    kept = trained != 0
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.01)
    assert torch.allclose(trained[kept], evaluated[kept] / 0.75)


def test_building_a_net_draws_nothing_from_the_global_generator() -> None:
    net = Net(batch_norm=True, dropout=0.1)
    table = layer_table(net, (1, 28, 28), 10)
    before = torch.get_rng_state()
    build(net, table, initial_weights(table, 0), seed=0)
    assert torch.equal(before, torch.get_rng_state())
