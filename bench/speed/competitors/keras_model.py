"""Keras' fit with arrays in memory, on the backend named behind the task."""

import itertools
import os
import sys

from bench.speed.array_parts import float_images, last_layout
from bench.speed.task import Stopwatch, Task


def main() -> None:
    """Train the task."""
    os.environ["KERAS_BACKEND"] = sys.argv[2]
    import keras  # type: ignore[import-not-found]  # noqa: PLC0415 - reads its backend when imported

    task = Task.read(sys.argv[1])
    images, labels, order = float_images(task, "train"), task.labels("train"), task.order()

    batches = ((images[chosen], labels[chosen]) for chosen in itertools.cycle(order))
    watch = Stopwatch()
    pool = keras.layers.MaxPooling2D if task.pool == "max" else keras.layers.AveragePooling2D
    layers = [keras.Input(images.shape[1:])]
    for block in task.convolutions:
        padding = "same" if block.padding else "valid"
        layers += [
            keras.layers.Conv2D(block.channels, block.kernel, padding=padding, activation="relu"),
            pool(2),
        ]
    net = keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(task.classes)])
    net.set_weights(list(last_layout(task).values()))
    net.compile(
        optimizer=keras.optimizers.SGD(task.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    tests = float_images(task, "test"), task.labels("test")
    steps = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: watch.step())
    watch.begin()
    history = net.fit(
        batches,
        epochs=task.passes,
        steps_per_epoch=task.evaluate_every,
        validation_data=tests,
        validation_batch_size=task.batch_size,
        callbacks=[steps],
        verbose=0,
    )
    watch.end()
    accuracies = [100 * value for value in history.history["val_accuracy"]]
    watch.report(accuracies, threads=os.cpu_count() or 1)


if __name__ == "__main__":
    main()
