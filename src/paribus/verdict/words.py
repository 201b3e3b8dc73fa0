"""A verdict in plain sentences, each of which can be read by itself and says no more than its interval."""

from collections.abc import Sequence
from dataclasses import replace

from paribus.verdict.interval import Interval
from paribus.verdict.noises import Noises
from paribus.verdict.outcome import ClaimVerdict, ContrastVerdict, LinkVerdict, Verdict
from paribus.verdict.rule import Rule

_MOST_ROUNDS_SAID = 100_000

_SCOPE = (
    "Differences are paired by seed, in percentage points of final test accuracy. They speak of other seeds "
    "on these test images, with this training set and protocol; not of other data or other tuning."
)


def put_into_words(verdict: Verdict) -> Verdict:
    """The verdict with all its sentences filled in."""
    contrasts = tuple(
        replace(contrast, sentence=contrast_sentence(contrast, verdict.rule))
        for contrast in verdict.contrasts
    )
    claims = tuple(_claim_in_words(claim, contrasts, verdict) for claim in verdict.claims)
    return replace(verdict, contrasts=contrasts, claims=claims, notes=_notes(verdict))


def contrast_sentence(contrast: ContrastVerdict, rule: Rule) -> str:
    """What one contrast's interval says."""
    if contrast.difference_pp is None or contrast.low_pp is None or contrast.high_pp is None:
        return (
            f"{_both(contrast)}: too early to say, {contrast.rounds} of at least {_rounds(rule.min_rounds)}."
        )
    interval = Interval(contrast.low_pp, contrast.high_pp)
    if contrast.direction != "unsettled":
        return _with_direction(contrast, contrast.difference_pp, interval, rule)
    if contrast.size == "within":
        return _equivalent(contrast, contrast.difference_pp, interval, rule)
    found = _measured(contrast.difference_pp, interval, contrast.rounds, rule)
    return f"{_both(contrast)}: {_unsettled(contrast)}; {_what(contrast)} is {found}{_outlook(contrast)}."


def noises_sentence(noises: Noises, a: str, b: str) -> str:
    """The two uncertainties of the difference b − a, told apart."""
    interval = f"{pp(noises.low_pp)} to {pp(noises.high_pp)}"
    head = (
        f"Described after stopping, {b} − {a} is {pp(noises.difference_pp)} pp "
        f"over {_rounds(noises.rounds)}: "
        f"standard error {pp(noises.seed_se_pp, 3)} pp for other seeds on these {noises.images:,} images, "
        f"{pp(noises.both_se_pp, 3)} pp for other seeds on other images "
        f"({100 * noises.level:.6g} % interval {interval})."
    )
    if noises.low_pp > 0 or noises.high_pp < 0:
        return f"{head} That interval excludes zero."
    return f"{head} That interval includes zero: {_remedy(noises)}."


def confidence(rule: Rule) -> str:
    """The level at which all intervals hold together, such as ``95 %``."""
    return f"{100 * (1 - rule.alpha):.6g} %"


def pp(value: float, decimals: int = 2) -> str:
    """A number of percentage points, without the unit."""
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def decimals_needed(interval: Interval, margin: float) -> int:
    """As many as it takes for the printed ends to lie on the same sides of zero and margin as the true."""
    for decimals in range(2, 6):
        printed = Interval(round(interval.low, decimals), round(interval.high, decimals))
        if printed.direction == interval.direction and printed.size(margin) == interval.size(margin):
            return decimals
    return 6


def _with_direction(contrast: ContrastVerdict, difference: float, interval: Interval, rule: Rule) -> str:
    lower = contrast.direction == "lower"
    if contrast.a is None or contrast.b is None:
        found = _measured(difference, interval, contrast.rounds, rule)
        head = f"{contrast.name} is {'below' if lower else 'above'} zero: {found}"
    elif lower:
        found = _measured(-difference, interval.flipped, contrast.rounds, rule)
        head = f"{contrast.a} is better than {contrast.b} by {found}"
    else:
        found = _measured(difference, interval, contrast.rounds, rule)
        head = f"{contrast.b} is better than {contrast.a} by {found}"
    return head + _size_clause(contrast, rule) + "."


def _equivalent(contrast: ContrastVerdict, difference: float, interval: Interval, rule: Rule) -> str:
    found = _measured(difference, interval, contrast.rounds, rule)
    if contrast.a is None:
        return f"{contrast.name} is nil within the margin of {_margin(rule)}: {found}."
    head = f"{_both(contrast)} are equivalent within the margin of {_margin(rule)}"
    return f"{head}: {_what(contrast)} is {found}."


