"""Digests that prove what a run started from, what it saw and where it ended."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt


def array_digest(values: npt.NDArray[np.generic]) -> str:
    """SHA-256 of an array's type, shape and bits, as 64 hexadecimal digits."""
    header = f"{values.dtype.str}{values.shape}".encode()
    return hashlib.sha256(header + np.ascontiguousarray(values).tobytes()).hexdigest()


def weights_digest(weights: Mapping[str, npt.NDArray[np.generic]]) -> str:
    """SHA-256 of named arrays, whatever their order, as 64 hexadecimal digits."""
    lines = (f"{name} {array_digest(weights[name])}\n" for name in sorted(weights))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def order_digest(batches: Iterable[npt.NDArray[np.int64]]) -> str:
    """SHA-256 of the indices of training images in the order seen, as little-endian 64-bit integers."""
    digest = hashlib.sha256()
    for indices in batches:
        digest.update(np.ascontiguousarray(indices, dtype="<i8").tobytes())
    return digest.hexdigest()
