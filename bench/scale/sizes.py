"""What is measured, in full and quickly."""

from dataclasses import dataclass

from paribus.spec.check import MAX_VARIANTS
from paribus.verdict.rule import MAX_ROUNDS


@dataclass(frozen=True)
class Sizes:
    """The sizes of everything that is measured.

    Attributes:
        turns: How often each training and each study is measured.
        commands: How often each command is.
        images: Training and test images of the run whose iterations are counted.
        iterations: Iterations of one run.
        steps: Steps that are measured in one turn, for each side and each pair of channels.
        sides: Sides of square images, pixels.
        channels: Channels of the first and second block.
        studies: Variants and rounds of whole studies.
        stores: Recorded runs in a store, ascending.
        rounds: Rounds of the studies with three variants that are shown from these stores.
        largest: Variants and rounds of the study that has a store of its own.
        worker_iterations: Iterations of the run after which a worker's memory is read.
    """

    turns: int
    commands: int
    images: tuple[int, int]
    iterations: tuple[int, ...]
    steps: int
    sides: tuple[int, ...]
    channels: tuple[tuple[int, int], ...]
    studies: tuple[tuple[int, int], ...]
    stores: tuple[int, ...]
    rounds: tuple[int, ...]
    largest: tuple[int, int]
    worker_iterations: int


FULL = Sizes(
    turns=3,
    commands=5,
    images=(60_000, 10_000),
    iterations=(50, 100, 200, 400),
    steps=12,
    sides=(28, 56, 112),
    channels=((8, 16), (16, 32), (32, 64), (64, 128)),
    studies=((2, 3), (4, 3), (8, 3), (2, 6), (2, 12)),
    stores=(10, 100, 1_000, 10_000),
    rounds=(3, 60, MAX_ROUNDS),
    largest=(MAX_VARIANTS, MAX_ROUNDS),
    worker_iterations=20,
)

QUICK = Sizes(
    turns=1,
    commands=1,
    images=(500, 100),
    iterations=(2, 4, 8),
    steps=2,
    sides=(28, 56),
    channels=((2, 4), (4, 8)),
    studies=((2, 3), (3, 3)),
    stores=(10, 30),
    rounds=(3, 8),
    largest=(4, 5),
    worker_iterations=1,
)
