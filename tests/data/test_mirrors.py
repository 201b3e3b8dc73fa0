import gzip
import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from paribus.data import DatasetEntry, Fetched
from paribus.data.fetching import fetch_missing
from paribus.data.mirrors import Mirror
from paribus.data.sources import FolderSource
from paribus.errors import DataError

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]


def send(handler: BaseHTTPRequestHandler, content: bytes, *, status: int = 200, claims: int = 0) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(claims or len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def fetch_from(*mirrors: Mirror, entry: DatasetEntry, home: Path) -> Fetched:
    return fetch_missing(entry, home, mirrors, lambda _message: None)


def failure_of(mirror: Mirror, entry: DatasetEntry, home: Path) -> str:
    """What the final message says of the mirror; nothing may have entered the cache."""
    with pytest.raises(DataError) as refusal:
        fetch_from(mirror, entry=entry, home=home)
    assert [path.name for path in home.iterdir() if path.name != ".lock"] == []
    assert mirror.url in str(refusal.value)
    return str(refusal.value.found)


def test_gzipped_files_are_fetched_and_kept_raw(
    serve: Serve, tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    url = serve(
        lambda handler: send(handler, gzip.compress(tiny_bytes[handler.path[1:].removesuffix(".gz")]))
    )
    fetched = fetch_from(Mirror(url), entry=tiny, home=tmp_path)
    assert {served.source for served in fetched.files} == {url}
    assert {name: (tmp_path / name).read_bytes() for name in tiny_bytes} == tiny_bytes


def test_a_server_that_labels_the_gzip_as_an_encoding_is_understood(
    serve: Serve, tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        content = gzip.compress(tiny_bytes[handler.path[1:].removesuffix(".gz")])
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    fetch_from(Mirror(serve(respond)), entry=tiny, home=tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in tiny_bytes} == tiny_bytes


def test_a_file_that_one_mirror_lacks_comes_from_the_next(
    serve: Serve, tiny: DatasetEntry, tiny_bytes: dict[str, bytes], tmp_path: Path
) -> None:
    asked: list[str] = []

    def partial(handler: BaseHTTPRequestHandler) -> None:
        if "train-labels" in handler.path:
            send(handler, b"<html>no such key</html>", status=404)
        else:
            send(handler, tiny_bytes[handler.path[1:]])

    def complete(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        send(handler, tiny_bytes[handler.path[1:]])

    first, second = Mirror(serve(partial), suffix=""), Mirror(serve(complete), suffix="")
    fetched = fetch_from(first, second, entry=tiny, home=tmp_path)
    assert [served.source for served in fetched.files] == [first.url, second.url, first.url, first.url]
    assert asked == ["/train-labels-idx1-ubyte"]


def test_wrong_bytes_are_refused_file_by_file(serve: Serve, tiny: DatasetEntry, tmp_path: Path) -> None:
    sizes = {f"/{file.name}.gz": file.size for file in tiny.files}
    found = failure_of(
        Mirror(serve(lambda handler: send(handler, b"x" * sizes[handler.path]))), tiny, tmp_path
    )
    assert found.count("has other bytes") == 4


def test_a_page_instead_of_the_file_is_refused(serve: Serve, tiny: DatasetEntry, tmp_path: Path) -> None:
    found = failure_of(Mirror(serve(lambda handler: send(handler, b"<html>Please sign in"))), tiny, tmp_path)
    assert "ends after 20 of" in found


def test_an_answer_without_end_is_cut_off(serve: Serve, tiny: DatasetEntry, tmp_path: Path) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(bytes(65536))
        except OSError:
            pass

    assert "longer than" in failure_of(Mirror(serve(respond), patience=5), tiny, tmp_path)


@pytest.mark.parametrize(("status", "words"), [(404, "404 Not Found"), (503, "503 Service Unavailable")])
def test_a_refusing_answer_is_named(
    serve: Serve, tiny: DatasetEntry, tmp_path: Path, status: int, words: str
) -> None:
    found = failure_of(Mirror(serve(lambda handler: send(handler, b"", status=status))), tiny, tmp_path)
    assert found.count(words) == 4


def test_a_body_that_breaks_off_gives_the_mirror_up(serve: Serve, tiny: DatasetEntry, tmp_path: Path) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        send(handler, b"half", claims=1000)

    assert "broke off" in failure_of(Mirror(serve(respond)), tiny, tmp_path)
    assert len(asked) == 1


def test_silence_is_waited_for_once_and_briefly(serve: Serve, tiny: DatasetEntry, tmp_path: Path) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        time.sleep(3)

    before = time.monotonic()
    found = failure_of(Mirror(serve(respond), patience=0.3), tiny, tmp_path)
    assert time.monotonic() - before < 2
    assert "0.3 s" in found
    assert len(asked) == 1


def test_silence_amid_a_file_is_not_waited_out(serve: Serve, tiny: DatasetEntry, tmp_path: Path) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        send(handler, b"half", claims=1000)
        time.sleep(3)

    before = time.monotonic()
    assert "0.3 s" in failure_of(Mirror(serve(respond), patience=0.3), tiny, tmp_path)
    assert time.monotonic() - before < 2


def test_a_trickle_of_bytes_keeps_nobody_waiting(serve: Serve, tiny: DatasetEntry, tmp_path: Path) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    before = time.monotonic()
    found = failure_of(Mirror(serve(respond), patience=0.5, limit=0.4), tiny, tmp_path)
    assert time.monotonic() - before < 2
    assert " s" in found


def test_a_closed_port_is_told_by_its_reason_at_once(tiny: DatasetEntry, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    before = time.monotonic()
    assert "cannot be reached" in failure_of(Mirror(url), tiny, tmp_path)
    assert time.monotonic() - before < 2


def test_an_unknown_host_and_endless_redirects_are_told_in_words(
    serve: Serve, tiny: DatasetEntry, tmp_path: Path
) -> None:
    def around(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", handler.path)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    assert "redirects" in failure_of(Mirror(serve(around)), tiny, tmp_path)
    assert "cannot be reached" in failure_of(Mirror("https://mirror.invalid/"), tiny, tmp_path)


def test_after_mirrors_that_fail_the_files_come_from_elsewhere(
    serve: Serve, tiny: DatasetEntry, tiny_folder: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    broken = Mirror(serve(lambda handler: send(handler, b"", status=500)))
    fetched = fetch_missing(tiny, tmp_path / "cache", [broken, FolderSource(tiny_folder)], told.append)
    assert {served.source for served in fetched.files} == {f"folder {tiny_folder}"}
    assert any("500 Internal Server Error" in message for message in told)
