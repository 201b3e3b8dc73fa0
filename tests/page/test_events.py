"""Events of a study: what was missed is told again, what happens is told at once, and nobody holds it up."""

import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from paribus.page.app import MOST_STREAMS
from paribus.spec import Study, study_digest
from paribus.store.progress import ProgressLog

from .conftest import Served, events, serving

Shelve = Callable[..., None]


@contextmanager
def listening(served: Served, slug: str, query: str = "", **headers: str) -> Iterator[socket.socket]:
    """An open event stream; of HTTP 1.0, which knows no chunks."""
    lines = [f"GET /study/{slug}/events{query} HTTP/1.0", f"Host: {served.host}:{served.port}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with socket.create_connection((served.host, served.port), 30) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode())
        yield line


def heard(line: socket.socket, until: str, *, seconds: float = 60.0) -> str:
    """All that a stream says until it says something that matches."""
    text, end = "", time.monotonic() + seconds
    while not re.search(until, text):
        assert time.monotonic() < end, text
        line.settimeout(max(0.1, end - time.monotonic()))
        content = line.recv(65536)
        assert content, f"the stream ended: {text}"
        text += content.decode()
    return text


def told(text: str) -> list[tuple[object, object, object]]:
    """Kind, id and data of each event."""
    return [(one["kind"], one["id"], one["data"]) for one in events(text.partition("\r\n\r\n")[2])]


def test_a_stream_begins_with_what_was_missed(served: Served, slug: str) -> None:
    with listening(served, slug) as line:
        text = heard(line, "event: now")
    assert text.startswith("HTTP/1.1 200")
    assert "content-type: text/event-stream" in text.lower()
    assert "cache-control: no-store" in text.lower()
    assert "default-src 'none'" in text
    found = told(text)
    assert [kind for kind, *_ in found] == ["run"] * 9 + ["now"]
    rows = [int(str(identity)) for kind, identity, _ in found if kind == "run"]
    assert rows == sorted(set(rows))
    assert {str(data) for kind, _, data in found if kind == "now"} == {"{'words': '', 'running': ''}"}
    with listening(served, slug, Last_Event_ID=str(rows[4])) as line:
        again = told(heard(line, "event: now"))
    assert [identity for kind, identity, _ in again if kind == "run"] == [str(row) for row in rows[5:]]
    with listening(served, slug, f"?since={rows[-1]}") as line:
        assert [kind for kind, *_ in told(heard(line, "event: now"))] == ["now"]


@pytest.mark.parametrize("since", ["-1", "x", "9" * 40, "%00", "1e9"])
def test_strange_places_to_begin_at_are_the_beginning_or_the_end(
    served: Served, slug: str, since: str
) -> None:
    with listening(served, slug, f"?since={since}") as line:
        assert heard(line, "event: now").startswith("HTTP/1.1 200")


def test_runs_and_progress_of_another_process_are_told_within_two_seconds(
    tmp_path: Path, study: Study, slug: str, study_file: Path, shelve: Shelve
) -> None:
    folder = tmp_path / "store"
    with serving(folder, str(study_file)) as served, listening(served, slug) as line:
        assert [kind for kind, *_ in told(heard(line, "event: now"))] == ["now"]
        began = time.monotonic()
        shelve(folder, study, [("max", 0)], keep_weights=False)
        assert '"max, seed 0: done, 10.00 %"' in heard(line, "event: run")
        progress = folder / "progress" / f"{study.name}.jsonl"
        with ProgressLog(progress) as log:
            now = time.time()
            log.write({"event": "StudyStarted", "at": now, "workers": 2})
            log.write({"event": "RunStarted", "at": now, "variant": "avg", "seed": 0, "worker": 1})
            text = heard(line, "avg with seed 0")
            assert "Running with 2 workers: avg with seed 0 (0 %)." in text
            assert '"running": "at work, avg 0"' in text
            log.write({"event": "StudyStopped", "at": time.time()})
            assert '{"words": "", "running": ""}' in heard(line, r'"words": ""')
        assert time.monotonic() - began < 60
    assert study_digest(study)[:10] in slug


def test_streams_end_when_the_server_stops_and_more_than_enough_are_refused(
    trained: Path, study_file: Path, slug: str
) -> None:
    with serving(trained, str(study_file)) as served:
        pid = _process_of(served)
        open_streams = [listening(served, slug, "?since=999999") for _ in range(MOST_STREAMS)]
        lines = [stream.__enter__() for stream in open_streams]
        try:
            for line in lines:
                heard(line, "event: now")
            status, _, text = served.ask(f"/study/{slug}/events")
            assert status == 503
            assert "Too many pages" in text
            assert served.ask("/")[0] == 200, "pages are answered all the same"
            subprocess.run(["kill", f"-{signal.SIGINT.value}", str(pid)], check=True)
            for line in lines:
                line.settimeout(30)
                while line.recv(65536):
                    pass
        finally:
            for stream in open_streams:
                stream.__exit__(None, None, None)


def _process_of(served: Served) -> int:
    import psutil  # noqa: PLC0415 - only here

    return next(
        int(connection.pid)
        for connection in psutil.net_connections("tcp")
        if connection.status == "LISTEN"
        and connection.laddr
        and connection.laddr[1] == served.port
        and connection.pid
    )
