"""Images and the trained nets that look at them: prepared, asked, remembered."""

import hashlib
import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.errors import UsageError
from paribus.page.memory import Recent
from paribus.page.refusal import RefusedError
from paribus.page.standings import Standings
from paribus.page.studies import Known
from paribus.standing import Layout, Standing
from paribus.standing.looks import ImageLook
from paribus.store import Store

if TYPE_CHECKING:  # for annotations only: it loads torch, which the first pages must not wait for
    from paribus.inference.look_study import StudyNets

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 4_000_000
"""Pixels of an upload beyond which it is refused before it is decoded; 16 MB in memory."""


@dataclass(frozen=True, eq=False)
class Sketch:
    """An image that somebody drew or sent.

    Attributes:
        key: What addresses name it by: the beginning of a digest of name and pixels.
        name: What it is called.
        pixels: As the nets see it, ``(C, H, W)`` uint8.
    """

    key: str
    name: str
    pixels: npt.NDArray[np.uint8]


class Inside:
    """Looks inside the nets of the studies of a store; may be asked from any thread.

    Torch is imported with the first look, or before by `warm_up`.

    Args:
        store: Opened for reading.
        standings: How the studies stand.
    """

    def __init__(self, store: Store, standings: Standings) -> None:
        self._store = store
        self._standings = standings
        self._sketches: Recent[str, Sketch] = Recent(256)
        self._nets: Recent[tuple[str, tuple[str, ...]], StudyNets] = Recent(4)
        self._looks: Recent[tuple[object, ...], ImageLook] = Recent(48)
        self._loading = threading.Lock()

    def warm_up(self) -> None:
        """Import what the first look needs, in a thread of its own, so that nobody waits for it.

        No daemon thread: Python's own end in the middle of loading torch's libraries may never come.
        """
        threading.Thread(target=_import_torch, name="import torch").start()

    def take(self, content: bytes, layout: Layout, name: str) -> Sketch:
        """Prepare an upload as the dataset's images were, and remember it.

        Args:
            content: The bytes of a file.
            layout: The study in the form of whose images it is brought.
            name: What it is called.

        Raises:
            RefusedError: 415 if it is no picture of a known format, 413 if it has too many pixels, 422 if it
                is damaged or shows nothing.
        """
        from paribus.inference.preparing import prepare  # noqa: PLC0415 - the index needs none of it

        data = layout.study.data
        with _opened(content) as picture:
            try:
                pixels = prepare([picture], layout.data, resize=data.resize).pixels[0]
            except UsageError as error:
                raise RefusedError(422, "This picture cannot be used.", _reason(error)) from None
        content = b"\0".join((str(pixels.shape).encode(), name.encode(), pixels.tobytes()))
        key = hashlib.sha256(content).hexdigest()[:20]
        return self._sketches.put(key, Sketch(key, name, pixels))

    def sketch(self, key: str) -> Sketch:
        """An image taken before.

        Raises:
            RefusedError: 404 if it is forgotten.
        """
        found = self._sketches.get(key)
        if found is None:
            raise RefusedError(
                404, "This picture is no longer in memory.", "Draw it or choose the file once more."
            )
        return found

    def test_image(self, known: Known, index: int) -> tuple[npt.NDArray[np.uint8], int]:
        """A test image of a study's dataset and its label.

        Raises:
            RefusedError: 404 if there is none of that number, or the dataset is not on this machine.
        """
        test = self._standings.test_images(known)
        if test is None:
            assert known.layout is not None, "a study that is shown is laid out"
            asked = known.layout.study.data
            mend = "Put them back." if asked.own else f"`paribus data fetch {asked.dataset}` brings them."
            raise RefusedError(404, "The test images are not on this machine.", mend)
        if not 0 <= index < len(test):
            raise RefusedError(
                404, f"There is no test image {index}.", f"They go from 0 to {len(test) - 1:,}."
            )
        return test.images[index], int(test.labels[index])

    def look(self, known: Known, image: str, seed: int | None) -> ImageLook:
        """What the nets of a study make of an image.

        Args:
            known: The study, laid out.
            image: Number of a test image, or the key of a sketch.
            seed: Whose nets are looked into; the first one when left out.

        Raises:
            RefusedError: 404 if there is no such image; 409 if no net of the study can be asked.
        """
        standing = self._standings.of(known)
        if image.isascii() and image.isdecimal() and len(image) < 10:
            pixels, label = self.test_image(known, int(image))
            name, answer = f"Test image {int(image)} of {standing.layout.data.name}", label
        else:
            sketch = self.sketch(image)
            pixels, name, answer = sketch.pixels, sketch.name, None
        keys = _run_keys(standing)
        kept = self._looks.get((known.digest, keys, image, seed))
        if kept is not None:
            return kept
        nets = self._study_nets(known, standing, keys)
        try:
            looked = nets.look(name, pixels, label=answer, seed=seed)
        except UsageError as error:
            raise RefusedError(409, error.what, error.found or "") from None
        return self._looks.put((known.digest, keys, image, seed), looked)

    def untrained(self, known: Known, index: int) -> ImageLook:
        """What the nets of a study would make of a test image before any training, with the first seed.

        Raises:
            RefusedError: 404 if there is no such image.
        """
        from paribus.inference.look_study import untrained_look  # noqa: PLC0415 - loads torch

        assert known.layout is not None, "a study that is shown is laid out"
        pixels, label = self.test_image(known, index)
        return untrained_look(
            known.layout, f"Test image {index} of {known.layout.data.name}", pixels, label=label
        )

    def seeds(self, known: Known) -> tuple[int, ...]:
        """Seeds whose nets can be looked into, as far as the store knows without reading weights."""
        runs = self._standings.of(known).runs.values()
        return tuple(
            sorted({seed for records in runs for seed, one in records.items() if one.state == "done"})
        )

    def _study_nets(self, known: Known, standing: Standing, keys: tuple[str, ...]) -> "StudyNets":
        from paribus.inference.look_study import StudyNets  # noqa: PLC0415 - loads torch

        with self._loading:  # two that ask at once share what is loaded
            return self._nets.made(
                (known.digest, keys), lambda: StudyNets.load(standing, known.digest, self._store)
            )


def _import_torch() -> None:
    import paribus.inference.look_study  # noqa: F401, PLC0415 - the import is what is wanted


def _run_keys(standing: Standing) -> tuple[str, ...]:
    """Keys of the runs whose nets can be asked."""
    return tuple(
        record.run_key
        for runs in standing.runs.values()
        for record in runs.values()
        if record.state == "done"
    )


def _reason(error: UsageError) -> str:
    """Why a picture cannot be used, without the name that it was given on the way."""
    reason = error.what.splitlines()[-1].partition(": ")[2]
    return f"{reason[:1].upper()}{reason[1:]}." if reason else "Choose another one."


def _opened(content: bytes) -> Image.Image:
    """An upload, recognised by its first bytes and measured, but not decoded."""
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except Exception:  # noqa: BLE001 - a decoder meets the bytes of anybody
        raise RefusedError(
            415, "This is no picture that can be read here.", "Choose a PNG, JPEG or WebP file."
        ) from None
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many_pixels()
    return picture


def _too_many_pixels() -> RefusedError:
    return RefusedError(
        413,
        f"A picture may have {MAX_PIXELS:,} pixels at most.",
        "Make it smaller: the nets see very few anyway.",
    )
