"""Which image is looked at: the one that is named, or test images that tell something of a study."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus import data
from paribus.errors import UsageError
from paribus.inference.preparing import prepare
from paribus.inference.reading import Picture
from paribus.standing import Evidence, Layout

_NUMBER = re.compile(r"(.+):(\d{1,9})")


@dataclass(frozen=True)
class Telling:
    """A test image worth a look.

    Attributes:
        index: Its number.
        why: Why it is shown.
    """

    index: int
    why: str


def telling_images(evidence: Evidence) -> tuple[Telling, ...]:
    """Up to three test images, each of another kind; none where labels or predictions are not at hand."""
    shares = _shares(evidence)
    if shares is None:
        return ()
    found: dict[int, str] = {}
    for kind in (_all_right, _disagreed, _mostly_wrong):
        one = kind(shares)
        if one is not None:
            found.setdefault(one.index, one.why)
    return tuple(Telling(index, why) for index, why in found.items())


def image_of(image: str | Picture, layout: Layout) -> tuple[str, npt.NDArray[np.uint8], int | None]:
    """An image that is named.

    Args:
        image: A test image such as ``mnist:7`` or ``folder:flowers:7``, or a picture (a file, a Pillow image
            or a uint8 array), which is brought into the form of the study's images.
        layout: The study.

    Returns:
        What it is called, ``(C, H, W)`` uint8, and its class where that is known.

    Raises:
        UsageError: If there is no such image, or the picture cannot be used.
        DataError: If the test images are not on this machine.
    """
    numbered = _NUMBER.fullmatch(image) if isinstance(image, str) else None
    entry, asked = layout.data, layout.study.data
    if numbered is None or numbered[1] not in (entry.name, asked.dataset):
        prepared = prepare([image], entry)
        return prepared.names[0], prepared.pixels[0], None
    test = data.load(asked).test
    index = int(numbered[2])
    if index >= len(test):
        raise UsageError(
            f"{entry.name} has no test image {index}",
            expected=f"{entry.name}:0 to {entry.name}:{len(test) - 1}",
            found=f"{image}",
        )
    return f"Test image {index} of {entry.name}", test.images[index], int(test.labels[index])


Shares = dict[str, npt.NDArray[np.float64]]
"""Variant to the share of its nets that are right, of each test image, ``(test images,)``."""


def _shares(evidence: Evidence) -> Shares | None:
    if evidence.test is None:
        return None
    labels = evidence.test.labels
    shares = {
        name: np.asarray(np.mean([said == labels for said in runs.values()], axis=0))
        for name, runs in evidence.predictions.items()
        if runs and all(len(said) == len(labels) for said in runs.values())
    }
    return shares or None


def _all_right(shares: Shares) -> Telling | None:
    right = np.flatnonzero(np.min(list(shares.values()), axis=0) == 1)
    return Telling(int(right[0]), "every net is right") if len(right) else None


def _disagreed(shares: Shares) -> Telling | None:
    """The image on which the best and the worst variant are furthest apart."""
    table = np.stack(list(shares.values()))
    spread = table.max(axis=0) - table.min(axis=0)
    index = int(spread.argmax())
    if spread[index] == 0:
        return None
    names = list(shares)
    best, worst = names[int(table[:, index].argmax())], names[int(table[:, index].argmin())]
    return Telling(
        index,
        f"the variants disagree ({100 * shares[best][index]:.0f} % of the nets of {best} are right, "
        f"{100 * shares[worst][index]:.0f} % of {worst})",
    )


def _mostly_wrong(shares: Shares) -> Telling | None:
    best = np.max(list(shares.values()), axis=0)
    index = int(best.argmin())
    return Telling(index, "most nets of every variant are wrong") if best[index] < 0.5 else None
