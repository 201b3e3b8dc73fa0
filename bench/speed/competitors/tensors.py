"""The notebook's loop with tensors in memory: float images, a batch is an index into them, no loader."""

import sys

import torch
from bench.speed.competitors.notebook import accuracy
from bench.speed.task import Stopwatch, Task
from bench.speed.torch_parts import chunks, float_images, plain_net
from torch import nn


def main() -> None:
    """Train the task."""
    task = Task.read(sys.argv[1])
    net = plain_net(task)
    images, labels = float_images(task, "train"), torch.from_numpy(task.labels("train"))
    test_images = chunks(float_images(task, "test"), task.batch_size)
    test_labels = chunks(torch.from_numpy(task.labels("test")), task.batch_size)
    order = torch.from_numpy(task.order())
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=task.learning_rate)
    accuracies = []
    watch = Stopwatch()
    for iteration, chosen in enumerate(order, start=1):
        optimizer.zero_grad()
        loss = criterion(net(images[chosen]), labels[chosen])
        loss.backward()
        optimizer.step()
        watch.step()
        if iteration % task.evaluate_every == 0:
            accuracies.append(accuracy(net, zip(test_images, test_labels, strict=True)))
    watch.end()
    watch.report(accuracies, threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
