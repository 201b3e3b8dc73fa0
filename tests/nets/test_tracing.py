"""Layer tables of own nets: what torch finds in them, from a process of its own, kept in a cache."""

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from paribus.errors import StudyError
from paribus.nets.build import build
from paribus.nets.shapes import LayerTable, layer_table
from paribus.nets.trace import trace
from paribus.nets.tracing import layer_tables
from paribus.spec import Block, Net, OwnNet
from paribus.spec.sources import Sources

Written = Callable[..., OwnNet]

IMAGE = (1, 12, 12)
EXAMPLES = Path(__file__).parents[2] / "examples"

RESIDUAL = """
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.act = nn.ReLU()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, maps):
        return self.act(self.act(self.norm(self.conv(maps))) * self.scale + maps)

class Residual(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1)
        self.blocks = nn.Sequential(Block(width), Block(width))
        self.head = nn.Linear(width, classes)
        self.unused = nn.Linear(2, 3)

    def forward(self, images):
        maps = functional.conv2d(self.blocks(self.stem(images)), self.blocks[0].conv.weight, padding=1)
        return self.head(maps.mean((2, 3)))

def net(classes, width=4):
    return Residual(width, classes)
"""


def tables(nets: dict[str, Any], cache: Path, **options: Any) -> dict[str, LayerTable | StudyError]:  # noqa: ANN401
    return layer_tables(nets, IMAGE, 10, cache=cache, **options)


def one(net: OwnNet, cache: Path, **options: Any) -> LayerTable:  # noqa: ANN401
    table = tables({"net": net}, cache, **options)["net"]
    assert isinstance(table, LayerTable)
    return table


def answering(table: LayerTable) -> list[str]:
    """A program that answers at once what tracing would answer after loading torch."""
    line = json.dumps({"table": dataclasses.asdict(table)})
    return [sys.executable, "-c", f"print({line!r})"]


NOBODY = ["/no/such/program"]


def test_table_has_the_layers_shapes_parameters_and_flops_that_torch_finds(written: Written) -> None:
    net = written(RESIDUAL, width=3)
    table = trace(net, IMAGE, 10)
    module = build(net, table, {}, 0)
    parameters = {name: tuple(value.shape) for name, value in module.module.named_parameters()}
    assert table.parameters | parameters == parameters
    assert set(table.parameters) == set(parameters)
    buffers = {name for layer in table.layers for name in layer.buffers}
    assert set(module.named_state()) == set(parameters) | buffers
    with FlopCounterMode(display=False) as forward, torch.no_grad():
        module.eval()(torch.zeros(1, *IMAGE))
    with FlopCounterMode(display=False) as both:
        torch.autograd.backward(module(torch.zeros(1, *IMAGE)).sum())
    assert table.forward_flops == forward.get_total_flops()
    assert table.training_flops == both.get_total_flops()
    assert [(layer.name, layer.output) for layer in table.layers] == [
        ("net", (10,)), ("stem", (3, 12, 12)),
        ("blocks.0", (3, 12, 12)), ("blocks.0.conv", (3, 12, 12)), ("blocks.0.norm", (3, 12, 12)),
        ("blocks.0.act", (3, 12, 12)),
        ("blocks.1", (3, 12, 12)), ("blocks.1.conv", (3, 12, 12)), ("blocks.1.norm", (3, 12, 12)),
        ("blocks.1.act", (3, 12, 12)),
        ("head", (10,)), ("unused", ()),
    ]  # fmt: skip
    rows = {layer.name: layer for layer in table.layers}
    assert rows["net"].flops == rows["blocks.0.conv"].flops == 2 * 3 * 3 * 9 * 144
    assert rows["blocks.0.act"].arithmetic == "called 2 times"
    assert rows["blocks.0"].parameters == {"blocks.0.scale": (1,)}
    assert rows["stem"].kind == "Conv2d"
    assert rows["stem"].detail.startswith("Conv2d(1, 3, kernel_size=(3, 3)")
    assert table.notes == {
        "memory format": "channels last",
        "globally seeded": "blocks.0.scale, blocks.1.scale",
    }
    assert "blocks.0.scale" not in table.common_starts
    assert table.common_starts["stem.bias"] == ("stem.bias", "", (3, 1, 3, 3), (3,))


