"""paribus as it runs: a study through `paribus.run`, one worker a core, every run recorded.

A study has at least two variants; the second here is the first at a slightly different learning rate, which
costs the same.
"""

import argparse
import json
import os
import tempfile
import time
from itertools import chain

from bench.speed.task import Task

import paribus
from paribus.kernels import ENGINE
from paribus.spec import Study
from paribus.standing import Event, RunFinished, StudyStarted

FEWEST_ROUNDS = 3
"""A study has no fewer."""


def main() -> None:
    """Train rounds of the task's variant and its twin; print what a run took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--engine", choices=["torch"], help="left out: the machine's best")
    options = parser.parse_args()
    if options.engine:
        os.environ[ENGINE] = options.engine
    task = Task.read(options.task)
    study = twin_study(task, options.precision)
    marks = _Marks()
    with tempfile.TemporaryDirectory() as store:
        outcome = paribus.run(study, store=store, progress=marks)
    records = list(chain.from_iterable(runs.values() for runs in outcome.runs.values()))
    wall = marks.last_finished - marks.started
    busy = sum(record.timing.training + record.timing.evaluation for record in records)
    inside = [
        1 - (record.timing.training + record.timing.evaluation) / record.timing.total for record in records
    ]
    fields = {
        "seconds": wall / len(records),
        "runs": len(records),
        "accuracies": [e.accuracy for e in outcome.runs[task.variant][task.seed].evaluations],
        "threads": marks.workers,
        "numerics": outcome.standing.numerics,
        "overhead_in_runs": inside,
        "workers_not_training": 1 - busy / (wall * marks.workers),
        "training_seconds": [record.timing.training for record in records],
        "evaluation_seconds": [record.timing.evaluation for record in records],
    }
    print(json.dumps(fields), flush=True)


def twin_study(task: Task, precision: str) -> Study:
    """The built-in study's variant and its twin, for a fixed number of rounds from the task's seed.

    Two runs a round and at least as many rounds as cores: every worker gets as many runs, two or more.
    """
    rounds = max(FEWEST_ROUNDS, os.cpu_count() or 1)
    base = paribus.read("mnist-pooling")
    differences = base.differences[task.variant]
    changes = {
        "name": "speed",
        "claims": [],
        "protocol": base.protocol.model_dump(mode="json", exclude_unset=True)
        | {"iterations": task.iterations, "evaluate_every": task.evaluate_every, "precision": precision},
        "variants": {
            task.variant: differences,
            "twin": {**differences, "protocol.learning_rate": 1.01 * task.learning_rate},
        },
        "decision": {"min_rounds": rounds, "max_rounds": rounds, "first_seed": task.seed},
    }
    return Study(**(base.model_dump(mode="json", exclude_unset=True) | changes))


class _Marks:
    """When the workers were ready and when the last run was recorded."""

    def __init__(self) -> None:
        self.started = self.last_finished = 0.0
        self.workers = 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, StudyStarted):
            self.started, self.workers = time.monotonic(), event.workers
        elif isinstance(event, RunFinished):
            self.last_finished = time.monotonic()


if __name__ == "__main__":
    main()
