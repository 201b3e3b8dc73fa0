"""The rule refuses values that make no sense and names the option."""

import pytest

from paribus.errors import UsageError
from paribus.verdict import Rule, judge


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("alpha", 0), ("alpha", 1), ("alpha", float("nan")), ("alpha", "0.05"), ("alpha", True),
        ("margin_pp", -0.1), ("margin_pp", float("inf")),
        ("min_rounds", 2), ("min_rounds", 3.0), ("min_rounds", 21), ("max_rounds", 2), ("max_rounds", 201),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_with_its_option_named(option: str, value: object) -> None:
    with pytest.raises(UsageError, match="out of its range") as error:
        Rule(**{option: value})  # type: ignore[arg-type] # wrong types are among what is refused
    assert "rounds" in str(error.value) or option in str(error.value)


def test_numbers_of_images_below_one_are_refused() -> None:
    with pytest.raises(UsageError, match="images"):
        judge({"a": {0: 1.0}, "b": {0: 2.0}}, images=0)
