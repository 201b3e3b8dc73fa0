"""A store with the sixty runs of mnist-pooling, predictions and weights included, made instead of trained."""

from dataclasses import dataclass
from pathlib import Path

from bench.scale.records import RecordedRuns

from paribus.nets.initial import initial_weights
from paribus.records import TrainedRun
from paribus.spec import Study, locate, study_digest
from paribus.standing import Layout, lay_out
from paribus.store import Store

NUMERICS = "made up for bench.page"
ROUNDS, FEW_ROUNDS = 20, 5


@dataclass(frozen=True)
class MadeStore:
    """A store, and two studies of the same nets in it.

    Attributes:
        folder: The store.
        whole: mnist-pooling with its twenty rounds: sixty runs.
        few: The same with five rounds: fifteen nets.
    """

    folder: Path
    whole: Layout
    few: Layout

    @property
    def whole_slug(self) -> str:
        """What addresses name the study of sixty runs by."""
        return _slug(self.whole.study)

    @property
    def few_slug(self) -> str:
        """What addresses name the study of fifteen nets by."""
        return _slug(self.few.study)


def make_store(folder: Path) -> MadeStore:
    """Make the store in a folder that does not exist yet."""
    whole, few = _layout(ROUNDS), _layout(FEW_ROUNDS)
    recorded = RecordedRuns(folder, NUMERICS)
    recorded.add_study(whole)
    recorded.add_study(few)
    keys = {key: run for run, key in whole.keys().items()}
    with Store.writer(folder, purpose="bench.page") as store:
        for key, record in store.runs(keys, NUMERICS, predictions=True).items():
            variant, seed = keys[key]
            store.commit(TrainedRun(record, initial_weights(whole.variant(variant).table, seed)))
    return MadeStore(folder, whole, few)


def _layout(rounds: int) -> Layout:
    return lay_out(Study.read(locate("mnist-pooling"), {"decision.max_rounds": str(rounds)}))


def _slug(study: Study) -> str:
    return f"{study.name}-{study_digest(study)[:10]}"
