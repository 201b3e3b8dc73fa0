"""Random changes of the training images; the test images are never changed."""

from typing import Annotated

from pydantic import Field, Strict

from paribus.spec.fields import Flag, SpecModel

Pixels = Annotated[int, Strict(), Field(ge=0, le=512)]
Degrees = Annotated[float, Strict(), Field(ge=0, le=180)]
Share = Annotated[float, Strict(), Field(gt=0, le=1)]


class Augmentation(SpecModel):
    """How each training image is changed each time it is seen.

    What happens to an image is decided by (seed of the round, epoch, index of the image), so that all
    variants of a round see the same pictures.
    """

    flip: Flag = False
    """Mirror left to right, with probability one half."""
    shift: Pixels = 0
    """Move by up to so many pixels along each axis; zeros come in at the edge."""
    rotation: Degrees = 0.0
    """Rotate about the centre by up to so many degrees either way."""
    crop: Share = 1.0
    """Cut a window of at least this share of each side out, at a random place, and scale it back."""
    cutout: Pixels = 0
    """Set a square of this side to zero, centred on a random pixel (DeVries & Taylor, 2017)."""

    @property
    def interpolates(self) -> bool:
        """Whether pixels fall between pixels."""
        return self.rotation > 0 or self.crop < 1

    @property
    def changes(self) -> bool:
        """Whether anything is changed at all."""
        return self.flip or self.shift > 0 or self.cutout > 0 or self.interpolates
