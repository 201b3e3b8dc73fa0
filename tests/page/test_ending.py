"""Serving ends when it is interrupted, whatever it is doing."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.4, 1.0, 3.0])
def test_an_interrupt_ends_serving_without_waiting_for_the_import_of_torch(
    tmp_path: Path, seconds: float
) -> None:
    command = [sys.executable, "-m", "paribus", "serve", "--store", str(tmp_path / "store"), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert "http://127.0.0.1:" in process.stderr.readline()
            time.sleep(seconds)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert said.replace("\n", "") == ""
