"""The room stays light, since every command that shows a verdict loads it."""

import subprocess
import sys


def test_importing_it_loads_neither_torch_nor_scipy() -> None:
    code = "import sys, paribus.verdict; print(sorted({'torch', 'scipy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
