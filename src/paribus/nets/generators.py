"""The global generators and settings of a process, which own nets may use: seeded for them, and put back.

Nothing in paribus itself draws from a global generator.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from paribus import streams


@contextmanager
def seeded(seed: int, *purpose: str) -> Iterator[None]:
    """Seed the global generators of torch, numpy and Python; afterwards, put them and torch's settings back.

    Args:
        seed: Seed of the round.
        purpose: What is drawn.
    """
    number = streams.generator_seed(seed, *purpose)
    state = torch.get_rng_state()
    legacy, python = np.random.get_state(), random.getstate()  # noqa: NPY002 - the generator that nets may use
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    determinism, gradients = torch.get_deterministic_debug_mode(), torch.is_grad_enabled()
    torch.default_generator.manual_seed(number)
    np.random.seed(number % 2**32)  # noqa: NPY002 - likewise
    random.seed(number)
    try:
        yield
    finally:
        torch.set_rng_state(state)
        np.random.set_state(legacy)  # noqa: NPY002 - likewise
        random.setstate(python)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        torch.set_deterministic_debug_mode(determinism)
        torch.set_grad_enabled(gradients)
