"""A store with trained nets, the page served from it by a process of its own, and a real browser."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from filelock import FileLock
from playwright.sync_api import Browser, Page, expect, sync_playwright

from paribus import api, data
from paribus.spec import Study, study_digest

from .browser import bring

PATIENCE = 60_000
"""How long a browser may take on a machine that has much else to do, ms: seconds when it has not."""

expect.set_options(timeout=PATIENCE)

STUDY = """
name = "page"
question = "Is <b>max</b> & \\"average\\" pooling <script>alert(1)</script> shown as it is written?"
claims = ["avg < max", "valid < max"]
[data]
train_images = 4000
[net]
blocks = [{ channels = 8, kernel = 5 }, { channels = 12, kernel = 5 }]
[protocol]
batch_size = 50
iterations = 160
evaluate_every = 80
learning_rate = 0.1
[variants]
max = {}
avg = { "net.pool" = "avg" }
valid = { "net.padding" = "valid" }
[decision]
min_rounds = 3
max_rounds = 3
"""


@dataclass(frozen=True)
class Served:
    """A page that is being served.

    Attributes:
        host: Address.
        port: Port.
        address: What it printed.
        folder: Its store.
    """

    host: str
    port: int
    address: str
    folder: Path

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{self.host}:{self.port}"

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers (names in lower case) and text of one answer."""
        connection = HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            given = {"Host": f"{self.host}:{self.port}", **(headers or {})}
            if body is not None:
                given.setdefault("Content-Length", str(len(body)))
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer: HTTPResponse = connection.getresponse()
            content = answer.read().decode(errors="replace")
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content
        finally:
            connection.close()


@pytest.fixture(scope="session")
def study_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study whose nets are looked into."""
    path = tmp_path_factory.mktemp("study") / "page.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="session")
def study(study_file: Path) -> Study:
    """The study as a value."""
    return Study.read(study_file)


@pytest.fixture(scope="session")
def slug(study: Study) -> str:
    """What addresses name the study by."""
    return f"{study.name}-{study_digest(study)[:10]}"


@pytest.fixture(scope="session")
def trained(
    tmp_path_factory: pytest.TempPathFactory, study: Study, mnist: data.Dataset, worker_id: str
) -> Path:
    """A store with the study's nine runs; trained once, whichever test process comes first."""
    assert len(mnist.test) == 10_000
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    folder = shared / "page-store"
    with FileLock(shared / "page-store.lock"):
        api.run(study, store=folder)
    return folder


@pytest.fixture(scope="session")
def served(trained: Path, study_file: Path) -> Iterator[Served]:
    """The page, served from that store."""
    with serving(trained, str(study_file)) as page:
        yield page


@contextmanager
def serving(folder: Path, *options: str, host: str | None = "127.0.0.1") -> Iterator[Served]:
    """`paribus serve` in a process of its own, until the context ends."""
    command = [
        sys.executable,
        "-m",
        "paribus",
        "serve",
        "--store",
        str(folder),
        "--port",
        "0",
        *(() if host is None else ("--host", host)),
    ]
    environment = {**os.environ, "PYTHONFAULTHANDLER": "1"}
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True, env=environment)
    try:
        address = _address(process)
        found = re.search(r":(\d+)/", address)
        assert found, address
        port = int(found[1])
        _await(port)
        yield Served("127.0.0.1", port, address, folder)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # says on stderr what every thread is doing
            raise AssertionError(f"serving did not end:\n{process.communicate(timeout=10)[1]}") from None
        finally:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[str]") -> str:
    """The address that a page prints when it is served."""
    assert process.stderr is not None
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if select.select([process.stderr], [], [], 0.5)[0]:
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            if found:
                return found[0]
            if not line:
                break
    raise AssertionError(f"no address within 90 s; exit code {process.poll()}")


def _await(port: int) -> None:
    """Wait until a port is served."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing answers at port {port}")


@pytest.fixture(scope="session")
def training() -> Callable[[Path, Path], "subprocess.Popen[bytes]"]:
    """Starts `paribus run` on a study file and a store, in a process of its own."""

    def start(file: Path, folder: Path) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "paribus", "run", str(file), "--store", str(folder), "--json"]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ}
        )

    return start


def events(text: str) -> list[dict[str, object]]:
    """Server-sent events: kind, id where there is one, and data."""
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines() if not line.startswith(":")]
        fields = {name: value for name, _, value in lines}
        if "event" in fields:
            found.append(
                {"kind": fields["event"], "id": fields.get("id"), "data": json.loads(fields["data"])}
            )
    return found


WHOLE = {("light", 1400), ("dark", 360)}
"""Theme and width in which axe reads pages to the last row; in the others, the first of alike rows."""

_OPEN = "document.querySelectorAll('details').forEach(details => { details.open = true; })"
_SHORTEN = """() => {
  for (const body of document.querySelectorAll("tbody, .gallery")) {
    for (const row of [...body.children].slice(3)) row.remove();
  }
  for (const part of document.querySelectorAll("svg > :not(title, desc)")) part.remove();
}"""


def assert_accessible(page: Page, *, whole: bool) -> None:
    """Axe finds nothing on a page with everything opened, and the page is not wider than the screen."""
    page.evaluate(_OPEN)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url
    if not whole:
        page.evaluate(_SHORTEN)
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium without a screen, with a profile of its own."""
    path = bring()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@dataclass
class Watched:
    """A page of the browser, with all that it asked for and complained about.

    Attributes:
        page: The page.
        asked: Addresses of its requests.
        complaints: Errors in its console, and exceptions.
    """

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def assert_quiet(self, served: Served) -> None:
        """Nothing was asked of another host, and nothing was complained about."""
        foreign = [one for one in self.asked if not one.startswith((served.origin + "/", "data:", "blob:"))]
        assert foreign == []
        assert self.complaints == []


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens pages of some width and theme; each is checked to be quiet by the test."""
    contexts = []

    def open_page(
        *, width: int = 1400, theme: Literal["light", "dark"] = "light", scripts: bool = True
    ) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=scripts
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        watched = Watched(page)
        page.on("request", lambda request: watched.asked.append(request.url))
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: watched.complaints.append(message.text) if message.type == "error" else None,
        )
        return watched

    yield open_page
    for context in contexts:
        context.close()
