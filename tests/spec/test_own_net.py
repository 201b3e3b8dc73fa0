"""Own nets in studies: how they are written, what identifies them, what is refused."""

from pathlib import Path

import pytest

from paribus.errors import StudyError
from paribus.spec import Net, OwnNet, Study, declaration, run_key, study_digest

MODULE = "def net(width=8, depth=2): ...\ndef other(): ...\n"
HEAD = 'name = "s"\n'
TAIL = "[protocol]\niterations = 10\n"
VARIANTS = '[variants]\nnarrow = {}\nwide = { "net.width" = 32 }\n'
TABLE = '[net]\ncallable = "mine:net"\nwidth = 16\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MODULE)
    return tmp_path


def read(home: Path, text: str, overrides: dict[str, str] | None = None) -> Study:
    path = home / "study.toml"
    path.write_text(text)
    return Study.read(path, overrides)


def own(study: Study, variant: str) -> OwnNet:
    net = study.configurations[variant].net
    assert isinstance(net, OwnNet)
    return net


def key(study: Study, variant: str) -> str:
    return run_key(study.configurations[variant], 0, fingerprint="f", train_images=100)


def faults(home: Path, text: str) -> dict[str, str]:
    with pytest.raises(StudyError) as caught:
        read(home, text)
    return {fault.field: str(fault) for fault in caught.value.faults}


def test_arguments_stand_beside_the_callable_and_variants_change_them(home: Path) -> None:
    study = read(home, HEAD + TABLE + TAIL + VARIANTS)
    assert own(study, "narrow").arguments == {"width": 16}
    assert own(study, "wide").arguments == {"width": 32}
    assert own(study, "wide").callable == "mine:net"
    assert own(study, "wide").source.root == str(home)


def test_a_variant_may_give_an_argument_that_the_base_leaves_out(home: Path) -> None:
    study = read(home, HEAD + TABLE + TAIL + '[variants]\na = {}\nb = { "net.depth" = 3 }\n')
    assert own(study, "b").arguments == {"width": 16, "depth": 3}


def test_text_is_short_for_a_callable_without_arguments(home: Path) -> None:
    short = read(home, HEAD + 'net = "mine:net"\n' + TAIL + VARIANTS)
    long = read(home, HEAD + '[net]\ncallable = "mine:net"\n' + TAIL + VARIANTS)
    assert study_digest(short) == study_digest(long)
    assert own(short, "narrow").arguments == {}
    deeper = read(home, HEAD + 'net = "mine:net"\n' + TAIL + VARIANTS, {"net.depth": "5"})
    assert own(deeper, "wide").arguments == {"depth": 5, "width": 32}


def test_a_callable_given_on_the_command_line_replaces_the_whole_net(home: Path) -> None:
    text = (
        HEAD + "[net]\nblocks = [{ channels = 4 }]\n" + TAIL + '[variants]\na = {}\nb = { "net.width" = 4 }\n'
    )
    assert own(read(home, text, {"net": "mine:net"}), "b").arguments == {"width": 4}


def test_variants_may_have_other_callables(home: Path) -> None:
    study = read(home, HEAD + TABLE + TAIL + '[variants]\na = {}\nb = { "net.callable" = "mine:other" }\n')
    assert own(study, "b").callable == "mine:other"
    assert key(study, "a") != key(study, "b")


@pytest.mark.parametrize(
    "variant", ['net = "mine:net"', '"net.callable" = "mine:net"', 'net = { callable = "mine:net" }']
)
def test_a_callable_replaces_a_net_in_declarative_form(home: Path, variant: str) -> None:
    blocks = '[net]\nblocks = [{ channels = 4 }]\npool = "avg"\n'
    study = read(home, HEAD + blocks + TAIL + f"[variants]\na = {{}}\nb = {{ {variant} }}\n")
    assert isinstance(study.configurations["a"].net, Net)
    assert own(study, "b").arguments == {}


def test_blocks_replace_an_own_net(home: Path) -> None:
    text = (
        HEAD
        + TABLE
        + TAIL
        + '[variants]\na = {}\nb = { net = { blocks = [{ channels = 4 }], pool = "avg" } }\n'
    )
    net = read(home, text).configurations["b"].net
    assert isinstance(net, Net)
    assert (net.blocks[0].channels, net.pool) == (4, "avg")


