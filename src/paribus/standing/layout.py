"""A study laid out against its data: what each variant trains, layer by layer, and the key of every run."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from paribus.data import Facts, cache_folder, facts
from paribus.errors import DataError, Fault, StudyError
from paribus.nets.shapes import LayerTable
from paribus.nets.tracing import layer_tables
from paribus.spec import Configuration, Study, run_keys


@dataclass(frozen=True)
class VariantLayout:
    """What one variant trains.

    Attributes:
        name: Name of the variant.
        differences: What it changes of the base.
        configuration: What is trained.
        table: Its layers.
        train_images: Training images used.
    """

    name: str
    differences: dict[str, Any]
    configuration: Configuration
    table: LayerTable
    train_images: int

    @property
    def iterations(self) -> int:
        """Minibatches of one run."""
        return self.configuration.protocol.total_iterations(self.train_images)

    @property
    def batches_per_epoch(self) -> int:
        """Minibatches in one pass over the training images."""
        return self.configuration.protocol.batches_per_epoch(self.train_images)

    def flops(self, test_images: int) -> int:
        """FLOPs of one run with its evaluations: 2 a multiply-add, forward and backward."""
        protocol = self.configuration.protocol
        trained = self.iterations * protocol.batch_size * self.table.training_flops
        evaluated = (
            len(protocol.evaluation_points(self.train_images)) * test_images * self.table.forward_flops
        )
        return trained + evaluated


@dataclass(frozen=True)
class Layout:
    """A study and what follows from it before anything is trained.

    Attributes:
        study: The study.
        data: Facts of what it trains and is evaluated on.
        variants: Its variants in order.
    """

    study: Study
    data: Facts
    variants: tuple[VariantLayout, ...]

    @property
    def seeds(self) -> range:
        """Seeds of all rounds the study may train, ascending."""
        decision = self.study.decision
        return range(decision.first_seed, decision.first_seed + decision.max_rounds)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the variants in order."""
        return tuple(variant.name for variant in self.variants)

    def variant(self, name: str) -> VariantLayout:
        """The variant of that name."""
        return next(variant for variant in self.variants if variant.name == name)

    def keys(self) -> Mapping[tuple[str, int], str]:
        """(variant, seed) to run key, for every run the study may train, round by round."""
        return self._keys

    @cached_property
    def _keys(self) -> dict[tuple[str, int], str]:
        of_variant = {
            variant.name: run_keys(
                variant.configuration,
                self.seeds,
                fingerprint=self.data.fingerprint,
                train_images=variant.train_images,
            )
            for variant in self.variants
        }
        return {(name, seed): of_variant[name][seed] for seed in self.seeds for name in self.names}


def lay_out(
    study: Study, *, progress: Callable[[str], None] | None = None, known: Facts | None = None
) -> Layout:
    """Lay a study out against its data; reads no images, but for own ones that were not decoded before.

    Args:
        study: The study.
        progress: Told in a sentence what happens to own images.
        known: Facts of its data, where they need not be looked for.

    Raises:
        StudyError: If a net does not fit the images, or more images are asked for than there are.
        DataError: If own images cannot be used.
    """
    try:
        entry = known or facts(study.data, progress=progress)
    except DataError as error:
        if study.data.own:
            raise
        fault = Fault("data.dataset", f"{error.expected}", f"{error.found}")
        raise StudyError(study.name, [fault]) from None
    faults: list[Fault] = []
    variants = []
    nets = {f"variants.{name}: net": chosen.net for name, chosen in study.configurations.items()}
    tables = layer_tables(nets, entry.image_shape, len(entry.classes), cache=cache_folder() / "nets")
    for name, configuration in study.configurations.items():
        count = configuration.data.train_images or entry.train_count
        if count > entry.train_count:
            at = f"variants.{name}: data.train_images"
            faults.append(Fault(at, f"at most {entry.train_count:,}, which {entry.name} has", f"{count:,}"))
        table = tables[f"variants.{name}: net"]
        if isinstance(table, StudyError):
            faults += _unsaid(table.faults, faults)
        else:
            variants.append(VariantLayout(name, study.differences[name], configuration, table, count))
    if faults:
        raise StudyError(study.name, faults)
    return Layout(study, entry, tuple(variants))


def _unsaid(faults: Iterable[Fault], said: Iterable[Fault]) -> list[Fault]:
    """Faults that no variant before has: a mistake in what all variants share is told once."""
    known = {(fault.field.rpartition(": ")[2], fault.expected, fault.found) for fault in said}
    return [
        fault
        for fault in faults
        if (fault.field.rpartition(": ")[2], fault.expected, fault.found) not in known
    ]
