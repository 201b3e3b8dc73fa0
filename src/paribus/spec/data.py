"""Which images a study trains on, and which it is evaluated on."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, Strict, StringConstraints, model_validator

from paribus.spec.claim import NAME
from paribus.spec.fields import Seed, SpecModel

OwnForm = Literal["folder", "npz"]
Resize = Literal["fit", "crop", "stretch"]
Broken = Literal["refuse", "skip"]

MAY_DIFFER = ("train_images",)
"""The only fields of the data in which variants may differ: all others decide what is evaluated."""


def own_form(dataset: str) -> OwnForm | None:
    """The form of a user's own data, as in `folder:PATH`; None for the name of a dataset."""
    form, colon, _ = dataset.partition(":")
    return next((known for known in get_args(OwnForm) if colon and form == known), None)


def anchored(dataset: Any, folder: Path) -> Any:  # noqa: ANN401 - whatever a study file gives, sound or not
    """A dataset with the path of own data made absolute; anything else as it is.

    Args:
        dataset: What `data.dataset` was given as.
        folder: Where a relative path starts.
    """
    if not isinstance(dataset, str) or own_form(dataset) is None:
        return dataset
    form, _, path = dataset.partition(":")
    return f"{form}:{folder.absolute() / _expanded(path)}" if path.strip() else dataset


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # a user whose home is not known
        return Path(path)


def _known_form(dataset: str) -> str:
    if own_form(dataset) is not None:
        path = dataset.partition(":")[2]
        if not path.strip() or any(ord(sign) < 32 for sign in path):
            raise ValueError("a path after the colon, as in folder:images")
    elif not NAME.fullmatch(dataset):
        raise ValueError("the name of a dataset, folder:PATH, or npz:PATH")
    return dataset


Dataset = Annotated[str, Strict(), StringConstraints(max_length=4096), AfterValidator(_known_form)]
Pixels = Annotated[int, Strict(), Field(ge=1, le=1024)]


class Data(SpecModel):
    """The data of a study. All variants are evaluated on the same images."""

    dataset: Dataset = "mnist"
    """Name of a dataset (`paribus data list` shows them), or your own images: `folder:PATH`, which holds a
    folder for each class, or `npz:PATH`, a NumPy archive. A relative path starts at the study file's
    folder."""
    train_images: Annotated[int, Strict(), Field(ge=1, le=100_000_000)] | None = None
    """Train on the first so many training images only; all of them when left out."""
    validation: Annotated[float, Strict(), Field(ge=0, lt=1)] = 0.0
    """Hold this share of each class of the training images out and evaluate on them instead of the test
    images, which then stay unseen; off at 0."""
    test_share: Annotated[float, Strict(), Field(gt=0, lt=1)] = 0.2
    """Share of each class that becomes the test images, where own data come in one piece."""
    split_seed: Seed = 0
    """Decides which images are held out; the same image falls on the same side whatever others there are."""
    image_size: Pixels | tuple[Pixels, Pixels] | None = None
    """Side, or height and width, that images of a folder are brought to, in pixels; when left out, their own
    size, which must then be the same for all."""
    channels: Literal[1, 3] | None = None
    """Grey (1) or colour (3) for images of a folder; when left out, grey if all of them are."""
    resize: Resize = "fit"
    """How an image of another shape becomes `image_size`: `fit`, whole and centred on black; `crop`, its
    centre; `stretch`, distorted."""
    broken: Broken = "refuse"
    """What to do about image files of a folder that cannot be read: `refuse` the folder, or `skip` them."""

    @model_validator(mode="after")
    def _fields_fit_the_dataset(self) -> "Data":
        problems = []
        fitting = {"folder": (), "npz": ("image_size", "channels", "resize", "broken")}.get(
            self.own or "", ("image_size", "channels", "resize", "broken", "test_share")
        )
        for field in fitting:
            if self._given(field):
                own = "'folder:PATH' or 'npz:PATH'" if field == "test_share" else "'folder:PATH'"
                problems.append(f"{field} only with dataset = {own}")
        if self.own is None and self.split_seed and not self.validation:
            problems.append("split_seed of a named dataset only with validation above 0")
        if self.own == "folder" and self.image_size is None and self.resize != "fit":
            problems.append("resize only with image_size")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def own(self) -> OwnForm | None:
        """The form of the user's own data; None for a named dataset."""
        return own_form(self.dataset)

    @property
    def path(self) -> Path:
        """Where own data lie."""
        assert self.own is not None, "a named dataset has no path"
        return _expanded(self.dataset.partition(":")[2])

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width that images are brought to; None to leave them as they are."""
        return (self.image_size, self.image_size) if isinstance(self.image_size, int) else self.image_size

    def declared(self) -> dict[str, Any]:
        """What a study declares of its data, as JSON values, wherever they lie.

        Of own data that is their form: which images they are, run keys tell by their contents. Fields added
        later are left out while they have their default, so that earlier studies keep their digests.
        """
        fields = self.model_dump(mode="json", exclude_defaults=True)
        dataset = f"{self.own}:" if self.own else self.dataset
        return {**fields, "dataset": dataset, "train_images": self.train_images}

    def _given(self, field: str) -> bool:
        return bool(getattr(self, field) != type(self).model_fields[field].default)
