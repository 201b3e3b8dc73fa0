"""The trained nets of all variants of a study, kept in memory and asked together about one image."""

import threading
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from torch import nn

from paribus.errors import ParibusError, UsageError
from paribus.inference.choosing import Chosen, read_weights
from paribus.inference.ensemble import Ensemble, trained_module
from paribus.inference.look import look
from paribus.inference.preparing import Prepared
from paribus.nets.build import build
from paribus.nets.initial import initial_weights
from paribus.nets.shapes import LayerTable
from paribus.spec import Net
from paribus.standing import Layout, Prediction, Standing, VariantLayout, Voters
from paribus.standing.looks import ImageLook, NetLook
from paribus.store import Store


class StudyNets:
    """The trained nets of a study; made by `load`. They may be asked from any thread.

    Attributes:
        ensembles: Variant to its nets.
        missing: Variant to the reason why it has none.
        classes: Names of the classes.
    """

    def __init__(
        self, ensembles: dict[str, Ensemble], missing: dict[str, str], classes: tuple[str, ...], store: Store
    ) -> None:
        self.ensembles = ensembles
        self.missing = missing
        self.classes = classes
        self._store = store
        self._modules: dict[tuple[str, int], nn.Module] = {}
        self._turn = threading.Lock()

    @classmethod
    def load(
        cls, standing: Standing, digest: str, store: Store, *, variants: Iterable[str] | None = None
    ) -> "StudyNets":
        """Load the nets of a study; a variant whose nets cannot be had is left out with the reason.

        Args:
            standing: How the study stands.
            digest: Digest of the study.
            store: Where the weights are; it must stay open as long as the nets are looked into.
            variants: Which variants; all of them when left out.
        """
        ensembles: dict[str, Ensemble] = {}
        missing: dict[str, str] = {}
        asked = standing.layout.names if variants is None else tuple(variants)
        for variant in map(standing.layout.variant, asked):
            chosen = _chosen(standing, digest, variant)
            if chosen is None:
                missing[variant.name] = "no run of it is finished yet"
                continue
            try:
                ensembles[variant.name] = Ensemble(chosen, read_weights(chosen, store))
            except ParibusError as error:
                missing[variant.name] = error.what
        return cls(ensembles, missing, standing.layout.data.classes, store)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds that a net of some variant has, those of the most variants first."""
        held = [ensemble.voters.seeds for ensemble in self.ensembles.values()]
        every = {seed for seeds in held for seed in seeds}
        return tuple(sorted(every, key=lambda seed: (-sum(seed in seeds for seeds in held), seed)))

    def look(
        self, name: str, pixels: npt.NDArray[np.uint8], *, label: int | None = None, seed: int | None = None
    ) -> ImageLook:
        """What every variant makes of one image.

        Args:
            name: What the image is called.
            pixels: The image in the form of the dataset's, ``(C, H, W)`` uint8.
            label: Its class, where it is known.
            seed: Whose net is looked into; a variant without it is looked into at its first seed. The seed
                that most variants have when left out.

        Raises:
            UsageError: If no variant has a net, or the pixels have another form.
        """
        if not self.ensembles:
            raise UsageError(
                "no net of this study can be looked into",
                expected="at least one finished run whose weights are kept",
                found="; ".join(f"{name}: {reason}" for name, reason in self.missing.items()),
                mend="`paribus run` trains the study",
            )
        prepared = Prepared((name,), pixels[np.newaxis])
        wanted = self.seeds[0] if seed is None else seed
        predictions = tuple(ensemble.predict(prepared)[0] for ensemble in self.ensembles.values())
        nets = tuple(self._net(variant, wanted, pixels) for variant in self.ensembles)
        return ImageLook(name, pixels, label, predictions, nets, self.missing)

    def _net(self, variant: str, wanted: int, pixels: npt.NDArray[np.uint8]) -> NetLook:
        chosen = self.ensembles[variant].chosen
        seeds = self.ensembles[variant].voters.seeds
        seed = wanted if wanted in seeds else seeds[0]
        module = self._module(chosen, seed)
        return look(module, pixels, variant=variant, seed=seed, table=_table(chosen))

    def _module(self, chosen: Chosen, seed: int) -> nn.Module:
        key = (chosen.variant.name, seed)
        with self._turn:
            if key not in self._modules:
                record = next(record for record in chosen.records if record.seed == seed)
                self._modules[key] = trained_module(chosen, seed, self._store.weights(record))
            return self._modules[key]


def untrained_look(
    layout: Layout, name: str, pixels: npt.NDArray[np.uint8], *, label: int | None = None
) -> ImageLook:
    """What the declared nets of a study make of an image before any training, with the study's first seed.

    Args:
        layout: The study.
        name: What the image is called.
        pixels: The image in the form of the dataset's, ``(C, H, W)`` uint8.
        label: Its class, where it is known.
    """
    seed = layout.seeds[0]
    nets, predictions = [], []
    for variant in layout.variants:
        net = variant.configuration.net
        if not isinstance(net, Net):
            continue
        module = build(net, variant.table, initial_weights(variant.table, seed), seed).eval()
        looked = look(module, pixels, variant=variant.name, seed=seed, table=variant.table)
        voters = Voters(
            layout.study.name, "", variant.name, layout.data.name, layout.data.classes, (seed,), ("",), ""
        )
        nets.append(looked)
        predictions.append(Prediction(name, voters, _softmax(looked.logits)[np.newaxis]))
    return ImageLook(name, pixels, label, tuple(predictions), tuple(nets))


def _softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    powers = np.exp(logits.astype(np.float64) - float(logits.max()))
    return np.asarray(powers / powers.sum())


def _chosen(standing: Standing, digest: str, variant: VariantLayout) -> Chosen | None:
    """The finished runs of a variant; None if there is none."""
    runs = standing.runs.get(variant.name, {})
    records = tuple(record for _, record in sorted(runs.items()) if record.state == "done")
    if not records:
        return None
    diverged = tuple(sorted(seed for seed, record in runs.items() if record.state == "diverged"))
    return Chosen(standing.layout.study.name, digest, standing.layout, variant, records, diverged)


def _table(chosen: Chosen) -> LayerTable | None:
    return chosen.variant.table if isinstance(chosen.variant.configuration.net, Net) else None
