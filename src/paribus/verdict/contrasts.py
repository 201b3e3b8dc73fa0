"""Which differences a verdict is about: pairs of variants, and weighted sums of them in factorial studies."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from paribus.errors import UsageError
from paribus.spec.claim import Claim, parse_claim
from paribus.spec.faults import nearest
from paribus.spec.variants import effects


@dataclass(frozen=True)
class Combination:
    """A linear contrast of the variants' accuracies.

    Attributes:
        name: What it is called in tables and sentences; ``b - a`` for a pair.
        weights: Variant and its weight; the weights sum to zero.

    Raises:
        UsageError: If the weights are no contrast.
    """

    name: str
    weights: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        values = [weight for _, weight in self.weights]
        if len(set(self.variants)) < max(2, len(values)) or not all(map(math.isfinite, values)):
            raise _no_contrast(self.name, "at least 2 different variants, each with a finite weight", values)
        if 0 in values or abs(math.fsum(values)) > 1e-9 * max(map(abs, values)):
            raise _no_contrast(self.name, "weights other than zero that sum to zero", values)

    @classmethod
    def between(cls, a: str, b: str) -> "Combination":
        """The difference b − a."""
        return cls(f"{b} - {a}", ((a, -1.0), (b, 1.0)))

    @property
    def variants(self) -> tuple[str, ...]:
        """The variants it needs."""
        return tuple(name for name, _ in self.weights)

    @property
    def pair(self) -> tuple[str, str] | None:
        """(a, b) where it is the plain difference b − a."""
        if sorted(weight for _, weight in self.weights) != [-1.0, 1.0]:
            return None
        a, b = sorted(self.weights, key=lambda item: item[1])
        return a[0], b[0]


def read_claims(claims: Iterable[Claim | str]) -> tuple[Claim, ...]:
    """Claims as values, each once.

    Raises:
        UsageError: If a text is no claim.
    """
    return tuple(dict.fromkeys(_read_claim(claim) for claim in claims))


def choose_contrasts(
    variants: Sequence[str], claims: Sequence[Claim], combinations: Sequence[Combination] | None
) -> tuple[Combination, ...]:
    """The contrasts that share alpha: those in claims and those asked for; all pairs if there are neither.

    Raises:
        UsageError: If a claim or combination names a variant that has no results.
    """
    for claim in claims:
        _require_known(claim.variants, variants, f"the claim `{claim}`")
    for combination in combinations or ():
        _require_known(combination.variants, variants, f"the contrast `{combination.name}`")
    claimed = [Combination.between(link.a, link.b) for claim in claims for link in claim.links]
    chosen = [*claimed, *(combinations or ())]
    if not chosen:
        chosen = [Combination.between(a, b) for a, b in itertools.combinations(variants, 2)]
    distinct: dict[frozenset[object], Combination] = {}
    for contrast in chosen:
        distinct.setdefault(contrast_key(contrast), contrast)
    return tuple(distinct.values())


def contrast_key(contrast: Combination) -> frozenset[object]:
    """The same for b − a and a − b."""
    return frozenset(contrast.pair or contrast.weights)


def factorial_combinations(factors: Mapping[str, Sequence[object]]) -> tuple[Combination, ...]:
    """Main effects and two-factor interactions of a factorial study.

    Args:
        factors: Field to levels, as in a study's ``[factors]``; the first level is the one compared with.
    """
    return tuple(Combination(name, tuple(weights.items())) for name, weights in effects(factors))


def _read_claim(claim: Claim | str) -> Claim:
    if isinstance(claim, Claim):
        return claim
    try:
        return parse_claim(claim)
    except ValueError as error:
        raise UsageError(
            f"`{claim}` is not a claim",
            expected=str(error),
            found=repr(claim),
            means="nothing was judged",
            mend="write a claim such as `a < b < c` or `a ~ b`",
        ) from None


def _require_known(names: Sequence[str], variants: Sequence[str], where: str) -> None:
    for name in names:
        if name not in variants:
            guess = nearest(name, variants)
            raise UsageError(
                f"{where} names `{name}`, which is not among the results",
                expected="one of " + ", ".join(variants),
                found=name,
                means="nothing was judged",
                mend=f"did you mean `{guess}`?" if guess else "correct the name",
            )


def _no_contrast(name: str, expected: str, weights: Sequence[float]) -> UsageError:
    return UsageError(f"`{name}` is not a contrast", expected=expected, found=str(weights))
