"""Thirty broken study files, each with several faults: every fault is named, nothing else happens."""

import math
from pathlib import Path

import pytest

from paribus.errors import StudyError
from paribus.spec import Study

HEAD = 'name = "s"\n'
NET = "[net]\nblocks = [{ channels = 4 }]\n"
PROTOCOL = "[protocol]\niterations = 10\n"
VARIANTS = '[variants]\nmax = {}\navg = { "net.pool" = "avg" }\n'

BROKEN: list[tuple[str, list[str]]] = [
    ('name = "a b"\nquestoin = "?"\n' + PROTOCOL + VARIANTS, ["name", "questoin"]),
    (PROTOCOL + VARIANTS + "[decision]\nalpha = 0.9\n", ["name", "decision.alpha"]),
    (HEAD + "[protocol]\n[variants]\na = {}\n", ["protocol", "variants"]),
    (
        HEAD + "[protocol]\niterations = 10\nepochs = 2\nmomentum = 1.5\n" + VARIANTS,
        ["protocol", "protocol.momentum"],
    ),
    (
        HEAD + "[protocol]\niterations = 0\nbatch_size = -3\n" + VARIANTS,
        ["protocol.iterations", "protocol.batch_size"],
    ),
    (
        HEAD + '[protocol]\niterations = "10"\nlearning_rate = nan\n' + VARIANTS,
        ["protocol.iterations", "protocol.learning_rate"],
    ),
    (
        HEAD + "[protocol]\niterations = 10\nlearning_rate = inf\nweight_decay = -1\n" + VARIANTS,
        ["protocol.learning_rate", "protocol.weight_decay"],
    ),
    (
        HEAD + '[protocol]\niterations = 10\noptimizer = "sgdm"\nprecision = "float16"\n' + VARIANTS,
        ["protocol.optimizer", "protocol.precision"],
    ),
    (
        HEAD + '[protocol]\niterations = 10\noptimizer = "adam"\nmomentum = 0.9\nlr = 0.1\n' + VARIANTS,
        ["protocol", "protocol.lr"],
    ),
    (
        HEAD + "[net]\nblocks = [{ channels = 1000000000 }, { kernel = 3 }]\n" + PROTOCOL + VARIANTS,
        ["net.blocks.0.channels", "net.blocks.1.channels"],
    ),
    (HEAD + '[net]\nblocks = []\npool = "maximum"\n' + PROTOCOL + VARIANTS, ["net.blocks", "net.pool"]),
    (
        HEAD + '[net]\nblocks = [{ channels = 4, kernal = 5 }]\npadding = "some"\n' + PROTOCOL + VARIANTS,
        ["net.blocks.0.kernal", "net.padding"],
    ),
    (
        HEAD + '[net]\nactivation = "relux"\nbatch_norm = "yes"\ndropout = 1.0\n' + PROTOCOL + VARIANTS,
        ["net.activation", "net.batch_norm", "net.dropout"],
    ),
    (
        HEAD + "[net]\nhidden = [0, 10]\npool_size = 0\n" + PROTOCOL + VARIANTS,
        ["net.hidden.0", "net.pool_size"],
    ),
    (HEAD + "[net]\nblocks = 3\nhidden = 4\n" + PROTOCOL + VARIANTS, ["net.blocks", "net.hidden"]),
    (HEAD + "[net]\npool_size = 1\nchannels = 3\n" + PROTOCOL + VARIANTS, ["net", "net.channels"]),
    (
        HEAD + 'claims = ["a < b", "max <"]\n' + PROTOCOL + VARIANTS,
        ["claims.0", "claims.1"],
    ),
    (
        HEAD + 'claims = ["max < max", 3, "avg < maxx"]\n' + PROTOCOL + VARIANTS,
        ["claims.0", "claims.1", "claims.2"],
    ),
    (HEAD + 'claims = "avg < max"\nkeep_weights = "no"\n' + PROTOCOL + VARIANTS, ["claims", "keep_weights"]),
    (
        HEAD + 'claims = ["avg < max", "avg<max"]\n' + PROTOCOL + VARIANTS + "[decision]\nmin_rounds = 1\n",
        ["claims.1", "decision.min_rounds"],
    ),
    (
        HEAD + PROTOCOL + VARIANTS + "[decision]\nmin_rounds = 10\nmax_rounds = 5\nmargin_pp = -1\n",
        ["decision", "decision.margin_pp"],
    ),
    (
        HEAD + PROTOCOL + VARIANTS + "[decision]\nmax_rounds = 5000\nfirst_seed = -1\n",
        ["decision.max_rounds", "decision.first_seed"],
    ),
    (
        HEAD + PROTOCOL + '[variants]\na = { "net.pol" = "avg" }\nb = { "nets.pool" = "avg" }\n',
        ['variants.a."net.pol"', 'variants.b."nets.pool"'],
    ),
    (
        HEAD + PROTOCOL + '[variants]\n"../x" = {}\nb = { "net.blocks.9.kernel" = 3 }\n',
        ["variants.'../x'", 'variants.b."net.blocks.9.kernel"'],
    ),
    (
        HEAD + PROTOCOL + '[variants]\na = {}\nb = { "net.pool" = "max" }\nc = 3\n',
        ["variants.b", "variants.c"],
    ),
    (
        HEAD
        + PROTOCOL
        + '[variants]\na = { "data.dataset" = "fashion-mnist" }\nb = { "net.pool" = "mean" }\n',
        ['variants.a."data.dataset"', 'variants.b."net.pool"'],
    ),
    (
        HEAD + PROTOCOL + '[factors]\n"net.pool" = "max"\n"net.padding" = ["same", "same"]\n',
        ["factors.net.pool", "factors.net.padding"],
    ),
    (
        HEAD + PROTOCOL + VARIANTS + '[factors]\n"net.pool" = ["max", "avg"]\n[data]\nset = 1\n',
        ["factors", "data.set"],
    ),
    (HEAD + "variants = 3\nnet = 4\n" + PROTOCOL, ["variants", "net"]),
    (
        HEAD + "[data]\ntrain_images = 0\ndataset = 7\n" + PROTOCOL + VARIANTS,
        ["data.train_images", "data.dataset"],
    ),
]


