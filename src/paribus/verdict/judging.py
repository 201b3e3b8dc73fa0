"""From accuracies to a verdict: walk the rounds in the order of their seeds and stop where the rule says.

Nothing is remembered between calls: `run`, `show` and `judge` replay the same looks on the same numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from paribus.errors import ResultsError, UsageError
from paribus.spec.claim import Claim, Link
from paribus.verdict import words
from paribus.verdict.contrasts import Combination, choose_contrasts, contrast_key, read_claims
from paribus.verdict.critical import critical_values
from paribus.verdict.interval import NOTHING, Estimate, Interval, distance, estimate, rounds_needed
from paribus.verdict.outcome import Answer, ClaimVerdict, ContrastVerdict, LinkVerdict, State, Verdict
from paribus.verdict.rule import DEFAULT_RULE, Rule

Accuracy = Mapping[str, Mapping[int, float]]

DEFAULT_IMAGES = 10_000
"""Resolution taken where the number of test images is not known: accuracies in steps of 0.01 pp."""

MOST_CONTRASTS = 64 * 63 // 2


def judge(
    accuracy: Accuracy,
    *,
    claims: Sequence[Claim | str] = (),
    rule: Rule = DEFAULT_RULE,
    combinations: Sequence[Combination] | None = None,
    images: int = DEFAULT_IMAGES,
    seeds: Sequence[int] | None = None,
    post_hoc: str | None = None,
) -> Verdict:
    """Judge the rounds so far, and say which variants must train another.

    Look n uses the runs of the first n seeds, ascending. A contrast that a look settles keeps that look's
    interval; later rounds do not count in it, and a variant that no open contrast needs may lack them. A look
    at which a run is missing waits for it, and so do all later ones. The order in which runs were trained has
    no influence.

    Args:
        accuracy: Variant to seed to final test accuracy in percent; empty for a variant without runs yet.
        claims: Chains such as ``a < b < c`` or ``a ~ b``, in any number.
        rule: The decision rule.
        combinations: Further contrasts, such as main effects; without them and without claims, all pairs.
        images: Test images, which set the resolution of the accuracy.
        seeds: The declared seeds, where they are known; otherwise all that occur.
        post_hoc: Why this is not a verdict on a plan made beforehand, if so; it appears in the words.

    Raises:
        ResultsError: If there are fewer than two variants, or an accuracy is not within 0 to 100.
        UsageError: If a claim or combination cannot be judged on these variants, or `images` is not positive.
    """
    _require_results(accuracy, images)
    chains = read_claims(claims)
    contrasts = choose_contrasts(list(accuracy), chains, combinations)
    _require_affordable(contrasts)
    order = sorted(set(seeds) if seeds is not None else {seed for runs in accuracy.values() for seed in runs})
    walk = _Walk(accuracy, rule, images, order, contrasts, chains)
    walk.run()
    verdict = Verdict(
        rule=rule,
        contrasts=tuple(_contrast_verdict(walk, track) for track in walk.tracks),
        claims=tuple(_claim_verdict(walk, claim) for claim in chains),
        rounds=walk.rounds,
        decided=walk.decided,
        needed=walk.needed,
        waiting=walk.waiting,
        images=images,
        post_hoc=post_hoc,
        notes=(),
    )
    return words.put_into_words(verdict)


@dataclass
class _Track:
    """One contrast on its way through the looks."""

    contrast: Combination
    links: tuple[tuple[Claim, Link], ...]
    measured: Estimate = NOTHING
    critical: float | None = None
    state: State = "early"

    @property
    def wanted(self) -> bool:
        return self.state in {"early", "open"}

    @property
    def interval(self) -> Interval | None:
        return None if self.critical is None else self.measured.interval(self.critical)

    def answer(self, link: Link, margin: float) -> Answer:
        interval = self.interval
        if interval is None:
            return "undecided"
        reversed_link = self.contrast.pair != (link.a, link.b)
        return (interval.flipped if reversed_link else interval).answer(link.relation, margin)


@dataclass
class _Walk:
    """The looks at one set of results."""

    accuracy: Accuracy
    rule: Rule
    images: int
    order: Sequence[int]
    contrasts: Sequence[Combination]
    claims: Sequence[Claim]
    rounds: int = 0
    tracks: list[_Track] = field(init=False)
    critical: Sequence[float] = field(init=False)

    def __post_init__(self) -> None:
        links = [(claim, link) for claim in self.claims for link in claim.links]
        by_pair = {
            contrast_key(contrast): tuple(
                (claim, link) for claim, link in links if {link.a, link.b} == set(contrast.pair or ())
            )
            for contrast in self.contrasts
        }
        self.tracks = [_Track(contrast, by_pair[contrast_key(contrast)]) for contrast in self.contrasts]
        share = self.rule.alpha / len(self.contrasts)
        self.critical = critical_values(share, self.rule.min_rounds, self.rule.max_rounds).tolist()

    def run(self) -> None:
        """Take one round after the other, until nothing is wanted, a run is missing or the cap is reached."""
        while self.needed and self.rounds < len(self.order) and not self.missing:
            self.rounds += 1
            self._measure()
            if self.rounds >= self.rule.min_rounds:
                self._look()

    @property
    def needed(self) -> tuple[str, ...]:
        """Variants of contrasts that want another round, in the order of the results."""
        wanted = {name for track in self.tracks if track.wanted for name in track.contrast.variants}
        return tuple(name for name in self.accuracy if name in wanted)

    @property
    def waiting(self) -> tuple[tuple[str, int], ...]:
        """The missing runs, where others of that round or of later ones are there already."""
        reached = max((seed for name in self.needed for seed in self.accuracy[name]), default=None)
        return tuple(run for run in self.missing if reached is not None and reached >= run[1])

    @property
    def missing(self) -> tuple[tuple[str, int], ...]:
        """Runs of the next round that are wanted and not there."""
        if self.rounds >= len(self.order):
            return ()
        seed = self.order[self.rounds]
        return tuple((name, seed) for name in self.needed if seed not in self.accuracy[name])

    @property
    def decided(self) -> bool:
        """Whether every claim has its answer and every contrast that stands for itself is settled."""
        free = [track for track in self.tracks if not track.links]
        return all(self.answer(claim) != "undecided" and self.final(claim) for claim in self.claims) and all(
            track.state == "settled" for track in free
        )

    def track_of(self, link: Link) -> int:
        """Index of the contrast that a link is about."""
        return next(
            i for i, track in enumerate(self.tracks) if set(track.contrast.pair or ()) == {link.a, link.b}
        )

    def link_answers(self, claim: Claim) -> list[Answer]:
        """The answers of a claim's links, from the intervals as they stand."""
        return [self.tracks[self.track_of(link)].answer(link, self.rule.margin_pp) for link in claim.links]

    def answer(self, claim: Claim) -> Answer:
        """The conjunction of the links."""
        return _conjunction(self.link_answers(claim))

    def final(self, claim: Claim) -> bool:
        """Whether no further round can change the claim's answer: contrasts that are at rest decide it."""
        resting = [
            answer
            for link, answer in zip(claim.links, self.link_answers(claim), strict=True)
            if not self.tracks[self.track_of(link)].wanted
        ]
        return len(resting) == len(claim.links) or _conjunction(resting) in {"refuted", "not supported"}

    def _measure(self) -> None:
        for track in self._wanted():
            seeds = self.order[: self.rounds]
            track.measured = estimate(track.contrast, self.accuracy, seeds, self.images)

    def _look(self) -> None:
        """Give every open contrast this look's interval, then put to rest what is settled or needless."""
        for track in self._wanted():
            track.state, track.critical = "open", self.critical[self.rounds - self.rule.min_rounds]
        while settled := [track for track in self._wanted() if self._is_settled(track)]:
            for track in settled:  # which may answer a claim, and so settle another
                track.state = "settled"
        answered = {claim for claim in self.claims if self.final(claim)}
        for track in self._wanted():
            if track.links and all(claim in answered for claim, _ in track.links):
                track.state = "closed"
            elif self.rounds == self.rule.max_rounds:
                track.state = "at the cap"

    def _is_settled(self, track: _Track) -> bool:
        """Whether its interval answers every claim about it; without claims: has a direction or is within."""
        interval, margin = track.interval, self.rule.margin_pp
        if interval is None:
            return False
        if track.links:
            asking = [link for claim, link in track.links if not self.final(claim)]
            return bool(asking) and all(track.answer(link, margin) != "undecided" for link in asking)
        return interval.direction != "unsettled" or interval.size(margin) == "within"

    def _wanted(self) -> Iterator[_Track]:
        return (track for track in self.tracks if track.wanted)


