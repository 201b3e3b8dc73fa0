"""Seconds from the command `paribus run` to the end of the first minibatch of its first run."""

import statistics
import subprocess
import sys
import tempfile
import time

from bench.speed.setting import STUDY

import paribus

ONE_ITERATION = {"protocol.iterations": "1", "decision.min_rounds": "3", "decision.max_rounds": "3"}


def seconds_to_first_iteration() -> float:
    """Run the built-in study at one iteration a run and see when the first one is told.

    It is told after its evaluation, whose seconds, as the runs recorded them, are taken off.

    Raises:
        RuntimeError: If the command tells of no iteration.
    """
    settings = [f"--set={field}={value}" for field, value in ONE_ITERATION.items()]
    with tempfile.TemporaryDirectory() as store:
        command = [sys.executable, "-m", "paribus", "run", STUDY, *settings, "--verbose", "--store", store]
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None, "started with a pipe"
        told = None
        for line in process.stderr:
            if told is None and "Iteration: 1" in line:
                told = time.monotonic() - began
        process.wait()
        if told is None:
            raise RuntimeError(f"`paribus run` told of no iteration and ended with {process.returncode}")
        runs = paribus.show(paribus.read(STUDY, ONE_ITERATION), store=store).runs
        evaluations = [record.timing.evaluation for records in runs.values() for record in records.values()]
    return told - statistics.median(evaluations)