def test_there_are_thirty_of_them() -> None:
    assert len(BROKEN) == 30


@pytest.mark.parametrize(("text", "fields"), BROKEN, ids=range(len(BROKEN)))
def test_every_fault_of_a_broken_file_is_named(tmp_path: Path, text: str, fields: list[str]) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(StudyError) as caught:
        Study.read(path)
    assert sorted({fault.field for fault in caught.value.faults}) == sorted(fields)
    for field in fields:
        assert f"{field}: expected " in str(caught.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"name = ", "Invalid value"),
        (b"\xff\xfe\x00n", "byte 0xff"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"#" * 10_000_000, "a larger file"),
        (b'name = "a"\nname = "b"\n', "Cannot overwrite"),
        (b"x = 1" + b"0" * 5000, "valid TOML"),
    ],
)
def test_files_that_are_not_toml_are_refused_in_words(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=found):
        Study.read(path)


def test_nearest_name_is_offered_for_a_mistaken_one(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(HEAD + '[net]\npol = "avg"\npadding = "vald"\n' + PROTOCOL + VARIANTS)
    with pytest.raises(StudyError) as caught:
        Study.read(path)
    assert {fault.nearest for fault in caught.value.faults} == {"pool", "valid"}


def test_python_study_with_not_a_number_is_refused() -> None:
    with pytest.raises(StudyError, match="a finite number"):
        Study(
            name="s",
            protocol={"iterations": 1, "learning_rate": math.nan},
            variants={"a": {}, "b": {"net.pool": "avg"}},
        )
