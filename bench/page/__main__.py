"""Measure the page: print the table, keep it as JSON."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.page.measure import Times, in_browser, over_http, served
from bench.page.stores import make_store
from playwright.sync_api import sync_playwright
from tests.page.browser import bring


def main() -> None:
    """Measure and print."""
    options = _options()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        made = make_store(Path(folder) / "store")
        with served(made.folder) as port, sync_playwright() as playwright:
            times = list(over_http(port, made, options.turns))
            browser = playwright.chromium.launch(
                executable_path=bring(), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            times += in_browser(page, f"http://127.0.0.1:{port}", made, options.turns)
            browser.close()
    sys.stdout.write(table(times) + "\n")
    if options.out is not None:
        document = {"load": load, "cores": os.cpu_count(), "times": [asdict(one) for one in times]}
        options.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def table(times: Sequence[Times]) -> str:
    """The times as a table, milliseconds."""
    lines = [f"{'milliseconds':<26}{'where':<9}{'bar':>6}{'first':>8}{'median':>8}{'least':>8}"]
    lines += [
        f"{one.what:<26}{one.where:<9}{one.bar:>6.0f}{one.first:>8.0f}{one.median:>8.0f}{one.least:>8.0f}"
        for one in times
    ]
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--turns", type=int, default=15, help="how often each is asked for")
    parser.add_argument("--out", type=Path, default=Path("bench/results/page.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
