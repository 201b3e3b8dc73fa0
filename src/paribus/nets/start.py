"""A net as a run begins with it: made for the images at hand, with the initial weights of its seed."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from paribus.kernels import Kernels
from paribus.nets.build import TorchNet, build
from paribus.nets.generators import seeded
from paribus.nets.importing import failure
from paribus.nets.initial import initial_weights
from paribus.nets.own import OwnModule, make_own
from paribus.nets.shapes import Shape, layer_table
from paribus.spec import AnyNet, OwnNet


@dataclass(frozen=True, eq=False)
class Start:
    """A net before its first step.

    Attributes:
        net: The module, in training mode.
        initial: Parameter name to initial values.
        seed: Seed of the round.
        notes: What a reader of the run should know of an own net.
    """

    net: TorchNet
    initial: Mapping[str, npt.NDArray[np.float32]]
    seed: int
    notes: Mapping[str, str] = field(default_factory=dict)

    def generators(self) -> AbstractContextManager[None]:
        """The context to train in: an own net may draw from the global generators, such as for dropout.

        They are seeded by the round, so that nothing depends on what was trained before in the same process,
        and put back afterwards. A net in declarative form leaves them alone.
        """
        return _own_course(self.net, self.seed) if isinstance(self.net, OwnModule) else nullcontext()


@contextmanager
def _own_course(net: OwnModule, seed: int) -> Iterator[None]:
    with seeded(seed, "own-net dropout"):
        try:
            yield
        except SystemExit as error:  # a worker outlives whatever the user's code does
            raise failure(net.spec, error) from error


def start(net: AnyNet, image: Shape, classes: int, seed: int, kernels: Kernels | None = None) -> Start:
    """Make a net for a run.

    Args:
        net: The spec.
        image: Shape of an image, ``(C, H, W)``.
        classes: Number of classes.
        seed: Seed of the round; it decides initial weights and dropout.
        kernels: Compute the blocks that have their form; an own net computes itself.

    Raises:
        StudyError: If the net does not fit the images, or the code of an own one fails.
    """
    if isinstance(net, OwnNet):
        made = make_own(net, image, classes, seed)
        parameters = made.module.module.named_parameters()
        own = {name: parameter.detach().numpy().copy() for name, parameter in parameters}
        return Start(made.module, own, seed, made.notes)
    table = layer_table(net, image, classes)
    initial = initial_weights(table, seed)
    return Start(build(net, table, initial, seed, kernels), initial, seed)
