"""The IDX file form of MNIST: a magic number, the dimensions, then the values; all of it checked.

Only unsigned bytes (type 0x08) are read; no dataset of the catalogue has another type.
"""

import math

import numpy as np
import numpy.typing as npt

from paribus.errors import DataError

_UNSIGNED_BYTE = 0x08


def parse(raw: npt.NDArray[np.uint8], name: str, dims: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """The values of an IDX file, as a view (nothing is copied).

    Args:
        raw: All bytes of the file, ``(bytes,)`` uint8.
        name: The file, as messages call it.
        dims: The dimensions it must have.

    Returns:
        uint8 of shape ``dims``, read-only if ``raw`` is.

    Raises:
        DataError: The file is no IDX file of unsigned bytes, its dimensions are others, or its length is not
            what its header says.
    """
    header = raw[:4].tobytes()
    if len(header) < 4 or header[:3] != bytes((0, 0, _UNSIGNED_BYTE)) or header[3] == 0:
        raise _refused(
            name, "a file that begins with 00 00 08 and its number of dimensions", _shown(header, "no bytes")
        )
    start = 4 + 4 * header[3]
    if len(raw) < start:
        raise _refused(name, f"{start} bytes of header", f"{len(raw)} bytes in all")
    found = tuple(int(size) for size in raw[4:start].view(">u4"))
    if found != dims:
        raise _refused(name, f"dimensions {_times(dims)}", _times(found))
    length = start + math.prod(found)
    if len(raw) != length:
        raise _refused(name, f"{length:,} bytes, as its header says", f"{len(raw):,} bytes")
    return raw[start:].reshape(found)


def _refused(name: str, expected: str, found: str) -> DataError:
    return DataError(
        f"{name} is not the IDX file it should be",
        expected=expected,
        found=found,
        means="its images or labels cannot be trusted, so none of them are used",
        mend="replace the file with an intact one, or remove it and fetch it again: `paribus data fetch`",
    )


def _shown(header: bytes, nothing: str) -> str:
    return header.hex(" ") or nothing


def _times(dims: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in dims)
