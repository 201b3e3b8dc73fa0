"""Which runs come next, where they run, when to stop; rerunning for proof. Emits events; draws nothing."""

from paribus.execute.doctor import Fact, examine
from paribus.execute.estimate import seconds_a_run
from paribus.execute.finished import finished_outcome
from paribus.execute.interrupt import Interrupt, interrupts
from paribus.execute.pool import WorkerPool
from paribus.execute.running import run_study
from paribus.execute.verify import sample, verify

__all__ = [
    "Fact",
    "Interrupt",
    "WorkerPool",
    "examine",
    "finished_outcome",
    "interrupts",
    "run_study",
    "sample",
    "seconds_a_run",
    "verify",
]
