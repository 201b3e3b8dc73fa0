"""A verdict as tables in HTML, for notebooks: the answers, the contrasts, then what holds for all of them."""

from collections.abc import Iterator

from paribus.markup import block, bullets, table
from paribus.verdict.interval import Interval
from paribus.verdict.outcome import ContrastVerdict, Verdict
from paribus.verdict.rule import Rule
from paribus.verdict.words import confidence, decimals_needed, pp

_UNKNOWN = "–"


def verdict_html(verdict: Verdict) -> str:
    """A verdict in HTML: its claims with their answers, its contrasts with their intervals, its notes."""
    parts = [_contrasts(verdict), bullets(verdict.notes)]
    if verdict.claims:
        caption = "Claims, post hoc" if verdict.post_hoc else "Claims"
        rows = [(claim.claim, claim.answer) for claim in verdict.claims]
        parts.insert(0, table(caption, ("claim", "answer"), rows))
    return block(*parts)


def _contrasts(verdict: Verdict) -> str:
    level = confidence(verdict.rule)
    return table(
        f"Differences in final test accuracy, percentage points; {verdict.progress}",
        ("contrast", "mean", f"{level} interval", "rounds", "in words"),
        [tuple(_cells(contrast, verdict.rule)) for contrast in verdict.contrasts],
        numeric=(1, 2, 3),
    )


def _cells(contrast: ContrastVerdict, rule: Rule) -> Iterator[str]:
    yield contrast.name
    mean, low, high = contrast.difference_pp, contrast.low_pp, contrast.high_pp
    if low is None or high is None:
        yield _UNKNOWN if mean is None else pp(mean)
        yield _UNKNOWN
    else:
        decimals = decimals_needed(Interval(low, high), rule.margin_pp)
        yield _UNKNOWN if mean is None else pp(mean, decimals)
        yield f"{pp(low, decimals)} to {pp(high, decimals)}"
    yield str(contrast.rounds)
    yield contrast.sentence
