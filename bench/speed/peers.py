"""The peers' environment: made and filled by this script beside the project's own, never in it."""

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
    return str(FOLDER / "bin" / "python") if competitor.packages else sys.executable


def install(competitors: Iterable[Competitor]) -> dict[str, str]:
    """Make the environment and install what competitors need, pinned; what is there already stays.

    Args:
        competitors: Those that need packages are looked at, the others left alone.

    Returns:
        Competitor to why it cannot run, in words; empty if all can.
    """
    peers = [competitor for competitor in competitors if competitor.packages]
    if not peers:
        return {}
    pins = PINS.read_text(encoding="utf-8")
    stamp = FOLDER / "peers.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pins:
        shutil.rmtree(FOLDER, ignore_errors=True)
        venv.create(FOLDER, with_pip=True)
        stamp.write_text(pins, encoding="utf-8")
    missing: dict[str, str] = {}
    for peer in peers:
        failed = _install(peer)
        if failed:
            missing[peer.name] = failed
    return missing


def versions() -> dict[str, str]:
    """Package to version of everything in the environment; empty if there is none."""
    if not FOLDER.exists():
        return {}
    command = [*_pip(), "freeze", "--disable-pip-version-check"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(line.split("==", maxsplit=1) for line in listed.splitlines() if "==" in line)


def _install(peer: Competitor) -> str:
    done = FOLDER / f"{peer.name}.installed"
    if done.exists():
        return ""
    sys.stderr.write(f"installing {', '.join(peer.packages)} for {peer.name} into {FOLDER.name}\n")
    log = FOLDER / f"{peer.name}.log"
    command = [*_pip(), "install", "-c", str(PINS), *peer.packages]
    with log.open("w", encoding="utf-8") as file:
        code = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        return (
            f"{', '.join(peer.packages)} as pinned in {PINS.name} cannot be installed here "
            f"(pip ended with exit code {code}; its messages are in {FOLDER.name}/{log.name})"
        )
    done.touch()
    return ""


def _pip() -> list[str]:
    return [str(FOLDER / "bin" / "python"), "-m", "pip"]
