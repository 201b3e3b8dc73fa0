"""One run in this process on one thread: against its iterations, the image side and the channels."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from bench.scale.fitting import Times

from paribus.data import Dataset, Split
from paribus.nets.shapes import layer_table
from paribus.records import Assignment
from paribus.spec import Block, Configuration, Data, Net, Protocol
from paribus.train import Engine, train

CLASSES = tuple("0123456789")
CHANNELS = (16, 32)
"""Of the built-in study's net."""

UNCOUNTED_STEPS = 3
"""Steps at the beginning of each turn that are not measured: the first ones reserve memory."""


@dataclass
class StepCost:
    """What a training step costs.

    Attributes:
        side: Side of the images, pixels.
        channels: Channels of the first and second block.
        flops: FLOPs of a step by the dense count.
        times: Wall times of single steps.
    """

    side: int
    channels: tuple[int, int]
    flops: int
    times: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Median of the steps."""
        return Times(1, tuple(self.times)).median

    @property
    def flops_per_second(self) -> float:
        """Useful FLOP/s."""
        return self.flops / self.seconds


def synthetic(side: int, *, train_images: int, test_images: int) -> Dataset:
    """Square grey images of random pixels with random labels: what a step costs does not depend on them."""
    random = np.random.default_rng(0)

    def split(name: str, count: int) -> Split:
        pixels = random.integers(0, 256, (count, 1, side, side), dtype=np.uint8)
        return Split(name, pixels, random.integers(0, len(CLASSES), count, dtype=np.uint8))

    splits = split("train", train_images), split("test", test_images)
    return Dataset("synthetic", CLASSES, "0" * 64, *splits)


def assignment(iterations: int, channels: tuple[int, int] = CHANNELS) -> Assignment:
    """A run of the built-in study's net, with other channels where they are given."""
    net = Net(blocks=tuple(Block(channels=count, kernel=5) for count in channels))
    return Assignment("0" * 64, Configuration(Data(), net, Protocol(iterations=iterations)), seed=0)


def iteration_times(
    counts: Sequence[int], turns: int, images: tuple[int, int], engine: Engine
) -> list[Times]:
    """Wall time of whole runs with one evaluation, for each number of iterations.

    Args:
        counts: Iterations.
        turns: How often each is measured; all once, and again, so that all see the machine's moods alike.
        images: Training and test images.
        engine: What this process was set up to compute with.
    """
    data = synthetic(28, train_images=images[0], test_images=images[1])
    train(assignment(1), data, engine)
    seconds: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(turns):
        for count, taken in seconds.items():
            began = time.perf_counter()
            train(assignment(count), data, engine)
            taken.append(time.perf_counter() - began)
    return [Times(count, tuple(taken)) for count, taken in seconds.items()]


def side_costs(sides: Sequence[int], steps: int, turns: int, engine: Engine) -> list[StepCost]:
    """A step of the built-in study's net on images of each side; arguments as in `channel_costs`."""
    return _measured([_cost(side, CHANNELS) for side in sides], steps, turns, engine)


def channel_costs(
    channels: Sequence[tuple[int, int]], steps: int, turns: int, engine: Engine
) -> list[StepCost]:
    """A step on images of 28 × 28 pixels with each pair of channels.

    Args:
        channels: Channels of the first and second block.
        steps: Steps measured in a turn.
        turns: How often each is measured.
        engine: What this process was set up to compute with.
    """
    return _measured([_cost(28, pair) for pair in channels], steps, turns, engine)


def _cost(side: int, channels: tuple[int, int]) -> StepCost:
    configuration = assignment(1, channels).configuration
    table = layer_table(configuration.declared_net, (1, side, side), len(CLASSES))
    return StepCost(side, channels, configuration.protocol.batch_size * table.training_flops)


def _measured(costs: list[StepCost], steps: int, turns: int, engine: Engine) -> list[StepCost]:
    data = {cost.side: synthetic(cost.side, train_images=2_000, test_images=100) for cost in costs}
    for _ in range(turns):
        for cost in costs:
            cost.times += _step_seconds(cost, data[cost.side], steps, engine)
    return costs


def _step_seconds(cost: StepCost, data: Dataset, steps: int, engine: Engine) -> Iterator[float]:
    """Wall times of single steps, from the end of one to the end of the next."""
    marks: list[float] = []
    chosen = assignment(UNCOUNTED_STEPS + steps, cost.channels)
    train(chosen, data, engine, on_step=lambda _, __: marks.append(time.perf_counter()))
    counted = marks[UNCOUNTED_STEPS - 1 :]
    return (after - before for before, after in itertools.pairwise(counted))
