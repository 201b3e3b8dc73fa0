"""Values as TOML writes them: what is written is read back the same."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from paribus.spec.words import settings, toml

PLAIN = st.text(st.characters(codec="utf-8"))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.booleans() | NUMBERS | PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_a_value_is_read_back_as_it_was(value: object) -> None:
    assert tomllib.loads(f"value = {toml(value)}") == {"value": value}


def test_settings_stand_in_a_line() -> None:
    fields = {"net.pool": "avg", "net.blocks": [{"channels": 16}], "net.hidden": (), "net.batch_norm": True}
    expected = 'net.pool = "avg"; net.blocks = [{ channels = 16 }]; net.hidden = []; net.batch_norm = true'
    assert settings(fields) == expected
    assert settings({}) == ""
