"""What goes in comes out, to the bit; one run is one run; readers change nothing."""

import math
import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.errors import StoreError
from paribus.records import Evaluation, Registration, RunRecord, Timing, TrainedRun
from paribus.store import Store, ledger
from paribus.store.encoding import decode_record, encode_record, pack_predictions

Make = Callable[..., TrainedRun]
Bits = Callable[[Any], Any]
ODD_NAN = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_BEEF))[0]


def writer(folder: Path) -> Store:
    return Store.writer(folder, purpose="test")


def registration(digest: str, **changes: Any) -> Registration:  # noqa: ANN401 - any field
    values: dict[str, Any] = {
        "study_digest": digest,
        "name": "mnist-pooling",
        "numerics": "n",
        "registered_at": "2025-01-01T00:00:00Z",
        "runs_existing": 0,
        "declaration": '{"claims": ["a < b"]}',
    }
    return Registration(**(values | changes))


def test_a_run_comes_back_as_it_was_committed(folder: Path, made: Make, bits: Bits, numerics: str) -> None:
    run = made(1, flags=("accuracy at chance",), reason="why\nnot")
    with writer(folder) as store:
        committed = store.commit(run)
    with Store.reader(folder) as store:
        read = store.run(run.record.run_key, numerics)
        assert read is not None
        weights = store.weights(read)
    assert len(committed.weights_file) == 64
    assert bits(read) == bits(committed) == bits(replace(run.record, weights_file=committed.weights_file))
    assert bits(weights) == bits(run.weights)


def test_nan_and_infinite_losses_keep_their_bits(folder: Path, made: Make, bits: Bits, numerics: str) -> None:
    odd = (Evaluation(1, math.nan, math.inf, -0.0), Evaluation(2, ODD_NAN, -math.inf, 5e-324))
    run = made(1, state="diverged", evaluations=odd, weights_moved=-math.nan)
    with writer(folder) as store:
        store.commit(run)
        read = store.runs([run.record.run_key], numerics)[run.record.run_key]
    assert bits(read.evaluations) == bits(odd)
    assert bits(read.weights_moved) == bits(-math.nan)
    assert read.counts


@given(st.lists(st.tuples(st.integers(0, 10**8), *[st.floats(width=64)] * 3), max_size=4), st.booleans())
def test_any_numbers_survive_encoding(points: list[tuple[int, float, float, float]], wide: bool) -> None:
    kind = np.uint16 if wide else np.uint8
    record = RunRecord(
        run_key="ab" * 32,
        numerics="n",
        seed=1,
        state="done",
        iterations=1,
        evaluations=tuple(Evaluation(*point) for point in points),
        order_digest="",
        initial_digests={},
        weights_digest="",
        weights_moved=0.0,
        correct_per_class=(),
        images_per_class=(),
        predictions=np.arange(len(points) * 100).astype(kind),
        timing=Timing(0.0, 0.0, 0.0),
        finished_at="",
        environment={},
    )
    text = encode_record(record).encode()
    read = decode_record(record.run_key, record.numerics, text, pack_predictions(record.predictions))
    for point, evaluation in zip(points, read.evaluations, strict=True):
        assert evaluation.iteration == point[0]
        assert struct.pack(
            "<3d", evaluation.train_loss, evaluation.test_loss, evaluation.accuracy
        ) == struct.pack("<3d", *point[1:])
    assert read.predictions.dtype == kind
    assert np.array_equal(read.predictions, record.predictions)


def test_runs_are_light_unless_predictions_are_asked_for(
    folder: Path, made: Make, bits: Bits, numerics: str
) -> None:
    runs = [made(number) for number in range(3)]
    keys = [run.record.run_key for run in runs]
    with writer(folder) as store:
        stored = [store.commit(run) for run in runs]
        light = store.runs(keys[1:], numerics)
        whole = store.runs(keys[1:], numerics, predictions=True)
    assert list(light) == list(whole) == keys[1:]
    assert [len(record.predictions) for record in light.values()] == [0, 0]
    assert bits(list(whole.values())) == bits(stored[1:])


def test_a_class_above_255_needs_uint16_and_keeps_it(folder: Path, made: Make, numerics: str) -> None:
    predictions = np.array([0, 256, 65535], dtype=np.uint16)
    with writer(folder) as store:
        store.commit(made(1, predictions=predictions))
        read = store.run(made(1).record.run_key, numerics)
        with pytest.raises(StoreError, match="predictions"):
            store.commit(made(2, predictions=np.array([1.5])))
    assert read is not None
    assert read.predictions.dtype == np.uint16
    assert read.predictions.tolist() == [0, 256, 65535]


