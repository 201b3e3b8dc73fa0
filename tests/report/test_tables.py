"""Tables of facts and of datasets."""

from collections.abc import Callable

import pytest
from rich.cells import cell_len

from paribus.data import datasets
from paribus.report.data_text import data_text
from paribus.report.doctor_text import doctor_text

Show = Callable[..., str]


@pytest.mark.parametrize("width", [60, 100, 200])
def test_every_dataset_has_its_size_and_whether_it_is_here(width: int, show: Show) -> None:
    text = show(data_text(datasets(), {"mnist"}), width=width)
    lines = {line.split()[0]: line.split() for line in text.splitlines() if "60,000" in line}
    assert lines["mnist"][1:7] == ["60,000", "+", "10,000", "1×28×28", "10", "yes"]
    assert lines["fashion-mnist"][1:7] == ["60,000", "+", "10,000", "1×28×28", "10", "no"]
    assert max(map(cell_len, text.splitlines())) <= width


def test_facts_stand_in_columns_and_are_never_read_as_markup(show: Show) -> None:
    facts = [("cores", "2", ""), ("instruction set", "AVX512", "[red]fast\x1b[2J[/red]")]
    first, second = show(doctor_text(facts)).splitlines()
    assert first.split() == ["cores", "2"]
    assert second.split("  ")[-1].strip() == "[red]fast[/red]"
    assert first.index("2") == second.index("AVX512")
