"""Own nets made: initial weights, memory format, global state, and every way in which code can be wrong."""

import random
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch

from paribus.errors import StudyError
from paribus.nets.build import build
from paribus.nets.initial import initial_weights
from paribus.nets.own import make_own
from paribus.nets.shapes import LayerTable, layer_table
from paribus.nets.start import start
from paribus.spec import Block, Net, OwnNet

Written = Callable[..., OwnNet]

IMAGE = (1, 12, 12)
TABLE = LayerTable(IMAGE, 10, (), 0)

SMALL = """
class Small(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3)
        self.bn = nn.BatchNorm2d(width)
        self.drop = nn.Dropout(0.5)
        self.fc1 = nn.Linear(width, classes)

    def forward(self, images):
        maps = self.drop(torch.relu(self.bn(self.conv1(images))))
        return self.fc1(maps.mean((2, 3)))

def net(classes, width=4):
    return Small(width, classes)
"""


def images(count: int = 3) -> torch.Tensor:
    values = np.random.default_rng(0).random((count, *IMAGE[1:], IMAGE[0]), dtype=np.float32)
    return torch.from_numpy(values).permute(0, 3, 1, 2)


def fault(net: OwnNet) -> str:
    with pytest.raises(StudyError) as caught:
        make_own(net, IMAGE, 10, 0)
    (found,) = caught.value.faults
    return str(found)


def test_layers_start_as_those_of_a_declared_net_of_the_same_names_and_shapes(written: Written) -> None:
    net = Net(blocks=(Block(channels=4),), global_pool="avg", padding="valid", pool="none")
    declared = initial_weights(layer_table(net, IMAGE, 10), 5)
    own = start(written(SMALL), IMAGE, 10, 5).initial
    for name in ("conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias"):
        assert own[name].tobytes() == declared[name].tobytes()
    assert set(own) - set(declared) == {"bn.weight", "bn.bias"}


def test_images_and_logits_pass_through_and_state_has_the_modules_own_names(written: Written) -> None:
    made = make_own(written(SMALL, width=3), IMAGE, 10, 0)
    assert made.module.training
    assert made.module(images()).shape == (3, 10)
    assert set(made.module.named_state()) == {
        "conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias", "bn.weight", "bn.bias",
        "bn.running_mean", "bn.running_var", "bn.num_batches_tracked",
    }  # fmt: skip
    assert made.starts["bn.weight"] == made.starts["bn.bias"]
    assert set(made.starts) == {"bn.weight", "bn.bias"}
    assert made.starts["bn.weight"].startswith("BatchNorm2d(3, ")
    assert made.notes == {"memory format": "channels last"}


def test_build_sets_parameters_and_buffers(written: Written) -> None:
    net = written(SMALL)
    trained = build(net, TABLE, {}, 1)
    trained(images())
    weights = {name: tensor.detach().numpy().copy() for name, tensor in trained.named_state().items()}
    again = build(net, TABLE, weights, 2)
    for name, tensor in again.named_state().items():
        assert np.array_equal(tensor.detach().numpy(), weights[name]), name
    assert torch.equal(again.eval()(images()), trained.eval()(images()))


def test_declared_nets_and_own_ones_are_built_the_same_way() -> None:
    table = layer_table(Net(), (1, 28, 28), 10)
    assert build(Net(), table, initial_weights(table, 0), 0).named_state().keys() == table.parameters.keys()


def test_nothing_of_the_code_leaks_into_the_process(written: Written) -> None:
    net = written("""
        import random
        import numpy

        def net(classes):
            torch.manual_seed(3), random.seed(3), numpy.random.seed(3)
            torch.set_default_dtype(torch.float64)
            module = nn.Sequential(nn.Flatten(), nn.Linear(144, classes, dtype=torch.float32))
            torch.set_grad_enabled(False)
            return module
        """)
    torch.manual_seed(1)
    before = torch.get_rng_state(), random.getstate(), str(np.random.get_state())  # noqa: NPY002
    make_own(net, IMAGE, 10, 0)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert before[2] == str(np.random.get_state())  # noqa: NPY002
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()


