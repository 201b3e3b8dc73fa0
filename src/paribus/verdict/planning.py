"""What a rule can find, before any run: power, expected rounds and detectable difference, by simulation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paribus.errors import UsageError
from paribus.verdict.critical import critical_values
from paribus.verdict.replay import Looks, look, stop
from paribus.verdict.rule import DEFAULT_RULE, Rule

POWER = 0.8
"""The power at which a difference is called detectable."""

_DRAWS = 400_000
"""Differences drawn in all; 20,000 studies at a cap of 20 rounds."""


@dataclass(frozen=True)
class Expectation:
    """What happens to one contrast if the true difference is of this size.

    Attributes:
        difference_sd: True difference, in standard deviations s_d of the paired difference.
        power: Probability that its direction is found by the cap.
        mean_rounds: Expected number of rounds until the contrast settles or the cap is reached.
    """

    difference_sd: float
    power: float
    mean_rounds: float


@dataclass(frozen=True)
class Plan:
    """What one of the contrasts of a study can expect.

    Attributes:
        rule: The rule that was simulated.
        contrasts: How many contrasts share its alpha.
        detectable_sd: The difference whose direction is found with 80 % power by the cap, in units of s_d.
        expectations: For single true differences.
        studies: How many studies were simulated.
    """

    rule: Rule
    contrasts: int
    detectable_sd: float
    expectations: tuple[Expectation, ...]
    studies: int

    def detectable_pp(self, sd_pp: float) -> float:
        """The detectable difference in percentage points, given s_d from earlier runs or a pilot."""
        return self.detectable_sd * sd_pp


def plan(
    rule: Rule = DEFAULT_RULE,
    *,
    contrasts: int = 1,
    differences_sd: Sequence[float] = (0.5, 1.0, 2.0, 5.0),
    seed: int = 0,
) -> Plan:
    """Simulate the rule on normal differences, the margin aside (equivalence can only stop it earlier).

    Args:
        rule: The rule.
        contrasts: How many contrasts share its alpha.
        differences_sd: True differences to report on, in units of s_d.
        seed: Of the simulation; the same seed gives the same plan.

    Raises:
        UsageError: If `contrasts` is not positive.
    """
    if contrasts < 1:
        raise UsageError(
            "contrasts is out of its range", expected="a whole number from 1", found=repr(contrasts)
        )
    studies = max(2000, _DRAWS // rule.max_rounds)
    noise = np.random.default_rng(seed).standard_normal((studies, rule.max_rounds))
    critical = critical_values(rule.alpha / contrasts, rule.min_rounds, rule.max_rounds)
    looks = look(noise, critical, rule.min_rounds)
    expectations = tuple(_expect(looks, difference) for difference in differences_sd)
    return Plan(rule, contrasts, _detectable(looks), expectations, studies)


def _expect(looks: Looks, difference: float) -> Expectation:
    stops = stop(looks.shifted(difference))
    return Expectation(difference, float(np.mean(stops.direction > 0)), float(np.mean(stops.rounds)))


def _detectable(looks: Looks) -> float:
    """By bisection; the same draws at every difference make the power a monotone function of it."""
    low, high = 0.0, 1.0
    while _expect(looks, high).power < POWER:
        low, high = high, 2 * high
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if _expect(looks, middle).power >= POWER else (middle, high)
    return high
