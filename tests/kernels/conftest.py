"""One thread for torch, as other tests run beside these; another build of the library where one is named."""

import os
from pathlib import Path

import torch
from hypothesis import settings

from paribus.kernels import library

torch.set_num_threads(1)  # other tests run beside these
if os.environ.get("PARIBUS_TEST_LIBRARY"):
    setattr(library, "LIBRARY", Path(os.environ["PARIBUS_TEST_LIBRARY"]))  # noqa: B010 - imported there
settings.register_profile("few", max_examples=12)
if os.environ.get("PARIBUS_TEST_FEW"):
    settings.load_profile("few")
