"""What it costs: rounds and power of the rule beside a fixed number of rounds and beside AdaStop."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from adastop import MultipleAgentsComparator
from bench.calibration.errors import ROUNDS, looks_at
from bench.calibration.row import Row, mean, share
from statsmodels.stats.power import TTestPower

from paribus.verdict import DEFAULT_RULE
from paribus.verdict.replay import stop

SIZES = (0.5, 1.0, 2.0)
ADASTOP: dict[str, Any] = {"n": 5, "K": 5, "B": 10_000, "comparisons": None, "beta": 0}
"""AdaStop's defaults written out, but for alpha, which is 0.01 there."""

NOMINAL, EQUAL = 0.05, 0.02
"""Alpha for AdaStop as paribus has it, and one at which it errs about as often; A/A rows show both."""

RIVALS = ((NOMINAL, 1.0), (EQUAL, 1.0), (EQUAL, 2.0), (EQUAL, 4.0))
"""AdaStop's alpha and the pairing gain: the variance of a difference with independent seeds over that with
paired ones. At 1 pairing is no help; AdaStop does not use it."""


def rows(rng: np.random.Generator, studies: int, adastop_studies: int) -> Iterator[Row]:
    """Every rival at every size of the true difference."""
    for size in SIZES:
        case = f"cost, Δ = {size} s_d"
        stops = stop(looks_at(rng.standard_normal((studies, ROUNDS))).shifted(size))
        found = share(case, "paribus: direction found", stops.direction > 0)
        used = mean(case, "paribus: mean rounds", stops.rounds)
        yield found
        yield used
        yield _fixed(case, size, found, used)
        for alpha, gain in RIVALS:
            yield from _adastop(case, size, alpha, gain, used, rng, adastop_studies)
    for alpha in (NOMINAL, EQUAL):
        fits, decisions = _adastop_runs(0.0, alpha, 1.0, rng, 2 * adastop_studies)
        case = f"A/A, AdaStop with alpha = {alpha:g}"
        yield share(case, "a direction called", decisions != "equal")
        yield mean(case, "mean rounds", fits)


def _fixed(case: str, size: float, found: Row, used: Row) -> Row:
    """Rounds of the fixed-n paired t-test of the same power; a power of 1 counts as one miss in all."""
    power = min(found.value, 1 - 1 / found.studies)
    needed = float(TTestPower().solve_power(effect_size=size, alpha=DEFAULT_RULE.alpha, power=power))
    measure = "fixed-n paired t-test of equal power: rounds"
    if size < 1:
        return Row(case, measure, needed, unit="rounds")
    more = needed > used.value
    return Row(case, measure, needed, bar="more than paribus", holds=more, unit="rounds")


def _adastop(
    case: str, size: float, alpha: float, gain: float, used: Row, rng: np.random.Generator, studies: int
) -> Iterator[Row]:
    fits, decisions = _adastop_runs(size, alpha, gain, rng, studies)
    label = f"AdaStop, alpha {alpha:g}, pairing gain {gain:g}"
    yield share(case, f"{label}: direction found", decisions == "smaller")
    row = mean(case, f"{label}: mean rounds", fits)
    equal_error = alpha == EQUAL
    yield replace(row, bar="more than paribus", holds=row.value > used.value) if equal_error else row


def _adastop_runs(
    size: float, alpha: float, gain: float, rng: np.random.Generator, studies: int
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.str_]]]:
    """Fits per variant, and decisions.

    AdaStop does not pair, so that its rounds depend on each variant's own spread: s_d·√(gain/2).
    """
    spread = np.sqrt(gain / 2)
    fits, decisions = [], []
    for _ in range(studies):
        comparator = MultipleAgentsComparator(**ADASTOP, alpha=alpha, seed=int(rng.integers(2**31)))
        scores: dict[str, np.ndarray[Any, np.dtype[np.float64]]] = {"a": np.empty(0), "b": np.empty(0)}
        while not comparator.is_finished:
            for name, true in (("a", 0.0), ("b", size)):
                fresh = true + spread * rng.standard_normal(ADASTOP["n"])
                scores[name] = np.concatenate([scores[name], fresh])
            comparator.partial_compare(scores, verbose=False)
        fits.append(len(scores["a"]))
        decisions.append(next(iter(comparator.decisions.values())))
    return np.array(fits), np.array(decisions)
