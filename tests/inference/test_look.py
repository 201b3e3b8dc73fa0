"""Looking inside: every value against float64 computed independently, and against the net's own forward."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from paribus.data.dataset import as_float
from paribus.errors import UsageError
from paribus.inference.look import look
from paribus.nets.build import ConvBlock, ConvNet, build
from paribus.nets.initial import initial_weights
from paribus.nets.shapes import layer_table
from paribus.spec import Net
from paribus.standing.looks import BlockLook, NetLook
from paribus.standing.pixels import Pixel, take_apart

Pixels = npt.NDArray[np.uint8]

TWO = [{"channels": 4, "kernel": 5}, {"channels": 6, "kernel": 3}]
NETS = {
    "max, same": {"blocks": TWO},
    "average": {"blocks": TWO, "pool": "avg"},
    "valid": {"blocks": TWO, "padding": "valid"},
    "even kernels": {"blocks": [{"channels": 4, "kernel": 4}, {"channels": 6, "kernel": 2}]},
    "strides": {
        "blocks": [{"channels": 4, "kernel": 5, "stride": 2}, {"channels": 6, "kernel": 3, "stride": 3}],
        "pool": "none",
    },
    "pooling that drops a remainder": {"blocks": TWO, "pool_size": 3},
    "batch normalization": {"blocks": TWO, "batch_norm": True},
    "tanh": {"blocks": TWO, "activation": "tanh", "pool": "avg"},
    "leaky, max": {"blocks": TWO, "activation": "leaky_relu"},
    "no activation": {"blocks": TWO, "activation": "none"},
    "residual": {"blocks": [*TWO, {"channels": 6, "kernel": 3}], "residual": True, "batch_norm": True},
    "residual with stride": {
        "blocks": [{"channels": 4, "kernel": 3, "stride": 2}],
        "residual": True,
        "pool": "none",
    },
    "depthwise": {"blocks": TWO, "depthwise": True},
    "depthwise, residual, even": {
        "blocks": [{"channels": 4, "kernel": 4}, {"channels": 4, "kernel": 3}],
        "depthwise": True,
        "residual": True,
    },
    "hidden layers, dropout, global pooling": {
        "blocks": TWO,
        "hidden": (12,),
        "dropout": 0.5,
        "global_pool": "avg",
    },
    "wide padding": {"blocks": [{"channels": 4, "kernel": 3, "padding": 4}]},
}


@pytest.fixture(scope="module")
def image() -> Pixels:
    """A picture with edges, so that padding matters."""
    generator = np.random.default_rng(7)
    return generator.integers(0, 256, (1, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize("name", NETS)
def test_values_are_those_of_the_nets_own_forward(name: str, image: Pixels) -> None:
    net, looked = looked_into(name, image)
    tensor = torch.from_numpy(as_float(image)[None])
    with torch.inference_mode():
        logits = net(tensor)[0]
        maps = tensor
        for block, values in zip(net.blocks, looked.blocks, strict=True):
            maps = block(maps)
            np.testing.assert_array_equal(values.output, maps[0].numpy())
    np.testing.assert_array_equal(looked.logits, logits.numpy())


@pytest.mark.parametrize("name", NETS)
def test_every_stage_is_what_torch_computes_in_float64(name: str, image: Pixels) -> None:
    net, looked = looked_into(name, image)
    maps = torch.from_numpy(as_float(image)[None]).double()
    for number, values in enumerate(looked.blocks, start=1):
        before, after, maps = reference(net, number, maps)
        for found, expected in ((values.before, before), (values.after, after), (values.output, maps)):
            np.testing.assert_allclose(found, expected[0].numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NETS)
def test_parts_of_a_value_add_up_to_it(name: str, image: Pixels) -> None:
    _, looked = looked_into(name, image)
    for block in looked.blocks:
        for place in places(block):
            for at in windows(block):
                check(block, take_apart(block, *place, place=at))


@pytest.mark.parametrize("name", NETS)
def test_a_value_recomputes_from_image_and_weights_alone(name: str, image: Pixels) -> None:
    net, looked = looked_into(name, image)
    maps = torch.from_numpy(as_float(image)[None]).double()
    for number, block in enumerate(looked.blocks, start=1):
        _, _, maps = reference(net, number, maps)
        for channel, row, column in places(block):
            pixel = take_apart(block, channel, row, column)
            assert pixel.pooled == pytest.approx(float(maps[0, channel, row, column]), rel=1e-4, abs=1e-4)


def test_winner_of_max_pooling_is_the_one_that_torch_names(image: Pixels) -> None:
    _, looked = looked_into("max, same", image)
    block = looked.blocks[0]
    before = torch.from_numpy(block.before[None])
    _, indices = functional.max_pool2d(before, 2, return_indices=True)
    for channel, row, column in places(block):
        pixel = take_apart(block, channel, row, column)
        flat = int(indices[0, channel, row, column])
        assert divmod(flat, before.shape[3]) == (2 * row + pixel.winner[0], 2 * column + pixel.winner[1])


def test_average_pooling_is_the_mean_of_its_window(image: Pixels) -> None:
    _, looked = looked_into("average", image)
    pixel = take_apart(looked.blocks[0], 1, 5, 5)
    assert pixel.value == pytest.approx(pixel.window.mean(), rel=1e-6)
    assert pixel.window.shape == (2, 2)
    np.testing.assert_allclose(pixel.window, np.maximum(pixel.window_before, 0))


def test_zeros_of_padding_are_told_apart_from_black_pixels() -> None:
    _, looked = looked_into("max, same", np.zeros((1, 28, 28), dtype=np.uint8))
    sums = take_apart(looked.blocks[0], 0, 0, 0, place=(0, 0)).summand.convolution
    assert (sums.top, sums.left) == (-2, -2)
    assert not sums.inside[:2].any()
    assert not sums.inside[:, :2].any()
    assert sums.inside[2:, 2:].all()
    assert sums.total == pytest.approx(sums.bias or 0)


def test_even_kernels_put_the_odd_zero_after(image: Pixels) -> None:
    _, looked = looked_into("even kernels", image)
    sums = take_apart(looked.blocks[0], 0, 0, 0, place=(0, 0)).summand.convolution
    assert (sums.top, sums.left) == (-1, -1)
    np.testing.assert_array_equal(sums.patch[0, 1:, 1:], as_float(image)[0, :3, :3])


def test_deeper_layers_sum_over_all_input_channels(image: Pixels) -> None:
    _, looked = looked_into("max, same", image)
    main = take_apart(looked.blocks[1], 2, 3, 3).summand.convolution
    assert main.per_channel.shape == (4,)
    assert main.computed == pytest.approx(math.fsum(main.per_channel) + (main.bias or 0), abs=1e-5)


def test_the_patch_that_is_shown_is_the_one_that_contributes_most(image: Pixels) -> None:
    _, looked = looked_into("max, same", image)
    pixel = take_apart(looked.blocks[1], 2, 3, 3)
    assert pixel.source == int(np.abs(pixel.summand.convolution.per_channel).argmax())
    assert take_apart(looked.blocks[1], 2, 3, 3, source=1).source == 1


@pytest.mark.parametrize(
    ("place", "named"),
    [((4, 0, 0), "channel 4"), ((0, 14, 0), "row 14"), ((0, 0, -1), "column -1")],
)
def test_places_that_are_not_there_are_refused(
    place: tuple[int, int, int], named: str, image: Pixels
) -> None:
    _, looked = looked_into("max, same", image)
    with pytest.raises(UsageError, match=named):
        take_apart(looked.blocks[0], *place)


def test_nets_in_training_and_batches_are_refused(image: Pixels) -> None:
    net, _ = looked_into("max, same", image)
    with pytest.raises(UsageError, match="single image"):
        look(net, image[None], variant="a", seed=0)
    with pytest.raises(UsageError, match="training mode"):
        look(net.train(), image, variant="a", seed=0)


def test_looking_changes_nothing(image: Pixels) -> None:
    net, first = looked_into("residual", image)
    state = {name: values.clone() for name, values in net.state_dict().items()}
    second = look(net, image, variant="a", seed=0)
    np.testing.assert_array_equal(first.logits, second.logits)
    assert all(torch.equal(values, state[name]) for name, values in net.state_dict().items())


class Own(nn.Module):
    """A net of somebody's own, with an activation that writes over what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 3, 3)
        self.bend = nn.ReLU(inplace=True)
        self.last = nn.Conv2d(3, 2, 3)
        self.head = nn.Linear(2 * 24 * 24, 10)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.last(self.bend(self.stem(images))).flatten(1))
        return logits


