"""The rule on real accuracies: rounds of a real study, resampled so that the truth is known."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bench.calibration.errors import FLOOR_PP, ROUNDS, looks_at
from bench.calibration.row import Row, coverage, share

from paribus.verdict import DEFAULT_RULE, read_results
from paribus.verdict.replay import stop

BANK = Path("bench/bank/mnist-pooling.csv")

CONTROL_BANKS = 200
CONTROL_SD_PP = 0.2
"""Spread of the control's differences; about that of the real ones."""


def rows(rng: np.random.Generator, studies: int, path: Path = BANK) -> Iterator[Row]:
    """Draw whole rounds with replacement; each variant's mean over the bank is the truth."""
    results = read_results(path)
    table = np.array([list(runs.values()) for runs in results.values()]).T  # (rounds, variants)
    bank = len(table)
    centred = table - table.mean(axis=0)
    drawn = centred[rng.integers(bank, size=(studies, ROUNDS))]  # (studies, rounds, variants)
    names = list(results)
    indices = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    differences = {f"{names[j]} - {names[i]}": drawn[..., j] - drawn[..., i] for i, j in indices}
    case = f"real bank, {bank} rounds of {len(names)} variants, resampled"
    family = [looks_at(d, contrasts=len(differences), floor_pp=FLOOR_PP) for d in differences.values()]
    called = np.any([stop(looks).direction != 0 for looks in family], axis=0)
    yield share(case, "some direction called, all pairs, recentred", called, most=0.052)
    missed = np.any([np.any(np.abs(looks.mean) > looks.half, axis=1) for looks in family], axis=0)
    yield coverage(case, "all intervals at all looks, all pairs", ~missed, least=0.948)
    for name, d in differences.items():
        looks = looks_at(d, floor_pp=FLOOR_PP)
        yield share(case, f"a direction called, {name}", stop(looks).direction != 0, most=0.052)
        margin = DEFAULT_RULE.margin_pp
        at_margin = looks.shifted(margin)
        low, high = at_margin.mean - at_margin.half, at_margin.mean + at_margin.half
        within = np.any((low > -margin) & (high < margin), axis=1)
        yield share(case, f"“within the margin” at Δ = m, {name}", within, most=0.052)
    for size in (bank, 100, 1000):
        yield from _control(rng, size, studies, case)
    yield Row(case, "for comparison: three draws of one and the same round at the first look", 1 / bank**2)


def _control(rng: np.random.Generator, size: int, studies: int, case: str) -> Iterator[Row]:
    """What resampling does by itself: banks of as many *normal* differences, resampled in the same way.

    A small bank is not the distribution it was drawn from, so that its resamples err more than the rule does.
    """
    each = max(studies // CONTROL_BANKS, 10)
    shares = []
    for _ in range(CONTROL_BANKS):
        d = np.round(rng.normal(scale=CONTROL_SD_PP, size=size), 2)
        drawn = (d - d.mean())[rng.integers(size, size=(each, ROUNDS))]
        shares.append(float(np.mean(stop(looks_at(drawn, floor_pp=FLOOR_PP)).direction != 0)))
    error = float(np.std(shares) / np.sqrt(CONTROL_BANKS))
    measure = f"control, banks of {size} normal differences: a direction called, mean"
    yield Row(case, measure, float(np.mean(shares)), error, each * CONTROL_BANKS)
    low, high = np.quantile(shares, (0.05, 0.95))
    yield Row(case, f"control, banks of {size}: lower end of 90 % of them", float(low), studies=each)
    yield Row(case, f"control, banks of {size}: upper end of 90 % of them", float(high), studies=each)
