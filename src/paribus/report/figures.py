"""The figures of a study, made from its evidence; pages lay them out, files hold them one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from paribus.report.charts.classes import class_figure, confusion_figures, confusion_table
from paribus.report.charts.figure import Figure
from paribus.report.charts.intervals import interval_figure
from paribus.report.charts.learning import difference_figure, learning_figure
from paribus.report.charts.rounds import rounds_figure
from paribus.report.classes import class_differences, confusion
from paribus.report.curves import difference_curve, learning_curves, paired_differences
from paribus.report.standing_words import contrast_label, diverged_runs
from paribus.report.tables import Table
from paribus.standing import Evidence, Standing
from paribus.verdict import ContrastVerdict
from paribus.verdict.words import confidence

MOST_CONTRASTS = 6
"""Contrasts that are shown class by class and image by image; the other figures have more."""

MOST_VARIANTS = 12
"""Variants whose mistakes are shown."""


@dataclass(frozen=True)
class StudyFigures:
    """All figures of a study; what there is nothing to draw for is None or left out.

    Attributes:
        intervals: All contrasts on one axis.
        learning: Accuracy over training.
        differences: Paired differences over training.
        rounds: Every run, joined by seed.
        classes: Differences class by class, one a contrast.
        confusions: Confusion matrices, one a variant.
        mistakes: Most frequent mistakes, one table a variant, where there are too many classes for a matrix.
    """

    intervals: Figure | None
    learning: Figure | None
    differences: Figure | None
    rounds: Figure | None
    classes: tuple[Figure, ...]
    confusions: tuple[Figure, ...]
    mistakes: tuple[Table, ...]

    def __iter__(self) -> Iterator[Figure]:
        single = (self.intervals, self.learning, self.differences, self.rounds)
        yield from (figure for figure in single if figure is not None)
        yield from self.classes
        yield from self.confusions


def study_figures(evidence: Evidence, paths: Mapping[tuple[str, int], str]) -> StudyFigures:
    """All figures of a study.

    Args:
        evidence: Its runs and what is behind them.
        paths: (variant, seed) to the run's place in the document of ``--json``.
    """
    standing = evidence.standing
    verdict = standing.verdict
    begun = [contrast for contrast in verdict.contrasts if contrast.rounds]
    curves = [curve for contrast in begun if (curve := difference_curve(standing, contrast))]
    confusions, mistakes = _confusions(evidence)
    return StudyFigures(
        intervals=interval_figure(
            verdict, {contrast.name: paired_differences(standing, contrast) for contrast in begun}
        ),
        learning=learning_figure(learning_curves(standing), standing.layout.names, confidence(verdict.rule)),
        differences=difference_figure(
            curves,
            {contrast.name: contrast_label(contrast) for contrast in begun},
            verdict.rule.margin_pp,
        ),
        rounds=rounds_figure(_accuracies(standing), diverged_runs(standing), paths),
        classes=tuple(_classes(standing)),
        confusions=confusions,
        mistakes=mistakes,
    )


def shown_contrasts(standing: Standing) -> list[ContrastVerdict]:
    """The contrasts that are shown class by class and image by image."""
    return [contrast for contrast in standing.verdict.contrasts if contrast.rounds][:MOST_CONTRASTS]


def _accuracies(standing: Standing) -> dict[str, dict[int, float]]:
    return {
        name: {
            seed: record.accuracy
            for seed, record in sorted(standing.runs.get(name, {}).items())
            if record.counts
        }
        for name in standing.layout.names
    }


def _classes(standing: Standing) -> Iterator[Figure]:
    names = standing.layout.data.classes
    for number, contrast in enumerate(shown_contrasts(standing), start=1):
        differences = class_differences(standing, contrast)
        if differences is not None and len(differences.classes):
            yield class_figure(differences, names, number)


def _confusions(evidence: Evidence) -> tuple[tuple[Figure, ...], tuple[Table, ...]]:
    names = evidence.standing.layout.data.classes
    counted = {
        variant: found
        for variant in evidence.standing.layout.names[:MOST_VARIANTS]
        if (found := confusion(evidence, variant)) is not None
    }
    figures = confusion_figures(counted, names)
    tables = (
        () if figures else (confusion_table(name, counts, names) for name, (counts, _) in counted.items())
    )
    return figures, tuple(tables)
