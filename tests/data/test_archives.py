"""Datasets of which only the hash of an archive is published, from a local server that also lies."""

import gzip
import hashlib
import io
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from paribus.data import Archive, DataFile, DatasetEntry, archives, cache, entry_of
from paribus.data.archives import ArchiveSource
from paribus.data.fetching import fetch_missing, usual_sources
from paribus.data.loading import load_entry
from paribus.data.mirrors import Mirror
from paribus.data.sources import FolderSource, SourceDownError
from paribus.errors import DataError

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]
Files = Mapping[str, bytes]


def untold(_message: str) -> None:
    pass


def archive(name: str, content: bytes, *files: str, form: Literal["gzip", "cifar"] = "gzip") -> Archive:
    sha256, md5 = hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
    return Archive(name, len(content), (("sha256", sha256), ("md5", md5)), files, form)


@pytest.fixture(scope="module")
def packed(tiny_bytes: dict[str, bytes]) -> dict[str, bytes]:
    """The tiny dataset as it would be published."""
    return {f"{name}.gz": gzip.compress(content) for name, content in tiny_bytes.items()}


@pytest.fixture(scope="module")
def unhashed(tiny: DatasetEntry, packed: dict[str, bytes]) -> DatasetEntry:
    """Its entry, with hashes of the archives only."""
    train_images, train_labels, test_images, test_labels = (
        DataFile(file.name, file.dims) for file in tiny.files
    )
    return replace(
        tiny,
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        archives=tuple(archive(name, content, name[:-3]) for name, content in packed.items()),
    )


def serving(files: Files) -> Callable[[BaseHTTPRequestHandler], None]:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        content = files.get(handler.path[1:])
        handler.send_response(404 if content is None else 200)
        handler.send_header("Content-Length", str(len(content or b"")))
        handler.end_headers()
        handler.wfile.write(content or b"")

    return respond


def source(url: str, entry: DatasetEntry, **limits: float) -> ArchiveSource:
    return ArchiveSource(Mirror(url, suffix="", **limits), entry.archives)


def test_archives_are_checked_unpacked_and_their_raw_bytes_noted(
    serve: Serve, unhashed: DatasetEntry, tiny_bytes: Files, packed: Files, tmp_path: Path
) -> None:
    url = serve(serving(packed))
    fetched = fetch_missing(unhashed, tmp_path, [source(url, unhashed)], untold)
    assert {served.source for served in fetched.files} == {url}
    for name, content in tiny_bytes.items():
        assert (tmp_path / name).read_bytes() == content
        assert (tmp_path / f"{name}.sha256").read_text().strip() == hashlib.sha256(content).hexdigest()
    loaded = load_entry(unhashed, tmp_path, [])
    assert loaded.train.images.tobytes() == tiny_bytes["train-images-idx3-ubyte"][16:]
    assert loaded.fingerprint == unhashed.fingerprint


def test_damage_is_found_by_the_note_and_mended(
    serve: Serve, unhashed: DatasetEntry, tiny_bytes: Files, packed: Files, tmp_path: Path
) -> None:
    sources = [source(serve(serving(packed)), unhashed)]
    load_entry(unhashed, tmp_path, sources)
    path = tmp_path / unhashed.test_labels.name
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    told: list[str] = []
    load_entry(unhashed, tmp_path, sources, told.append)
    assert "is damaged; moved to" in told[0]
    assert path.read_bytes() == tiny_bytes[path.name]
    (tmp_path / f"{path.name}.sha256").unlink()
    load_entry(unhashed, tmp_path, sources, told.append)
    assert (tmp_path / f"{path.name}.damaged-2").exists(), "without its note a file is not trusted"


