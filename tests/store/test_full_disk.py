"""No space, no permission: an error in words, nothing acknowledged lost; it goes on once there is room."""

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paribus.errors import StoreError
from paribus.records import TrainedRun
from paribus.store import Store

Make = Callable[..., TrainedRun]
Bits = Callable[[Any], Any]
Start = Callable[[Callable[[], None]], Any]


def attempt(
    store: Store, run: TrainedRun, monkeypatch: pytest.MonkeyPatch, call: str, replacement: Callable[..., Any]
) -> str | None:
    """Commit a run with one function of the system replaced; what the refusal says, if it is refused."""
    with monkeypatch.context() as patched:
        patched.setattr(os, call, replacement)
        return refusal_of(store, run)


def refusal_of(store: Store, run: TrainedRun) -> str | None:
    """What the store says when it refuses a run; None if it takes it."""
    try:
        store.commit(run)
    except StoreError as error:
        return str(error)
    return None


@pytest.mark.parametrize("call", ["fsync", "replace", "mkdir"])
def test_no_space_at_any_step_of_writing_weights_loses_nothing(
    folder: Path, made: Make, bits: Bits, numerics: str, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real = getattr(os, call)
    left: list[int] = []

    def full(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any function
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left.pop()
        return real(*arguments, **options)

    with Store.writer(folder, purpose="test") as store:
        kept = store.commit(made(0))
        refusals = 0
        while len(store.finished_since(0)) == 1:
            left[:] = [0] * refusals
            refusal = attempt(store, made(1), monkeypatch, call, full)
            if refusal is not None:
                refusals += 1
                assert "no space left" in refusal
                assert "free some space" in refusal
                assert bits(store.run(kept.run_key, numerics)) == bits(kept)
                assert not list(folder.rglob("*.tmp"))
        assert refusals > 0
        assert len(store.finished_since(0)) == 2
        assert store.check() == []


def test_a_full_database_refuses_a_run_and_goes_on_once_there_is_room(
    folder: Path, made: Make, bits: Bits, numerics: str
) -> None:
    with Store.writer(folder, purpose="test") as store:
        kept = store.commit(made(0))
        pages = store._database.execute("PRAGMA page_count")[0][0]
        store._database.execute(f"PRAGMA max_page_count = {pages}")
        refusals = [refusal_of(store, made(number)) for number in range(1, 20)]
        before = len(store.finished_since(0))
        assert before == 1 + refusals.count(None) < 20
        assert "no space left" in str(refusals[-1])
        assert bits(store.run(kept.run_key, numerics)) == bits(kept)
        store._database.execute("PRAGMA max_page_count = 100000")
        for number in range(20):
            store.commit(made(number))
        assert len(store.finished_since(0)) == 20
        assert store.check() == []


def test_files_that_may_not_grow_are_told_in_words(
    folder: Path, child: Start, made: Make, bits: Bits, numerics: str
) -> None:
    with Store.writer(folder, purpose="test") as store:
        kept = store.commit(made(0))

    def work() -> None:
        with Store.writer(folder, purpose="small disk") as store:
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            refused = 0
            for limit in (100, 5_000, (folder / "runs.sqlite").stat().st_size):
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
                try:
                    for number in range(1, 20):
                        store.commit(made(number))
                except StoreError:
                    refused += 1
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
                assert bits(store.run(kept.run_key, numerics)) == bits(kept)
            assert refused == 3
            for number in range(20):
                store.commit(made(number))

    assert child(work).wait() == 0
    with Store.reader(folder) as store:
        assert {record.seed for _, record in store.finished_since(0)} == set(range(20))
        assert store.check() == []


def test_a_read_only_store_can_be_read_but_not_written(
    folder: Path, child: Start, made: Make, bits: Bits, numerics: str, unprivileged: Callable[[], None]
) -> None:
    with Store.writer(folder, purpose="test") as store:
        kept = store.commit(made(0))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)

    def look() -> None:
        unprivileged()
        with Store.reader(folder) as store:
            assert bits(store.run(kept.run_key, numerics)) == bits(kept)
            assert bits(store.weights(kept)) == bits(made(0).weights)
        with pytest.raises(StoreError, match="cannot be opened"):
            Store.writer(folder, purpose="test")

    assert child(look).wait() == 0
