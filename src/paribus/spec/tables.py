"""A study as tables in HTML, for notebooks: its base as it was written, its variants, its claims."""

from typing import Any

from paribus.markup import block, bullets, paragraph, table
from paribus.spec.study import Study
from paribus.spec.words import settings

_SECTIONS = ("data", "net", "protocol", "decision")


def study_html(study: Study) -> str:
    """A study in HTML; fields left out of it have their defaults and are not shown."""
    base = [(section, _written(getattr(study, section))) for section in _SECTIONS]
    variants = [(name, settings(changes) or "nothing") for name, changes in study.differences.items()]
    return block(
        paragraph(study.question, strong=f"{study.name}."),
        table("The base", ("section", "fields"), base),
        table("The variants", ("variant", "differs from the base by"), variants),
        paragraph("Claims, declared before the runs:") + bullets(study.claims) if study.claims else "",
    )


def _written(section: Any) -> str:  # noqa: ANN401 - any section's model
    return settings(section.model_dump(mode="json", exclude_unset=True)) or "all at their defaults"
