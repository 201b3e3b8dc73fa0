"""Images from a NumPy archive of the user's; nothing in it is ever unpickled.

Names, types and sizes are read and checked before any value is.
"""

import contextlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.errors import DataError

MOST_BYTES = 8 << 30
"""Of all arrays together, unpacked."""

MOST_CLASSES = 1 << 16
MOST_SIDE = 1024

_SPLIT = (
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("x_train", "y_train", "x_test", "y_test"),
)
_WHOLE = ("images", "labels")
_CLASSES = "classes"
_EXPECTED = (
    "arrays train_images, train_labels, test_images, test_labels (or x_train, y_train, x_test, y_test), or "
    "images, labels; and classes, if you like"
)

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Arrays:
    """What an archive holds.

    Attributes:
        classes: Names of the classes.
        images: ``(N, H, W, C)`` uint8: of training and test, or one set that is still to be split.
        labels: ``(N,)`` for each.
        ignored: Arrays that were left aside, in words.
    """

    classes: tuple[str, ...]
    images: tuple[npt.NDArray[np.uint8], ...]
    labels: tuple[Numbers, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class _Header:
    """What an array's header says."""

    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"


def read_npz(path: Path) -> Arrays:
    """The images of an archive.

    Raises:
        DataError: It cannot be read, or does not hold what it should.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            headers = _headers(archive, path)
        names = _chosen(headers, path)
        for name in (*names, *((_CLASSES,) if _CLASSES in headers else ())):
            _require_plain(headers[name], name, path)
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: np.asarray(arrays[name]) for name in names}
            given = np.asarray(arrays[_CLASSES]) if _CLASSES in headers else None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, RuntimeError) as error:
        # RuntimeError: zipfile's word for encrypted members and, by a subclass, for compressions it lacks
        raise _unreadable(path, error) from error
    return _checked(found, names, given, headers, path)


def _headers(archive: zipfile.ZipFile, path: Path) -> dict[str, _Header]:
    """Name to header of every array, each of the size that its header says."""
    headers: dict[str, _Header] = {}
    total = 0
    for member in archive.infolist():
        total += member.file_size
        if total > MOST_BYTES:
            raise _refused(
                path,
                f"at most {MOST_BYTES:,} bytes when unpacked",
                f"{total:,} bytes or more",
                "use fewer images",
            )
        if member.filename.endswith(".npy"):
            with archive.open(member) as stream:
                shape, _, dtype = _read_header(stream)
                said = stream.tell() + int(np.prod(shape, dtype=np.float64)) * dtype.itemsize
            if not dtype.hasobject and said != member.file_size:
                raise _refused(
                    path, f"{said:,} bytes of {member.filename}", f"{member.file_size:,} bytes", _SAVE
                )
            headers[member.filename.removesuffix(".npy")] = _Header(shape, dtype)
    return headers


def _read_header(stream: Any) -> tuple[tuple[int, ...], bool, "np.dtype[Any]"]:  # noqa: ANN401 - a zip's member
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


def _chosen(headers: Mapping[str, _Header], path: Path) -> tuple[str, ...]:
    """The names under which images and labels lie there."""
    complete = [names for names in (*_SPLIT, _WHOLE) if set(names) <= set(headers)]
    if len(complete) == 1:
        return complete[0]
    if complete:
        found = " and also ".join(", ".join(names) for names in complete)
    else:
        found = ", ".join(sorted(headers)) or "no arrays"
    raise _refused(path, _EXPECTED, found[:300], _SAVE)


def _require_plain(header: _Header, name: str, path: Path) -> None:
    if header.dtype.hasobject:
        raise _refused(
            path,
            f"plain numbers in {name}",
            "Python objects, which are pickled: reading them could run any code, so they are never read",
            "save the array with a plain type: np.asarray(..., dtype=np.uint8)",
        )


def _checked(
    found: Mapping[str, npt.NDArray[Any]],
    names: Sequence[str],
    given: npt.NDArray[Any] | None,
    headers: Mapping[str, _Header],
    path: Path,
) -> Arrays:
    images = [_images(found[name], name, path) for name in names[::2]]
    labels = [
        _labels(found[name], name, len(each), path) for name, each in zip(names[1::2], images, strict=True)
    ]
    if len({each.shape[1:] for each in images}) > 1:
        shapes = " and ".join(" × ".join(map(str, each.shape[1:])) for each in images)
        raise _refused(
            path, "training and test images of one shape", f"{shapes} (height × width × channels)", _SAVE
        )
    classes = _class_names(given, 1 + max(int(each.max()) for each in labels), path)
    missing = np.flatnonzero(np.bincount(labels[0], minlength=len(classes)) == 0)
    if len(classes) < 2 or len(missing):
        lacking = f"no images of class {classes[missing[0]]} in {names[0]}" if len(missing) else "1 class"
        raise _refused(
            path, "at least 2 classes, with training images of each", lacking, "correct the labels"
        )
    aside = sorted(set(headers) - {*names, _CLASSES})
    ignored = (f"the arrays {', '.join(aside[:10])}",) if aside else ()
    return Arrays(classes, tuple(images), tuple(labels), ignored)


def _images(values: npt.NDArray[Any], name: str, path: Path) -> npt.NDArray[np.uint8]:
    """Images as ``(N, H, W, C)``."""
    if values.dtype != np.uint8:
        advice = "scale floats in [0, 1] yourself: (images * 255).round().astype(np.uint8)"
        raise _refused(path, f"{name} as uint8, 0 to 255", f"{values.dtype}", advice)
    shape = " × ".join(map(str, values.shape))
    last = values.ndim == 4 and values.shape[3] in (1, 3)
    first = values.ndim == 4 and values.shape[1] in (1, 3)
    if (values.ndim != 3 and not last and not first) or values.size == 0:
        raise _refused(
            path, f"{name} of shape N × H × W, N × H × W × C or N × C × H × W with C 1 or 3", shape, _SAVE
        )
    if last and first:
        raise _refused(
            path, f"{name} in which one axis only can be the channels", shape, "save grey images as N × H × W"
        )
    turned = values[..., None] if values.ndim == 3 else values if last else values.transpose(0, 2, 3, 1)
    if max(turned.shape[1:3]) > MOST_SIDE:
        raise _refused(
            path, f"{name} of at most {MOST_SIDE} pixels in height and width", shape, "scale them down"
        )
    return turned


def _labels(values: npt.NDArray[Any], name: str, count: int, path: Path) -> Numbers:
    flat = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if not np.issubdtype(values.dtype, np.integer) or flat.shape != (count,):
        found = f"{values.dtype} of shape {' × '.join(map(str, values.shape)) or 'a single number'}"
        mend = _NUMBER if values.dtype.kind in "SU" else _SAVE
        raise _refused(path, f"{name}: a whole number for each of the {count:,} images", found, mend)
    if int(flat.min()) < 0 or int(flat.max()) >= MOST_CLASSES:
        found = f"{int(flat.min())} to {int(flat.max())}"
        raise _refused(
            path, f"{name} from 0 to at most {MOST_CLASSES - 1:,}", found, "number the classes from 0"
        )
    return flat.astype(np.int64)


def _class_names(given: npt.NDArray[Any] | None, count: int, path: Path) -> tuple[str, ...]:
    if given is None:
        return tuple(map(str, range(count)))
    names: tuple[str, ...] = ()
    with contextlib.suppress(UnicodeDecodeError):
        flat = given.ravel()
        names = tuple(value.decode() if isinstance(value, bytes) else str(value) for value in flat.tolist())
    sound = given.ndim == 1 and given.dtype.kind in "SU" and len(set(names)) == len(names) >= count
    if not sound:
        found = f"{given.dtype} of shape {given.shape}"
        expected = f"{_CLASSES}: at least {count} different names, in the order of the labels"
        raise _refused(path, expected, found, _SAVE)
    return names


_SAVE = "save it anew: np.savez(path, images=..., labels=...)"
_NUMBER = (
    "number the classes, and save their names beside: classes, labels = np.unique(names, return_inverse=True)"
)


def _refused(path: Path, expected: str, found: str, mend: str) -> DataError:
    return DataError(
        f"{path} does not hold images as it should",
        expected=expected,
        found=found,
        means="nothing can be trained on it",
        mend=mend,
    )


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
    return DataError(
        f"{path} cannot be read",
        expected="a .npz archive as np.savez or np.savez_compressed writes it",
        found=reason[:300],
        means="nothing can be trained on it",
        mend="correct the path after `npz:`, or save the archive anew",
    )
