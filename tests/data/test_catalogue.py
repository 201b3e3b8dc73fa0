import hashlib
from pathlib import Path

import numpy as np
import pytest

from paribus import data
from paribus.errors import DataError


def test_the_facts_of_both_datasets_are_known_without_a_file() -> None:
    for name in ("mnist", "fashion-mnist"):
        entry = data.entry_of(name)
        assert (entry.train_count, entry.test_count) == (60_000, 10_000)
        assert entry.image_shape == (1, 28, 28)
        assert len(entry.classes) == 10
        assert [file.size for file in entry.files] == [47_040_016, 60_008, 7_840_016, 10_008]


def test_the_fingerprint_is_the_hash_of_the_four_published_hashes() -> None:
    published = (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db\n"
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5\n"
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7\n"
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2\n"
    )
    assert data.entry_of("mnist").fingerprint == hashlib.sha256(published.encode()).hexdigest()
    fingerprints = {entry.fingerprint for entry in data.datasets()}
    assert len(fingerprints) == len(data.datasets()) == 5


def test_fingerprints_never_change() -> None:
    assert data.facts("mnist").fingerprint.startswith("ac89dbc26b7b0b5f68ff")
    assert data.facts("fashion-mnist").fingerprint == data.entry_of("fashion-mnist").fingerprint
    archives = data.entry_of("cifar10").archives
    lines = "".join(f"{algorithm} {digest}\n" for each in archives for algorithm, digest in each.digests)
    assert data.facts("cifar10").fingerprint == hashlib.sha256(lines.encode()).hexdigest()


def test_facts_agree_with_the_files_of_every_entry() -> None:
    for entry in data.datasets():
        facts = data.facts(entry.name)
        assert (facts.train_count, facts.test_count) == (entry.train_count, entry.test_count)
        assert len(facts.train_per_class) == len(facts.test_per_class) == len(entry.classes)
        assert facts.image_shape == entry.image_shape
        assert (facts.name, facts.evaluated, facts.notes) == (entry.name, "test", ())
        assert entry.train_images.dims[1:] == entry.test_images.dims[1:]
    assert data.facts("cifar10").image_shape == (3, 32, 32)


def test_classes_have_as_many_images_as_the_catalogue_says(mnist: data.Dataset) -> None:
    facts = data.facts("mnist")
    assert tuple(np.bincount(mnist.train.labels).tolist()) == facts.train_per_class
    assert tuple(np.bincount(mnist.test.labels).tolist()) == facts.test_per_class


def test_every_mirror_is_reached_over_https_and_every_dataset_has_a_place() -> None:
    for entry in data.datasets():
        assert all(url.startswith("https://") and url.endswith("/") for url in entry.mirrors)
        assert entry.mirrors or entry.packages


def test_every_file_has_a_hash_or_comes_out_of_an_archive_that_has() -> None:
    for entry in data.datasets():
        unpacked = {name for archive in entry.archives for name in archive.files}
        for file in entry.files:
            assert len(file.sha256) == 64 or file.name in unpacked
        for archive in entry.archives:
            assert {algorithm: len(digest) for algorithm, digest in archive.digests} == {
                "sha256": 64,
                "md5": 32,
            }


def test_a_mistyped_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(DataError, match="did you mean `mnist`") as refusal:
        data.facts("mnsit")
    assert "`fashion-mnist`" in str(refusal.value)
    with pytest.raises(DataError, match="did you mean `fashion-mnist`"):
        data.facts("Fashion_MNIST")
    with pytest.raises(DataError, match="is not a dataset"):
        data.facts("../../etc/passwd")
    with pytest.raises(DataError, match="is not a dataset"):
        data.facts("x" * 5000)


def test_own_images_named_by_their_path_alone_are_told_how_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine.npz").touch()
    with pytest.raises(DataError, match="did you mean `folder:mine`"):
        data.facts("mine")
    with pytest.raises(DataError, match=r"did you mean `npz:mine\.npz`"):
        data.facts("mine.npz")
