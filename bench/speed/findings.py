"""What the samples say: medians, ratios of the same round, and whether the bars are reached."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.speed.contest import Sample
from bench.speed.gemm import Rates, convolution, product
from bench.speed.roster import OURS, OURS_BY_TORCH, ROSTER

MOST_OVERHEAD, MOST_SECONDS_TO_START = 0.02, 3.0
"""Bars: share of a run outside steps and evaluation, seconds."""

LEAST_SHARE, LEAST_SHARE_BY_KERNELS = 0.6, 1.0
"""Bars on useful FLOP/s over the product rate."""

FULL_ITERATIONS = 3000
"""The bar on overhead is for runs of so many iterations."""


@dataclass(frozen=True)
class Spread:
    """Some measurements of one thing."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The median and the extremes of some values."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Finding:
    """One competitor on one variant.

    Attributes:
        variant: What it trained.
        competitor: Its name.
        seconds: Of a run, everything being ready.
        seconds_with_start: Of a run from the command on.
        first_iteration: Seconds from the command to the first minibatch done; None where not seen.
        accuracy: At the end, percent, over the rounds' seeds.
        gflops: Useful, in 1e9 FLOP/s.
        share: Useful FLOP/s over the product rate of its precision in the same minutes.
        share_of_convolution: The same over the rate of the wide convolution.
        ratio: Its seconds over those of paribus in the same round; None without paribus.
    """

    variant: str
    competitor: str
    seconds: Spread
    seconds_with_start: Spread
    first_iteration: Spread | None
    accuracy: Spread
    gflops: Spread
    share: Spread
    share_of_convolution: Spread
    ratio: Spread | None


@dataclass(frozen=True)
class Bar:
    """A bar and whether it is reached.

    Attributes:
        what: What is measured.
        value: What was found.
        bar: What it has to be, in words.
        holds: Whether it is; None where the runs are shorter than those it is meant for.
    """

    what: str
    value: float
    bar: str
    holds: bool | None


MachineRates = dict[tuple[str, int], dict[str, Rates]]
"""Variant and round to name of the operation to its rates."""


def findings(samples: Sequence[Sample], rates: MachineRates) -> list[Finding]:
    """One for each variant and competitor, in the order they were measured."""
    ours = {(s.variant, s.round): s.seconds for s in samples if s.competitor == OURS}
    keys = dict.fromkeys((sample.variant, sample.competitor) for sample in samples)
    return [_finding([s for s in samples if (s.variant, s.competitor) == key], rates, ours) for key in keys]


def _finding(samples: list[Sample], rates: MachineRates, ours: dict[tuple[str, int], float]) -> Finding:
    first = samples[0]
    precision = ROSTER[first.competitor].precision
    firsts = [s.first_iteration for s in samples if s.first_iteration is not None]
    ratios = [s.seconds / ours[s.variant, s.round] for s in samples if (s.variant, s.round) in ours]
    return Finding(
        variant=first.variant,
        competitor=first.competitor,
        seconds=Spread.of([s.seconds for s in samples]),
        seconds_with_start=Spread.of([s.seconds_with_start for s in samples]),
        first_iteration=Spread.of(firsts) if firsts else None,
        accuracy=Spread.of([s.accuracy for s in samples]),
        gflops=Spread.of([s.flops / 1e9 for s in samples]),
        share=_shares(samples, rates, product(precision)),
        share_of_convolution=_shares(samples, rates, convolution(precision)),
        ratio=Spread.of(ratios) if ratios else None,
    )


def _shares(samples: list[Sample], rates: MachineRates, operation: str) -> Spread:
    return Spread.of([s.flops / rates[s.variant, s.round][operation].best for s in samples])


def bars(
    found: Iterable[Finding], samples: Sequence[Sample], first_iterations: Sequence[float], iterations: int
) -> Iterator[Bar]:
    """Every bar that these measurements can answer.

    Args:
        found: What the samples say.
        samples: Every measurement.
        first_iterations: Seconds from the command to the first minibatch.
        iterations: Minibatches of a run.
    """
    by_kernels = any(
        sample.competitor == OURS and sample.told["numerics"].startswith("native") for sample in samples
    )
    for finding in found:
        yield from _ratio_bars(finding, by_kernels=by_kernels)
    for variant in dict.fromkeys(sample.variant for sample in samples):
        yield from _overhead_bars(variant, samples, full=iterations >= FULL_ITERATIONS)
    if first_iterations:
        seconds = statistics.median(first_iterations)
        yield Bar(
            "s from `paribus run` to its first iteration",
            seconds,
            f"≤ {MOST_SECONDS_TO_START:g}",
            seconds <= MOST_SECONDS_TO_START,
        )


def _ratio_bars(finding: Finding, *, by_kernels: bool) -> Iterator[Bar]:
    competitor = ROSTER[finding.competitor]
    wanted = by_kernels and finding.variant == "max-same"
    least = competitor.least_by_kernels or competitor.least if wanted else competitor.least
    if finding.ratio is not None and least is not None:
        value = finding.ratio.median
        what = f"{finding.variant}: {finding.competitor} over paribus"
        yield Bar(what, value, f"≥ {least:g}", value >= least)
    if finding.competitor in (OURS, OURS_BY_TORCH) and finding.variant == "max-same":
        value = finding.share.median
        least = LEAST_SHARE_BY_KERNELS if by_kernels and finding.competitor == OURS else LEAST_SHARE
        what = f"{finding.variant}: {finding.competitor}'s useful FLOP/s over the product rate"
        yield Bar(what, value, f"≥ {least:g}", value >= least)


def _overhead_bars(variant: str, samples: Sequence[Sample], *, full: bool) -> Iterator[Bar]:
    ours = [s for s in samples if (s.variant, s.competitor) == (variant, OURS)]
    if not ours:
        return
    inside = statistics.median(share for s in ours for share in s.told["overhead_in_runs"])
    outside = statistics.median(s.told["workers_not_training"] for s in ours)
    for what, value in (
        ("share of a run outside steps and evaluation", inside),
        ("share of the workers' time outside steps and evaluation, start-up apart", outside),
    ):
        bar = f"≤ {MOST_OVERHEAD:g} at {FULL_ITERATIONS} iterations"
        yield Bar(f"{variant}: {what}", value, bar, value <= MOST_OVERHEAD if full else None)


def as_json(value: Finding | Bar | Sample) -> dict[str, Any]:
    """A value of this bench for the JSON file."""
    return asdict(value)
