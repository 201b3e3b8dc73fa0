"""The values that a verdict consists of: `judging` makes them, `words` puts them into sentences."""

from dataclasses import dataclass
from typing import Literal

from paribus.spec.claim import Link
from paribus.verdict.contrasts import Combination
from paribus.verdict.rule import Rule

Direction = Literal["higher", "lower", "unsettled"]
Size = Literal["beyond", "within", "unsettled"]
State = Literal["early", "open", "settled", "closed", "at the cap"]
Answer = Literal["supported", "refuted", "not supported", "undecided"]


@dataclass(frozen=True)
class ContrastVerdict:
    """What is known of one contrast.

    Attributes:
        contrast: The variants and their weights.
        rounds: How many rounds count in it: those up to the look that settled it.
        difference_pp: Mean over the rounds, in percentage points; None before the first round.
        low_pp: Lower end of the interval; None before the first look.
        high_pp: Upper end of the interval; None before the first look.
        sd_pp: Standard deviation of the difference over rounds, floored at the accuracy's resolution; None
            with fewer than two rounds.
        critical_value: How many standard errors the interval reaches to either side.
        direction: Whether the difference is above or below zero.
        size: Whether it is beyond the margin or within it.
        state: `early` before the first look, `open` while further rounds are wanted, `settled`, `closed` when
            no claim needs it any more, `at the cap` when it ends unsettled.
        pairing_gain: Variance with independent seeds over the variance with paired ones; above 1 pairing
            helped. None while there is no spread.
        rounds_needed: Where unsettled, about how many rounds it would take with this mean and spread.
        sentence: All this in words.
    """

    contrast: Combination
    rounds: int
    difference_pp: float | None
    low_pp: float | None
    high_pp: float | None
    sd_pp: float | None
    critical_value: float | None
    direction: Direction
    size: Size
    state: State
    pairing_gain: float | None
    rounds_needed: int | None
    sentence: str = ""

    @property
    def name(self) -> str:
        """The contrast's name."""
        return self.contrast.name

    @property
    def a(self) -> str | None:
        """The variant subtracted, where the contrast is a pair."""
        return self.contrast.pair[0] if self.contrast.pair else None

    @property
    def b(self) -> str | None:
        """The variant subtracted from, where the contrast is a pair."""
        return self.contrast.pair[1] if self.contrast.pair else None


@dataclass(frozen=True)
class LinkVerdict:
    """The answer to one comparison of a claim.

    Attributes:
        link: What was claimed.
        answer: `not supported` means: equivalent within the margin, where a difference was claimed.
        contrast: Index of the contrast in the verdict.
        sentence: What was found, in words.
    """

    link: Link
    answer: Answer
    contrast: int
    sentence: str = ""


@dataclass(frozen=True)
class ClaimVerdict:
    """The answer to a claim: supported when all its links are, refuted when one is.

    Attributes:
        claim: The claim as it was written.
        verdict: The answer.
        links: Its comparisons, left to right.
        final: False while further rounds may still change the answer.
        sentence: The answer in words, with its reasons.
    """

    claim: str
    verdict: Answer
    links: tuple[LinkVerdict, ...]
    final: bool
    sentence: str = ""

    @property
    def answer(self) -> str:
        """The answer in a few words: ``supported so far``, ``not decided yet``."""
        if self.verdict == "undecided":
            return "undecided" if self.final else "not decided yet"
        words = "not supported (equivalent)" if self.verdict == "not supported" else self.verdict
        return words if self.final else f"{words} so far"


@dataclass(frozen=True)
class Verdict:
    """Everything that the rounds so far say, and what is wanted next.

    Attributes:
        rule: The rule that was followed.
        contrasts: All contrasts that share alpha.
        claims: The answers to the claims.
        rounds: Complete rounds counted; single contrasts may have settled on fewer.
        decided: Every claim has an answer or, where there is none, every contrast is settled.
        needed: Variants that must train a further round, with the seed that stands at index `rounds` of the
            declared seeds; empty when decided or at the cap.
        waiting: Runs (variant, seed) that are missing while others of their round or of later ones are there:
            they block the next look.
        images: Test images, which set the resolution of the accuracy.
        post_hoc: Why this is not a verdict on a plan made beforehand, if so.
        notes: What holds for all of it, in words.
    """

    rule: Rule
    contrasts: tuple[ContrastVerdict, ...]
    claims: tuple[ClaimVerdict, ...]
    rounds: int
    decided: bool
    needed: tuple[str, ...]
    waiting: tuple[tuple[str, int], ...]
    images: int
    post_hoc: str | None
    notes: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The whole verdict in words: claims, contrasts, notes."""
        claims = tuple(claim.sentence for claim in self.claims)
        return claims + tuple(contrast.sentence for contrast in self.contrasts) + self.notes

    @property
    def progress(self) -> str:
        """How far the study is, in words, such as ``decided after 9 rounds``."""
        rounds = "1 round" if self.rounds == 1 else f"{self.rounds} rounds"
        if self.decided:
            return f"decided after {rounds}"
        if not self.needed:
            return f"undecided after {rounds}, the most that were planned"
        return f"not decided yet: {rounds} of {self.rule.min_rounds} to {self.rule.max_rounds}"

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def __repr__(self) -> str:
        claims = "".join(f"; {claim.claim}: {claim.answer}" for claim in self.claims)
        return f"Verdict({self.progress}{claims})"

    def _repr_html_(self) -> str:
        from paribus.verdict.tables import verdict_html  # noqa: PLC0415 - is made of the values of this module

        return verdict_html(self)
