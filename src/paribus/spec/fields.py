"""The common manner of all spec models, and the kinds of values their fields take."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints


class SpecModel(BaseModel):
    """A frozen value that refuses unknown fields and numbers that are not finite."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True, use_attribute_docstrings=True
    )


Channels = Annotated[int, Strict(), Field(ge=1, le=8192)]
Side = Annotated[int, Strict(), Field(ge=1, le=64)]
PaddingWidth = Annotated[int, Strict(), Field(ge=0, le=64)]
BatchSize = Annotated[int, Strict(), Field(ge=1, le=100_000)]
Steps = Annotated[int, Strict(), Field(ge=1, le=100_000_000)]
Seed = Annotated[int, Strict(), Field(ge=0, le=2**32 - 1)]
Rounds = Annotated[int, Strict(), Field(ge=3, le=200)]
Flag = Annotated[bool, Strict()]
PositiveNumber = Annotated[float, Strict(), Field(gt=0, le=1e6)]
NonNegativeNumber = Annotated[float, Strict(), Field(ge=0, le=1e6)]
Fraction = Annotated[float, Strict(), Field(ge=0, lt=1)]
Text = Annotated[str, Strict(), StringConstraints(max_length=2000)]
Name = Annotated[
    str, Strict(), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$", max_length=64)
]
