"""The time to a verdict, repeat by repeat, over the time of the notebook's three runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.speed.contest import Sample
from bench.speed.findings import Bar, Spread
from bench.speed.roster import OURS
from bench.verdict.measure import NOTEBOOK
from bench.verdict.resample import Resampled
from bench.verdict.schedule import Schedule, mean_schedule

MOST_RATIO, MOST_RATIO_BY_KERNELS = 2.5, 1.5
"""Bars on the time to a verdict over the notebook's three runs, by torch alone and with the kernels."""


@dataclass(frozen=True)
class Repeat:
    """One repeat; seconds are for runs of the full length.

    Attributes:
        notebook: Variant to seconds of the notebook's run.
        paribus: Variant to seconds of a run of paribus with one worker a core: wall time over runs.
        needed_seconds: Mean seconds of the runs that the verdict rests on.
        schedule: The mean way to the verdict, with what is trained ahead of it and thrown away.
        numerics: What paribus computed with.
    """

    notebook: Mapping[str, float]
    paribus: Mapping[str, float]
    needed_seconds: float
    schedule: Schedule
    numerics: str

    @property
    def notebook_seconds(self) -> float:
        """Of the notebook's runs, one a variant."""
        return sum(self.notebook.values())

    @property
    def ratio(self) -> float:
        """Time to the verdict over the notebook's runs."""
        return self.schedule.seconds / self.notebook_seconds

    @property
    def needed_ratio(self) -> float:
        """The same without what is trained ahead of the verdict."""
        return self.needed_seconds / self.notebook_seconds


def repeat(resampled: Resampled, samples: Sequence[Sample], *, scale: float, cap: int) -> Repeat:
    """Put the samples of one repeat and the rounds of the resampled studies together.

    Args:
        resampled: Which rounds each variant is needed in.
        samples: Of the notebook's loop and of paribus, every variant.
        scale: Iterations of a full run over those measured.
        cap: Rounds that no run is begun beyond.
    """
    seconds = {
        name: {s.variant: scale * s.seconds for s in samples if s.competitor == name}
        for name in (NOTEBOOK, OURS)
    }
    ours_told = next(sample.told for sample in samples if sample.competitor == OURS)
    workers = int(ours_told["threads"])
    ours = {name: seconds[OURS][name] for name in resampled.variants}
    on_one_worker = {name: workers * value for name, value in ours.items()}
    means = resampled.needed.mean(axis=0)
    return Repeat(
        notebook=seconds[NOTEBOOK],
        paribus=ours,
        needed_seconds=float(means @ list(ours.values())),
        schedule=mean_schedule(resampled.needed, on_one_worker, workers=workers, cap=cap),
        numerics=ours_told["numerics"],
    )


def ratio_bar(repeats: Sequence[Repeat]) -> Bar:
    """Whether a verdict comes within so many times the notebook's three runs."""
    value = Spread.of([each.ratio for each in repeats]).median
    what = "time to the verdict over the notebook's runs"
    by_kernels = repeats[0].numerics.startswith("native")
    most = MOST_RATIO_BY_KERNELS if by_kernels else MOST_RATIO
    engine = "with kernels" if by_kernels else "by torch alone"
    return Bar(what, value, f"≤ {most:g} ({engine})", value <= most)
