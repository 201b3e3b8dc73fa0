"""A study in a notebook: what was written, nothing else."""

from collections.abc import Callable

from paribus.spec import Study, locate

Tables = Callable[[str], dict[str, list[list[str]]]]


def test_a_study_shows_its_base_its_variants_and_its_claims(html_tables: Tables) -> None:
    study = Study.read(locate("mnist-pooling"))
    html = study._repr_html_()
    tables = html_tables(html)
    base = dict(row for row in tables["The base"][1:])
    assert base["data"] == 'dataset = "mnist"'
    assert "iterations = 3000" in base["protocol"]
    assert "momentum" not in base["protocol"]
    assert tables["The variants"][1:] == [
        ["max-same", "nothing"],
        ["avg-same", 'net.pool = "avg"'],
        ["max-valid", 'net.padding = "valid"'],
    ]
    assert "<li>avg-same &lt; max-valid &lt; max-same</li>" in html


def test_a_section_without_fields_is_at_its_defaults(html_tables: Tables) -> None:
    study = Study(
        name="s", question="<i>?", protocol={"epochs": 1}, variants={"a": {}, "b": {"net.pool": "avg"}}
    )
    html = study._repr_html_()
    assert ["data", "all at their defaults"] in html_tables(html)["The base"]
    assert "&lt;i&gt;?" in html
    assert "Claims" not in html


def test_a_study_in_plain_text_names_its_variants_and_claims() -> None:
    study = Study.read(locate("mnist-pooling"))
    assert repr(study) == (
        "Study(name='mnist-pooling', variants=['max-same', 'avg-same', 'max-valid'], "
        "claims=['avg-same < max-same', 'avg-same < max-valid < max-same'])"
    )