def test_whatever_draws_from_a_global_generator_is_seeded_by_the_round(written: Written) -> None:
    net = written("""
        import random
        import numpy

        class Own(nn.Module):
            def __init__(self, classes):
                super().__init__()
                draws = [random.random(), numpy.random.rand(), torch.rand(()).item()]
                self.scale = nn.Parameter(torch.tensor(draws))
                self.register_buffer("noise", torch.randn(4))
                self.fc = nn.Linear(144, classes)

            def forward(self, images):
                return functional.dropout(self.fc(images.flatten(1)), 0.5, self.training) * self.scale.sum()

        def net(classes):
            return Own(classes)
        """)
    runs = []
    for seed in (1, 1, 2):
        random.seed(), torch.seed(), np.random.seed()  # noqa: NPY002
        begun = start(net, IMAGE, 10, seed)
        with begun.generators():
            logits = begun.net(images())
        runs.append((begun.initial["scale"].tobytes(), begun.net.named_state()["noise"], logits))
        assert begun.notes["globally seeded"] == "scale"
    assert runs[0][0] == runs[1][0] != runs[2][0]
    assert torch.equal(runs[0][1], runs[1][1])
    assert not torch.equal(runs[0][1], runs[2][1])
    assert torch.equal(runs[0][2], runs[1][2])
    assert not torch.equal(runs[0][2], runs[2][2])


def test_a_net_that_needs_contiguous_images_gets_them(written: Written) -> None:
    net = written("""
        class View(nn.Module):
            def __init__(self, classes):
                super().__init__()
                self.conv = nn.Conv2d(1, 4, 3)
                self.fc = nn.Linear(400, classes)

            def forward(self, images):
                return self.fc(self.conv(images).view(len(images), -1))

        def net(classes):
            return View(classes)
        """)
    made = make_own(net, IMAGE, 10, 0)
    assert made.notes["memory format"].startswith("contiguous (channels last fails: RuntimeError: view size")
    assert "mine.py:" in made.notes["memory format"]
    plain = made.module.module
    expected = plain(images().clone(memory_format=torch.contiguous_format))
    assert torch.equal(made.module(images()), expected)


def test_a_net_that_computes_something_else_channels_last_is_computed_contiguous(written: Written) -> None:
    net = written("""
        class Strided(nn.Module):
            def __init__(self, classes):
                super().__init__()
                self.conv = nn.Conv2d(1, 4, 3)
                self.fc = nn.Linear(400, classes)

            def forward(self, images):
                maps = self.conv(images)
                return self.fc(maps.as_strided((len(maps), 400), (400, 1)))

        def net(classes):
            return Strided(classes)
        """)
    made = make_own(net, IMAGE, 10, 0)
    assert made.notes["memory format"] == "contiguous (channels last gives other logits)"
    assert not made.module.channels_last


def test_lazy_modules_learn_their_shapes_and_start_by_name(written: Written) -> None:
    lazy = written("""
        def net(classes):
            return nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(classes))
        """)
    eager = written(
        "def net(classes):\n"
        "    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(400, classes))\n",
        module="eager",
    )
    one, other = start(lazy, IMAGE, 10, 3), start(eager, IMAGE, 10, 3)
    assert {name: values.tobytes() for name, values in one.initial.items()} == {
        name: values.tobytes() for name, values in other.initial.items()
    }
    assert "globally seeded" not in one.notes


def test_both_parameters_of_the_data_are_given_where_the_signature_asks(written: Written) -> None:
    net = written(
        "def net(image_shape, *, classes, hidden=[], **rest):\n"
        "    c, h, w = image_shape\n"
        "    sizes = [c * h * w, *hidden, classes, *rest['more']]\n"
        "    return nn.Sequential(nn.Flatten(), *[nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])\n",
        hidden=[7],
        more=[10],
    )
    assert {name: values.shape for name, values in start(net, IMAGE, 10, 0).initial.items()} == {
        "1.weight": (7, 144), "1.bias": (7,), "2.weight": (10, 7), "2.bias": (10,),
        "3.weight": (10, 10), "3.bias": (10,),
    }  # fmt: skip


def test_a_class_of_modules_is_a_callable_too(written: Written) -> None:
    net = written(f"{FLAT}{FORWARD}return super().forward(images.flatten(1))\n")
    assert set(start(net, IMAGE, 10, 0).initial) == {"weight", "bias"}


FLAT = "class net(nn.Linear):\n    def __init__(self):\n        super().__init__(144, 10)\n"
FORWARD = "    def forward(self, images):\n        "
MEMBER = "def net(): return nn.Sequential(nn.Flatten(), "