def _conjunction(answers: Sequence[Answer]) -> Answer:
    for decisive in ("refuted", "not supported", "undecided"):
        if decisive in answers:
            return decisive
    return "supported"


def _contrast_verdict(walk: _Walk, track: _Track) -> ContrastVerdict:
    interval, margin = track.interval, walk.rule.margin_pp
    return ContrastVerdict(
        contrast=track.contrast,
        rounds=track.measured.rounds,
        difference_pp=track.measured.mean,
        low_pp=interval.low if interval else None,
        high_pp=interval.high if interval else None,
        sd_pp=track.measured.sd,
        critical_value=track.critical,
        direction=interval.direction if interval else "unsettled",
        size=interval.size(margin) if interval else "unsettled",
        state=track.state,
        pairing_gain=track.measured.pairing_gain,
        rounds_needed=_rounds_needed(walk, track),
    )


def _rounds_needed(walk: _Walk, track: _Track) -> int | None:
    if track.measured.mean is None or track.state not in {"open", "at the cap"}:
        return None
    equivalence = any(link.relation == "~" for _, link in track.links)
    reach = distance(track.measured.mean, walk.rule.margin_pp, equivalence=equivalence)
    return rounds_needed(track.measured, reach, walk.critical, walk.rule.min_rounds)


def _claim_verdict(walk: _Walk, claim: Claim) -> ClaimVerdict:
    answers = walk.link_answers(claim)
    links = tuple(
        LinkVerdict(link, answer, walk.track_of(link))
        for link, answer in zip(claim.links, answers, strict=True)
    )
    return ClaimVerdict(str(claim), _conjunction(answers), links, final=walk.final(claim))


def _require_results(accuracy: Accuracy, images: int) -> None:
    if len(accuracy) < 2:
        raise ResultsError(
            "there is nothing to compare",
            expected="results of at least 2 variants",
            found=", ".join(accuracy) or "none",
        )
    if images < 1:
        raise UsageError("images is out of its range", expected="a whole number from 1", found=repr(images))
    for name, runs in accuracy.items():
        for seed, value in runs.items():
            if not 0 <= value <= 100:  # NaN is refused here too
                raise ResultsError(
                    f"the accuracy of {name} with seed {seed} is no percentage",
                    expected="a number from 0 to 100",
                    found=repr(value),
                    means="nothing was judged",
                )


def _require_affordable(contrasts: Sequence[Combination]) -> None:
    if len(contrasts) > MOST_CONTRASTS:
        raise UsageError(
            "too many contrasts to judge together",
            expected=f"at most {MOST_CONTRASTS}, which is all pairs of 64 variants",
            found=str(len(contrasts)),
            means="with so many, each interval would be too wide to settle anything",
            mend="state the comparisons that matter as claims",
        )