def test_weights_of_any_layout_come_back(folder: Path, made: Make, bits: Bits) -> None:
    weights: dict[str, np.ndarray[Any, Any]] = {
        "scalar": np.array(7, dtype=np.int64),
        "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "every other": np.arange(8, dtype=np.float64)[::2],
        "empty": np.empty((0, 3), dtype=np.float32),
    }
    with writer(folder) as store:
        record = store.commit(TrainedRun(made(1).record, weights))
        assert bits(store.weights(record)) == bits(dict(sorted(weights.items())))


def test_a_missing_folder_is_an_empty_store_and_is_not_made(folder: Path, made: Make, numerics: str) -> None:
    key = made(1).record.run_key
    with Store.reader(folder) as store:
        assert store.run(key, numerics) is None
        assert store.runs([key], numerics) == {}
        assert store.failures([key], numerics) == {}
        assert store.registrations() == []
        assert store.finished_since(0) == []
        assert store.check() == []
        assert not folder.exists()
        with writer(folder) as other:
            other.commit(made(1))
        assert list(store.runs([key], numerics)) == [key]


def test_two_numerics_of_one_key_are_two_runs_with_their_own_weights(
    folder: Path, made: Make, bits: Bits, numerics: str
) -> None:
    here, there = made(1), TrainedRun(replace(made(2).record, run_key=made(1).record.run_key, numerics="gpu"))
    there = TrainedRun(there.record, made(2).weights)
    key = here.record.run_key
    with writer(folder) as store:
        first, second = store.commit(here), store.commit(there)
        store.commit(made(3))
        assert store.numerics_of([key]) == {numerics: 1, "gpu": 1}
        assert [record.seed for record in store.runs([key], "gpu").values()] == [2]
        assert bits(store.weights(first)) == bits(here.weights)
        assert bits(store.weights(second)) == bits(there.weights)


def test_an_equal_result_committed_twice_is_one_run(folder: Path, made: Make, numerics: str) -> None:
    first = made(1)
    later = made(
        1, timing=Timing(9.0, 8.0, 1.0), finished_at="2026-01-01T00:00:00Z", environment={"torch": "x"}
    )
    with writer(folder) as store:
        stored = store.commit(first)
        again = store.commit(later)
        assert len(store.finished_since(0)) == 1
    assert again.finished_at == stored.finished_at == first.record.finished_at
    assert again.weights_file == stored.weights_file


