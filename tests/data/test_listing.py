"""What a folder of images holds, and the words for what it should not."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paribus.data.listing import Listing, list_images
from paribus.errors import DataError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def refusal(root: Path) -> str:
    with pytest.raises(DataError) as refused:
        list_images(root)
    assert refused.value.mend
    return str(refused.value)


def test_every_subfolder_is_a_class_in_the_order_of_names(tmp_path: Path) -> None:
    touch(tmp_path, "dog/b.PNG", "dog/a.jpeg", "cat/z.webp", "cat/more/deep/y.jpg")
    listing = list_images(tmp_path)
    assert listing.classes == ("cat", "dog")
    assert [(file.name, file.label) for file in listing.files] == [
        ("cat/more/deep/y.jpg", 0),
        ("cat/z.webp", 0),
        ("dog/a.jpeg", 1),
        ("dog/b.PNG", 1),
    ]
    assert not listing.is_split
    assert listing.ignored == ()


def test_train_and_test_folders_are_the_split(tmp_path: Path) -> None:
    touch(tmp_path, "train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png", "val/a/3.png")
    listing = list_images(tmp_path)
    assert listing.is_split
    assert [(file.name, file.side) for file in listing.files] == [
        ("test/a/2.png", "test"),
        ("test/b/2.png", "test"),
        ("train/a/1.png", "train"),
        ("train/b/1.png", "train"),
    ]
    assert listing.ignored == ("the folder val",)


def test_what_is_ignored_is_counted_and_said(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "b/1.png", ".git/x", "a/.DS_Store", "a/notes.txt", "b/scan.tif", "loose.png")
    assert list_images(tmp_path).ignored == (
        "2 hidden files or folders",
        "2 files whose name does not end in .png, .jpg, .jpeg, .webp (such as a/notes.txt)",
        "1 image in no class folder",
    )


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "0 class folders"),
        (["1.png", "2.png"], "0 class folders"),
        (["only/1.png"], "1 class folder (only)"),
        (["a/1.png", "b/x.txt", "c/.hidden.png"], "2 class folders without images: b, c"),
        (["train/a/1.png", "train/b/1.png"], "the folder train without the folder test"),
        (["test/a/1.png", "test/b/1.png"], "the folder test without the folder train"),
        (["train/a/1.png", "test/a/1.png", "bus/1.png"], "beside train and test also bus"),
        (["train/a/1.png", "train/b/1.png", "test/a/1.png", "test/c/1.png"], "b, c on one side only"),
        (["train/a/1.png", "train/b/1.png", "test/a/1.png"], "1 class folder (a) in test"),
    ],
)
def test_a_folder_of_another_form_is_refused_in_words(tmp_path: Path, names: list[str], words: str) -> None:
    assert words in refusal(touch(tmp_path, *names))


def test_a_folder_that_is_not_there_or_no_folder_is_refused(tmp_path: Path) -> None:
    assert "nothing of that name" in refusal(tmp_path / "nowhere")
    assert "found: a file" in refusal(touch(tmp_path, "file") / "file")
    touch(tmp_path, "images/a/1.png", "mine.npz")
    assert "did you mean `images`?" in refusal(tmp_path / "image")
    assert "`npz:mine.npz`" in refusal(tmp_path / "mine.npz")
    assert f"not even the folder {tmp_path / 'no'}" in refusal(tmp_path / "no" / "where")


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder, while this process has the rights of nobody if it had those of root."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        touch(root, "a/1.png", "b/1.png")
        (root / "b").chmod(0)
        was = os.geteuid()
        if was == 0:
            os.seteuid(65_534)
        yield root
        os.seteuid(was)
        (root / "b").chmod(0o755)


def test_a_class_folder_that_may_not_be_read_is_named(unprivileged: Path) -> None:
    found = refusal(unprivileged)
    assert "Permission denied" in found
    assert str(unprivileged / "b") in found


def test_links_are_followed_but_not_in_a_circle(tmp_path: Path) -> None:
    touch(tmp_path, "pool/1.png", "images/b/1.png")
    (tmp_path / "images" / "a").symlink_to(tmp_path / "pool")
    (tmp_path / "images" / "b" / "gone.png").symlink_to("nowhere")
    listing = list_images(tmp_path / "images")
    assert [(file.name, file.size) for file in listing.files] == [
        ("a/1.png", 1),
        ("b/1.png", 1),
        ("b/gone.png", -1),
    ]
    (tmp_path / "images" / "b" / "again").symlink_to(tmp_path / "images")
    assert "b/again/b, a link back to a folder above it" in refusal(tmp_path / "images")
    (tmp_path / "images" / "b" / "again").unlink()
    (tmp_path / "images" / "b" / "self").symlink_to("self")
    assert "symbolic links" in refusal(tmp_path / "images")


def test_class_names_are_the_same_on_every_system_or_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "Cafe\u0301/1.png")
    assert list_images(tmp_path).classes == ("Caf\u00e9", "a")
    touch(tmp_path, "Caf\u00e9/1.png")
    assert "the coding of a letter" in refusal(tmp_path)
    broken = touch(tmp_path / "other", "a/1.png")
    os.mkdir(os.path.join(os.fsencode(broken), b"\xff\xfe"))  # noqa: PTH102, PTH118 - bytes are no path
    assert "is not UTF-8" in refusal(broken)


def test_the_digest_changes_with_every_file_but_not_with_what_is_ignored(tmp_path: Path) -> None:
    def listed() -> Listing:
        return list_images(tmp_path)

    touch(tmp_path, "a/1.png", "b/1.png")
    before = listed().digest
    assert listed().digest == before
    touch(tmp_path, "a/notes.txt")
    assert listed().digest == before
    os.utime(tmp_path / "a/1.png", ns=(1, 1))
    touched = listed().digest
    touch(tmp_path, "b/2.png")
    added = listed().digest
    (tmp_path / "b/2.png").rename(tmp_path / "b/3.png")
    assert len({before, touched, added, listed().digest}) == 4


def test_a_very_deep_folder_is_listed(tmp_path: Path) -> None:
    touch(tmp_path, "b/1.png", "a/" + "x/" * 600 + "1.png")
    assert len(list_images(tmp_path).files) == 2
