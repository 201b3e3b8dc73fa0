"""A dataset small enough to be damaged hundreds of times, and a web server that obeys the test."""

import hashlib
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from paribus.data import DataFile, DatasetEntry


@pytest.fixture(scope="session")
def tiny_bytes() -> dict[str, bytes]:
    """Raw IDX files written by hand: 23 training and 7 test images of 4 × 5 pixels, three classes."""
    random = np.random.default_rng(7)

    def images(count: int) -> bytes:
        return struct.pack(">BBBBIII", 0, 0, 8, 3, count, 4, 5) + random.bytes(count * 20)

    def labels(count: int) -> bytes:
        return struct.pack(">BBBBI", 0, 0, 8, 1, count) + bytes(i % 3 for i in range(count))

    return {
        "train-images-idx3-ubyte": images(23),
        "train-labels-idx1-ubyte": labels(23),
        "t10k-images-idx3-ubyte": images(7),
        "t10k-labels-idx1-ubyte": labels(7),
    }


@pytest.fixture(scope="session")
def tiny(tiny_bytes: dict[str, bytes]) -> DatasetEntry:
    """The catalogue entry of those files."""

    def file(name: str, *dims: int) -> DataFile:
        return DataFile(name, dims, hashlib.sha256(tiny_bytes[name]).hexdigest())

    return DatasetEntry(
        name="tiny",
        title="Tiny",
        licence="none",
        classes=("a", "b", "c"),
        train_images=file("train-images-idx3-ubyte", 23, 4, 5),
        train_labels=file("train-labels-idx1-ubyte", 23),
        test_images=file("t10k-images-idx3-ubyte", 7, 4, 5),
        test_labels=file("t10k-labels-idx1-ubyte", 7),
    )


@pytest.fixture
def tiny_folder(tiny_bytes: dict[str, bytes], tmp_path: Path) -> Path:
    """A user's folder that holds the files raw."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in tiny_bytes.items():
        (folder / name).write_bytes(content)
    return folder


Respond = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Respond], str]]:
    """Starts a real web server that answers every GET with the given function; returns its address."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ExitStack() as stack:

        def start(respond: Respond) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    respond(self)

                def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name it overrides
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.daemon_threads = True
            server.block_on_close = False
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            return f"http://127.0.0.1:{server.server_port}/"

        yield start
