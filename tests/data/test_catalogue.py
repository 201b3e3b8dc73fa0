import hashlib

import pytest

from paribus import data
from paribus.errors import DataError


def test_the_facts_of_both_datasets_are_known_without_a_file() -> None:
    for name in ("mnist", "fashion-mnist"):
        entry = data.facts(name)
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
    assert data.fingerprint("mnist") == hashlib.sha256(published.encode()).hexdigest()
    assert data.fingerprint("mnist") != data.fingerprint("fashion-mnist")


def test_every_mirror_is_reached_over_https_and_every_dataset_has_a_package() -> None:
    for entry in data.datasets():
        assert entry.mirrors
        assert all(url.startswith("https://") and url.endswith("/") for url in entry.mirrors)
        assert entry.packages


def test_a_mistyped_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(DataError, match="did you mean `mnist`") as refusal:
        data.facts("mnsit")
    assert "`fashion-mnist`" in str(refusal.value)
    with pytest.raises(DataError, match="did you mean `fashion-mnist`"):
        data.facts("Fashion_MNIST")
    with pytest.raises(DataError, match="is not a dataset"):
        data.facts("../../etc/passwd")
