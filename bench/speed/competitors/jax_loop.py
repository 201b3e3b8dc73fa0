"""Plain JAX with arrays in memory: one jitted step, one jitted evaluation, both compiled before the clock."""

import os
import sys
from functools import partial
from typing import Any

import jax  # type: ignore[import-not-found]
import numpy as np
from bench.speed.array_parts import float_images, last_layout
from bench.speed.task import Stopwatch, Task
from jax import lax
from jax import numpy as jnp

Values = Any
"""An array of JAX, which has no types here."""


def main() -> None:
    """Train the task."""
    task = Task.read(sys.argv[1])
    images, labels, order = float_images(task, "train"), task.labels("train"), task.order()
    tests = float_images(task, "test").reshape(-1, task.batch_size, *images.shape[1:])
    test_labels = task.labels("test")
    weights = {name: jnp.asarray(values) for name, values in last_layout(task).items()}
    first = images[order[0]], labels[order[0]]
    step = jax.jit(partial(train_step, task), donate_argnums=0).lower(weights, *first).compile()
    predict = jax.jit(partial(predicted, task)).lower(weights, tests[0]).compile()
    accuracies = []
    watch = Stopwatch()
    for iteration, chosen in enumerate(order, start=1):
        weights, loss = step(weights, images[chosen], labels[chosen])
        if iteration == 1:
            loss.block_until_ready()
            watch.step()
        if iteration % task.evaluate_every == 0:
            found = np.concatenate([predict(weights, batch) for batch in tests])
            accuracies.append(100 * float((found == test_labels).mean()))
    watch.end()
    watch.report(accuracies, threads=os.cpu_count() or 1)


def train_step(task: Task, weights: Values, images: Values, labels: Values) -> tuple[Values, Values]:
    """The weights after one step of SGD, and the loss before it."""
    loss, slopes = jax.value_and_grad(partial(mean_loss, task))(weights, images, labels)
    return jax.tree.map(lambda value, slope: value - task.learning_rate * slope, weights, slopes), loss


def mean_loss(task: Task, weights: Values, images: Values, labels: Values) -> Values:
    """Cross-entropy of a minibatch."""
    shares = jax.nn.log_softmax(logits(task, weights, images))
    return -jnp.take_along_axis(shares, labels[:, None], axis=1).mean()


def predicted(task: Task, weights: Values, images: Values) -> Values:
    """The class of each image."""
    return logits(task, weights, images).argmax(1)


def logits(task: Task, weights: Values, images: Values) -> Values:
    """Images (N, H, W, 1) to logits (N, classes)."""
    maps = images
    for number, block in enumerate(task.convolutions, start=1):
        padding = "SAME" if block.padding else "VALID"
        kernel, bias = weights[f"conv{number}.weight"], weights[f"conv{number}.bias"]
        maps = lax.conv_general_dilated(
            maps, kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        maps = pooled(task, jax.nn.relu(maps + bias))
    return maps.reshape(len(images), -1) @ weights["fc1.weight"] + weights["fc1.bias"]


def pooled(task: Task, maps: Values) -> Values:
    """The largest value, or the mean, of each 2 × 2 window."""
    window = (1, 2, 2, 1)
    if task.pool == "max":
        return lax.reduce_window(maps, -jnp.inf, lax.max, window, window, "VALID")
    return lax.reduce_window(maps, 0.0, lax.add, window, window, "VALID") / 4


if __name__ == "__main__":
    main()
