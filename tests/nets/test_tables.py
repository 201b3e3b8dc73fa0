"""The layer table in a notebook and as text: the teaching notebook's shapes and arithmetic."""

from collections.abc import Callable

import pytest

from paribus.nets.shapes import LayerTable, layer_table
from paribus.spec import Study, locate

Tables = Callable[[str], dict[str, list[list[str]]]]


@pytest.fixture
def valid() -> LayerTable:
    """The notebook's third model."""
    net = Study.read(locate("mnist-pooling")).configurations["max-valid"].declared_net
    return layer_table(net, (1, 28, 28), 10)


def test_layers_in_a_notebook(valid: LayerTable, html_tables: Tables) -> None:
    ((caption, (head, *rows)),) = html_tables(valid._repr_html_()).items()
    assert caption == "Layers for an image of 1 × 28 × 28"
    assert head == ["layer", "output", "parameters", "FLOPs"]
    assert rows[0] == [
        "conv1  5×5, stride 1, padding 0",
        "16 × 24 × 24\n⌊(28 + 2·0 − 5) / 1⌋ + 1 = 24",
        "(16, 1, 5, 5) (16)",
        f"{2 * 16 * 25 * 24 * 24:,}",
    ]
    assert rows[-2] == ["fc1  512 → 10", "10", "(10, 512) (10)", "10,240"]
    parameters = 16 * 25 + 16 + 32 * 16 * 25 + 32 + 5120 + 10
    assert rows[-1] == ["all", "", f"{parameters:,}", f"{valid.forward_flops:,}"]


def test_layers_as_text_stand_in_columns(valid: LayerTable) -> None:
    title, head, *lines = str(valid).splitlines()
    assert title == "Layers for an image of 1 × 28 × 28"
    at = head.index("parameters")
    assert [line[at:].startswith("(") for line in lines if line.startswith(("conv", "fc"))] == [True] * 3
    assert (
        len({len(line) for line in [head, *lines] if line.split()[0] in ("layer", "conv1", "fc1", "all")})
        == 1
    )
    assert "16 × 24 × 24  ⌊(28 + 2·0 − 5) / 1⌋ + 1 = 24" in lines[0]


def test_layers_in_short_are_image_classes_and_parameters(valid: LayerTable) -> None:
    assert repr(valid) == "LayerTable(1 × 28 × 28 to 10, 18,378 parameters)"
