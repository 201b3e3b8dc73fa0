"""Brings the browser that the page is tested in: `python tests/page/browser.py`. Quick where there is one.

Debian's Chromium is installed by apt-get where that may be done; elsewhere Playwright fetches its own. A
browser of your own is named in PARIBUS_BROWSER.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""What a Chromium is called; Playwright's own is asked for after these."""

MEND = """no browser for the tests of the page, and none could be brought
  to mend it: install Chromium (Debian and Ubuntu: sudo apt-get install chromium), or
              run `.venv/bin/playwright install --with-deps chromium`, or
              name one: PARIBUS_BROWSER=/path/to/chromium make test"""


def find() -> Path | None:
    """The Chromium of this machine, if there is one."""
    named = os.environ.get("PARIBUS_BROWSER")
    if named:
        return Path(named) if Path(named).is_file() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return _of_playwright()


def bring() -> Path:
    """A Chromium, installed where there is none.

    Raises:
        SystemExit: If none can be had; the message has the commands that mend it.
    """
    found = find()
    if found is None:
        _install()
        found = find()
    if found is None:
        raise SystemExit(MEND)
    return found


def _install() -> None:
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = ["chromium", "fonts-dejavu-core"]
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            done = subprocess.run(["apt-get", "-qq", *command], env=quiet, check=False)
        if done.returncode == 0:
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def _of_playwright() -> Path | None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow, and seldom asked

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.is_file() else None


if __name__ == "__main__":
    bring()
