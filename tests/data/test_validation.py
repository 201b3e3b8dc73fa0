"""Validation images of a named dataset, and what is known of data before they are read."""

import json
from pathlib import Path

import numpy as np
import pytest

from paribus import data
from paribus.data.splitting import held_out, pixel_digests
from paribus.spec import Data


@pytest.fixture
def linked(tmp_path: Path, mnist: data.Dataset) -> Path:
    """A cache of its own that holds MNIST's files."""
    assert mnist.name == "mnist"
    home = tmp_path / "mnist"
    home.mkdir()
    for file in data.entry_of("mnist").files:
        (home / file.name).symlink_to(data.cache_folder() / "mnist" / file.name)
    return tmp_path


HELD = Data(dataset="mnist", validation=0.1)


def test_facts_know_counts_without_a_file_and_loading_agrees(mnist: data.Dataset, linked: Path) -> None:
    facts = data.facts(HELD, cache=linked / "empty")
    assert facts.evaluated == "validation"
    assert facts.train_count + facts.test_count == 60_000
    dataset = data.load(HELD, cache=linked, offline=True)
    assert tuple(np.bincount(dataset.train.labels).tolist()) == facts.train_per_class
    assert tuple(np.bincount(dataset.test.labels).tolist()) == facts.test_per_class
    assert dataset.fingerprint == facts.fingerprint != mnist.fingerprint
    assert (dataset.test.name, dataset.name) == ("validation", "mnist")
    digests = list(pixel_digests(mnist.train.images))
    mask = held_out(mnist.train.labels, digests, 0.1, 0, "validation")
    assert np.array_equal(dataset.test.images, mnist.train.images[mask])
    assert np.array_equal(dataset.train.images, mnist.train.images[~mask])
    assert np.array_equal(dataset.train.labels, mnist.train.labels[~mask])


def test_prepared_validation_is_mapped_again_and_made_anew_when_damaged(linked: Path) -> None:
    first = data.load(HELD, cache=linked, offline=True)
    kept = next((linked / "mnist").glob("validation-*.u8"))
    for file in data.entry_of("mnist").files:
        (linked / "mnist" / file.name).rename(linked / file.name)  # it is not needed any more
    assert np.array_equal(data.load(HELD, cache=linked, offline=True).test.images, first.test.images)
    for file in data.entry_of("mnist").files:
        (linked / file.name).rename(linked / "mnist" / file.name)
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1
    kept.unlink()
    kept.write_bytes(content)
    assert np.array_equal(data.load(HELD, cache=linked, offline=True).test.images, first.test.images)


def test_share_and_seed_decide_the_fingerprint_and_nothing_else_does(linked: Path) -> None:
    found = {
        data.facts(Data.model_validate({"dataset": "mnist", **fields}), cache=linked).fingerprint
        for fields in (
            {},
            {"validation": 0.1},
            {"validation": 0.2},
            {"validation": 0.1, "split_seed": 1},
            {"validation": 0.1, "train_images": 100},
            {"train_images": 100},
        )
    }
    assert len(found) == 4


def test_duplicates_of_a_named_dataset_are_looked_for_once(linked: Path) -> None:
    assert data.facts("mnist", cache=linked).duplicates is None
    assert data.surveyed("mnist", cache=linked / "empty").duplicates is None, "nothing is fetched"
    found = data.surveyed("mnist", cache=linked).duplicates
    assert found is not None
    train = data.load("mnist", cache=linked, offline=True).train.images
    known = {image.tobytes() for image in train}
    test = data.load("mnist", cache=linked, offline=True).test.images
    assert found.count == sum(image.tobytes() in known for image in test)
    assert data.facts("mnist", cache=linked).duplicates == found
    (note,) = (linked / "duplicates").glob("*.json")
    note.write_text(json.dumps({"count": "many"}))
    assert data.facts("mnist", cache=linked).duplicates is None
    assert data.surveyed("mnist", cache=linked).duplicates == found


def test_a_survey_of_validation_images_compares_them_with_the_training_images(linked: Path) -> None:
    assert data.surveyed(HELD, cache=linked / "empty").duplicates is None
    found = data.surveyed(HELD, cache=linked)
    assert found.duplicates is not None
    assert found.notes[0].startswith("evaluated on 6,")
