"""The decision rule that is declared before the runs; when it looks and how sure it has to be."""

from dataclasses import dataclass

from paribus.errors import UsageError

MAX_ROUNDS = 200


@dataclass(frozen=True)
class Rule:
    """Repeated t-intervals, looked at after every round from `min_rounds` to `max_rounds`.

    Attributes:
        alpha: Probability, over the whole study, that some interval misses its true difference.
        margin_pp: Differences within this many percentage points count as equivalent.
        min_rounds: Rounds before the first look.
        max_rounds: Rounds after which the study ends, decided or not.

    Raises:
        UsageError: If a value is out of its range; names the option.
    """

    alpha: float = 0.05
    margin_pp: float = 0.1
    min_rounds: int = 3
    max_rounds: int = 20

    def __post_init__(self) -> None:
        _require_number("alpha", self.alpha, 1e-6, 0.5)
        _require_number("margin_pp", self.margin_pp, 0, 100)
        _require_whole("min_rounds", self.min_rounds, 3, MAX_ROUNDS)
        _require_whole("max_rounds", self.max_rounds, self.min_rounds, MAX_ROUNDS)


def _require_number(option: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _refused(option, f"a number from {least:g} to {most:g}", value)


def _require_whole(option: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _refused(option, f"a whole number from {least} to {most}", value)


def _refused(option: str, expected: str, value: object) -> UsageError:
    return UsageError(
        f"{option} is out of its range",
        expected=expected,
        found=repr(value),
        means="nothing was judged",
        mend=f"give {option} a value in that range",
    )


DEFAULT_RULE = Rule()