def test_tables_of_all_nets_come_from_one_process_and_then_from_the_cache(
    written: Written, tmp_path: Path
) -> None:
    own, declared = written(RESIDUAL, width=3), Net(blocks=(Block(channels=2),))
    nets = {"a": own, "b": written(RESIDUAL, width=5), "again": own, "declared": declared}
    first = tables(nets, tmp_path / "cache")
    assert isinstance(first["a"], LayerTable)
    assert first["a"] == first["again"] == trace(own, IMAGE, 10)
    assert first["declared"] == layer_table(declared, IMAGE, 10)
    assert len(list((tmp_path / "cache").iterdir())) == 2
    assert tables(nets, tmp_path / "cache", command=NOBODY) == first


def test_cache_is_asked_by_text_arguments_image_and_classes(written: Written, tmp_path: Path) -> None:
    base = written(RESIDUAL, width=3)
    one(base, tmp_path, command=answering(trace(base, IMAGE, 10)))
    assert tables({"net": base}, tmp_path, command=NOBODY)
    other = [
        (written(RESIDUAL, width=4), IMAGE, 10),
        (base, (1, 13, 12), 10),
        (base, IMAGE, 9),
    ]
    for net, image, classes in other:
        with pytest.raises(FileNotFoundError):
            layer_tables({"net": net}, image, classes, cache=tmp_path, command=NOBODY)
    changed = written(RESIDUAL + "# another text\n", width=3)
    with pytest.raises(FileNotFoundError):
        tables({"net": changed}, tmp_path, command=NOBODY)


@pytest.mark.parametrize("damage", ["half", "other", "empty"])
def test_a_damaged_file_of_the_cache_is_made_anew(written: Written, tmp_path: Path, damage: str) -> None:
    net = written(RESIDUAL, width=3)
    command = answering(trace(net, IMAGE, 10))
    expected = one(net, tmp_path / "cache", command=command)
    (file,) = (tmp_path / "cache").iterdir()
    text = file.read_text()
    kept = json.loads(text)
    kept["table"]["training_flops"] += 1
    file.write_text({"half": text[: len(text) // 2], "other": json.dumps(kept), "empty": ""}[damage])
    with pytest.raises(FileNotFoundError):
        tables({"net": net}, tmp_path / "cache", command=NOBODY)
    assert one(net, tmp_path / "cache", command=command) == expected
    assert file.read_text() == text


def test_a_cache_that_cannot_be_written_to_costs_time_only(written: Written, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    net = written(RESIDUAL)
    expected = trace(net, IMAGE, 10)
    assert one(net, tmp_path / "cache", command=answering(expected)) == expected


def test_faults_are_told_where_the_net_stands_and_the_other_nets_are_traced(
    written: Written, tmp_path: Path
) -> None:
    noisy = "import os\nprint('{}')\nos.write(1, b'{}\\n')\nos.system('echo {}')\n"
    nets = {
        "variants.a: net": written(RESIDUAL, wdth=3),
        "variants.b: net": written("import os\ndef net(): os._exit(7)\n", module="deadly"),
        "variants.c: net": written(noisy + RESIDUAL, module="noisy"),
    }
    found = tables(nets, tmp_path / "cache")
    assert isinstance(found["variants.c: net"], LayerTable)
    unknown, deadly = found["variants.a: net"], found["variants.b: net"]
    assert isinstance(unknown, StudyError)
    assert isinstance(deadly, StudyError)
    assert unknown.faults[0].field == "variants.a: net.wdth"
    assert deadly.faults[0].field == "variants.b: net.callable"
    assert deadly.faults[0].found == "its process ended with exit code 7"


def test_code_that_hangs_is_ended(written: Written, tmp_path: Path) -> None:
    hanging = [sys.executable, "-c", "import time; time.sleep(60)"]
    found = tables({"net": written(RESIDUAL)}, tmp_path, command=hanging, seconds=0.2)["net"]
    assert isinstance(found, StudyError)
    assert "found nothing after 0 s" in str(found)


def test_the_example_has_a_table(tmp_path: Path) -> None:
    net = OwnNet.model_validate({"callable": "own_net:small_resnet", "width": 4, "depth": 3})
    table = trace(net.at(Sources(EXAMPLES).find(net.callable)), (1, 28, 28), 10)
    assert table.parameters["blocks.2.skip.weight"] == (16, 8, 1, 1)
    assert table.notes == {"memory format": "channels last"}
