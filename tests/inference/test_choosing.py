"""What RUN, STUDY:VARIANT and STUDY:VARIANT@SEED mean, and what is said when they mean nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from paribus.errors import StoreDamagedError, StoreError, UsageError
from paribus.inference.choosing import Chosen, choose, read_weights
from paribus.inference.facts import facts_of
from paribus.inference.registered import declared_study
from paribus.spec import Block, Data, Decision, Net, Protocol, Study, canonical, declaration, locate, run_keys
from paribus.standing import lay_out
from paribus.store import Store

Shelve = Callable[..., None]

STUDY = Study(
    name="shelf",
    claims=["none < base"],
    data=Data(train_images=1000),
    net=Net(blocks=(Block(channels=2), Block(channels=3, kernel=5, pool="avg")), batch_norm=True),
    protocol=Protocol(iterations=10, optimizer="sgd", momentum=0.5),
    variants={
        "base": {},
        "none": {"net.pool": "none", "net.blocks.1.pool": "none"},
        "long": {"protocol.epochs": 2, "protocol.augmentation.flip": True},
        "wide": {"net.blocks": [{"channels": 4}], "data.train_images": 500},
    },
    decision=Decision(first_seed=7, max_rounds=5),
)


@pytest.fixture
def folder(tmp_path: Path, shelve: Shelve) -> Path:
    """A store with three runs of `base` and one of `none`."""
    shelve(tmp_path / "store", STUDY, [("base", 7), ("base", 8), ("base", 10), ("none", 8)])
    return tmp_path / "store"


def chosen_of(folder: Path, what: str, **overrides: str) -> Chosen:
    with Store.reader(folder) as store:
        return choose(what, store, overrides)


def complaint(folder: Path, what: str, **overrides: str) -> str:
    with pytest.raises(UsageError) as raised:
        chosen_of(folder, what, **overrides)
    return " ".join(str(raised.value).split())


def test_a_variant_means_all_its_recorded_seeds(folder: Path) -> None:
    chosen = chosen_of(folder, "shelf:base")
    assert chosen.voters.seeds == (7, 8, 10)
    assert chosen.voters.run_keys == tuple(lay_out(STUDY).keys()["base", seed] for seed in (7, 8, 10))
    assert chosen.voters.classes == tuple("0123456789")


def test_a_seed_means_one_run(folder: Path) -> None:
    assert chosen_of(folder, "shelf:base@8").voters.seeds == (8,)


@pytest.mark.parametrize("digits", [6, 11, 64])
def test_the_beginning_of_a_run_key_means_that_run_of_its_registered_study(folder: Path, digits: int) -> None:
    key = lay_out(STUDY).keys()["none", 8]
    chosen = chosen_of(folder, key[:digits].upper())
    assert (chosen.voters.study, chosen.voters.variant, chosen.voters.seeds) == ("shelf", "none", (8,))
    assert chosen.variant.configuration == STUDY.configurations["none"]


def test_runs_on_own_images_are_found_without_their_study_file(
    tmp_path: Path, shelve: Shelve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The register names no place, but the cache of data holds what was made of the images."""
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(tmp_path / "cache"))
    for name, more in (("mine", ()), ("others", ("c",))):
        for label, of_class in enumerate(("a", "b", *more)):
            (tmp_path / name / of_class).mkdir(parents=True)
            for index in range(5):
                picture = Image.new("L", (12, 9), 20 * index + 100 * label)
                picture.save(tmp_path / name / of_class / f"{index}.png")
    variants = {"max": {}, "avg": {"net.pool": "avg"}}
    folder = tmp_path / "store"
    keys = {}
    for iterations, name in enumerate(("others", "mine"), start=1):
        images = {"dataset": f"folder:{tmp_path / name}", "image_size": [8, 8], "resize": "crop"}
        study = Study(name=name, data=images, protocol={"iterations": iterations}, variants=variants)
        shelve(folder, study, [("avg", seed) for seed in range(3)])
        keys[name] = lay_out(study).keys()["avg", 1]
        shutil.rmtree(tmp_path / name)
    for name, classes in (("mine", ("a", "b")), ("others", ("a", "b", "c"))):
        one = chosen_of(folder, keys[name][:12])
        assert (one.voters.study, one.voters.variant, one.voters.seeds) == (name, "avg", (1,))
        assert (one.voters.dataset, one.voters.classes) == (f"folder:{name}", classes)
        assert (one.data.image_shape, one.resize) == ((1, 8, 8), "crop")
        assert chosen_of(folder, f"{name}:avg").voters.seeds == (0, 1, 2)
        assert str(tmp_path) not in str(facts_of(one))
    shutil.rmtree(tmp_path / "cache")
    told = complaint(folder, keys["mine"])
    assert "it may be of others, mine, whose images or code are not found from here" in told
    assert "with the file of its study" in told
    assert "name its file instead" in complaint(folder, "mine:avg")


