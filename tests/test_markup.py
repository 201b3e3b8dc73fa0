"""HTML for notebooks: nothing that a study's author writes can become markup."""

import xml.etree.ElementTree as ET
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from paribus.markup import block, bullets, paragraph, plain, table

Tables = Callable[[str], dict[str, list[list[str]]]]


def test_a_table_has_its_cells_headings_and_caption(html_tables: Tables) -> None:
    html = table("What", ("name", "value"), [("a", "1"), ("b", "2")], numeric=(1,), foot=("all", "3"))
    assert html_tables(html) == {"What": [["name", "value"], ["a", "1"], ["b", "2"], ["all", "3"]]}
    root = ET.fromstring(html)
    assert [heading.text for heading in root.iter("th") if heading.get("scope") == "row"] == ["a", "b", "all"]
    assert "text-align:right" in root.findall(".//td")[0].get("style", "")
    assert root.find("tfoot") is not None


def test_markup_in_a_text_is_shown_as_it_was_written(html_tables: Tables) -> None:
    evil = "<script>alert(\"x\")</script> & <b onclick='y'>"
    found = html_tables(table(evil, (evil, "x"), [(evil, evil)]))
    assert found == {evil: [[evil, "x"], [evil, evil]]}
    assert "".join(ET.fromstring(block(paragraph(evil), bullets([evil]))).itertext()) == evil * 2


def test_control_characters_and_changes_of_direction_are_taken_out() -> None:
    assert plain("a\x1b[31mb\u202ec\x00") == "a [31mb c "


def test_a_newline_begins_a_new_line() -> None:
    assert plain("a\nb") == "a<br/>b"


def test_no_items_make_no_list() -> None:
    assert bullets([]) == ""


@given(st.text())
def test_any_text_stays_one_text_node_a_line(text: str) -> None:
    root = ET.fromstring(f"<p>{plain(text)}</p>")
    assert {child.tag for child in root} <= {"br"}
    assert len(root) == text.count("\n")
