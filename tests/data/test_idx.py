import math
import struct

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.data import idx
from paribus.errors import DataError


def as_array(raw: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(raw, np.uint8)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple))
def test_a_file_packed_by_hand_reads_back_value_by_value(dims: tuple[int, ...]) -> None:
    count = math.prod(dims)
    values = bytes(i * 37 % 256 for i in range(count))
    raw = struct.pack(f">BBBB{len(dims)}I", 0, 0, 8, len(dims), *dims) + values
    parsed = idx.parse(as_array(raw), "file", dims)
    assert parsed.shape == dims
    assert parsed.ravel().tolist() == list(values)


def test_the_values_are_a_view_and_cannot_be_written() -> None:
    raw = as_array(struct.pack(">BBBBI", 0, 0, 8, 1, 2) + b"ab")
    parsed = idx.parse(raw, "file", (2,))
    assert np.shares_memory(parsed, raw)
    assert not parsed.flags.writeable


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "no bytes"),
        (b"\x00\x00\x08", "00 00 08"),
        (b"\x1f\x8b\x08\x00rest of it", "1f 8b 08 00"),
        (struct.pack(">BBBBI", 0, 0, 13, 1, 2) + b"ab", "00 00 0d 01"),
        (struct.pack(">BBBB", 0, 0, 8, 0), "00 00 08 00"),
        (struct.pack(">BBBB", 0, 0, 8, 255) + b"short", "9 bytes in all"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 3) + b"abc", "3"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 2**32 - 1) + b"ab", "4,294,967,295"),
        (struct.pack(">BBBBII", 0, 0, 8, 2, 2**31, 2**33 % 2**32) + b"ab", "2,147,483,648 × 0"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 2) + b"a", "9 bytes"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 2) + b"abc", "11 bytes"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_by_name(raw: bytes, words: str) -> None:
    with pytest.raises(DataError, match="shelf/labels is not the IDX file") as refusal:
        idx.parse(as_array(raw), "shelf/labels", (2,))
    assert words in str(refusal.value.found)
