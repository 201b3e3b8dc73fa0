"""Which images are held out: the right share of every class, the same ones whatever else there is."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paribus.data.splitting import held_out, held_out_count


def digests(count: int, start: int = 0) -> list[bytes]:
    return [hashlib.sha256(str(number).encode()).digest() for number in range(start, start + count)]


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [
        (10, 0.2, 2),
        (12, 0.2, 2),
        (13, 0.2, 3),
        (5, 0.5, 3),
        (2, 0.01, 1),
        (2, 0.99, 1),
        (1, 0.5, 0),
        (0, 0.5, 0),
    ],
)
def test_the_share_is_rounded_and_leaves_an_image_on_either_side(
    count: int, share: float, expected: int
) -> None:
    assert held_out_count(count, share) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_every_class_gives_its_share(labels: list[int], share: float, seed: int) -> None:
    chosen = held_out(np.array(labels), digests(len(labels)), share, seed, "test")
    for label in set(labels):
        of_class = np.array(labels) == label
        assert chosen[of_class].sum() == held_out_count(int(of_class.sum()), share)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(30)), st.integers(0, 100))
def test_the_order_of_the_images_does_not_matter(order: list[int], seed: int) -> None:
    names, labels = digests(30), np.arange(30) % 3
    plain = held_out(labels, names, 0.3, seed, "test")
    shuffled = held_out(labels[order], [names[index] for index in order], 0.3, seed, "test")
    assert np.array_equal(shuffled, plain[order])


def test_an_added_image_moves_at_most_one_other_of_its_class_and_none_of_another() -> None:
    labels = np.arange(300) % 3
    before = held_out(labels, digests(300), 0.2, 0, "test")
    for extra in range(40):
        grown = np.append(labels, 0)
        after = held_out(grown, [*digests(300), *digests(1, 1000 + extra)], 0.2, 0, "test")
        changed = np.flatnonzero(after[:300] != before)
        assert len(changed) <= 1
        assert set(labels[changed]) <= {0}


def test_seeds_and_purposes_choose_independently() -> None:
    labels = np.zeros(2000, dtype=int)
    one, other, third = (
        held_out(labels, digests(2000), 0.5, seed, purpose)
        for seed, purpose in ((0, "test"), (1, "test"), (0, "validation"))
    )
    for pair in ((one, other), (one, third)):
        assert abs((pair[0] & pair[1]).sum() - 500) < 80  # hypergeometric, standard deviation 11


def test_copies_of_an_image_have_the_same_rank() -> None:
    names = digests(50) * 2
    chosen = held_out(np.zeros(100, dtype=int), names, 0.2, 0, "test")
    assert np.array_equal(chosen[:50], chosen[50:])