def _size_clause(contrast: ContrastVerdict, rule: Rule) -> str:
    if rule.margin_pp == 0:
        return ""
    return {
        "beyond": f", by more than the margin of {_margin(rule)}",
        "within": f", by less than the margin of {_margin(rule)}: equivalent for the purpose declared",
        "unsettled": f"; whether by more than the margin of {_margin(rule)} is not settled",
    }[contrast.size]


def _unsettled(contrast: ContrastVerdict) -> str:
    if contrast.state == "at the cap":
        return f"undecided after {_rounds(contrast.rounds)}, the most that were planned"
    if contrast.state == "closed":
        return f"left unsettled after {_rounds(contrast.rounds)}, as no claim needs it any more"
    return f"not settled after {_rounds(contrast.rounds)}"


def _outlook(contrast: ContrastVerdict) -> str:
    if contrast.state == "closed":
        return ""
    needed = contrast.rounds_needed
    if needed is None or needed > _MOST_ROUNDS_SAID:
        return ", and no affordable number of rounds would settle it if mean and spread stay as they are"
    return f"; about {_rounds(needed)} would settle it if mean and spread stay as they are"


def _remedy(noises: Noises) -> str:
    images, rounds = noises.images_needed, noises.rounds_needed
    ways = []
    if images is not None:
        ways.append(f"about {images} test images with these rounds")
    if rounds is not None:
        ways.append(f"about {_rounds(rounds)} with these images")
    if not ways:
        return "neither more images nor more rounds alone would exclude it at this difference"
    only = "" if rounds is not None else "; more seeds alone would not"
    return f"{' or '.join(ways)} would exclude it if nothing else changes{only}"


def _measured(difference: float, interval: Interval, rounds: int, rule: Rule) -> str:
    decimals = decimals_needed(interval, rule.margin_pp)
    low, high = pp(interval.low, decimals), pp(interval.high, decimals)
    return f"{pp(difference, decimals)} pp ({confidence(rule)} interval {low} to {high}; {_rounds(rounds)})"


def _both(contrast: ContrastVerdict) -> str:
    return f"{contrast.a} and {contrast.b}" if contrast.a else contrast.name


def _what(contrast: ContrastVerdict) -> str:
    return f"the difference ({contrast.name})" if contrast.a else "it"


def _margin(rule: Rule) -> str:
    return f"{rule.margin_pp:g} pp"


def _rounds(count: int) -> str:
    return "1 round" if count == 1 else f"{count} rounds"


def _claim_in_words(
    claim: ClaimVerdict, contrasts: Sequence[ContrastVerdict], verdict: Verdict
) -> ClaimVerdict:
    links = tuple(replace(link, sentence=contrasts[link.contrast].sentence) for link in claim.links)
    label = ", post hoc" if verdict.post_hoc else ""
    reasons = " ".join(dict.fromkeys(link.sentence for link in links if link.answer == claim.verdict))
    return replace(
        claim, links=links, sentence=f"Claim `{claim.claim}`{label}: {_answer(claim, links)}. {reasons}"
    )


def _answer(claim: ClaimVerdict, links: Sequence[LinkVerdict]) -> str:
    if claim.verdict == "not supported":
        return "not supported, as equivalence was found where a difference was claimed"
    if claim.verdict == "undecided":
        return "undecided at the end of the study" if claim.final else "not decided yet"
    so_far = "" if claim.final else " so far"
    whole = " in all its links" if claim.verdict == "supported" and len(links) > 1 else ""
    return f"{claim.verdict}{so_far}{whole}"


def _notes(verdict: Verdict) -> tuple[str, ...]:
    count = len(verdict.contrasts)
    over = "at every look" if count == 1 else f"at every look and for all {count} contrasts"
    notes = []
    if any(contrast.low_pp is not None for contrast in verdict.contrasts):
        level = confidence(verdict.rule)
        notes = [f"The intervals hold together, {over}, with {level} confidence.", _SCOPE]
    if len({contrast.rounds for contrast in verdict.contrasts}) > 1:
        notes.append("Contrasts rest on different numbers of rounds: each stopped when it was settled.")
    if verdict.waiting:
        runs = ", ".join(f"{name} with seed {seed}" for name, seed in verdict.waiting)
        notes.append(f"Round {verdict.rounds + 1} is not complete; it waits for {runs}.")
    if verdict.post_hoc:
        notes.append(
            f"Post hoc: {verdict.post_hoc}. The confidence does not cover a question that was chosen after "
            "results were seen."
        )
    return tuple(notes)
