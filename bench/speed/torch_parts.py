"""What the competitors on torch share: the plain net, the notebook's dataset, the order of the images."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from bench.speed.task import Task
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler


def plain_net(task: Task) -> nn.Sequential:
    """The task's net as a notebook writes it: NCHW, ReLU before pooling, with the task's initial weights."""
    layers: list[nn.Module] = []
    channels = 1
    for block in task.convolutions:
        pool = nn.MaxPool2d(2) if task.pool == "max" else nn.AvgPool2d(2)
        layers += [nn.Conv2d(channels, block.channels, block.kernel, padding=block.padding), nn.ReLU(), pool]
        channels = block.channels
    weights = list(task.weights().values())
    layers += [nn.Flatten(), nn.Linear(weights[-2].shape[1], task.classes)]
    net = nn.Sequential(*layers)
    with torch.no_grad():
        for parameter, values in zip(net.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(values))
    return net


class NotebookImages(Dataset[tuple[Tensor, int]]):
    """For each image a PIL image from the stored bytes, an array from it, a float tensor divided by 255.

    This is what torchvision's MNIST with ToTensor does.
    """

    def __init__(self, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> None:
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index])
        pixels = torch.from_numpy(np.array(picture, copy=True))
        pixels = pixels.view(picture.size[1], picture.size[0], 1).permute(2, 0, 1).contiguous()
        return pixels.to(torch.float32).div(255), int(self.labels[index])


class Stretches(Sampler[int]):
    """The task's order up to the next evaluation; each pass goes on where the last one ended."""

    def __init__(self, task: Task) -> None:
        self.order = task.order().reshape(task.passes, -1)
        self.position = 0

    def __len__(self) -> int:
        return self.order.shape[1]

    def __iter__(self) -> Iterator[int]:
        stretch = self.order[self.position % len(self.order)]
        self.position += 1
        return iter(stretch.tolist())


def notebook_loaders(task: Task) -> tuple[DataLoader[tuple[Tensor, int]], DataLoader[tuple[Tensor, int]]]:
    """Training and test images as the notebook loads them, without workers."""
    train = NotebookImages(task.images("train"), task.labels("train"))
    test = NotebookImages(task.images("test"), task.labels("test"))
    return (
        DataLoader(train, batch_size=task.batch_size, sampler=Stretches(task)),
        DataLoader(test, batch_size=task.batch_size),
    )


def float_images(task: Task, split: str) -> Tensor:
    """All images of a split, ``(N, 1, H, W)`` float32 in [0, 1]."""
    return torch.from_numpy(task.images(split)).unsqueeze(1).to(torch.float32).div(255)


def chunks(values: Tensor, size: int) -> list[Tensor]:
    """A tensor in pieces of so many rows, in order."""
    return [values[start : start + size] for start in range(0, len(values), size)]