def test_a_study_file_is_found_before_the_register(tmp_path: Path, folder: Path, shelve: Shelve) -> None:
    file = tmp_path / "x@y:z.toml"
    file.write_text(
        'name = "shelf"\n[protocol]\niterations = 3\n[variants]\na = {}\nb = { "net.pool" = "avg" }\n'
    )
    shelve(folder, Study.read(file), [("b", 0)])
    assert chosen_of(folder, f"{file}:b").voters.seeds == (0,)
    shelve(folder, Study.read(file, {"protocol.iterations": "4"}), [("b", 2)])
    assert chosen_of(folder, f"{file}:b", **{"protocol.iterations": "4"}).voters.seeds == (2,)


def test_a_declaration_gives_the_same_run_keys_again() -> None:
    again = declared_study(canonical(declaration(STUDY)))
    assert dict(lay_out(again).keys()) == dict(lay_out(STUDY).keys())


def test_runs_of_the_numerics_that_the_study_is_pinned_to_are_preferred(
    tmp_path: Path, shelve: Shelve
) -> None:
    folder = tmp_path / "store"
    shelve(folder, STUDY, [("base", seed) for seed in (7, 8, 9)], numerics="old", register=False)
    shelve(folder, STUDY, [("base", 7)], numerics="new")
    chosen = chosen_of(folder, "shelf:base")
    assert (chosen.voters.numerics, chosen.voters.seeds) == ("new", (7,))
    key = lay_out(STUDY).keys()["base", 7]
    assert chosen_of(folder, key[:12]).voters.numerics == "new"


def test_nets_of_diverged_runs_are_not_asked(tmp_path: Path, shelve: Shelve) -> None:
    folder = tmp_path / "store"
    shelve(folder, STUDY, [("base", 7)])
    shelve(folder, STUDY, [("base", 8), ("none", 8)], state="diverged", reason="the loss was nan")
    chosen = chosen_of(folder, "shelf:base")
    assert (chosen.voters.seeds, chosen.voters.diverged) == ((7,), (8,))
    assert "seed 8 diverged" in complaint(folder, "shelf:none")
    assert "the loss was nan" in complaint(folder, "shelf:none")


def test_mistaken_names_are_told_with_the_nearest(folder: Path) -> None:
    key = lay_out(STUDY).keys()["base", 8]
    mistaken = key[:6] + ("0" if key[6] != "0" else "1") + key[7:12]
    assert f"the nearest begins with {key[:12]}" in complaint(folder, mistaken)
    assert "at least 6 hexadecimal digits" in complaint(folder, key[:5])
    assert "did you mean shelf:base?" in complaint(folder, "shelf:bas")
    assert "one of base, long, none, wide" in complaint(folder, "shelf:bas")
    assert "one of the seeds 7, 8, 10" in complaint(folder, "shelf:base@9")
    assert "did you mean shelf:base?" in complaint(folder, "shelf")
    assert "STUDY:VARIANT@SEED" in complaint(folder, "nothing")
    assert "did you mean mnist-pooling?" in complaint(folder, "mnist-poolin:max-same")


