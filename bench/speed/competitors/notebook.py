"""The baseline, frozen: the notebook's loop with its per-image loader, plain NCHW torch on all cores."""

import sys
from collections.abc import Iterable

import torch
from bench.speed.task import Stopwatch, Task
from bench.speed.torch_parts import notebook_loaders, plain_net
from torch import Tensor, nn


def main() -> None:
    """Train the task."""
    task = Task.read(sys.argv[1])
    net = plain_net(task)
    train, test = notebook_loaders(task)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=task.learning_rate)
    accuracies = []
    watch = Stopwatch()
    for _ in range(task.passes):
        for images, labels in train:
            optimizer.zero_grad()
            loss = criterion(net(images), labels)
            loss.backward()
            optimizer.step()
            watch.step()
        accuracies.append(accuracy(net, test))
    watch.end()
    watch.report(accuracies, threads=torch.get_num_threads())


def accuracy(net: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Share of images classified correctly, percent, batch by batch as the notebook counts it."""
    correct = total = 0
    with torch.no_grad():
        for images, labels in batches:
            _, predicted = torch.max(net(images), 1)
            total += labels.size(0)
            correct += int((predicted == labels).sum())
    return 100 * correct / total


if __name__ == "__main__":
    main()
