"""Own images: what decides their fingerprint and what does not, what is cached, and what is refused."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from paribus import data
from paribus.data import decoding, pool
from paribus.errors import DataError
from paribus.spec import Data

Pixels = npt.NDArray[np.uint8]

SIDE = (6, 5)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for each test."""
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def picture(seed: int, *, colour: bool = False, size: tuple[int, int] = SIDE) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3) if colour else size, dtype=np.uint8)


def write(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, lossless=True)


def fill(
    root: Path, each: int = 10, classes: str = "abc", suffix: str = "png", *, colour: bool = False
) -> Path:
    for label, name in enumerate(classes):
        for index in range(each):
            write(root / name / f"{index}.{suffix}", picture(1000 * label + index, colour=colour))
    return root


def own(root: Path, **fields: object) -> Data:
    return Data.model_validate({"dataset": f"folder:{root}", **fields})


def pixels_of(split: data.Split) -> set[tuple[bytes, int]]:
    return {(image.tobytes(), int(label)) for image, label in zip(split.images, split.labels, strict=True)}


def test_a_folder_becomes_training_and_test_images_of_every_class(tmp_path: Path) -> None:
    dataset = data.load(own(fill(tmp_path / "mine")))
    assert dataset.classes == ("a", "b", "c")
    assert (dataset.train.images.shape, dataset.test.images.shape) == ((24, 1, *SIDE), (6, 1, *SIDE))
    assert np.bincount(dataset.train.labels).tolist() == [8, 8, 8]
    expected = {(picture(1000 * label + index).tobytes(), label) for label in range(3) for index in range(10)}
    assert pixels_of(dataset.train) | pixels_of(dataset.test) == expected
    facts = data.facts(f"folder:{tmp_path / 'mine'}")
    assert (facts.name, facts.image_shape) == ("folder:mine", (1, *SIDE))
    assert (facts.train_count, facts.test_count) == (24, 6)
    assert facts.fingerprint == dataset.fingerprint
    assert facts.notes == ()


def test_images_are_shared_pages_in_which_channels_lie_last(tmp_path: Path) -> None:
    dataset = data.load(own(fill(tmp_path / "mine", colour=True)))
    for split in (dataset.train, dataset.test):
        assert not split.images.flags.writeable
        assert split.images.transpose(0, 2, 3, 1).flags.c_contiguous
    owner: object = dataset.train.images
    while isinstance(owner, np.ndarray):
        owner = owner.base
    assert type(owner).__name__ == "mmap"


def test_moving_renaming_and_encoding_anew_keep_the_fingerprint(tmp_path: Path) -> None:
    mine = fill(tmp_path / "mine")
    fingerprint = data.facts(own(mine)).fingerprint
    anew = fill(tmp_path / "elsewhere" / "anew", suffix="webp")
    for index, path in enumerate(sorted((anew / "b").iterdir())):
        path.rename(path.with_name(f"renamed-{99 - index}.webp"))
    assert data.facts(own(anew)).fingerprint == fingerprint
    mine.rename(tmp_path / "moved")
    assert data.facts(own(tmp_path / "moved")).fingerprint == fingerprint


def test_pixels_labels_class_names_and_the_split_change_the_fingerprint(tmp_path: Path) -> None:
    mine = fill(tmp_path / "mine")
    found = {data.facts(own(mine, **fields)).fingerprint for fields in (
        {}, {"split_seed": 1}, {"test_share": 0.3}, {"validation": 0.25}, {"channels": 3}, {"image_size": 4},
    )}  # fmt: skip
    (mine / "a").rename(mine / "aa")
    found.add(data.facts(own(mine)).fingerprint)
    (mine / "b" / "0.png").rename(mine / "c" / "extra.png")
    found.add(data.facts(own(mine)).fingerprint)
    write(mine / "c" / "1.png", picture(5))
    found.add(data.facts(own(mine)).fingerprint)
    assert len(found) == 9


def test_an_added_image_leaves_the_others_where_they_are(tmp_path: Path) -> None:
    mine = fill(tmp_path / "mine", each=20)
    before = pixels_of(data.load(own(mine)).test)
    write(mine / "a" / "new.png", picture(77))
    after = pixels_of(data.load(own(mine)).test)
    assert len(before - after) <= 1
    assert {label for _, label in before ^ after} <= {0}


