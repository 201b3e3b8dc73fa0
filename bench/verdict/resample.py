"""The study's rule on rounds drawn from the bank: when its contrasts and claims come to rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paribus.spec import Study
from paribus.verdict import ClaimVerdict, Rule, Verdict, factorial_combinations, judge

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Resampled:
    """What became of every study.

    Attributes:
        variants: Names, in the order of the study.
        contrasts: Names.
        claims: As they are written.
        needed: Rounds in which the rule asks for a run of each variant, shape (studies, variants).
        contrast_rounds: Rounds up to the look that put each contrast to rest, shape (studies, contrasts).
        claim_rounds: Rounds after which nothing could change a claim's answer, shape (studies, claims).
        answers: That answer, such as ``supported``, shape (studies, claims).
        decided: Whether the study was decided, shape (studies,); the others ended at the cap.
    """

    variants: tuple[str, ...]
    contrasts: tuple[str, ...]
    claims: tuple[str, ...]
    needed: Counts
    contrast_rounds: Counts
    claim_rounds: Counts
    answers: NDArray[np.str_]
    decided: NDArray[np.bool_]

    @property
    def rounds(self) -> Counts:
        """Rounds until each study stopped, shape (studies,)."""
        return np.asarray(self.contrast_rounds.max(axis=1))


def resample(
    study: Study,
    bank: Mapping[str, Mapping[int, float]],
    *,
    studies: int,
    images: int,
    rng: np.random.Generator,
) -> Resampled:
    """Draw whole rounds with replacement and let `judge` walk through each draw, as `paribus run` does.

    `judge` looks at rounds in their order and never past the look that settles a contrast, so that one call
    on all rounds up to the cap tells where every contrast came to rest.

    Args:
        study: The study whose variants the bank holds.
        bank: Variant to seed to final test accuracy, percent; the same seeds for all variants.
        studies: How many studies to draw, at least one.
        images: Test images behind an accuracy.
        rng: Source of the draws.

    Raises:
        KeyError: If the bank lacks a variant of the study.
    """
    names = tuple(study.differences)
    decision = study.decision
    rule = Rule(decision.alpha, decision.margin_pp, decision.min_rounds, decision.max_rounds)
    combinations = None if study.claims else factorial_combinations(study.factors)
    table = np.array([list(bank[name].values()) for name in names])  # (variants, rounds of the bank)
    verdicts = [
        judge(
            dict(zip(names, map(dict, map(enumerate, table[:, drawn].tolist())), strict=True)),
            claims=study.parsed_claims,
            combinations=combinations,
            rule=rule,
            images=images,
        )
        for drawn in rng.integers(table.shape[1], size=(studies, rule.max_rounds))
    ]
    first = verdicts[0]
    return Resampled(
        variants=names,
        contrasts=tuple(contrast.name for contrast in first.contrasts),
        claims=tuple(claim.claim for claim in first.claims),
        needed=np.array([[rounds_needed(verdict, name) for name in names] for verdict in verdicts]),
        contrast_rounds=np.array([_contrast_rounds(verdict) for verdict in verdicts]),
        claim_rounds=np.array(
            [[rounds_to_answer(claim, _contrast_rounds(v)) for claim in v.claims] for v in verdicts],
            dtype=np.int64,
        ),
        answers=np.array(
            [[claim.verdict for claim in verdict.claims] for verdict in verdicts], dtype=np.str_
        ),
        decided=np.array([verdict.decided for verdict in verdicts]),
    )


def rounds_needed(verdict: Verdict, variant: str) -> int:
    """Rounds in which a variant is trained: until the last contrast that needs it is at rest."""
    return max((c.rounds for c in verdict.contrasts if variant in c.contrast.variants), default=0)


def rounds_to_answer(claim: ClaimVerdict, contrast_rounds: Sequence[int]) -> int:
    """The first look after which no further round could change a claim's answer.

    That is when the contrasts of all its links are at rest, or one at rest says refuted or not supported.

    Args:
        claim: A claim of a study whose contrasts are all at rest.
        contrast_rounds: Rounds up to the look that put each contrast of the study to rest.
    """
    resting = [(contrast_rounds[link.contrast], link.answer) for link in claim.links]
    decisive = [rounds for rounds, answer in resting if answer in {"refuted", "not supported"}]
    return min(decisive, default=max(rounds for rounds, _ in resting))


def _contrast_rounds(verdict: Verdict) -> list[int]:
    return [contrast.rounds for contrast in verdict.contrasts]
