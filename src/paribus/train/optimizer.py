"""From a protocol to a torch optimizer."""

from collections.abc import Iterable

import torch
from torch import nn

from paribus.spec import Protocol


def make_optimizer(protocol: Protocol, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The protocol's optimizer, in torch's fused form (the same formula in one pass over the weights).

    Args:
        protocol: The protocol.
        parameters: Parameters of the one net that is trained.
    """
    if protocol.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=protocol.learning_rate,
            momentum=protocol.momentum,
            nesterov=protocol.nesterov,
            weight_decay=protocol.weight_decay,
            fused=True,
        )
    kind = torch.optim.Adam if protocol.optimizer == "adam" else torch.optim.AdamW
    return kind(
        parameters,
        lr=protocol.learning_rate,
        betas=protocol.betas,
        eps=protocol.epsilon,
        weight_decay=protocol.weight_decay,
        fused=True,
    )
