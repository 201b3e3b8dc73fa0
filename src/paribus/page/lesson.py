"""The page that teaches: which net and which image it is drawn from."""

from dataclasses import dataclass

from paribus.page.inside import Inside
from paribus.page.refusal import RefusedError
from paribus.page.studies import Known
from paribus.report.html.page import Section
from paribus.report.look_lesson import lesson_sections
from paribus.report.terminal import clean

IMAGE = "0"


@dataclass(frozen=True)
class LessonPage:
    """The lesson.

    Attributes:
        lead: What its numbers are from.
        sections: Its steps.
    """

    lead: str
    sections: tuple[Section, ...]


def lesson_page(known: Known, inside: Inside) -> LessonPage:
    """The lesson with the numbers of a study's first net; of an untrained one where none is trained.

    Raises:
        RefusedError: 404 if the test images are not on this machine; 409 if the study has own nets only.
    """
    assert known.layout is not None, "a study that is shown is laid out"
    untrained = False
    try:
        looked = inside.look(known, IMAGE, None)
    except RefusedError as refused:
        if refused.status != 409:
            raise
        looked, untrained = inside.untrained(known, int(IMAGE)), True
    net = next((net for net in looked.nets if net.blocks), None)
    if net is None:
        raise RefusedError(409, "The nets of this study are own ones.", "Choose a study of declared nets.")
    name = f"{clean(net.variant)} of {clean(known.name)}"
    whose = (
        f"{name}, which is not trained yet: its kernels are random"
        if untrained
        else f"{name}, seed {net.seed}"
    )
    lead = f"Every picture is computed: test image {IMAGE} of {known.layout.data.name} in the net {whose}."
    return LessonPage(lead, lesson_sections(looked, known.layout.names))
