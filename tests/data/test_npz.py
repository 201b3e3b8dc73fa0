"""NumPy archives: every layout that is taken, and the words for what is not."""

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paribus import data
from paribus.data import npz
from paribus.errors import DataError
from paribus.spec import Data

Array = npt.NDArray[Any]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache for each test."""
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(tmp_path / "cache"))


def images(count: int, *shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def labels(count: int, classes: int = 3) -> Array:
    return np.arange(count) % classes


def saved(path: Path, **arrays: Array) -> Path:
    (path / "mine.npz").write_bytes(packed(arrays))
    return path / "mine.npz"


def packed(arrays: Mapping[str, Array], *, compressed: bool = False) -> bytes:
    stream = io.BytesIO()
    save: Any = np.savez_compressed if compressed else np.savez
    save(stream, **arrays)
    return stream.getvalue()


def load(path: Path, **fields: object) -> data.Dataset:
    return data.load(Data.model_validate({"dataset": f"npz:{path}", **fields}))


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as refused:
        load(path)
    assert refused.value.mend
    return str(refused.value)


@pytest.mark.parametrize(
    "names",
    [
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("x_train", "y_train", "x_test", "y_test"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_a_given_split_is_kept_in_its_order(tmp_path: Path, names: tuple[str, ...], compressed: bool) -> None:
    arrays = dict(zip(names, (images(9, 4, 6), labels(9), images(6, 4, 6, seed=1), labels(6)), strict=True))
    (tmp_path / "mine.npz").write_bytes(packed(arrays, compressed=compressed))
    dataset = load(tmp_path / "mine.npz")
    assert np.array_equal(dataset.train.images[:, 0], arrays[names[0]])
    assert np.array_equal(dataset.test.images[:, 0], arrays[names[2]])
    assert (dataset.train.labels.tolist(), dataset.test.labels.tolist()) == (
        labels(9).tolist(),
        labels(6).tolist(),
    )
    assert dataset.classes == ("0", "1", "2")
    assert not dataset.train.images.flags.writeable


def test_one_set_is_split_by_class_and_seed(tmp_path: Path) -> None:
    path = saved(tmp_path, images=images(30, 5, 5), labels=labels(30))
    dataset = load(path)
    assert np.bincount(dataset.test.labels).tolist() == [2, 2, 2]
    assert len(dataset.train) == 24
    assert load(path, split_seed=1).fingerprint != dataset.fingerprint
    assert np.bincount(load(path, test_share=0.5).test.labels).tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    ("shape", "moved"),
    [
        ((7, 4, 6), None),
        ((7, 4, 6, 1), None),
        ((7, 4, 6, 3), None),
        ((7, 1, 4, 6), "last"),
        ((7, 3, 4, 6), "last"),
    ],
)
def test_channels_may_come_first_or_last_or_not_at_all(
    tmp_path: Path, shape: tuple[int, ...], moved: str | None
) -> None:
    given = images(*shape)
    path = saved(tmp_path, x_train=given, y_train=labels(7), x_test=given[:3], y_test=labels(3))
    last = given[..., None] if given.ndim == 3 else np.moveaxis(given, 1, -1) if moved else given
    assert np.array_equal(load(path).train.images, last.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("kind", ["uint8", "int8", "int32", ">i8", "uint64"])
def test_labels_of_any_whole_type_are_taken_also_in_a_column(tmp_path: Path, kind: str) -> None:
    path = saved(tmp_path, images=images(9, 4, 4), labels=labels(9).astype(kind)[:, None])
    assert sorted(set(load(path).train.labels.tolist())) == [0, 1, 2]


def test_names_of_classes_are_taken_as_text_or_bytes(tmp_path: Path) -> None:
    for names in (np.array(["a", "b", "ç"]), np.array([b"a", b"b", "ç".encode()])):
        path = saved(tmp_path, images=images(9, 4, 4), labels=labels(9), classes=names)
        assert load(path).classes == ("a", "b", "ç")


def test_fortran_order_and_other_byte_orders_are_read_right(tmp_path: Path) -> None:
    given = np.asfortranarray(images(9, 4, 6))
    path = saved(tmp_path, x_train=given, y_train=labels(9), x_test=given, y_test=labels(9))
    assert np.array_equal(load(path).train.images[:, 0], given)
    duplicates = data.facts(f"npz:{path}").duplicates
    assert duplicates is not None
    assert duplicates.count == 9
    assert duplicates.examples[0] == ("test[0]", "train[0]")


def test_validation_leaves_the_test_images_unseen(tmp_path: Path) -> None:
    arrays = {"x_train": images(30, 4, 4), "y_train": labels(30), "x_test": images(9, 4, 4, seed=1)}
    path = saved(tmp_path, **arrays, y_test=labels(9))
    held = load(path, validation=0.2)
    assert held.test.name == "validation"
    assert len(held.test) == 6
    seen = {image.tobytes() for split in (held.train, held.test) for image in split.images}
    assert seen == {image.tobytes() for image in arrays["x_train"]}


def test_the_fingerprint_is_of_the_content_wherever_the_file_lies(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    arrays = {"images": images(30, 5, 5), "labels": labels(30)}
    first = load(saved(tmp_path, **arrays)).fingerprint
    (tmp_path / "other" / "named-otherwise.npz").write_bytes(packed(arrays, compressed=True))
    assert load(tmp_path / "other" / "named-otherwise.npz").fingerprint == first
    arrays["images"][3, 2, 2] ^= 1
    assert load(saved(tmp_path, **arrays)).fingerprint != first


def test_arrays_that_are_not_used_are_said(tmp_path: Path) -> None:
    path = saved(tmp_path, images=images(9, 4, 4), labels=labels(9), weights=np.zeros(3))
    assert data.facts(f"npz:{path}").notes[-1] == "ignored: the arrays weights"


GOOD = {"images": images(9, 4, 4), "labels": labels(9)}


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": images(9, 4, 4)}, "found: images\n"),
        ({**GOOD, "x_train": 0, "y_train": 0, "x_test": 0, "y_test": 0}, "and also images, labels"),
        ({**GOOD, "images": images(9, 4, 4) / 255}, "found: float64"),
        ({**GOOD, "images": images(9, 16)}, "found: 9 × 16"),
        ({**GOOD, "images": images(9, 4, 4, 2)}, "found: 9 × 4 × 4 × 2"),
        ({**GOOD, "images": images(9, 3, 8, 3)}, "one axis only can be the channels"),
        ({**GOOD, "images": images(9, 1025, 2)}, "at most 1024 pixels"),
        ({**GOOD, "images": images(0, 4, 4), "labels": labels(0)}, "found: 0 × 4 × 4"),
        ({**GOOD, "labels": labels(8)}, "for each of the 9 images"),
        ({**GOOD, "labels": labels(9) / 1}, "found: float64 of shape 9"),
        ({**GOOD, "labels": np.eye(9, dtype=int)}, "found: int64 of shape 9 × 9"),
        ({**GOOD, "labels": np.array(["a", "b", "c"] * 3)}, "np.unique(names, return_inverse=True)"),
        ({**GOOD, "labels": labels(9) - 1}, "found: -1 to 1"),
        ({**GOOD, "labels": labels(9) * 40_000}, "found: 0 to 80000"),
        ({**GOOD, "labels": labels(9) * 2}, "no images of class 1"),
        ({**GOOD, "labels": labels(9) * 0}, "found: 1 class"),
        ({**GOOD, "classes": np.array(["a", "b"])}, "at least 3 different names"),
        ({**GOOD, "classes": np.array(["a", "b", "b"])}, "at least 3 different names"),
        ({**GOOD, "classes": np.array(["a", "b", "c", "d"])}, "no images of class d"),
        (
            {
                "x_train": images(9, 4, 4),
                "y_train": labels(9),
                "x_test": images(9, 4, 5),
                "y_test": labels(9),
            },
            "4 × 4 × 1 and 4 × 5 × 1",
        ),
    ],
)
def test_what_an_archive_should_not_hold_is_refused_in_words(
    tmp_path: Path, arrays: dict[str, Array], words: str
) -> None:
    assert words in refusal(saved(tmp_path, **arrays))


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_a_pickle_in_an_archive_is_refused_in_words_and_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    pickle.loads(pickle.dumps(Trap(trap)))
    trap.unlink()  # the trap works
    path = saved(tmp_path, images=images(9, 4, 4), labels=np.array([Trap(trap)] * 9, dtype=object))
    assert "Python objects, which are pickled" in refusal(path)
    path = saved(tmp_path, **GOOD, classes=np.array(["a", "b", Trap(trap)], dtype=object))
    assert "Python objects, which are pickled" in refusal(path)
    assert not trap.exists()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "MOST_BYTES", 1_000_000)
    np.savez_compressed(tmp_path / "bomb.npz", images=np.zeros((200, 100, 100), np.uint8), labels=labels(200))
    assert (tmp_path / "bomb.npz").stat().st_size < 10_000
    assert "at most 1,000,000 bytes when unpacked" in refusal(tmp_path / "bomb.npz")


def test_an_array_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, GOOD["images"])
    with zipfile.ZipFile(tmp_path / "mine.npz", "w") as archive:
        archive.writestr("images.npy", stream.getvalue()[:-8])
        archive.writestr("labels.npy", stream.getvalue())
    assert "bytes of images.npy" in refusal(tmp_path / "mine.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x93NUMPY\x01\x00"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.npz").write_bytes(content)
    assert "cannot be read" in refusal(tmp_path / "mine.npz")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_an_archive_cut_or_changed_anywhere_gives_its_images_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(packed(GOOD))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("archives") / "mine.npz"
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        found = npz.read_npz(path)
    except DataError as error:
        assert error.mend  # noqa: PT017 - either outcome is right
    else:
        assert np.array_equal(found.images[0][..., 0], GOOD["images"])
        assert np.array_equal(found.labels[0], GOOD["labels"])