@pytest.mark.parametrize(
    "changes",
    [
        {"weights_digest": "f" * 64},
        {"order_digest": "f" * 64},
        {"evaluations": (Evaluation(1, 0.0, 0.0, 0.0),)},
        {"predictions": np.zeros(1000, np.uint8)},
        {"state": "diverged"},
        {"correct_per_class": (0,) * 10},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_result_for_a_stored_run_is_refused_with_both_digests(
    folder: Path, made: Make, bits: Bits, numerics: str, changes: dict[str, Any]
) -> None:
    with writer(folder) as store:
        stored = store.commit(made(1))
        other = TrainedRun(made(1, **changes).record, made(2).weights)
        with pytest.raises(StoreError, match="two results for one run") as caught:
            store.commit(other)
        assert stored.weights_digest in str(caught.value)
        assert other.record.weights_digest in str(caught.value)
        assert next(iter(changes)) in str(caught.value)
        assert bits(store.run(stored.run_key, numerics)) == bits(stored)
        assert bits(store.weights(stored)) == bits(made(1).weights)


def test_failed_attempts_are_shown_until_the_run_is_trained(folder: Path, made: Make, numerics: str) -> None:
    key = made(1).record.run_key
    failed = [
        made(1, state="failed", reason=f"out of memory {n}", evaluations=(), finished_at=f"{n}")
        for n in (1, 2)
    ]
    with writer(folder) as store:
        for attempt in (failed[0], failed[0], failed[1]):
            store.commit(attempt)
        assert store.run(key, numerics) is None
        assert store.finished_since(0) == []
        shown = store.failures([key], numerics)
        assert [record.reason for record in shown[key]] == ["out of memory 1", "out of memory 2"]
        assert store.failures([key], "other numerics") == {}
        store.commit(made(1))
        assert list(store.runs([key], numerics)) == [key]
        assert store.failures([key], numerics) == {}


def test_weights_that_were_not_kept_are_added_by_training_again(
    folder: Path, made: Make, bits: Bits, numerics: str
) -> None:
    run = made(1)
    with writer(folder) as store:
        record = store.commit(run, keep_weights=False)
        assert record.weights_file == ""
        assert not (folder / "weights").exists()
        assert store.without_weights([record.run_key], numerics) == [record.run_key]
        with pytest.raises(StoreError, match="not kept"):
            store.weights(record)
        store.commit(run)
        read = store.run(record.run_key, numerics)
        assert read is not None
        assert bits(store.weights(read)) == bits(run.weights)
        assert store.without_weights([record.run_key], numerics) == []
        assert len(store.finished_since(0)) == 1


def test_the_first_registration_of_a_study_stays(folder: Path) -> None:
    with writer(folder) as store:
        first = store.register(registration("a" * 64))
        again = store.register(registration("a" * 64, registered_at="2026-01-01T00:00:00Z", runs_existing=9))
        other = store.register(registration("b" * 64, runs_existing=3))
    assert again == first == registration("a" * 64)
    with Store.reader(folder) as store:
        assert store.registrations() == [first, other]
        assert store.registration("b" * 64) == other
        assert store.registration("c" * 64) is None


def test_finished_runs_are_replayed_in_the_order_of_their_commits(folder: Path, made: Make) -> None:
    with writer(folder) as store:
        for number in (5, 3, 4):
            store.commit(made(number))
    with Store.reader(folder) as reader:
        seen = reader.finished_since(0)
        with writer(folder) as store:
            store.commit(made(1))
        new = reader.finished_since(seen[-1][0])
    assert [record.seed for _, record in seen] == [5, 3, 4]
    assert [record.seed for _, record in new] == [1]
    assert new[0][0] > seen[-1][0]


@pytest.mark.parametrize("key", ["", "../" * 21 + "x", "G" * 64, "a" * 63, "a" * 64 + "\n"])
def test_what_is_not_a_run_key_is_refused(folder: Path, made: Make, key: str) -> None:
    with writer(folder) as store:
        with pytest.raises(StoreError, match="not a run key"):
            store.commit(made(1, run_key=key))
        assert store.finished_since(0) == []


def test_a_reader_refuses_to_write(folder: Path, made: Make) -> None:
    writer(folder).close()
    with Store.reader(folder) as store:
        with pytest.raises(StoreError, match="for reading"):
            store.commit(made(1))
        with pytest.raises(StoreError, match="for reading"):
            store.register(registration("a" * 64))


def test_a_closed_store_says_so(folder: Path, made: Make) -> None:
    store = writer(folder)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.commit(made(1))
    with pytest.raises(StoreError, match="closed"):
        store.registrations()


def test_a_file_in_place_of_the_folder_is_refused(folder: Path) -> None:
    folder.write_text("not a store")
    for opening in (Store.reader, writer):
        with pytest.raises(StoreError, match="not a store"):
            opening(folder)


def test_threads_share_a_store(folder: Path, made: Make, numerics: str) -> None:
    runs = [made(number) for number in range(12)]
    keys = [run.record.run_key for run in runs]
    faults: list[BaseException] = []

    def work(store: Store, part: int) -> None:
        try:
            for run in runs[part % 3 :: 3]:
                store.commit(run)
                assert run.record.run_key in store.runs(keys, numerics)
        except BaseException as fault:  # noqa: BLE001
            faults.append(fault)

    with writer(folder) as store:
        threads = [threading.Thread(target=work, args=(store, part)) for part in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert set(store.runs(keys, numerics)) == set(keys)
        assert len(store.finished_since(0)) == len(keys)


class RowsRead(list[str]):
    """Keys of the rows of finished runs that the ledger opens, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        open_row = ledger.opened

        def noted(table: ledger.Table, found: Any) -> ledger.Row | None:  # noqa: ANN401 - as the file holds it
            row = open_row(table, found)
            if row is not None and table is ledger.Table.RUNS:
                self.append(row.key)
            return row

        monkeypatch.setattr(ledger, "opened", noted)


def test_only_the_rows_of_the_runs_asked_for_are_read(
    folder: Path, made: Make, numerics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writer(folder) as store:
        keys = [store.commit(made(number), keep_weights=False).run_key for number in range(20)]
        store.commit(made(7, numerics="other numerics"), keep_weights=False)
    read = RowsRead(monkeypatch)
    with Store.reader(folder) as store:
        for predictions in (False, True):
            assert list(store.runs(keys[12:4:-4], numerics, predictions=predictions)) == [keys[8], keys[12]]
            assert sorted(read) == sorted([keys[8], keys[12]])
            read.clear()
        assert store.run(keys[7], numerics) is not None
        assert store.without_weights([keys[3]], numerics) == [keys[3]]
        assert store.failures(keys, numerics) == {}
        assert read == [keys[7], keys[3]]


def test_a_run_is_believed_missing_only_after_the_whole_table_was_read(
    folder: Path, made: Make, numerics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writer(folder) as store:
        keys = [store.commit(made(number), keep_weights=False).run_key for number in range(20)]
    read = RowsRead(monkeypatch)
    with Store.reader(folder) as store:
        assert list(store.runs([keys[3], made(99).record.run_key], numerics)) == [keys[3]]
    assert read == [keys[3], *keys]