def failure(entry: DatasetEntry, home: Path, *sources: ArchiveSource) -> str:
    with pytest.raises(DataError) as refused:
        fetch_missing(entry, home, sources, untold)
    assert [path.name for path in home.iterdir() if path.name != ".lock"] == []
    return str(refused.value)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content[:-1], "ends after"),
        (lambda content: content + b"x", "is longer than the"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "has other bytes: its SHA-256 is"),
        (lambda _: b"<html>Please sign in", "ends after 20 of"),
    ],
)
def test_an_archive_with_other_bytes_is_refused_and_nothing_enters_the_cache(
    serve: Serve,
    unhashed: DatasetEntry,
    packed: Files,
    tmp_path: Path,
    spoil: Callable[[bytes], bytes],
    words: str,
) -> None:
    spoilt = {name: spoil(content) for name, content in packed.items()}
    assert failure(unhashed, tmp_path, source(serve(serving(spoilt)), unhashed)).count(words) == 4


def test_every_published_digest_must_hold(
    serve: Serve, unhashed: DatasetEntry, packed: Files, tmp_path: Path
) -> None:
    other = tuple(replace(each, digests=(each.digests[0], ("md5", "0" * 32))) for each in unhashed.archives)
    found = failure(unhashed, tmp_path, ArchiveSource(Mirror(serve(serving(packed)), suffix=""), other))
    assert found.count("its MD5 is") == 4


def test_a_server_that_refuses_stalls_or_breaks_off_is_told_in_words(
    serve: Serve, unhashed: DatasetEntry, tmp_path: Path
) -> None:
    def silent(_handler: BaseHTTPRequestHandler) -> None:
        time.sleep(2)

    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write(b"half")

    assert failure(unhashed, tmp_path, source(serve(serving({})), unhashed)).count("404 Not Found") == 4
    before = time.monotonic()
    assert "0.3 s" in failure(unhashed, tmp_path, source(serve(silent), unhashed, patience=0.3))
    assert "broke off" in failure(unhashed, tmp_path, source(serve(half), unhashed))
    assert time.monotonic() - before < 3


def test_a_folder_of_archives_serves_too_but_raw_files_cannot_be_checked(
    unhashed: DatasetEntry, tiny_folder: Path, packed: Files, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no source has") as refused:
        fetch_missing(unhashed, tmp_path / "cache", [FolderSource(tiny_folder)], untold)
    assert "only the hash of its archive is published" in str(refused.value)
    for name, content in packed.items():
        (tiny_folder / name).write_bytes(content)
    fetched = fetch_missing(
        unhashed, tmp_path / "cache", [ArchiveSource(tiny_folder, unhashed.archives)], untold
    )
    assert {served.source for served in fetched.files} == {f"folder {tiny_folder}"}
    with pytest.raises(SourceDownError, match="does not exist"):
        list(ArchiveSource(tmp_path / "nowhere", unhashed.archives).offers(unhashed.files))


RECORDS = 7


def batch(start: int) -> tuple[np.ndarray, bytes]:
    random = np.random.default_rng(start)
    planes = random.integers(0, 256, (RECORDS, 3, 32, 32), dtype=np.uint8)
    records = [bytes([(start + index) % 10]) + planes[index].tobytes() for index in range(RECORDS)]
    return planes, b"".join(records)


def tar_of(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


BATCHES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


@pytest.fixture
def small_cifar(monkeypatch: pytest.MonkeyPatch) -> DatasetEntry:
    """CIFAR-10's entry for batches of 7 images instead of 10,000."""
    monkeypatch.setattr(archives, "_CIFAR_RECORDS", RECORDS)
    entry = entry_of("cifar10")
    return replace(
        entry,
        train_images=replace(entry.train_images, dims=(5 * RECORDS, 32, 32, 3)),
        train_labels=replace(entry.train_labels, dims=(5 * RECORDS,)),
        test_images=replace(entry.test_images, dims=(RECORDS, 32, 32, 3)),
        test_labels=replace(entry.test_labels, dims=(RECORDS,)),
    )


def with_archive(entry: DatasetEntry, content: bytes) -> DatasetEntry:
    (published,) = entry.archives
    return replace(entry, archives=(archive(published.name, content, *published.files, form="cifar"),))


def test_the_batches_of_cifar_become_images_with_the_right_planes_and_labels(
    small_cifar: DatasetEntry, tmp_path: Path
) -> None:
    made = [batch(start) for start in range(6)]
    members = {
        f"cifar-10-batches-bin/{name}": content for name, (_, content) in zip(BATCHES, made, strict=True)
    }
    content = tar_of({"cifar-10-batches-bin/readme.html": b"hello", **members, "../escaped": b"x"})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cifar-10-binary.tar.gz").write_bytes(content)
    entry = with_archive(small_cifar, content)
    dataset = load_entry(entry, tmp_path / "cache", [ArchiveSource(tmp_path / "mine", entry.archives)])
    assert np.array_equal(dataset.train.images, np.concatenate([planes for planes, _ in made[:5]]))
    assert np.array_equal(dataset.test.images, made[5][0])
    assert dataset.test.labels.tolist() == [(5 + index) % 10 for index in range(RECORDS)]
    assert dataset.train.images.transpose(0, 2, 3, 1).flags.c_contiguous
    assert dataset.classes[dataset.train.labels[0]] == "airplane"
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cifar-10-batches-bin/data_batch_3.bin": None}, "does not hold data_batch_3.bin"),
        ({"cifar-10-batches-bin/test_batch.bin": b"short"}, "holds test_batch.bin of 5 bytes"),
    ],
)
def test_an_archive_of_cifar_that_lacks_a_batch_is_refused(
    small_cifar: DatasetEntry, tmp_path: Path, change: dict[str, bytes | None], words: str
) -> None:
    members = {f"cifar-10-batches-bin/{name}": batch(0)[1] for name in BATCHES} | change
    content = tar_of({name: value for name, value in members.items() if value is not None})
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
    entry = with_archive(small_cifar, content)
    assert words in failure(entry, tmp_path / "cache", ArchiveSource(tmp_path, entry.archives))


