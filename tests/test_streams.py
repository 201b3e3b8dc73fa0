"""Random streams: independent of each other, and of the version of anything."""

import numpy as np
from scipy import stats

from paribus import streams

WORDS = [11144657631054442418, 7364333138089371974, 3922091484138355666]


def test_words_of_a_stream_never_change() -> None:
    """Frozen: a change here would change the result of every recorded run."""
    assert streams.words(3, 0, "order", 0).tolist() == WORDS


def test_streams_of_different_purpose_seed_or_epoch_differ() -> None:
    keys: list[tuple[int, tuple[str | int, ...]]] = [
        (0, ("order", 0)),
        (0, ("order", 1)),
        (1, ("order", 0)),
        (0, ("weights", 0)),
        (10, ("order",)),
        (1, ("0order",)),
    ]
    drawn = {streams.words(4, seed, *purpose).tobytes() for seed, purpose in keys}
    assert len(drawn) == len(keys)


def test_drawing_from_one_stream_does_not_shift_another() -> None:
    first = streams.words(5, 0, "a")
    streams.words(1000, 0, "b")
    assert np.array_equal(first, streams.words(5, 0, "a"))
    assert np.array_equal(first[:2], streams.words(2, 0, "a"))


def test_uniform_numbers_are_uniform_within_their_bound() -> None:
    drawn = streams.uniform(50_000, 0.2, 3, "u")
    assert drawn.dtype == np.float32
    assert drawn.min() >= -0.2
    assert drawn.max() < 0.2
    assert stats.kstest(drawn, stats.uniform(-0.2, 0.4).cdf).pvalue > 1e-4


def test_permutations_are_uniform_over_all_orders() -> None:
    orders = [tuple(streams.permutation(3, seed, "p").tolist()) for seed in range(3000)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-4
