"""Flipped bits, cut files, foreign files: refused or harmless, never accepted; and all can be mended."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paribus.errors import StoreDamagedError, StoreError
from paribus.records import Registration, TrainedRun
from paribus.store import Store, database, mend

Make = Callable[..., TrainedRun]
Bits = Callable[[Any], Any]
RUNS = 6
MUTATIONS = 120


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory, made: Make) -> Path:
    folder = tmp_path_factory.mktemp("pattern")
    with Store.writer(folder, purpose="test") as store:
        for number in range(RUNS):
            store.commit(made(number))
        store.commit(made(50, state="failed", reason="out of memory", evaluations=()))
        store.register(Registration("a" * 64, "study", "n", "2025-01-01T00:00:00Z", 0, "{}"))
    return folder


@pytest.fixture
def intact(pattern: Path, folder: Path) -> Path:
    return shutil.copytree(pattern, folder)


def everything(folder: Path, made: Make) -> list[Any]:
    """All that a reader can get out of a store, by each of its ways."""
    keys = [made(number).record.run_key for number in (*range(RUNS), 50)]
    numerics = made(0).record.numerics
    with Store.reader(folder) as store:
        runs = store.runs(keys, numerics, predictions=True)
        return [
            runs,
            store.runs(keys, numerics),
            [store.run(key, numerics) for key in keys],
            [store.weights(record) for record in runs.values()],
            store.finished_since(0),
            store.failures(keys, numerics),
            store.registrations(),
            dict(store.numerics_of(keys)),
        ]


def mutate(path: Path, random: np.random.Generator) -> None:
    """Flip one to three bits, blank a stretch, or cut the file."""
    data = bytearray(path.read_bytes())
    kind = random.integers(10)
    place = int(random.integers(len(data)))
    if kind == 0:
        data = data[:place]
    elif kind == 1:
        data[place : place + 512] = bytes(len(data[place : place + 512]))
    else:
        for _ in range(random.integers(1, 4)):
            data[int(random.integers(len(data)))] ^= 1 << int(random.integers(8))
    path.write_bytes(bytes(data))


def mutate_header(path: Path, random: np.random.Generator) -> None:
    """Flip one bit where SQLite keeps what it needs to know of the file and of the tables."""
    data = bytearray(path.read_bytes())
    data[int(random.integers(2000)) if random.integers(2) else int(random.integers(100))] ^= 1 << int(
        random.integers(8)
    )
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("how", [mutate, mutate_header])
def test_no_damaged_database_is_accepted_and_each_can_be_mended(
    intact: Path, made: Make, bits: Bits, how: Callable[[Path, np.random.Generator], None]
) -> None:
    random = np.random.default_rng(1)
    written = everything(intact, made)
    pristine = (intact / "runs.sqlite").read_bytes()
    refused = 0
    for _ in range(MUTATIONS // 2):
        for file in intact.glob("runs.sqlite*"):
            file.unlink()
        (intact / "runs.sqlite").write_bytes(pristine)
        how(intact / "runs.sqlite", random)
        try:
            assert bits(everything(intact, made)) == bits(written)
        except StoreError:
            refused += 1
        try:
            mend(intact)
        except StoreError as error:
            assert "newer" in str(error)  # noqa: PT017
            continue
        kept = everything(intact, made)[0]
        assert bits(kept) == bits({key: written[0][key] for key in kept})
        with Store.writer(intact, purpose="again") as store:
            for number in range(RUNS):
                store.commit(made(number))
            assert store.check() == []
            assert len(store.finished_since(0)) == RUNS
    assert refused > MUTATIONS // 20


def test_no_damaged_weights_are_accepted_and_each_can_be_trained_again(
    intact: Path, made: Make, bits: Bits, numerics: str
) -> None:
    random = np.random.default_rng(2)
    record = made(3).record
    with Store.reader(intact) as store:
        stored = store.run(record.run_key, numerics)
        assert stored is not None
    path = next(intact.rglob(f"{record.run_key}*.safetensors"))
    pristine = path.read_bytes()
    for _ in range(80):
        mutate(path, random)
        assert path.read_bytes() != pristine
        with Store.reader(intact) as store, pytest.raises(StoreDamagedError) as caught:
            store.weights(stored)
        assert str(path) in str(caught.value)
        path.write_bytes(pristine)


def test_damaged_weights_are_moved_aside_and_come_back_by_training(
    intact: Path, made: Make, bits: Bits, numerics: str
) -> None:
    keys = [made(number).record.run_key for number in range(RUNS)]
    path = next(intact.rglob(f"{keys[3]}*.safetensors"))
    path.write_bytes(path.read_bytes()[:-1])
    next(intact.rglob(f"{keys[4]}*.safetensors")).unlink()
    sentences = mend(intact)
    assert len(sentences) == 2
    assert str(path) in sentences[0]
    assert path.with_name(path.name + ".damaged").exists()
    assert not path.exists()
    with Store.writer(intact, purpose="again") as store:
        assert store.without_weights(keys, numerics) == keys[3:5]
        assert list(store.runs(keys, numerics)) == keys
        with pytest.raises(StoreError, match="not kept"):
            store.weights(store.runs(keys, numerics)[keys[3]])
        for number in (3, 4):
            assert bits(store.weights(store.commit(made(number)))) == bits(made(number).weights)
        assert store.without_weights(keys, numerics) == []
        assert store.check() == []
    assert mend(intact) == []


def test_a_row_changed_by_hand_is_refused_and_only_it_is_lost(
    intact: Path, made: Make, numerics: str
) -> None:
    changed = made(3).record.run_key
    with sqlite3.connect(intact / "runs.sqlite") as connection:
        connection.execute(
            "UPDATE runs SET content = replace(content, 'done', 'diverged') WHERE key = ?", (changed,)
        )
    connection.close()
    with pytest.raises(StoreDamagedError, match="damaged") as caught:
        everything(intact, made)
    assert f"paribus doctor --mend --store {intact}" in str(caught.value)
    with pytest.raises(StoreDamagedError):
        Store.writer(intact, purpose="test")
    damaged = (intact / "runs.sqlite").read_bytes()
    assert len(mend(intact)) == 1
    assert (intact / "runs.sqlite.damaged-1").read_bytes() == damaged
    runs, *_, failures, registrations, _ = everything(intact, made)
    assert set(runs) == {made(number).record.run_key for number in range(RUNS)} - {changed}
    assert len(failures) == len(registrations) == 1


@pytest.mark.parametrize(
    "statement", ["DELETE FROM runs WHERE id = 4", "DELETE FROM predictions WHERE run_id = 4"]
)
def test_a_row_taken_out_is_noticed(intact: Path, made: Make, statement: str) -> None:
    with sqlite3.connect(intact / "runs.sqlite") as connection:
        connection.execute(statement)
    connection.close()
    with pytest.raises(StoreDamagedError):
        everything(intact, made)
    mend(intact)
    assert len(everything(intact, made)[0]) == RUNS - 1


def test_predictions_of_two_runs_exchanged_are_noticed(intact: Path, made: Make) -> None:
    with sqlite3.connect(intact / "runs.sqlite") as connection:
        connection.execute("UPDATE predictions SET run_id = -run_id WHERE run_id IN (2, 4)")
        connection.execute("UPDATE predictions SET run_id = 6 + run_id WHERE run_id < 0")
    connection.close()
    with pytest.raises(StoreDamagedError, match="predictions"):
        everything(intact, made)
    mend(intact)
    assert len(everything(intact, made)[0]) == RUNS - 2


def test_a_run_that_the_index_hides_is_found_all_the_same(intact: Path, made: Make, numerics: str) -> None:
    """Its key is changed in the index, where it is followed by no content, and not in the table."""
    path, key = intact / "runs.sqlite", made(3).record.run_key
    content = path.read_bytes()
    beginning = f"{key}{numerics}".encode()
    places = [place for place in range(len(content)) if content.startswith(beginning, place)]
    hidden = [place for place in places if not content.startswith(b"{", place + len(beginning))]
    assert (len(places), len(hidden)) == (2, 1)
    path.write_bytes(content[: hidden[0]] + b"g" + content[hidden[0] + 1 :])
    with Store.reader(intact) as store:
        assert list(store.runs([key], numerics)) == [key]
        record = store.run(key, numerics)
    assert record is not None
    assert record.seed == 3
    with pytest.raises(StoreDamagedError):
        Store.writer(intact, purpose="test")


@pytest.mark.parametrize("content", [b"", b"not a database, and longer than a header " * 50, bytes(8192)])
def test_what_is_not_a_database_is_refused_moved_aside_and_replaced(
    intact: Path, made: Make, content: bytes
) -> None:
    (intact / "runs.sqlite").write_bytes(content)
    for opening in (Store.reader, lambda folder: Store.writer(folder, purpose="test")):
        with pytest.raises(StoreDamagedError, match=r"runs\.sqlite is damaged"):
            opening(intact)
    mend(intact)
    assert (intact / "runs.sqlite.damaged-1").read_bytes() == content
    with Store.writer(intact, purpose="again") as store:
        assert store.finished_since(0) == []
        store.commit(made(1))
        assert store.check() == []


def test_a_foreign_database_is_refused(folder: Path) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / "runs.sqlite") as connection:
        connection.execute("CREATE TABLE runs (id INTEGER)")
    connection.close()
    with pytest.raises(StoreDamagedError, match="mark of paribus"):
        Store.reader(folder)


def test_a_store_of_a_newer_version_is_refused_and_left_alone(intact: Path) -> None:
    with sqlite3.connect(intact / "runs.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {database.SCHEMA_VERSION + 1}")
    connection.close()
    before = (intact / "runs.sqlite").read_bytes()
    for opening in (Store.reader, mend, lambda folder: Store.writer(folder, purpose="test")):
        with pytest.raises(StoreError, match="newer paribus"):
            opening(intact)
    assert (intact / "runs.sqlite").read_bytes() == before


def test_a_store_of_an_earlier_version_is_brought_up_to_date_by_a_writer(
    intact: Path, made: Make, bits: Bits, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = everything(intact, made)
    table = "CREATE TABLE notes (id INTEGER PRIMARY KEY)"
    monkeypatch.setattr(database, "SCHEMA", (*database.SCHEMA, table))
    monkeypatch.setattr(database, "MIGRATIONS", {database.SCHEMA_VERSION: (table,)})
    monkeypatch.setattr(database, "SCHEMA_VERSION", database.SCHEMA_VERSION + 1)
    with pytest.raises(StoreError, match="earlier paribus"):
        Store.reader(intact)
    Store.writer(intact, purpose="test").close()
    assert bits(everything(intact, made)) == bits(written)


def test_a_damaged_schema_that_sqlite_cannot_even_quote_is_refused_and_mended(
    intact: Path, made: Make
) -> None:
    file = intact / "runs.sqlite"
    data = file.read_bytes()
    place = data.index(b"NULL")
    file.write_bytes(data[:place] + b"\xce" + data[place + 1 :])
    with pytest.raises(StoreDamagedError):
        Store.reader(intact)
    assert len(mend(intact)) == 1
    Store.writer(intact, purpose="again").close()
