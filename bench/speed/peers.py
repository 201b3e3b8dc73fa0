"""The peers' environments: made and filled by this script beside the project's own, never in it."""

import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path

from bench.speed.roster import Competitor

FOLDER = Path(__file__).parents[2] / ".bench-venv"
PINS = Path(__file__).parent / "peers.txt"


def interpreter(competitor: Competitor) -> str:
    """The Python that a competitor runs in."""
    return _python(competitor.environment) if competitor.packages else sys.executable


def install(competitors: Iterable[Competitor]) -> dict[str, str]:
    """Make the environments that competitors need, pinned; what is there already stays.

    Args:
        competitors: Those that need no packages are left alone.

    Returns:
        Competitor to why it cannot run, in words; empty if all can.
    """
    reasons = {peer.name: _install(peer) for peer in competitors if peer.packages}
    return {name: reason for name, reason in reasons.items() if reason}


def versions(competitor: Competitor) -> dict[str, str]:
    """Package to version of what a competitor asks for."""
    command = [_python(competitor.environment), "-m", "pip", "freeze", "--disable-pip-version-check"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    installed = dict(line.split("==", maxsplit=1) for line in listed.splitlines() if "==" in line)
    return {name: installed[name] for name in competitor.packages if name in installed}


def _install(peer: Competitor) -> str:
    """Install one peer; why that failed, or nothing."""
    home = FOLDER / peer.environment
    done = home / f"{peer.name}.installed"
    pins = PINS.read_text(encoding="utf-8")
    if done.exists() and done.read_text(encoding="utf-8") == pins:
        return ""
    if _outdated(home, pins):
        shutil.rmtree(home)
    if not home.exists():
        venv.create(home, with_pip=True)
    sys.stderr.write(f"installing {', '.join(peer.packages)} for {peer.name} into {FOLDER.name}\n")
    log = home / f"{peer.name}.log"
    command = [_python(peer.environment), "-m", "pip", "install", "-c", str(PINS), *peer.packages]
    with log.open("w", encoding="utf-8") as file:
        code = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        return (
            f"{', '.join(peer.packages)} as pinned in {PINS.name} cannot be installed here "
            f"(pip ended with exit code {code}; its messages are in {log.relative_to(FOLDER.parent)})"
        )
    done.write_text(pins, encoding="utf-8")
    return ""


def _outdated(home: Path, pins: str) -> bool:
    """Whether something was installed there by other pins."""
    return any(mark.read_text(encoding="utf-8") != pins for mark in home.glob("*.installed"))


def _python(environment: str) -> str:
    return str(FOLDER / environment / "bin" / "python")