def test_a_study_of_both_forms_can_be_made_of_its_own_declaration(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = HEAD + TABLE + TAIL + "[variants]\na = {}\nb = { net = { blocks = [{ channels = 4 }] } }\n"
    study = read(home, text)
    monkeypatch.chdir(home)
    nets = {name: parts["net"] for name, parts in declaration(study)["configurations"].items()}
    again = Study(
        name="s", net=nets["a"], protocol={"iterations": 10}, variants={"a": {}, "b": {"net": nets["b"]}}
    )
    assert [key(again, name) for name in ("a", "b")] == [key(study, name) for name in ("a", "b")]


def test_factors_cross_arguments(home: Path) -> None:
    factors = '[factors]\n"net.width" = [8, 16]\n"net.depth" = [1, 2]\n'
    study = read(home, HEAD + TABLE + TAIL + factors)
    arguments = [own(study, name).arguments for name in study.differences]
    assert [(given["width"], given["depth"]) for given in arguments] == [(8, 1), (8, 2), (16, 1), (16, 2)]


def test_key_depends_on_callable_arguments_and_text_but_not_on_the_folder(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    study = read(home, HEAD + TABLE + TAIL + VARIANTS)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "mine.py").write_text(MODULE)
    moved = read(elsewhere, HEAD + TABLE + TAIL + VARIANTS)
    assert key(moved, "wide") == key(study, "wide")
    assert study_digest(moved) == study_digest(study)
    assert str(home) not in str(declaration(study))
    (elsewhere / "mine.py").write_text(MODULE + "# a comment\n")
    changed = read(elsewhere, HEAD + TABLE + TAIL + VARIANTS)
    assert key(changed, "wide") != key(study, "wide")
    assert study_digest(changed) != study_digest(study)
    assert len({key(study, "narrow"), key(study, "wide"), key(changed, "narrow"), key(changed, "wide")}) == 4


def test_a_study_keeps_the_text_it_was_read_with(home: Path) -> None:
    study = read(home, HEAD + TABLE + TAIL + VARIANTS)
    (home / "mine.py").write_text("")
    assert own(study, "wide").source == own(study, "narrow").source


def test_arguments_that_are_whole_and_that_are_real_numbers_are_told_apart(home: Path) -> None:
    whole, real = (
        read(home, HEAD + f'[net]\ncallable = "mine:net"\nwidth = {width}\n' + TAIL + VARIANTS)
        for width in ("16", "16.0")
    )
    assert key(whole, "narrow") != key(real, "narrow")


def test_models_in_python_make_the_same_study(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    made = Study(
        name="s",
        net=OwnNet(callable="mine:net", width=16),
        protocol={"iterations": 10},
        variants={"narrow": {}, "wide": {"net.width": 32}},
    )
    assert study_digest(made) == study_digest(read(home, HEAD + TABLE + TAIL + VARIANTS))


@pytest.mark.parametrize(
    ("net", "field", "expected"),
    [
        ('callable = "mine"', "net.callable", "a module and a callable in it"),
        ("callable = 3", "net.callable", "text"),
        ('callable = "gone:net"', "net.callable", "a file gone.py"),
        ('callable = "mine:nt"', "net.callable", "did you mean `net`?"),
        ('callable = "mine:net"\nwidth = nan', "net.width", "a finite number"),
        ('callable = "mine:net"\nwidth = 2026-01-01', "net.width", "a number, text, true or false"),
        ('callable = "mine:net"\nwidth = { a = 1 }', "net.width", "a number, text, true or false"),
        ('callable = "mine:net"\nwidth = [[1, nan]]', "net.width", "a finite number"),
        (f'callable = "mine:net"\nwidth = {2**70}', "net.width", "sensible size"),
        ('callable = "mine:net"\nclasses = 10', "net", "the callable gets it from the data"),
        ('callable = "mine:net"\n"a b" = 10', "net", "names of parameters"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_own_net_is_told_with_its_field(
    home: Path, net: str, field: str, expected: str
) -> None:
    found = faults(
        home, HEAD + f"[net]\n{net}\n" + TAIL + '[variants]\na = {}\nb = { "protocol.momentum" = 0.5 }\n'
    )
    assert list(found) == [field]
    assert expected in found[field]


@pytest.mark.parametrize(
    ("variant", "field", "expected"),
    [
        ('"net.callable" = "gone:net"', 'variants.b."net.callable"', "a file gone.py"),
        ('"net.width" = nan', 'variants.b."net.width"', "a finite number"),
        ('"net.blocks" = []', "variants.b", ""),
        ("net = 3", 'variants.b."net"', "a field of data, net or protocol"),
    ],
)
def test_what_is_wrong_with_a_variants_own_net_is_told_with_the_difference(
    home: Path, variant: str, field: str, expected: str
) -> None:
    text = HEAD + TABLE + TAIL + f"[variants]\na = {{}}\nb = {{ {variant} }}\n"
    if not expected:
        assert own(read(home, text), "b").arguments == {"width": 16, "blocks": []}
        return
    found = faults(home, text)
    assert list(found) == [field]
    assert expected in found[field]
