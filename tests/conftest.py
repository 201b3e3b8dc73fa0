"""Fixtures that the tests of several rooms share."""

import pytest

from paribus import data


@pytest.fixture(scope="session")
def mnist() -> data.Dataset:
    """Real MNIST, from the user's cache, fetched first where it is not there."""
    return data.load("mnist")