def test_what_is_not_trained_yet_is_told_with_the_command(folder: Path) -> None:
    told = complaint(folder, "mnist-pooling:max-same", **{"protocol.iterations": "9"})
    assert f"`paribus run mnist-pooling --store {folder} --set protocol.iterations=9`" in told
    assert "holds no run of shelf:long" in complaint(folder, "shelf:long")
    told = complaint(folder / "none", "abcdef")
    assert "no run at all" in told
    assert "paribus run STUDY" in told


def test_runs_of_the_same_study_with_other_settings_are_pointed_to(tmp_path: Path, shelve: Shelve) -> None:
    folder = tmp_path / "store"
    shelve(folder, Study.read(locate("mnist-pooling"), {"protocol.iterations": "9"}), [("max-same", 0)])
    assert "repeat its --set options" in complaint(folder, "mnist-pooling:max-same")


def test_an_ambiguous_beginning_is_told_with_what_it_may_mean(tmp_path: Path, shelve: Shelve) -> None:
    folder = tmp_path / "store"
    keys = run_keys(
        STUDY.configurations["base"],
        range(30_000),
        fingerprint=lay_out(STUDY).data.fingerprint,
        train_images=1000,
    )
    first: dict[str, int] = {}
    one, other = next(
        (first[key[:6]], seed) for seed, key in keys.items() if first.setdefault(key[:6], seed) != seed
    )
    fields = STUDY.model_dump(mode="json", exclude_unset=True)
    for seed in (one, other):
        study = Study(**{**fields, "decision": {"first_seed": seed, "max_rounds": 3}})
        shelve(folder, study, [("base", seed)])
    told = complaint(folder, keys[one][:6])
    assert keys[one][:12] in told
    assert keys[other][:12] in told
    assert chosen_of(folder, keys[other][:12]).voters.seeds == (other,)


def test_a_run_without_its_study_is_told_so(tmp_path: Path, shelve: Shelve) -> None:
    folder = tmp_path / "store"
    shelve(folder, STUDY, [("base", 7)], register=False)
    told = complaint(folder, lay_out(STUDY).keys()["base", 7])
    assert "no study registered" in told
    assert "STUDY:VARIANT@SEED" in told


def test_weights_are_those_that_were_stored(folder: Path) -> None:
    with Store.reader(folder) as store:
        (weights,) = read_weights(choose("shelf:none", store), store)
    assert set(weights) == set(lay_out(STUDY).variant("none").table.parameters)


def test_weights_that_are_not_kept_are_told_with_the_command_that_brings_them_back(
    tmp_path: Path, shelve: Shelve
) -> None:
    folder = tmp_path / "store"
    shelve(folder, STUDY, [("base", 7)])
    shelve(folder, STUDY, [("base", 8), ("base", 9)], keep_weights=False)
    with Store.reader(folder) as store, pytest.raises(StoreError, match="seeds 8, 9") as raised:
        read_weights(choose("shelf:base", store), store)
    assert f"`paribus run shelf.toml --store {folder} --set keep_weights=true`" in str(raised.value)


def test_weights_that_are_gone_or_damaged_are_told_with_the_command_that_brings_them_back(
    folder: Path,
) -> None:
    (one,) = (folder / "weights").glob(f"*/{lay_out(STUDY).keys()['none', 8]}*")
    content = bytearray(one.read_bytes())
    content[-1] ^= 1
    one.write_bytes(content)
    for _ in range(2):
        with Store.reader(folder) as store, pytest.raises(StoreDamagedError) as raised:
            read_weights(choose("shelf:none", store), store)
        assert "paribus doctor --mend" in str(raised.value)
        one.unlink(missing_ok=True)
