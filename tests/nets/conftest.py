"""Own nets written into a folder for a test."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from paribus.spec import OwnNet
from paribus.spec.sources import Sources

HEAD = "import torch\nfrom torch import nn\nfrom torch.nn import functional\n\n"

Written = Callable[..., OwnNet]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a module with a callable `net`, and gives the own net of it with these arguments."""

    def write(text: str, /, *, module: str = "mine", **arguments: object) -> OwnNet:
        (tmp_path / f"{module}.py").write_text(HEAD + dedent(text))
        net = OwnNet.model_validate({"callable": f"{module}:net", **arguments})
        return net.at(Sources(tmp_path).find(net.callable))

    return write
