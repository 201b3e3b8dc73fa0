"""Augmentation: what each change does to the pixels, and that paired variants see the same pictures."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from paribus.data import Dataset
from paribus.records import Assignment
from paribus.spec import Augmentation, Study
from paribus.train import set_up_process, train
from paribus.train.augment import Augmenter
from paribus.train.batches import Gatherer

EVERYTHING: dict[str, Any] = {"flip": True, "shift": 2, "rotation": 10.0, "crop": 0.8, "cutout": 5}


def picture(height: int = 9, width: int = 12, channels: int = 3) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(1).integers(1, 256, (40, channels, height, width), dtype=np.uint8)


def batch(images: npt.NDArray[np.uint8], epoch: int = 0, seed: int = 0, **fields: object) -> torch.Tensor:
    augmenter = Augmenter(Augmentation.model_validate(fields), len(images), seed)
    gatherer = Gatherer(images, np.zeros(len(images), np.int64), len(images), augmenter)
    return gatherer.gather(np.arange(len(images)), epoch)[0].clone()


def test_nothing_asked_for_leaves_the_pixels_alone() -> None:
    images = picture()
    assert torch.equal(batch(images), torch.from_numpy(images).div(255))


def test_a_flip_mirrors_about_half_of_the_images() -> None:
    images = picture()
    plain, flipped = torch.from_numpy(images).div(255), batch(images, flip=True)
    mirrored = [torch.equal(flipped[i], plain[i].flip(2)) for i in range(len(images))]
    same = [torch.equal(flipped[i], plain[i]) for i in range(len(images))]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 10 <= sum(mirrored) <= 30


def test_a_shift_moves_whole_pixels_and_brings_zeros_in() -> None:
    images = picture()
    plain, shifted = torch.from_numpy(images).div(255), batch(images, shift=2)
    seen = set()
    for image, moved in zip(plain, shifted, strict=True):
        padded = torch.nn.functional.pad(image, (2, 2, 2, 2))
        places = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if torch.equal(padded[:, down : down + 9, right : right + 12], moved)
        ]
        assert len(places) == 1
        seen.add(places[0])
    assert len(seen) > 15


def test_a_rotation_turns_about_the_centre_and_a_crop_enlarges() -> None:
    blob = np.zeros((200, 1, 41, 61), np.uint8)
    blob[:, :, 18:23, 40:45] = 255  # 12 pixels right of the centre
    rotated = batch(blob, rotation=90.0)[:, 0]
    rows, columns = np.mgrid[-20:21, -30:31]
    mass = rotated.sum((1, 2)).numpy()
    down = (rotated.numpy() * rows).sum((1, 2)) / mass
    right = (rotated.numpy() * columns).sum((1, 2)) / mass
    assert np.hypot(down, right) == pytest.approx(12, abs=0.1)
    angles = np.degrees(np.arctan2(down, right))
    assert angles.min() < -80
    assert angles.max() > 80
    assert mass == pytest.approx(25, rel=0.05)
    cropped = batch(blob, crop=0.5)[:, 0].sum((1, 2)).numpy()
    assert cropped.max() > 2 * 25
    assert cropped.max() <= 4.1 * 25


def test_a_cutout_is_one_square_of_zeros() -> None:
    cut = batch(picture(), cutout=4)
    for image in cut:
        zeros = (image == 0).all(0).numpy()
        rows, columns = np.flatnonzero(zeros.any(1)), np.flatnonzero(zeros.any(0))
        assert 0 < len(rows) <= 4
        assert 0 < len(columns) <= 4
        assert zeros.sum() == len(rows) * len(columns)


def test_an_images_changes_depend_on_seed_epoch_and_image_only() -> None:
    images = picture()
    whole = batch(images, **EVERYTHING)
    augmenter = Augmenter(Augmentation(**EVERYTHING), len(images), 0)
    gatherer = Gatherer(images, np.zeros(len(images), np.int64), 7, augmenter)
    for chosen in (np.array([5, 3, 39]), np.array([39])):
        assert torch.equal(gatherer.gather(chosen, 0)[0], whole[torch.from_numpy(chosen)])
    assert not torch.equal(batch(images, epoch=1, **EVERYTHING), whole)
    assert not torch.equal(batch(images, seed=1, **EVERYTHING), whole)


def test_paired_variants_train_on_bit_identical_batches(
    mnist: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two variants that differ in the net only: every batch that reaches the net is the same."""
    engine = set_up_process()
    study = Study(
        name="paired",
        data={"train_images": 250},
        protocol={"iterations": 6, "batch_size": 100, "augmentation": EVERYTHING},
        variants={"a": {}, "b": {"net.pool": "avg", "net.padding": "valid"}},
    )
    seen: dict[str, list[bytes]] = {"a": [], "b": []}
    gather = Gatherer.gather

    for variant, batches in seen.items():

        def noting(
            self: Gatherer,
            indices: npt.NDArray[np.int64],
            epoch: int = 0,
            batches: list[bytes] = batches,
        ) -> tuple[torch.Tensor, torch.Tensor]:
            images, labels = gather(self, indices, epoch)
            batches.append(images.contiguous().numpy().tobytes() + labels.numpy().tobytes())
            return images, labels

        monkeypatch.setattr(Gatherer, "gather", noting)
        train(Assignment("0" * 64, study.configurations[variant], 3), mnist, engine)
    assert seen["a"] == seen["b"]
    assert len(set(seen["a"][:6])) == 6
