"""The section of classes and images: differences by class, images that tell variants apart, confusions."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from paribus.data import Split
from paribus.report.classes import Disagreement, Disagreements, disagreements
from paribus.report.figures import MOST_VARIANTS, StudyFigures, shown_contrasts
from paribus.report.html.environment import Link, figure_view, render
from paribus.report.images import png
from paribus.report.numbers import count
from paribus.report.terminal import clean
from paribus.standing import Evidence

MOST_IMAGES = 72
"""Images of all galleries together."""

_MOST_A_GALLERY = 12
_SHOWN_SIDE = 84
"""Longest side of an image on the page, CSS pixels."""


@dataclass(frozen=True)
class GalleryImage:
    """An image as the template takes it."""

    source: str
    width: int
    height: int
    alt: str
    label: str
    said: str
    rounds: str


@dataclass(frozen=True)
class Gallery:
    """Images that one variant gets right and another wrong in most rounds."""

    title: str
    count: str
    images: tuple[GalleryImage, ...]


def images_section(evidence: Evidence, figures: StudyFigures, link: Link) -> Markup:
    """The body of the section."""
    galleries = list(_galleries(evidence))
    return render(
        "classes.html",
        class_sentences=_class_sentences(evidence, figures),
        classes=[figure_view(figure, link) for figure in figures.classes],
        gallery_sentences=_gallery_sentences(evidence, galleries),
        galleries=galleries,
        confusion_sentences=_confusion_sentences(evidence, figures),
        confusions=[figure_view(figure, link) for figure in figures.confusions],
        mistakes=figures.mistakes,
    )


def _class_sentences(evidence: Evidence, figures: StudyFigures) -> list[str]:
    if not figures.classes:
        return ["There is nothing to compare before the first round."]
    sentences = ["No claim was made about single classes, so there are no intervals: each round is shown."]
    left_out = len([one for one in evidence.standing.verdict.contrasts if one.rounds]) - len(figures.classes)
    if left_out > 0:
        sentences.append(f"{count(left_out, 'further contrast is', 'further contrasts are')} not drawn.")
    return sentences


def _gallery_sentences(evidence: Evidence, galleries: Sequence[Gallery]) -> list[str]:
    if evidence.test is None:
        asked = evidence.standing.layout.study.data
        remedy = "" if asked.own else f"; `paribus data fetch {asked.dataset}` brings them"
        words = (
            f"The images of {evidence.standing.layout.data.name} are not at hand on this machine, so none "
            f"can be shown here, and predictions cannot be held against their labels{remedy}."
        )
        return [words]
    if not galleries:
        return ["There is nothing to compare before the first round, or no contrast is a pair of variants."]
    words = (
        "Test images that one variant classifies correctly and the other one wrongly in more than half "
        "of the rounds, the clearest first. Under each: its class, what the one that is wrong says most "
        "often, and in how many rounds the one and the other are right."
    )
    return [words]


def _confusion_sentences(evidence: Evidence, figures: StudyFigures) -> list[str]:
    if evidence.test is None:
        return ["This needs the labels of the test images too."]
    if not figures.confusions and not figures.mistakes:
        return ["There are no predictions yet."]
    left_out = len(evidence.standing.layout.names) - MOST_VARIANTS
    return (
        [f"{count(left_out, 'further variant is', 'further variants are')} not shown."]
        if left_out > 0
        else []
    )


def _galleries(evidence: Evidence) -> Iterator[Gallery]:
    pairs = [found for one in shown_contrasts(evidence.standing) if (found := disagreements(evidence, one))]
    if evidence.test is None or not pairs:
        return
    most = min(_MOST_A_GALLERY, MOST_IMAGES // (2 * len(pairs)))
    for pair in pairs:
        yield _gallery(evidence, evidence.test, pair, pair.b, pair.a, most)
        yield _gallery(evidence, evidence.test, pair, pair.a, pair.b, most)


def _gallery(
    evidence: Evidence, test: Split, pair: Disagreements, right: str, wrong: str, most: int
) -> Gallery:
    found = pair.for_a if right == pair.a else pair.for_b
    images = tuple(_image(evidence, test, pair, one, right, wrong) for one in found[:most])
    number = count(len(found), "image")
    shown = f"{number}; {len(images)} of them here." if len(images) < len(found) else f"{number}."
    return Gallery(f"Right by {right}, wrong by {wrong}", shown, images)


def _image(
    evidence: Evidence, test: Split, pair: Disagreements, one: Disagreement, right: str, wrong: str
) -> GalleryImage:
    classes = evidence.standing.layout.data.classes
    label, said = clean(classes[one.label]), clean(classes[one.said])
    pixels = test.images[one.index]
    scale = _SHOWN_SIDE / max(pixels.shape[1:])
    right_in, wrong_in = (one.right_a, one.right_b) if right == pair.a else (one.right_b, one.right_a)
    return GalleryImage(
        source="data:image/png;base64," + base64.b64encode(png(pixels)).decode("ascii"),
        width=round(pixels.shape[2] * scale),
        height=round(pixels.shape[1] * scale),
        alt=(
            f"Test image {one.index}, class {label}: {right} is right in {right_in} of {pair.rounds} rounds, "
            f"{wrong} in {wrong_in} and says {said} in {one.said_in}."
        ),
        label=label,
        said=said,
        rounds=f"right {right_in} : {wrong_in} of {pair.rounds}",
    )