def test_own_nets_show_the_outputs_of_their_modules_without_arithmetic(image: Pixels) -> None:
    torch.manual_seed(3)
    net = Own().eval()
    looked = look(net, image, variant="own", seed=0)
    assert looked.blocks == ()
    assert list(looked.layers) == ["stem", "bend", "last"]
    with torch.inference_mode():
        stem = net.stem(torch.from_numpy(as_float(image)[None]))
    np.testing.assert_array_equal(looked.layers["stem"], stem[0].numpy())
    assert (looked.layers["stem"] < 0).any()
    assert (looked.layers["bend"] >= 0).all()


def looked_into(name: str, image: Pixels) -> tuple[ConvNet, NetLook]:
    """A net with weights and statistics that are not trivial, and the look into it."""
    spec = Net.model_validate(NETS[name])
    table = layer_table(spec, (1, 28, 28), 10)
    weights = initial_weights(table, 11)
    net = build(spec, table, weights, 11)
    generator = torch.Generator().manual_seed(5)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low in ((module.running_mean, -0.3), (module.running_var, 0.4)):
                assert values is not None
                values.uniform_(low, low + 0.6, generator=generator)
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.uniform_(-0.5, 0.5, generator=generator)
    net.eval()
    return net, look(net, image, variant="a", seed=11, table=table)


