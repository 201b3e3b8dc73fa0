"""The tables of docs/performance.md are those that the benches' files make."""

import json
from pathlib import Path

import pytest
from bench.tables.__main__ import PAGE, RESULTS, with_tables


def test_the_page_has_the_tables_of_the_results_beside_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("<!-- table ") == page.count("<!-- end -->") >= 8
    assert with_tables(page, RESULTS) == page, "run `python -m bench.tables`"


def test_a_table_follows_its_file(tmp_path: Path) -> None:
    document = {
        "command": "python -m bench.equality",
        "settings": {"iterations": 3000},
        "sentences": ["They are equivalent."],
        "largest_absolute_difference_pp": 0.014,
    }
    (tmp_path / "equality.json").write_text(json.dumps(document))
    page = with_tables("before\n<!-- table equality -->\nold\n<!-- end -->\nafter", tmp_path)
    assert page.splitlines() == [
        "before",
        "<!-- table equality -->",
        "`python -m bench.equality`, 3000 iterations:",
        "- They are equivalent.",
        "- Largest difference of a round: 0.01 pp.",
        "<!-- end -->",
        "after",
    ]


def test_a_table_that_is_not_known_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="nothing"):
        with_tables("<!-- table nothing -->\n<!-- end -->", tmp_path)
