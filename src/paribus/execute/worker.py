"""A worker process: trains the runs it is told to, one at a time, and ends when its driver does.

Started as ``python -m paribus.execute.worker [NUMERICS]``; speaks the wire form on its standard input and
output. It computes with the numerics it is told to where this machine can.
"""

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import lru_cache
from typing import IO

from paribus.data import Dataset, load
from paribus.errors import DataError, ParibusError
from paribus.execute.wire import (
    Message,
    done_message,
    evaluation_message,
    read_assignment,
    receive,
    send,
)
from paribus.records import Assignment
from paribus.spec import Data, run_key
from paribus.train import Engine, environment, set_up_process, train

SECONDS_BETWEEN_STEPS = 1.0


def main() -> None:
    """Serve the driver until it closes the pipe."""
    incoming, outgoing = _take_pipes()
    tasks: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, tasks), daemon=True).start()
    engine = set_up_process(sys.argv[1] if len(sys.argv) > 1 else None)
    send(outgoing, Message("ready", {"numerics": engine.numerics, "environment": environment()}))
    while True:
        send(outgoing, _work(tasks.get(), engine, outgoing))


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Own the pipes to the driver; whatever else prints goes to standard error."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - stays open as long as the process
    return incoming, outgoing


def _listen(incoming: IO[bytes], tasks: "queue.SimpleQueue[Message]") -> None:
    """Pass messages on; when the driver is gone, end the process whatever it is doing."""
    while (message := receive(incoming)) is not None:
        tasks.put(message)
    os._exit(0)


def _work(message: Message, engine: Engine, outgoing: IO[bytes]) -> Message:
    """Train the run of a message; what goes wrong is told in words, for the driver to decide."""
    try:
        assignment = read_assignment(message)
        dataset = _dataset_of(assignment)
        trained = train(
            assignment,
            dataset,
            engine,
            on_evaluation=lambda evaluation: send(outgoing, evaluation_message(evaluation)),
            on_step=_throttled(outgoing),
        )
    except ParibusError as error:
        return Message("failed", {"reason": str(error), "again": False})
    except MemoryError:
        return Message("failed", {"reason": "the machine ran out of memory", "again": True})
    except Exception as error:  # noqa: BLE001 - a worker outlives whatever one run does
        traceback.print_exc(file=sys.stderr)
        return Message("failed", {"reason": f"{type(error).__name__}: {error}", "again": True})
    return done_message(trained)


def _dataset_of(assignment: Assignment) -> Dataset:
    """The data of a run; own ones must still be those that its key was made of."""
    configuration = assignment.configuration
    dataset = _dataset(configuration.data.model_copy(update={"train_images": None}))
    count = configuration.data.train_images or len(dataset.train)
    key = run_key(configuration, assignment.seed, fingerprint=dataset.fingerprint, train_images=count)
    if configuration.data.own and key != assignment.run_key:
        raise DataError(
            f"the images of {dataset.name} changed while the study ran",
            expected="images that stay as they are until the study has ended",
            found="other pixels, labels or class names",
            means="this run was not trained; earlier ones are kept, and count for the images they saw",
            mend="run the study again",
        )
    return dataset


@lru_cache(maxsize=2)
def _dataset(data: Data) -> Dataset:
    return load(data, offline=True)


def _throttled(outgoing: IO[bytes]) -> Callable[[int, float], None]:
    """Tell of a step about once a second: for whoever watches, and as a sign of life."""
    told = time.monotonic()

    def on_step(iteration: int, loss: float) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= SECONDS_BETWEEN_STEPS:
            told = now
            send(outgoing, Message("step", {"iteration": iteration, "loss": loss}))

    return on_step


if __name__ == "__main__":
    main()
