"""Small files of the cache that are read back only as they were written: content, then its SHA-256."""

import hashlib
import os
from pathlib import Path


def write_sealed(path: Path, content: bytes) -> None:
    """Write a file aside and move it to its place.

    Args:
        path: The file; replaced if it exists.
        content: One line.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(content + b"\n" + _seal(content))
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def read_sealed(path: Path) -> bytes | None:
    """The content of a file; None if it is not there, not readable, or not as it was written."""
    try:
        content, _, seal = path.read_bytes().rpartition(b"\n")
    except OSError:
        return None
    return content if seal == _seal(content) else None


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
