"""scikit-learn's digits: the very values, read without importing it, without any network."""

import gzip
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_digits

from paribus import data
from paribus.data import digits
from paribus.data.fetching import usual_sources
from paribus.errors import DataError

STUDY = """
name = "digits"
claims = ["still < moving"]
[data]
dataset = "digits"
[net]
blocks = [{ channels = 4, kernel = 3 }]
[protocol]
batch_size = 50
iterations = 150
learning_rate = 0.2
[variants]
moving = {}
still = { "protocol.learning_rate" = 1e-6 }
[decision]
min_rounds = 3
max_rounds = 3
"""

NO_NETWORK = """
import ctypes, os, platform, struct, sys

number = {"x86_64": 41, "aarch64": 198}[platform.machine()]  # of the system call socket
load, equal, give, allowed, refused = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050001
code = [(load, 0, 0, 0), (equal, 0, 1, number), (give, 0, 0, refused), (give, 0, 0, allowed)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


libc = ctypes.CDLL(None, use_errno=True)
program = Program(len(code), b"".join(struct.pack("HBBI", *line) for line in code))
for option in ((38, 1, 0, 0, 0), (22, 2, ctypes.byref(program), 0, 0)):  # no new privileges; filter calls
    if libc.prctl(*option):
        sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Starts a program for which, and for whose children, Linux refuses to make any socket (seccomp)."""

OFFLINE = [sys.executable, "-c", NO_NETWORK, sys.executable]


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """The environment of processes with an empty cache and an empty store."""
    return {
        **os.environ,
        "PARIBUS_DATA_DIR": str(tmp_path / "cache"),
        "PARIBUS_STORE": str(tmp_path / "store"),
    }


def test_the_images_are_scikit_learns_scaled_to_bytes_and_all_of_them(tmp_path: Path) -> None:
    dataset = data.load("digits", cache=tmp_path, offline=True)
    raw = load_digits()
    expected = [
        (np.round(image * 255 / 16).astype(np.uint8).tobytes(), int(label))
        for image, label in zip(raw.images, raw.target, strict=True)
    ]
    found = [
        (image.tobytes(), int(label))
        for split in (dataset.train, dataset.test)
        for image, label in zip(split.images, split.labels, strict=True)
    ]
    assert sorted(found) == sorted(expected)
    assert (len(dataset.train), len(dataset.test)) == (1438, 359)
    facts = data.facts("digits")
    for split, counts in ((dataset.train, facts.train_per_class), (dataset.test, facts.test_per_class)):
        assert tuple(np.bincount(split.labels).tolist()) == counts
    train = {image.tobytes() for image in dataset.train.images}
    assert not train & {image.tobytes() for image in dataset.test.images}


def test_a_study_runs_to_its_end_with_the_network_disabled(empty: dict[str, str], tmp_path: Path) -> None:
    """Disabled by the kernel, for the command, its workers and whatever else it starts."""
    inner = "import socket; socket.socket()"
    outer = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {inner!r}]).returncode)"
    blocked = subprocess.run([*OFFLINE, "-c", outer], env=empty, capture_output=True, text=True, check=False)
    assert "PermissionError: [Errno 1] Operation not permitted" in blocked.stderr
    (tmp_path / "digits.toml").write_text(STUDY)
    command = [*OFFLINE, "-m", "paribus", "run", str(tmp_path / "digits.toml"), "--json"]
    done = subprocess.run(command, env=empty, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["study"]["dataset"] == "digits"
    assert document["study"]["data"]["test_images"] == 359
    assert {run["state"] for run in document["runs"]} == {"done"}
    assert len(document["runs"]) == 6
    assert [claim["verdict"] for claim in document["claims"]] == ["supported"]


def test_scikit_learn_is_not_imported(empty: dict[str, str]) -> None:
    program = "import sys; from paribus import data; data.load('digits'); print('sklearn' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=empty, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_without_scikit_learn_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: Callable[..., object] = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "sklearn" else found(name, *rest)
    )
    with pytest.raises(DataError, match="digits is not complete") as refused:
        data.load("digits", cache=tmp_path)
    assert "Python package scikit-learn: is not installed" in str(refused.value.found)
    assert "pip install scikit-learn" in str(refused.value.mend)


def test_another_content_of_its_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "sklearn" / "datasets" / "data"
    place.mkdir(parents=True)
    (tmp_path / "sklearn" / "__init__.py").write_text("")
    spec = importlib.util.spec_from_file_location(
        "sklearn",
        tmp_path / "sklearn" / "__init__.py",
        submodule_search_locations=[str(tmp_path / "sklearn")],
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    sources = usual_sources(data.entry_of("digits"), None, offline=True)
    for content, words in (
        (b"", "is not a regular file"),
        (gzip.compress(b"1,2,3\n"), "has other content"),
        (gzip.compress(bytes(5_000_000)), "decompresses to more than"),
    ):
        if content:
            (place / digits.FILE).write_bytes(content)
        with pytest.raises(DataError, match=words):
            list(sources[0].offers(data.entry_of("digits").files))


def test_the_split_is_the_pinned_one() -> None:
    path = Path(sklearn.__file__).parent / "datasets" / "data" / digits.FILE
    content = gzip.decompress(path.read_bytes())
    made = digits.idx_files(content)
    for file in data.entry_of("digits").files:
        assert hashlib.sha256(made[file.name]).hexdigest() == file.sha256
        assert len(made[file.name]) == file.size
