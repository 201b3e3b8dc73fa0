"""What is known of a study's data before it is trained on them, and what there is to mind about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

IMBALANCE = 1.5
"""From this ratio of the largest class to the smallest on, a set counts as unbalanced."""

_SHOWN = 10

Evaluated = Literal["test", "validation"]


@dataclass(frozen=True)
class Duplicates:
    """Evaluated images that are training images too, pixel for pixel.

    Attributes:
        count: How many.
        other_label: How many of them have another label there, perhaps beside their own.
        examples: Some of them, each with the training image that it equals.
    """

    count: int
    other_label: int = 0
    examples: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Skipped:
    """A broken file that was left out.

    Attributes:
        file: Its path in the folder.
        reason: Why it could not be read.
    """

    file: str
    reason: str


@dataclass(frozen=True)
class Facts:
    """What is known of the data of a study.

    Attributes:
        name: How messages call them; for own data, their form and the name of the folder or file.
        title: What they are.
        classes: Names of the classes, in the order of the labels.
        image_shape: Shape of one image, ``(C, H, W)``.
        train_per_class: Training images of each class.
        test_per_class: Evaluated images of each class.
        fingerprint: Identity, in run keys, of what is trained and evaluated on.
        evaluated: What is evaluated: the test images, or images held out of the training images.
        duplicates: Evaluated images that are training images too; None if nobody has looked.
        skipped: Broken files that were left out.
        ignored: What else lies in the folder and was not looked at, in words.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    train_per_class: tuple[int, ...]
    test_per_class: tuple[int, ...]
    fingerprint: str
    evaluated: Evaluated = "test"
    duplicates: Duplicates | None = None
    skipped: tuple[Skipped, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def train_count(self) -> int:
        """Training images, before a study takes only some of them."""
        return sum(self.train_per_class)

    @property
    def test_count(self) -> int:
        """Images that are evaluated."""
        return sum(self.test_per_class)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to mind about the data, in sentences without a full stop; often nothing."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.evaluated == "validation":
            yield (
                f"evaluated on {self.test_count:,} validation images, held out of the training images; "
                "the test images stay unseen"
            )
        for images, counts in (("training", self.train_per_class), (self.evaluated, self.test_per_class)):
            yield from _unbalanced(images, counts, self.classes)
        if self.duplicates is not None and self.duplicates.count:
            yield _copied(self.duplicates, self.evaluated, self.test_count)
        if self.skipped:
            files = (
                "1 broken file was" if len(self.skipped) == 1 else f"{len(self.skipped):,} broken files were"
            )
            yield f"{files} left out: {_some([f'{each.file} {each.reason}' for each in self.skipped])}"
        if self.ignored:
            yield f"ignored: {'; '.join(self.ignored)}"


def _unbalanced(images: str, counts: Sequence[int], classes: Sequence[str]) -> Iterator[str]:
    missing = [name for name, count in zip(classes, counts, strict=True) if count == 0]
    if missing:
        yield f"no {images} images of {_some(missing)}"
    least, most = min(counts), max(counts)
    if least and most > IMBALANCE * least:
        fewest, largest = classes[counts.index(least)], classes[counts.index(most)]
        yield (
            f"the {images} images are unbalanced, {most / least:.1f} to 1: {most:,} of {largest}, "
            f"{least:,} of {fewest}"
        )


def _copied(duplicates: Duplicates, evaluated: str, count: int) -> str:
    are = "is a training image too" if duplicates.count == 1 else "are training images too"
    labelled = f", {duplicates.other_label:,} of them with another label" if duplicates.other_label else ""
    such = ", ".join(f"{one} = {other}" for one, other in duplicates.examples[:3])
    which = f"{duplicates.count:,} of the {count:,} {evaluated} images"
    return f"{which} {are}, pixel for pixel{labelled} (such as {such})"


def _some(items: Sequence[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
