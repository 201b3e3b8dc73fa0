"""From accuracies to verdicts: contrasts, intervals, the sequential rule, claims. Numbers in, values out."""

from paribus.verdict.contrasts import Combination, factorial_combinations
from paribus.verdict.critical import critical_values
from paribus.verdict.judging import DEFAULT_IMAGES, judge
from paribus.verdict.noises import MeanSquares, Noises, tell_noises_apart
from paribus.verdict.outcome import ClaimVerdict, ContrastVerdict, LinkVerdict, Verdict
from paribus.verdict.planning import Expectation, Plan, plan
from paribus.verdict.results import parse_results, read_results, require_whole_rounds
from paribus.verdict.rule import DEFAULT_RULE, Rule
from paribus.verdict.words import noises_sentence

__all__ = [
    "DEFAULT_IMAGES",
    "DEFAULT_RULE",
    "ClaimVerdict",
    "Combination",
    "ContrastVerdict",
    "Expectation",
    "LinkVerdict",
    "MeanSquares",
    "Noises",
    "Plan",
    "Rule",
    "Verdict",
    "critical_values",
    "factorial_combinations",
    "judge",
    "noises_sentence",
    "parse_results",
    "plan",
    "read_results",
    "require_whole_rounds",
    "tell_noises_apart",
]