def test_what_is_published_but_no_archive_is_refused(small_cifar: DatasetEntry, tmp_path: Path) -> None:
    for content in (b"no archive at all", gzip.compress(b"no tar"), tar_of({"a": bytes(9000)})[:-700]):
        (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
        entry = with_archive(small_cifar, content)
        found = failure(entry, tmp_path / "cache", ArchiveSource(tmp_path, entry.archives))
        assert "does not unpack" in found or "does not hold" in found


def test_an_archive_bomb_is_stopped(
    small_cifar: DatasetEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_CIFAR_ARCHIVE_BYTES", 100_000)
    content = tar_of({"filler": bytes(1_000_000)})
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
    entry = with_archive(small_cifar, content)
    found = failure(entry, tmp_path / "cache", ArchiveSource(tmp_path, entry.archives))
    assert "more than 100,000 bytes" in found


def test_kmnist_and_cifar_come_from_their_authors_and_a_folder_goes_first(tmp_path: Path) -> None:
    assert [each.name for each in usual_sources(entry_of("kmnist"), tmp_path, offline=False)] == [
        f"folder {tmp_path}",
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ]
    (only,) = usual_sources(entry_of("cifar10"), None, offline=False)
    assert only.name == "https://www.cs.toronto.edu/~kriz/"
    assert isinstance(only, ArchiveSource)
    with pytest.raises(DataError, match="cifar10 is not complete") as refused:
        fetch_missing(
            entry_of("cifar10"), tmp_path, usual_sources(entry_of("cifar10"), None, offline=True), untold
        )
    assert "download cifar-10-binary.tar.gz elsewhere" in str(refused.value.mend)


def test_a_file_without_a_published_hash_is_trusted_only_with_its_note(tmp_path: Path) -> None:
    file = DataFile("f-idx1-ubyte", (3,))
    assert cache.action_for(file, cache.Content(file.size, "a" * 64)) is cache.Action.REPLACE
    assert cache.action_for(file, cache.Content(file.size)) is cache.Action.REPLACE
    noted = cache.Content(file.size, "a" * 64, noted="a" * 64)
    assert cache.action_for(file, noted) is cache.Action.USE
    assert cache.action_for(file, replace(noted, sha256="b" * 64)) is cache.Action.REPLACE
