"""Connected regions of a mask, by runs of pixels row by row."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Run = tuple[int, int, int]
"""First column, the one beyond the last, and a label."""


def label_regions(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Number the connected regions of a mask; pixels that touch at a corner are connected.

    Args:
        mask: ``(H, W)``.

    Returns:
        ``(H, W)`` int64: 0 outside the mask, and the number of its region, from 1, inside.
    """
    parents = [0]
    labels = np.zeros(mask.shape, dtype=np.int64)
    above: list[Run] = []
    for row, pixels in enumerate(mask):
        here = []
        for start, stop, touching in _touching(_runs(pixels), above):
            roots = {_root(parents, label) for label in touching}
            label = min(roots, default=len(parents))
            if label == len(parents):
                parents.append(label)
            for root in roots:
                parents[root] = label
            labels[row, start:stop] = label
            here.append((start, stop, label))
        above = here
    roots_of = np.array([_root(parents, label) for label in range(len(parents))])
    return np.asarray(np.unique(roots_of, return_inverse=True)[1][labels], dtype=np.int64)


def _runs(pixels: npt.NDArray[np.bool_]) -> list[list[int]]:
    edges = np.flatnonzero(np.diff(pixels.astype(np.int8), prepend=0, append=0))
    return [[int(start), int(stop)] for start, stop in edges.reshape(-1, 2)]


def _touching(runs: list[list[int]], above: list[Run]) -> Iterator[tuple[int, int, list[int]]]:
    """Each run of a row with the labels of the runs above that it touches; both ascend by column."""
    first = 0
    for start, stop in runs:
        while first < len(above) and above[first][1] < start:
            first += 1
        labels = []
        for left, _, label in above[first:]:
            if left > stop:
                break
            labels.append(label)
        yield start, stop, labels


def _root(parents: list[int], label: int) -> int:
    while parents[label] != label:
        parents[label] = parents[parents[label]]
        label = parents[label]
    return label
