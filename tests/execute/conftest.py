"""A study of twelve runs that take a fraction of a second each, on real MNIST."""

from pathlib import Path

import pytest

from paribus import data
from paribus.spec import Study

SMALL = """
name = "small"
claims = ["avg < max", "slow < avg"]
[data]
train_images = 2000
[net]
blocks = [{ channels = 4, kernel = 3 }, { channels = 8, kernel = 3 }]
[protocol]
batch_size = 50
iterations = 30
evaluate_every = 15
learning_rate = 0.1
[variants]
max = {}
avg = { "net.pool" = "avg" }
slow = { "protocol.learning_rate" = 0.01 }
[decision]
min_rounds = 4
max_rounds = 4
"""


@pytest.fixture
def small_file(tmp_path: Path, mnist: data.Dataset) -> Path:
    """The study as a file; MNIST is in the cache once it is asked for."""
    assert len(mnist.train) == 60_000
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def small(small_file: Path) -> Study:
    """The study as a value."""
    return Study.read(small_file)