def reference(net: ConvNet, number: int, maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A block in float64 from its named weights: before and after the activation, after pooling."""
    state = {name: values.detach().double() for name, values in net.named_state().items()}
    chosen = net.blocks[number - 1]
    assert isinstance(chosen, ConvBlock)
    spec = chosen.block
    before, after = spec.padding
    padded = functional.pad(maps, (before, after, before, after))
    name = f"conv{number}"
    if spec.depthwise:
        depth = functional.conv2d(
            padded, state[f"{name}_depth.weight"], stride=spec.stride, groups=maps.shape[1]
        )
        values = functional.conv2d(depth, state[f"{name}.weight"], state[f"{name}.bias"])
    else:
        values = functional.conv2d(padded, state[f"{name}.weight"], state[f"{name}.bias"], stride=spec.stride)
    if spec.batch_norm:
        values = functional.batch_norm(
            values,
            state[f"bn{number}.running_mean"],
            state[f"bn{number}.running_var"],
            state[f"bn{number}.weight"],
            state[f"bn{number}.bias"],
        )
    if spec.residual:
        skip = f"skip{number}.weight"
        values = values + (
            functional.conv2d(maps, state[skip], state[f"skip{number}.bias"], stride=spec.stride)
            if skip in state
            else maps
        )
    activations: dict[str, Callable[[Tensor], Tensor]] = {
        "relu": functional.relu,
        "tanh": torch.tanh,
        "leaky_relu": functional.leaky_relu,
        "none": lambda given: given,
    }
    bent = activations[spec.activation](values)
    pools: dict[str, Callable[[Tensor], Tensor]] = {
        "max": lambda given: functional.max_pool2d(given, spec.pool_size),
        "avg": lambda given: functional.avg_pool2d(given, spec.pool_size),
        "none": lambda given: given,
    }
    return values, bent, pools[spec.pool](bent)


def places(block: BlockLook) -> list[tuple[int, int, int]]:
    """Corners and middle of the first and the last map."""
    channels, rows, columns = block.output.shape
    spots = {(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1), (rows // 2, columns // 2)}
    return [(channel, *spot) for channel in (0, channels - 1) for spot in spots]


def windows(block: BlockLook) -> list[tuple[int, int] | None]:
    size = block.block.pool_size
    return [None, (0, 0), (size - 1, size - 1)]


def check(block: BlockLook, pixel: Pixel) -> None:
    """Each step follows from the one before, and the last one is the net's own value."""
    summand = pixel.summand
    main = summand.convolution
    assert main.total == pytest.approx(main.computed, rel=1e-5, abs=1e-5)
    if summand.depthwise is not None:
        assert summand.depthwise.total == pytest.approx(summand.depthwise.computed, rel=1e-5, abs=1e-5)
        assert summand.depthwise.computed == pytest.approx(float(main.patch[pixel.source, 0, 0]))
    if summand.normalized is not None:
        assert summand.normalized.value == main.computed
    assert summand.recomputed == pytest.approx(summand.before, rel=1e-4, abs=1e-4)
    assert summand.after == pixel.window[pixel.chosen]
    assert summand.before == pixel.window_before[pixel.chosen]
    if block.block.activation == "relu":
        assert summand.after == max(0.0, summand.before)
    assert pixel.window[pixel.winner] == pixel.window.max()
    assert pixel.pooled == pytest.approx(pixel.value, rel=1e-5, abs=1e-6)
