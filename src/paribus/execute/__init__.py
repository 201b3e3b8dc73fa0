"""Which runs come next, where they run, when to stop; rerunning for proof. Emits events; draws nothing."""

from paribus.execute.interrupt import EXIT_CODE, Interrupt, interrupts
from paribus.execute.pool import WorkerPool
from paribus.execute.running import run_study

__all__ = ["EXIT_CODE", "Interrupt", "WorkerPool", "interrupts", "run_study"]
