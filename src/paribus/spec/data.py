"""Which images a study trains and tests on."""

from typing import Annotated

from pydantic import Field, Strict

from paribus.spec.fields import Name, SpecModel


class Data(SpecModel):
    """The data of a study. The test set is the dataset's whole test split, the same for all variants."""

    dataset: Name = "mnist"
    """Name of a dataset; `paribus data list` shows them."""
    train_images: Annotated[int, Strict(), Field(ge=1, le=100_000_000)] | None = None
    """Train on the first so many images of the training split only; all of them when left out."""
