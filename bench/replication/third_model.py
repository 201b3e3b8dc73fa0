"""The notebook's third cell, mistakes included: a model whose optimizer holds another's parameters.

As the notebook has it: the third model is run forward and backward, the second model's parameters are handed
to the optimizer, and the second model is evaluated.
"""

from dataclasses import dataclass

import torch
from bench.replication.notebook import ITERATIONS
from torch.nn import functional

from paribus.data import load
from paribus.nets.build import ConvNet, build
from paribus.nets.initial import initial_weights
from paribus.nets.shapes import layer_table
from paribus.spec import Study, locate
from paribus.train.batches import Gatherer, training_order
from paribus.train.evaluate import CHUNK, evaluate


@dataclass(frozen=True)
class ThirdCell:
    """What the cell prints.

    Attributes:
        losses: Loss of the minibatch at each printed iteration, nats.
        accuracies: The accuracy printed there, percent.
        third_moved: Whether any parameter of the third model changed.
    """

    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    third_moved: bool


def third_cell(seed: int, second_weights: dict[str, torch.Tensor]) -> ThirdCell:
    """Run the cell.

    Args:
        seed: Decides the third model's initial weights and the batch order.
        second_weights: Parameters of the trained second model.
    """
    data = load("mnist")
    configurations = Study.read(locate("mnist-pooling")).configurations
    nets: list[ConvNet] = []
    for variant in ("avg-same", "max-valid"):
        table = layer_table(configurations[variant].declared_net, (1, 28, 28), 10)
        nets.append(build(configurations[variant].declared_net, table, initial_weights(table, seed), seed))
    second, third = nets
    for name, tensor in second.named_state().items():
        tensor.data.copy_(second_weights[name])
    before = [parameter.detach().clone() for parameter in third.parameters()]
    optimizer = torch.optim.SGD(second.parameters(), lr=0.01)  # the notebook's mistake
    train, test = (Gatherer(part.images, part.labels, CHUNK) for part in (data.train, data.test))
    labels = data.test.labels.astype("int64")
    losses, accuracies = [], []
    orders = training_order(len(data.train), 100, ITERATIONS[-1], seed)
    for iteration, (_, indices) in enumerate(orders, start=1):
        images, targets = train.gather(indices)
        optimizer.zero_grad()
        loss = functional.cross_entropy(third(images), targets)
        torch.autograd.backward(loss)
        optimizer.step()
        if iteration in ITERATIONS:
            losses.append(loss.item())
            accuracies.append(evaluate(second, test, labels, "float32").accuracy)  # and its other mistake
    pairs = zip(before, third.parameters(), strict=True)
    return ThirdCell(tuple(losses), tuple(accuracies), any(not torch.equal(old, new) for old, new in pairs))