def test_a_given_split_is_kept(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    for side, start in (("train", 0), ("test", 50)):
        for label, name in enumerate("ab"):
            for index in range(3):
                write(mine / side / name / f"{index}.png", picture(start + 10 * label + index))
    dataset = data.load(own(mine))
    assert pixels_of(dataset.test) == {
        (picture(50 + 10 * label + index).tobytes(), label) for label in range(2) for index in range(3)
    }
    with pytest.raises(DataError, match="test_share has no use here"):
        data.facts(own(mine, test_share=0.5))


def test_validation_images_come_out_of_the_training_images_and_the_test_images_stay_unseen(
    tmp_path: Path,
) -> None:
    mine = fill(tmp_path / "mine", each=20)
    plain, held = data.load(own(mine)), data.load(own(mine, validation=0.25))
    assert held.test.name == "validation"
    assert pixels_of(held.train) | pixels_of(held.test) == pixels_of(plain.train)
    assert not pixels_of(held.test) & pixels_of(plain.test)
    assert np.bincount(held.test.labels).tolist() == [4, 4, 4]
    facts = data.facts(own(mine, validation=0.25))
    assert facts.evaluated == "validation"
    assert "12 validation images" in facts.notes[0]
    assert "stay unseen" in facts.notes[0]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 40), (1024, 2), (1024, 1024)])
def test_every_size_from_1_to_1024_and_every_shape_is_taken(tmp_path: Path, height: int, width: int) -> None:
    mine = tmp_path / "mine"
    for name, value in (("dark", 10), ("light", 200)):
        for index in range(2):
            pixels = np.full((height, width, 3), value + index, dtype=np.uint8)
            pixels[0, 0, 0] += 1
            write(mine / name / f"{index}.png", pixels)
    dataset = data.load(own(mine))
    assert dataset.train.images.shape == (2, 3, height, width)
    assert [int(image[1].max()) < 100 for image in dataset.train.images] == (
        dataset.train.labels == 0
    ).tolist()


