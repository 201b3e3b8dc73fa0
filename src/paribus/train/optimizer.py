"""From a protocol to updates of the weights.

The updates are torch's own, through the functional form of its optimizers: an object of ``torch.optim``
imports torch's compiler when it is made, which takes longer than the first fifty minibatches.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from paribus.spec import Protocol


class Optimizer(ABC):
    """Updates the parameters of one net, in torch's fused form (one pass over the weights).

    Args:
        protocol: The protocol.
        parameters: The parameters; one that has no gradient at a step stays as it is.
    """

    def __init__(self, protocol: Protocol, parameters: Iterable[nn.Parameter]) -> None:
        self.protocol = protocol
        self.parameters = list(parameters)

    def zero_grad(self) -> None:
        """Drop the gradients of the last minibatch."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Update the parameters by their gradients.

        Args:
            learning_rate: Step size.
        """
        with_gradient = [
            index for index, parameter in enumerate(self.parameters) if parameter.grad is not None
        ]
        self.update(with_gradient, learning_rate)

    @abstractmethod
    def update(self, indices: Sequence[int], learning_rate: float) -> None:
        """Update the parameters at some indices, all of which have a gradient."""

    def weights_and_gradients(self, indices: Sequence[int]) -> tuple[list[Tensor], list[Tensor]]:
        """The parameters at some indices and their gradients."""
        weights: list[Tensor] = [self.parameters[index] for index in indices]
        return weights, [weight.grad for weight in weights if weight.grad is not None]


class Sgd(Optimizer):
    """Stochastic gradient descent, with momentum, Nesterov's form and L2 penalty where asked for."""

    def __init__(self, protocol: Protocol, parameters: Iterable[nn.Parameter]) -> None:
        super().__init__(protocol, parameters)
        self._momenta: list[Tensor | None] = [None] * len(self.parameters)

    def update(self, indices: Sequence[int], learning_rate: float) -> None:
        """Update the parameters at some indices."""
        momenta = [self._momenta[index] for index in indices]
        sgd(
            *self.weights_and_gradients(indices),
            momenta,
            fused=True,
            lr=learning_rate,
            momentum=self.protocol.momentum,
            nesterov=self.protocol.nesterov,
            weight_decay=self.protocol.weight_decay,
            dampening=0.0,
            maximize=False,
        )
        for index, momentum in zip(indices, momenta, strict=True):
            self._momenta[index] = momentum


class Adam(Optimizer):
    """Adam, or AdamW: running means of gradients and of their squares for each weight."""

    def __init__(self, protocol: Protocol, parameters: Iterable[nn.Parameter]) -> None:
        super().__init__(protocol, parameters)
        self._means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._squares = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._steps = [torch.zeros(()) for _ in self.parameters]

    def update(self, indices: Sequence[int], learning_rate: float) -> None:
        """Update the parameters at some indices."""
        formula = adam if self.protocol.optimizer == "adam" else adamw
        beta1, beta2 = self.protocol.betas
        formula(
            *self.weights_and_gradients(indices),
            [self._means[index] for index in indices],
            [self._squares[index] for index in indices],
            [],
            [self._steps[index] for index in indices],
            fused=True,
            lr=learning_rate,
            beta1=beta1,
            beta2=beta2,
            eps=self.protocol.epsilon,
            weight_decay=self.protocol.weight_decay,
            amsgrad=False,
            maximize=False,
        )


def make_optimizer(protocol: Protocol, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """The protocol's optimizer.

    Args:
        protocol: The protocol.
        parameters: Parameters of the one net that is trained.
    """
    return Sgd(protocol, parameters) if protocol.optimizer == "sgd" else Adam(protocol, parameters)
