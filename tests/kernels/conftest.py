"""The kernels' tests can be pointed at another build of the library, such as one with sanitizers."""

import os
from pathlib import Path

from hypothesis import settings

from paribus.kernels import library

if os.environ.get("PARIBUS_TEST_LIBRARY"):
    setattr(library, "LIBRARY", Path(os.environ["PARIBUS_TEST_LIBRARY"]))  # noqa: B010 - imported there
settings.register_profile("few", max_examples=12)
if os.environ.get("PARIBUS_TEST_FEW"):
    settings.load_profile("few")
