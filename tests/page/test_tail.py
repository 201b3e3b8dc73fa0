"""A progress file read as it grows: only what still matters is kept, and nothing in it is trusted."""

import json
from pathlib import Path

from paribus.page.tail import MOST_BYTES, ProgressTail


def line(event: str, **fields: object) -> bytes:
    return json.dumps({"event": event, **fields}).encode() + b"\n"


def kinds(tail: ProgressTail) -> list[object]:
    return [event["event"] for event in tail.events]


def test_what_a_later_event_makes_void_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    tail = ProgressTail(path)
    assert not tail.read()
    path.write_bytes(line("StudyStarted") + line("RunStarted", variant="a", seed=0))
    assert tail.read()
    assert not tail.read()
    with path.open("ab") as file:
        for iteration in range(1000):
            file.write(line("RunStepped", variant="a", seed=0, iteration=iteration))
    assert tail.read()
    assert kinds(tail) == ["StudyStarted", "RunStarted", "RunStepped"]
    assert tail.events[-1]["iteration"] == 999
    with path.open("ab") as file:
        file.write(line("RunFinished", variant="a", seed=0) + line("RunFinished", variant="b", seed=0))
    tail.read()
    assert kinds(tail) == ["StudyStarted", "RunFinished"]


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    whole = line("StudyStarted", workers=2)
    path.write_bytes(whole[:9])
    tail = ProgressTail(path)
    tail.read()
    assert tail.events == []
    with path.open("ab") as file:
        file.write(whole[9:])
    tail.read()
    assert tail.events == [{"event": "StudyStarted", "workers": 2}]


def test_a_file_that_begins_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    path.write_bytes(line("StudyStarted", workers=2) + line("RunStarted", variant="a", seed=0))
    tail = ProgressTail(path)
    tail.read()
    path.write_bytes(line("StudyStarted", workers=7))
    tail.read()
    assert tail.events == [{"event": "StudyStarted", "workers": 7}]


def test_garbled_lines_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    deep = b"[" * 100_000 + b"\n"
    path.write_bytes(b"\xff\xfe\n[1]\nnull\n" + deep + line("StudyStarted", workers=1) + b'{"event": \n')
    tail = ProgressTail(path)
    tail.read()
    assert tail.events == [{"event": "StudyStarted", "workers": 1}]


def test_of_a_very_long_file_only_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    step = line("RunStepped", variant="a", seed=0, iteration=1, padding="x" * 1000)
    path.write_bytes(line("StudyStarted") + step * (2 * MOST_BYTES // len(step)) + line("StudyStopped"))
    tail = ProgressTail(path)
    assert tail.read()
    assert kinds(tail) == ["RunStepped", "StudyStopped"]