WRONG = {
    "no module": ("def net(): return 3", "a callable that returns a torch.nn.Module, found an object of int"),
    "fails": (
        "def net():\n    raise ValueError('width\\nmust be even')",
        "expected mine:net to work, found ValueError: width must be even (mine.py:6)",
    ),
    "exits": ("def net():\n    import sys\n    sys.exit(3)", "found SystemExit: 3 (mine.py:7)"),
    "imports nothing": (
        "import nowhere_at_all\ndef net(): ...",
        "No module named 'nowhere_at_all' (mine.py:5)",
    ),
    "fails at import": ("1 / 0\ndef net(): ...", "found ZeroDivisionError: division by zero (mine.py:5)"),
    "no callable": ("net = 3", "expected a callable that mine defines, found net is 3"),
    "nothing to train": ("def net(): return nn.Flatten()", "a module with parameters to train, found none"),
    "other logits": (
        f"{MEMBER} nn.Linear(144, 9))",
        "expected logits of shape (2, 10) for 2 images, found float32 of shape (2, 9)",
    ),
    "other images": ("def net(): return nn.Linear(144, 10)", "mat1 and mat2 shapes cannot be multiplied"),
    "double": (
        f"{MEMBER} nn.Linear(144, 10)).double()",
        "expected parameters in float32 on the processor, found 1.weight in float64 on cpu",
    ),
    "elsewhere": (f"{MEMBER} nn.Linear(144, 10, device='meta'))", "found 1.weight in float32 on meta"),
    "two results": (
        f"{FLAT}{FORWARD}return images.flatten(1) @ self.weight.T, 1",
        "expected a module that returns logits, a tensor, found tuple from its forward",
    ),
    "untrained logits": (
        f"{FLAT}{FORWARD}return images.flatten(1)[:, :10]",
        "expected logits that depend on trained parameters, found none that do",
    ),
    "fixed batch": (f"{FLAT}{FORWARD}assert len(images) > 2", "found AssertionError (mine.py:9)"),
    "one module for all": (
        "one = nn.Sequential(nn.Flatten(), nn.Linear(144, 10))\ndef net(): return one",
        "expected a new module with new parameters from every call",
    ),
    "no seed decides": (
        (
            f"import os\n{FLAT}"
            "        self.own = nn.Parameter(torch.tensor([*map(float, os.urandom(9))]))\n"
            f"{FORWARD}return super().forward(images.flatten(1)) * self.own.sum()"
        ),
        "expected the same initial values from every call",
    ),
}


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_the_code_is_told_in_one_fault_with_the_users_own_line(
    written: Written, text: str, told: str
) -> None:
    said = fault(written(text + "\n"))
    assert said.startswith("net.callable: expected ")
    assert told in said


def test_arguments_that_the_callable_does_not_take_or_misses_are_named(written: Written) -> None:
    said = fault(written(SMALL, wdth=3))
    assert said == (
        "net.wdth: expected an argument of mine:net, which takes width, found an unknown one = 3; "
        "did you mean `width`?"
    )
    missing = fault(written("def net(width, *, classes): ...\n"))
    assert missing == "net.width: expected a value, which mine:net needs, found nothing"


def test_code_that_changed_since_the_study_was_read_is_not_run(written: Written) -> None:
    net = written(SMALL)
    written("raise SystemExit\ndef net(): ...\n")
    assert "expected the code that the study was read with" in fault(net)


def test_every_text_of_one_name_is_run_as_it_is(written: Written) -> None:
    """In one process, within one second, with as many signs: no module and no bytecode may be left over."""
    text = "def net(): return nn.Sequential(nn.Flatten(), nn.Linear(144, %d), nn.Linear(%d, 10))\n"
    for width in (3, 4, 3, 5):
        initial = start(written(text % (width, width)), IMAGE, 10, 0).initial
        assert initial["1.weight"].shape == (width, 144)


def test_modules_beside_it_are_imported_from_the_text_that_was_read(written: Written) -> None:
    written("WIDTH = 3\ndef net(): ...\n", module="sizes")
    net = written("""
        def net(classes):
            from sizes import WIDTH
            return nn.Sequential(nn.Flatten(), nn.Linear(144, WIDTH), nn.Linear(WIDTH, classes))
        """)
    assert start(net, IMAGE, 10, 0).initial["1.weight"].shape == (3, 144)
    written("WIDTH = 4\ndef net(): ...\n", module="sizes")
    assert start(net, IMAGE, 10, 0).initial["1.weight"].shape == (3, 144)


def test_failing_forward_ends_a_run_in_words(written: Written) -> None:
    net = written("""
        class Failing(nn.Module):
            def __init__(self, classes):
                super().__init__()
                self.fc = nn.Linear(144, classes)
                self.calls = 0

            def forward(self, images):
                self.calls += 1
                if self.calls == 2:
                    raise SystemExit("enough")
                return self.fc(images.flatten(1))

        def net(classes):
            return Failing(classes)
        """)
    with pytest.raises(StudyError, match=r"SystemExit: enough \(mine.py:1\d\)"):
        make_own(net, IMAGE, 10, 0)


def test_prints_of_the_code_do_not_reach_standard_output(
    written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    make_own(written(f"print('imported')\n{SMALL}"), IMAGE, 10, 0)
    said = capsys.readouterr()
    assert said.out == ""
    assert "imported" in said.err
    assert "mine" in sys.modules
