import errno
import gzip
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.data import DataFile, DatasetEntry, cache, cache_folder
from paribus.data.sources import FileRefusedError
from paribus.errors import DataError

CONTENT = bytes(range(256)) * 40
FILE = DataFile("f-idx1-ubyte", (len(CONTENT) - 8,), hashlib.sha256(CONTENT).hexdigest())


def test_what_to_do_follows_from_what_is_there() -> None:
    intact = cache.Content(FILE.size, FILE.sha256)
    assert cache.action_for(FILE, None) is cache.Action.FETCH
    assert cache.action_for(FILE, intact) is cache.Action.USE
    assert cache.action_for(FILE, cache.Content(FILE.size, "0" * 64)) is cache.Action.REPLACE
    assert cache.action_for(FILE, cache.Content(FILE.size - 1)) is cache.Action.REPLACE
    assert cache.action_for(FILE, cache.Content(-1)) is cache.Action.REPLACE


@pytest.mark.parametrize("pieces", [1, 7, 4096, 10**6])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_admitted_raw_or_gzipped_in_pieces_of_any_size(
    tmp_path: Path, pieces: int, packed: bool
) -> None:
    sent = gzip.compress(CONTENT) if packed else CONTENT
    written = cache.admit(FILE, (sent[i : i + pieces] for i in range(0, len(sent), pieces)), tmp_path)
    assert written == len(CONTENT)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(FILE.name, CONTENT)]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "ends after 0 of"),
        (CONTENT[:-1], "ends after"),
        (CONTENT[:-1] + b"x", "has other bytes"),
        (CONTENT + b"x", "longer than"),
        (gzip.compress(CONTENT)[:-200], "ends after|does not decompress"),
        (gzip.compress(CONTENT + b"x"), "decompresses to more than"),
        (b"\x1f\x8bnot gzip at all", "does not decompress"),
        (b"<!DOCTYPE html><title>Sign in</title>", "ends after 37 of"),
    ],
)
def test_other_bytes_are_refused_in_words_and_leave_nothing_behind(
    tmp_path: Path, sent: bytes, words: str
) -> None:
    with pytest.raises(FileRefusedError, match=words):
        cache.admit(FILE, [sent], tmp_path)
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=300), st.booleans())
def test_no_other_content_passes_as_the_published_one(sent: bytes, packed: bool) -> None:
    with pytest.raises(FileRefusedError):
        cache.admit(FILE, [gzip.compress(sent) if packed else sent], Path(tempfile.gettempdir()))


def test_an_endless_stream_is_not_read_much_further_than_the_file_is_long(tmp_path: Path) -> None:
    read = 0

    def endless(first: bytes) -> Iterator[bytes]:
        nonlocal read
        yield first
        while True:
            read += 1000
            yield bytes(1000)

    for first in (b"raw", gzip.compress(b"")[:10]):
        read = 0
        with pytest.raises(FileRefusedError):
            cache.admit(FILE, endless(first), tmp_path)
        assert read < FILE.size + 100_000


def test_a_decompression_bomb_is_stopped_at_the_size_of_the_file() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    blocks = cache.raw_blocks([bomb], FILE.size)
    with pytest.raises(FileRefusedError, match="decompresses to more"):
        next(blocks)


def test_damaged_files_are_kept_under_names_that_count_up(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        (tmp_path / FILE.name).write_bytes(content)
        cache.quarantine(FILE, tmp_path)
    assert (tmp_path / f"{FILE.name}.damaged-1").read_bytes() == b"first"
    assert (tmp_path / f"{FILE.name}.damaged-2").read_bytes() == b"second"
    assert not (tmp_path / FILE.name).exists()


@pytest.mark.timeout(20)
def test_what_is_no_regular_file_is_never_opened(tmp_path: Path, tiny: DatasetEntry) -> None:
    os.mkfifo(tmp_path / tiny.train_images.name)
    (tmp_path / tiny.test_images.name).mkdir()
    for file in (tiny.train_images, tiny.test_images):
        assert cache.action_for(file, cache.inspect(file, tmp_path)) is cache.Action.REPLACE


def test_a_full_disk_is_told_in_words_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="cannot be written") as refusal:
        cache.admit(FILE, [CONTENT], tmp_path)
    assert refusal.value.found == "No space left on device"
    assert "PARIBUS_DATA_DIR" in str(refusal.value.mend)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("PARIBUS_DATA_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "paribus" / "data"