def test_images_too_large_to_train_on_ask_for_a_size(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    for name in "ab":
        for index in range(2):
            write(mine / name / f"{index}.png", picture(index, size=(1025, 3)))
    with pytest.raises(DataError, match="too large") as refused:
        data.facts(own(mine))
    assert "1025 × 3" in str(refused.value)
    assert data.facts(own(mine, image_size=[16, 3], test_share=0.5, split_seed=1)).image_shape == (1, 16, 3)


def test_images_of_different_sizes_ask_for_a_size(tmp_path: Path) -> None:
    mine = fill(tmp_path / "mine")
    write(mine / "a" / "large.png", picture(1, size=(30, 20)))
    with pytest.raises(DataError, match="differ in size") as refused:
        data.facts(own(mine))
    assert "a/large.png has 30 × 20" in str(refused.value)
    assert "image_size = 64" in str(refused.value)
    assert data.facts(own(mine, image_size=[4, 8])).image_shape == (1, 4, 8)


def test_grey_is_one_channel_unless_an_image_has_colour(tmp_path: Path) -> None:
    mine = fill(tmp_path / "mine")
    write(mine / "a" / "0.png", np.repeat(picture(0)[..., None], 3, axis=2))
    assert data.facts(own(mine)).image_shape[0] == 1
    assert data.facts(own(mine, channels=1)).fingerprint == data.facts(own(mine)).fingerprint
    write(mine / "a" / "0.png", picture(3, colour=True))
    assert data.facts(own(mine)).image_shape[0] == 3
    assert data.facts(own(mine, channels=1)).image_shape[0] == 1


def test_more_than_256_classes_have_labels_of_16_bits(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    for label in range(300):
        for index in range(2):
            value = np.array([[label % 256, label // 256, index]], dtype=np.uint8)
            write(mine / f"class-{label:03}" / f"{index}.png", value)
    dataset = data.load(own(mine, test_share=0.5))
    assert dataset.train.labels.dtype == np.uint16
    assert sorted(dataset.train.labels.tolist()) == list(range(300))
    seen = [int(image[0, 0, 0]) + 256 * int(image[0, 0, 1]) for image in dataset.train.images]
    assert seen == dataset.train.labels.tolist()


def test_fewer_classes_have_labels_of_8_bits(tmp_path: Path) -> None:
    assert data.load(own(fill(tmp_path / "mine"))).train.labels.dtype == np.uint8


def broken_folder(root: Path, count: int) -> list[str]:
    fill(root)
    names = []
    for index in range(count):
        names.append(f"a/broken-{index:02}.png")
        (root / names[-1]).write_bytes(b"not an image")
    return names


def test_broken_files_are_refused_by_name_the_first_ten_and_how_many(tmp_path: Path) -> None:
    names = broken_folder(tmp_path / "mine", 12)
    with pytest.raises(DataError, match="12 broken files among 42") as refused:
        data.facts(own(tmp_path / "mine"))
    told = str(refused.value)
    assert all(f"{name} is no PNG, JPEG or WebP image" in told for name in names[:10])
    assert names[10] not in told
    assert "and 2 more" in told
    assert 'broken = "skip"' in told


def test_broken_files_that_are_skipped_are_counted_and_named(tmp_path: Path) -> None:
    names = broken_folder(tmp_path / "mine", 2)
    facts = data.facts(own(tmp_path / "mine", broken="skip"))
    assert [each.file for each in facts.skipped] == names
    assert facts.train_count + facts.test_count == 30
    assert "2 broken files were left out: a/broken-00.png is no PNG" in facts.notes[0]
    for name in "bc":
        for path in (tmp_path / "mine" / name).iterdir():
            path.write_bytes(b"")
    with pytest.raises(DataError, match="no image of b can be read"):
        data.facts(own(tmp_path / "mine", broken="skip"))


def test_a_folder_in_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / "mine" / name).mkdir(parents=True)
        (tmp_path / "mine" / name / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match="2 broken files among 2"):
        data.facts(own(tmp_path / "mine", broken="skip"))


Forbid = Callable[[], None]


@pytest.fixture
def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> Forbid:
    """From the call on, no image file is read."""

    def never(*_: object) -> None:
        raise AssertionError("an image file was read")

    return lambda: monkeypatch.setattr(pool, "read_images", never)


def test_each_image_is_decoded_once_until_a_file_changes(tmp_path: Path, forbid_decoding: Forbid) -> None:
    mine = fill(tmp_path / "mine")
    told: list[str] = []
    first = data.load(own(mine), progress=told.append)
    assert told == ["folder:mine: 24 training and 6 test images of 1×6×5, 3 classes, kept in the cache"]
    forbid_decoding()
    again = data.load(own(mine), progress=told.append)
    assert len(told) == 1
    assert pixels_of(again.train) == pixels_of(first.train)
    assert data.facts(own(mine, validation=0.5)).test_count == 12
    assert data.facts(own(mine, split_seed=3)).test_count == 6
    (mine / "a" / "notes.txt").write_text("of no interest")
    assert data.facts(own(mine)).ignored == (
        "1 file whose name does not end in .png, .jpg, .jpeg, .webp (such as a/notes.txt)",
    )
    path = mine / "a" / "0.png"
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    with pytest.raises(AssertionError, match="an image file was read"):
        data.load(own(mine))


def test_what_was_prepared_of_an_older_state_is_deleted(tmp_path: Path, own_cache: Path) -> None:
    mine = fill(tmp_path / "mine")
    for seed in range(3):
        data.facts(own(mine, split_seed=seed))
    (home,) = (own_cache / "own").iterdir()
    assert len(list(home.glob("*.u8"))) == 4
    write(mine / "a" / "new.png", picture(99))
    data.facts(own(mine))
    assert len(list(home.glob("*.u8"))) == 2


@pytest.mark.parametrize("pattern", ["pool.u8", "*.u8", "pool.json", "*.json"])
def test_damage_in_the_cache_is_never_used(tmp_path: Path, own_cache: Path, pattern: str) -> None:
    mine = fill(tmp_path / "mine")
    before = data.load(own(mine))
    expected = pixels_of(before.train)
    for path in (own_cache / "own").glob(f"*/{pattern}"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()
        path.write_bytes(content)
    after = data.load(own(mine))
    assert pixels_of(after.train) == expected
    assert after.fingerprint == before.fingerprint == data.facts(own(mine)).fingerprint
    assert pixels_of(data.load(own(mine, split_seed=1)).train) <= expected | pixels_of(before.test)


def test_images_that_are_in_both_splits_are_counted_with_examples(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    for name, start in (("a", 0), ("b", 10)):
        for index in range(4):
            write(mine / "train" / name / f"{index}.png", picture(start + index))
            write(mine / "test" / name / f"{index}.png", picture(100 + start + index))
    write(mine / "test" / "a" / "copy.webp", picture(2))
    write(mine / "test" / "b" / "copy.webp", picture(3))
    found = data.facts(own(mine)).duplicates
    assert found is not None
    assert (found.count, found.other_label) == (2, 1)
    assert set(found.examples) == {
        ("test/a/copy.webp", "train/a/2.png"),
        ("test/b/copy.webp", "train/a/3.png"),
    }
    note = data.facts(own(mine)).notes[-1]
    assert note.startswith("2 of the 10 test images are training images too, pixel for pixel, 1 of them with")
    write(mine / "train" / "b" / "mislabelled.png", picture(2))
    found = data.facts(own(mine)).duplicates
    assert found is not None
    assert (found.count, found.other_label) == (2, 2), "a copy with another label beside one with the same"
    assert ("test/a/copy.webp", "train/b/mislabelled.png") in found.examples


def test_unbalanced_classes_are_noted(tmp_path: Path) -> None:
    mine = fill(tmp_path / "mine", each=10, classes="ab")
    assert data.facts(own(mine)).notes == ()
    for index in range(10, 20):
        write(mine / "b" / f"{index}.png", picture(2000 + index))
    assert data.facts(own(mine)).notes == (
        "the training images are unbalanced, 2.0 to 1: 16 of b, 8 of a",
        "the test images are unbalanced, 2.0 to 1: 4 of b, 2 of a",
    )


def test_many_images_are_decoded_by_processes_and_one_that_dies_costs_one_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = fill(tmp_path / "mine", each=40)
    monkeypatch.setattr(decoding, "FEW", 10_000)
    alone = data.facts(own(mine)).fingerprint
    monkeypatch.setattr(decoding, "FEW", 64)
    shutil.rmtree(tmp_path / "cache")
    told: list[str] = []
    assert data.facts(own(mine), progress=told.append).fingerprint == alone
    assert told[0].startswith("folder:mine: decoding 120 images with")
    # A decoder that a file kills, as one with a fault in its C code would be.
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nfrom PIL import Image\nopen_ = Image.open\n"
        "def deadly(path, *args, **kwargs):\n"
        "    if str(path).endswith('b/7.png'):\n        os.abort()\n"
        "    return open_(path, *args, **kwargs)\n"
        "Image.open = deadly\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    shutil.rmtree(tmp_path / "cache")
    facts = data.facts(own(mine, broken="skip", image_size=6))
    assert [each.file for each in facts.skipped] == ["b/7.png"]
    assert "ended the process that decoded it (exit code -6)" in facts.skipped[0].reason
    assert facts.train_count + facts.test_count == 119


def test_processes_that_cannot_start_are_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = fill(tmp_path / "mine", each=30)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DataError, match="processes to decode images cannot be started"):
        data.facts(own(mine))


def test_processes_that_ask_at_once_decode_once_and_agree(tmp_path: Path) -> None:
    mine = fill(tmp_path / "mine", each=30)
    program = (
        "import sys; from paribus import data; told = [];"
        "print(data.facts('folder:' + sys.argv[1], progress=told.append).fingerprint);"
        "print(sum('decoding 90' in one for one in told))"
    )
    command = [sys.executable, "-c", program, str(mine)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = [process.communicate(timeout=60)[0].split() for process in processes]
    assert len({fingerprint for fingerprint, _ in printed}) == 1
    assert sum(int(decoded) for _, decoded in printed) == 1


def test_a_program_without_a_main_guard_is_not_run_again_by_decoding(tmp_path: Path) -> None:
    mine = fill(tmp_path / "mine", each=30)
    (tmp_path / "program.py").write_text(
        f"from paribus import data\nprint('once')\nprint(data.facts('folder:{mine}').train_count)\n"
    )
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["once", "72"]


def test_relative_paths_start_where_the_process_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    fetched = data.fetch("folder:mine")
    assert fetched.dataset == "folder:mine"
    assert data.facts("folder:./mine/../mine").fingerprint == data.facts("folder:mine").fingerprint
    with pytest.raises(DataError, match="is no folder of images"):
        data.facts("folder:nowhere")
    with pytest.raises(DataError, match="names no data"):
        data.facts("folder:")


def test_images_are_remembered_by_their_fingerprint_wherever_they_lay(
    tmp_path: Path, own_cache: Path
) -> None:
    one, other = own(fill(tmp_path / "mine")), own(fill(tmp_path / "more", classes="xy"), validation=0.25)
    expected = {data.facts(each).fingerprint: data.facts(each) for each in (one, other)}
    shutil.rmtree(tmp_path / "mine")
    (own_cache / "own" / "other-0").mkdir()
    (own_cache / "own" / "other-0" / "stray.json").write_text("{}")
    found = {each.fingerprint: each for each in data.remembered(own(tmp_path / "nowhere"))}
    assert found.keys() == expected.keys()
    for fingerprint, facts in found.items():
        known = expected[fingerprint]
        assert (facts.name, facts.classes, facts.image_shape) == (
            known.name,
            known.classes,
            known.image_shape,
        )
        assert (facts.train_per_class, facts.test_per_class) == (known.train_per_class, known.test_per_class)
        assert facts.evaluated == known.evaluated
    assert list(data.remembered(Data())) == []


def test_mapping_prepared_images_loads_neither_pillow_nor_the_network(tmp_path: Path) -> None:
    mine = fill(tmp_path / "mine")
    data.load(own(mine))
    program = (
        "import sys, json; from paribus import data; data.load('folder:' + sys.argv[1]);"
        "slow = ('torch', 'requests', 'filelock', 'PIL');"
        "print(json.dumps([name for name in slow if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(mine)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
