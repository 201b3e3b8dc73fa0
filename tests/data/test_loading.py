import random
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from paribus import data
from paribus.data.loading import load_entry
from paribus.data.sources import FolderSource
from paribus.errors import DataError


def arrays(dataset: data.Dataset) -> list[bytes]:
    return [
        array.tobytes() for split in (dataset.train, dataset.test) for array in (split.images, split.labels)
    ]


def test_a_loaded_dataset_is_what_was_written(
    tiny: data.DatasetEntry, tiny_bytes: dict[str, bytes], tiny_folder: Path, tmp_path: Path
) -> None:
    dataset = load_entry(tiny, tmp_path / "cache", [FolderSource(tiny_folder)])
    assert dataset.train.images.shape == (23, 1, 4, 5)
    assert arrays(dataset) == [
        tiny_bytes["train-images-idx3-ubyte"][16:],
        tiny_bytes["train-labels-idx1-ubyte"][8:],
        tiny_bytes["t10k-images-idx3-ubyte"][16:],
        tiny_bytes["t10k-labels-idx1-ubyte"][8:],
    ]
    assert (dataset.name, dataset.classes) == ("tiny", ("a", "b", "c"))
    assert dataset.fingerprint == tiny.fingerprint


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with one thing wrong: a bit, its end, its beginning, a swap, or all of it."""
    place = chance.randrange(len(content))
    match chance.randrange(6):
        case 0 | 1:
            return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]
        case 2:
            return content[:place]
        case 3:
            return content + chance.randbytes(1 + place)
        case 4:
            return content[1:] + content[:1]
        case _:
            return chance.randbytes(len(content))


def test_of_500_damaged_files_none_is_accepted_and_all_are_kept_and_replaced(
    tiny: data.DatasetEntry, tiny_folder: Path, tmp_path: Path
) -> None:
    home, sources, chance = tmp_path / "cache", [FolderSource(tiny_folder)], random.Random(1)
    intact = arrays(load_entry(tiny, home, sources))
    for _ in range(500):
        path = home / chance.choice(tiny.files).name
        damaged = mutated(path.read_bytes(), chance)
        path.write_bytes(damaged)
        told: list[str] = []
        assert arrays(load_entry(tiny, home, sources, told.append)) == intact
        assert f"{path.name} in the cache is damaged; moved to {path}.damaged-1" in told[0]
        kept = path.with_name(f"{path.name}.damaged-1")
        assert kept.read_bytes() == damaged
        kept.unlink()


def test_a_damaged_file_is_told_as_a_warning_where_nobody_listens(
    tiny: data.DatasetEntry, tiny_folder: Path, tmp_path: Path
) -> None:
    home, sources = tmp_path / "cache", [FolderSource(tiny_folder)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_entry(tiny, home, sources)
    (home / tiny.test_labels.name).write_bytes(b"")
    with pytest.warns(
        UserWarning, match=r"tiny: a damaged file was moved to .*t10k-labels-idx1-ubyte.damaged-1"
    ):
        load_entry(tiny, home, sources)


def test_a_damaged_file_that_cannot_be_replaced_is_an_error_that_names_it(
    tiny: data.DatasetEntry, tiny_folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "cache"
    load_entry(tiny, home, [FolderSource(tiny_folder)])
    path = home / tiny.train_labels.name
    path.write_bytes(path.read_bytes()[:-1] + b"\x09")
    with pytest.raises(DataError, match="train-labels-idx1-ubyte") as refusal:
        load_entry(tiny, home, [])
    assert f"{path}.damaged-1" in str(refusal.value.found)
    with pytest.raises(DataError):
        load_entry(tiny, home, [])


def test_an_open_dataset_keeps_its_bytes_while_its_file_is_replaced(
    tiny: data.DatasetEntry, tiny_folder: Path, tmp_path: Path
) -> None:
    home, sources = tmp_path / "cache", [FolderSource(tiny_folder)]
    first = load_entry(tiny, home, sources)
    before = arrays(first)
    (home / tiny.train_images.name).unlink()
    load_entry(tiny, home, sources)
    assert arrays(first) == before


def test_a_catalogue_entry_with_wrong_dimensions_is_refused(
    tiny: data.DatasetEntry, tiny_folder: Path, tmp_path: Path
) -> None:
    turned = data.DataFile(tiny.train_images.name, (23, 5, 4), tiny.train_images.sha256)
    entry = data.DatasetEntry(
        "turned", "", "", ("a",), turned, tiny.train_labels, tiny.test_images, tiny.test_labels
    )
    with pytest.raises(DataError, match="is not the IDX file it should be") as refusal:
        load_entry(entry, tmp_path / "cache", [FolderSource(tiny_folder)])
    assert (refusal.value.expected, refusal.value.found) == ("dimensions 23 × 5 × 4", "23 × 4 × 5")


def test_a_name_that_is_unknown_is_refused_before_anything_is_read() -> None:
    with pytest.raises(DataError, match="did you mean `mnist`"):
        data.load("mnisst")


def test_real_mnist_with_a_flipped_bit_is_restored_from_a_folder(mnist: data.Dataset, tmp_path: Path) -> None:
    mine = data.cache_folder() / "mnist"
    shutil.copytree(mine, tmp_path / "mnist")
    path = tmp_path / "mnist" / "train-images-idx3-ubyte"
    with path.open("r+b") as stream:
        stream.seek(40_000_000)
        byte = stream.read(1)[0]
        stream.seek(40_000_000)
        stream.write(bytes([byte ^ 4]))
    told: list[str] = []
    restored = data.load("mnist", cache=tmp_path, folder=mine, offline=True, progress=told.append)
    assert np.array_equal(restored.train.images, mnist.train.images)
    assert "is damaged; moved to" in told[0]
    assert path.with_name(f"{path.name}.damaged-1").stat().st_size == path.stat().st_size


def test_offline_without_files_is_an_error_that_says_what_was_not_asked(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="mnist is not complete") as refusal:
        data.load("mnist", cache=tmp_path, offline=True, folder=tmp_path / "nowhere")
    assert "nowhere: does not exist" in str(refusal.value)
    assert "mirrors and package managers: not asked" in str(refusal.value)


def test_four_processes_that_fetch_at_once_do_each_other_no_harm(mnist: data.Dataset, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from paribus import data; cache, folder = map(pathlib.Path, sys.argv[1:]);"
        "d = data.load('mnist', cache=cache, folder=folder, offline=True);"
        "print(int(d.train.images.sum(dtype='int64')))"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(data.cache_folder() / "mnist")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    printed = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert printed == [str(int(mnist.train.images.sum(dtype=np.int64)))] * 4
    files = {path.name for path in (tmp_path / "mnist").iterdir()} - {".lock"}
    assert files == {file.name for file in data.entry_of("mnist").files}


def test_loading_intact_data_imports_nothing_of_the_network_or_torch(mnist: data.Dataset) -> None:
    program = (
        "import sys; from paribus import data; data.load('mnist', offline=True);"
        "print([name for name in ('torch', 'requests', 'pooch', 'filelock', 'PIL') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"
