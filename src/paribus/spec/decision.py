"""The rule by which a study is decided, declared before its runs."""

from typing import Annotated

from pydantic import Field, Strict, model_validator

from paribus.spec.fields import Rounds, Seed, SpecModel


class Decision(SpecModel):
    """When to look, when to stop, and how sure to be."""

    alpha: Annotated[float, Strict(), Field(ge=1e-6, le=0.5)] = 0.05
    """Probability, over the whole study, that some interval misses its true difference."""
    margin_pp: Annotated[float, Strict(), Field(ge=0, le=100)] = 0.1
    """Differences within this many percentage points count as equivalent."""
    min_rounds: Rounds = 3
    """Seed rounds before the first look."""
    max_rounds: Rounds = 20
    """Seed rounds after which the study ends undecided; equal to min_rounds for a fixed number of rounds."""
    first_seed: Seed = 0
    """Seed of the first round; the next ones count up from it."""

    @model_validator(mode="after")
    def _rounds_are_ordered(self) -> "Decision":
        if self.max_rounds < self.min_rounds:
            raise ValueError(
                f"max_rounds of at least min_rounds, not max_rounds = {self.max_rounds} "
                f"with min_rounds = {self.min_rounds}"
            )
        return self
