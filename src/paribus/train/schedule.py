"""The step size of each iteration."""

import math

from paribus.spec import Protocol

WARM_UP = 0.3
"""Share of a one-cycle run in which the step size rises."""
FIRST, LAST = 1 / 25, 1 / 250_000
"""Where a one-cycle run begins and ends, as shares of its largest step size (torch's defaults)."""


def learning_rate(protocol: Protocol, iteration: int, total: int) -> float:
    """The step size of one iteration.

    Args:
        protocol: The protocol.
        iteration: Which minibatch, from 1.
        total: Minibatches of the run.
    """
    done = iteration - 1
    if protocol.schedule == "cosine":
        return protocol.learning_rate * _falling(done / total)
    if protocol.schedule == "one-cycle":
        return protocol.learning_rate * _one_cycle(done, total)
    if protocol.schedule == "step":
        assert protocol.step_every is not None, "the validator asks for it"
        return protocol.learning_rate * protocol.step_factor ** (done // protocol.step_every)
    return protocol.learning_rate


def _one_cycle(done: int, total: int) -> float:
    """Share of the largest step size: up along half a cosine, down along another."""
    top = WARM_UP * total - 1
    if done <= top:
        return 1 + (FIRST - 1) * _falling(done / top)
    return LAST + (1 - LAST) * _falling((done - top) / max(total - 1 - top, 1))


def _falling(share: float) -> float:
    """Half a cosine from 1 down to 0, at a share of the way."""
    return (1 + math.cos(math.pi * share)) / 2
