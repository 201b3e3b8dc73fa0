"""A recorded run beside its rerun: whether the same spec, seed and numerics gave the same bits."""

from dataclasses import dataclass

from paribus.records import RunRecord


@dataclass(frozen=True)
class Comparison:
    """A recorded run beside its rerun.

    Attributes:
        variant: Its variant.
        seed: Its seed.
        recorded: The run in the store.
        rerun: The run trained just now.
    """

    variant: str
    seed: int
    recorded: RunRecord
    rerun: RunRecord

    @property
    def same_numerics(self) -> bool:
        """Whether equal bits can be expected at all."""
        return self.recorded.numerics == self.rerun.numerics

    @property
    def differing(self) -> tuple[str, ...]:
        """What differs: order of batches, initial weights, final weights, evaluations."""
        pairs = {
            "batch order": (self.recorded.order_digest, self.rerun.order_digest),
            "initial weights": (dict(self.recorded.initial_digests), dict(self.rerun.initial_digests)),
            "final weights": (self.recorded.weights_digest, self.rerun.weights_digest),
            "evaluations": (repr(self.recorded.evaluations), repr(self.rerun.evaluations)),
        }
        return tuple(name for name, (one, other) in pairs.items() if one != other)
