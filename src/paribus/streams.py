"""Independent random streams, one for each (seed, purpose, ...), the same bits on every machine.

Nothing in paribus draws from a global generator. A stream is keyed by what it is for, so what one layer or
epoch draws cannot shift what another one gets. Only raw 64-bit words of Philox are used (Salmon et al., 2011,
"Parallel random numbers: as easy as 1, 2, 3"): numpy keeps those stable, but not its distributions.
"""

import hashlib

import numpy as np
import numpy.typing as npt


def words(count: int, seed: int, *purpose: str | int) -> npt.NDArray[np.uint64]:
    """Raw random words of one stream.

    Args:
        count: How many words.
        seed: Seed of the round.
        purpose: What the words are for, such as ``("order", epoch)`` or ``("weights", "conv1.weight")``.

    Returns:
        ``(count,)`` uint64.
    """
    bits = np.random.Philox(key=_key(seed, *purpose))
    return np.asarray(bits.random_raw(count), dtype=np.uint64)


def uniform(count: int, bound: float, seed: int, *purpose: str | int) -> npt.NDArray[np.float32]:
    """Numbers uniform in [-bound, bound), from 24 random bits each.

    Returns:
        ``(count,)`` float32.
    """
    unit = (words(count, seed, *purpose) >> np.uint64(40)).astype(np.float64) * 2.0**-24
    return ((2.0 * unit - 1.0) * bound).astype(np.float32)


def permutation(count: int, seed: int, *purpose: str | int) -> npt.NDArray[np.int64]:
    """A uniformly random order of ``range(count)``: the order of as many random words.

    Two equal words would keep their order; among 60,000 words that happens once in 10**10 permutations.

    Returns:
        ``(count,)`` int64.
    """
    return np.argsort(words(count, seed, *purpose), kind="stable")


def generator_seed(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for a library that brings its own generator (torch's, for dropout masks)."""
    return int(words(1, seed, *purpose)[0] >> np.uint64(1))


def _key(seed: int, *purpose: str | int) -> int:
    name = "\x1f".join(["paribus", str(seed), *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "little")
