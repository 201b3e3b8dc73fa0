"""The reference of the study file is made of the models, complete, and the committed one is up to date."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from paribus.spec import Study
from paribus.spec.fields import SpecModel
from paribus.spec.reference import reference, renewed, sections, type_in_words

DOCUMENT = Path(__file__).parents[2] / "docs" / "study-file.md"
RENEW = "python -m paribus.spec.reference docs/study-file.md"


def row(section: str, field: str) -> list[str]:
    """The cells of a field's row."""
    text = reference().split(f"### {section}\n")[1].split("### ")[0]
    found = re.search(rf"^\| `{field}` \|.*\|$", text, re.MULTILINE)
    assert found is not None, (section, field)
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", found[0])[1:-1]]


def test_the_committed_reference_is_what_the_models_say() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert renewed(text) == text, f"docs/study-file.md is behind the models; run: {RENEW}"


def test_every_model_of_a_study_has_its_section_and_every_field_its_row() -> None:
    models = {model for _, model in sections()}
    assert models == {Study, *_subclasses(SpecModel)}
    for heading, model in sections():
        for name, field in model.model_fields.items():
            cells = row(heading, name)
            assert len(cells) == 4
            assert cells[1] != "any value"
            assert cells[3] == " ".join((field.description or "").split()).replace("|", "\\|") != ""


def test_sections_are_named_as_in_the_file() -> None:
    headings = [heading for heading, _ in sections()]
    assert "Top level · `Study`" in headings
    assert "`[[net.blocks]]` · `Block`" in headings
    assert "`[protocol.augmentation]` · `Augmentation`" in headings
    assert len(set(headings)) == len(headings)


@pytest.mark.parametrize(
    ("section", "field", "takes", "default"),
    [
        ("`[[net.blocks]]` · `Block`", "channels", "whole number, 1 to 8,192", "required"),
        ("`[[net.blocks]]` · `Block`", "pool", '`"max"`, `"avg"` or `"none"`', "left out"),
        ("`[net]` · `Net`", "padding", '`"same"` or `"valid"`; or whole number, 0 to 64', '`"same"`'),
        ("`[net]` · `Net`", "dropout", "number, at least 0 and below 1", "`0.0`"),
        (
            "`[protocol]` · `Protocol`",
            "betas",
            "list of 2, each a number, at least 0 and below 1",
            "`[0.9, 0.999]`",
        ),
        ("`[protocol]` · `Protocol`", "augmentation", "table (`Augmentation`)", "its defaults"),
        ("`[protocol]` · `Protocol`", "nesterov", "`true` or `false`", "`false`"),
        ("`[decision]` · `Decision`", "max_rounds", "whole number, 3 to 200", "`20`"),
    ],
)
def test_types_bounds_and_defaults_in_words(section: str, field: str, takes: str, default: str) -> None:
    assert row(section, field)[1:3] == [takes, default]


def test_what_has_no_words_is_any_value() -> None:
    assert type_in_words({}) == "any value"


def test_a_document_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the fields"):
        renewed("# Nothing here")


def test_the_command_renews_a_document_and_needs_no_torch(tmp_path: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    path = tmp_path / "study-file.md"
    path.write_text(re.sub(r"(?<=-->\n).*(?=<!-- end)", "old\n", text, flags=re.DOTALL), encoding="utf-8")
    code = (
        "import runpy, sys; sys.argv[1:] = sys.argv[1:]; "
        "runpy.run_module('paribus.spec.reference', run_name='__main__'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert path.read_text(encoding="utf-8") == text


def _subclasses(model: type[SpecModel]) -> set[type[SpecModel]]:
    """All models of the package below a model."""
    below = {child for child in model.__subclasses__() if child.__module__.startswith("paribus.")}
    return below.union(*(_subclasses(child) for child in below))
