"""What there is to mind about the data stands beside the verdict, as text and as HTML."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from paribus import api
from paribus.data import Duplicates

Tables = Callable[[str], dict[str, list[list[str]]]]


def test_duplicates_and_imbalance_are_told_with_the_verdict(tmp_path: Path, html_tables: Tables) -> None:
    plain = api.show("mnist-pooling", store=tmp_path / "none")
    assert "About the data" not in f"{plain}{plain._repr_html_()}"
    known = replace(
        plain.layout.data,
        duplicates=Duplicates(2, 1, (("<b>/3.png", "train/a.png"),)),
        test_per_class=(300, *[1000] * 9),
    )
    minded = replace(plain, layout=replace(plain.layout, data=known))
    html = minded._repr_html_()
    assert html_tables(html) == html_tables(plain._repr_html_())
    for words in ("2 of the 9,300 test images are training images too", "are unbalanced, 3.3 to 1"):
        assert words in str(minded)
        assert words in html
    assert html.count("About the data: ") == str(minded).count("About the data: ") == 2
    assert "&lt;b&gt;/3.png = train/a.png" in html
