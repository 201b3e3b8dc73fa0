"""What a claim's answer is called, and how it looks, wherever it is shown in a terminal."""

from paribus.verdict import ClaimVerdict, Verdict

_STYLES = {
    "supported": "bold green",
    "refuted": "bold red",
    "not supported": "bold yellow",
    "undecided": "bold",
}


def answer(claim: ClaimVerdict) -> str:
    """A claim's answer in a few words: ``supported so far``, ``not decided yet``."""
    return claim.answer


def answer_style(claim: ClaimVerdict) -> str:
    """The style of a claim's answer."""
    return _STYLES[claim.verdict]


def answers(verdict: Verdict) -> str:
    """All answers in one line; without claims, how many contrasts are settled."""
    if verdict.claims:
        return "; ".join(f"{claim.claim}: {answer(claim)}" for claim in verdict.claims)
    settled = sum(contrast.state == "settled" for contrast in verdict.contrasts)
    return f"{settled} of {len(verdict.contrasts)} contrasts settled"
