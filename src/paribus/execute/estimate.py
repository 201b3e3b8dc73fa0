"""How long a run takes: from runs of the same variant if there are some, else from the machine's speed."""

import statistics
import time

import numpy as np

from paribus.standing import Layout, Runs

TYPICAL_SHARE = 0.8
"""A guess at dense FLOP/s of a run over those of a matrix product; the first measured run replaces it."""

STEP_OVERHEAD_SECONDS = 0.0005
"""What a training step costs besides its arithmetic; it matters for tiny nets only."""

_SIDE = 1024


def seconds_a_run(layout: Layout, runs: Runs) -> dict[str, float]:
    """Expected seconds of one run of each variant on one worker.

    Args:
        layout: The study.
        runs: Runs recorded so far; where a variant has some, their median counts.
    """
    measured = {
        name: statistics.median(record.timing.total for record in records.values() if record.counts)
        for name, records in runs.items()
        if any(record.counts for record in records.values())
    }
    unmeasured = [variant for variant in layout.variants if variant.name not in measured]
    if not unmeasured:
        return measured
    known = [variant for variant in layout.variants if variant.name in measured]
    flops = {variant.name: variant.flops(layout.data.test_count) for variant in layout.variants}
    if known:
        rate = sum(flops[variant.name] for variant in known) / sum(
            measured[variant.name] for variant in known
        )
    else:
        rate = TYPICAL_SHARE * product_rate()
    return measured | {variant.name: flops[variant.name] / rate for variant in unmeasured}


def product_rate() -> float:
    """FLOP/s of a float32 matrix product on one core: the best of five.

    numpy may use all cores for it, so the rate is that of the process divided by its busy cores.
    """
    a = np.ones((_SIDE, _SIDE), dtype=np.float32)
    best = 0.0
    for _ in range(5):
        began, cpu = time.perf_counter(), time.process_time()
        a @ a
        seconds, busy = time.perf_counter() - began, time.process_time() - cpu
        best = max(best, 2 * _SIDE**3 / max(seconds, busy))
    return best
