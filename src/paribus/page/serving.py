"""Starting the page: the door, the token, the server; and stopping it."""

import asyncio
import secrets
import signal
import socket
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from paribus.errors import UsageError
from paribus.page.app import Site
from paribus.page.guard import Door, is_loopback
from paribus.spec import Study
from paribus.store import Store

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8765

PORTS_TRIED = 50
"""Ports that are tried, from the one asked for on."""

MOST_CONNECTIONS = 512
HEADER_SECONDS = 15.0
"""How long a client may take to say what it wants."""


def serve(
    store: Path,
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    given: Sequence[tuple[str, Study]] = (),
    open_browser: bool = False,
    say: Callable[[str], None],
) -> None:
    """Serve the page until interrupted.

    Args:
        store: Folder of the store; one that does not exist is empty until a study is run.
        host: Address to bind to. One that other machines reach asks every visitor for a token.
        port: The first port to try; the next free one is taken. 0 for any.
        given: How the user named further studies, and the studies.
        open_browser: Whether to open the page in the user's browser.
        say: Told the address.

    Raises:
        UsageError: If the address cannot be bound to.
        StoreError: If the store cannot be read.
    """
    ending = suppress(KeyboardInterrupt)  # which is how serving ends
    with Store.reader(store) as opened, bound(host, port) as listening, ending, interrupts_held():
        door = door_of(host, listening)
        address = visit(door)
        say(f"paribus: serving {store} at {address}")
        if door.token:
            say("  whoever has this address can see the store; Ctrl-C stops serving")
        asyncio.run(
            _serve(opened, door, given, listening, on_ready=_opener(address) if open_browser else None)
        )


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Keep an interrupt until the server takes it; before, it would end the loop half made."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens at an address: at the port asked for, or the next free one.

    Raises:
        UsageError: If there is no such address here, or no port is free.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise _not_bound(host, error) from None
    last: OSError | None = None
    for tried in range(port, min(port + PORTS_TRIED, 65536)) if port else (0,):
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((place[0], tried, *place[2:]))
            listening.listen(128)
        except OSError as error:
            listening.close()
            last = error
            continue
        listening.settimeout(0)
        return listening
    raise _not_bound(host, last)


def door_of(host: str, listening: socket.socket) -> Door:
    """The door behind a socket; one that other machines reach has a token."""
    token = "" if is_loopback(host) else secrets.token_urlsafe(24)
    return Door(host, int(listening.getsockname()[1]), token)


def visit(door: Door) -> str:
    """The address to open."""
    name = "127.0.0.1" if door.host in ("0.0.0.0", "") else "[::1]" if door.host == "::" else door.host  # noqa: S104
    shown = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"http://{shown}:{door.port}/" + (f"?token={door.token}" if door.token else "")


async def _serve(
    store: Store,
    door: Door,
    given: Sequence[tuple[str, Study]],
    listening: socket.socket,
    on_ready: Callable[[], object] | None,
) -> None:
    site = Site(store, door, given)
    site.inside.warm_up()
    config = uvicorn.Config(
        site.application,
        http=PromptProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=2,
    )
    if on_ready is not None:
        asyncio.get_running_loop().call_later(0.5, on_ready)
    await StoppingServer(config, site.stopping).serve(sockets=[listening])


class StoppingServer(uvicorn.Server):
    """A server that tells open event streams when it stops; they would keep it for ever.

    Args:
        config: How it serves.
        stopping: Set when it stops.
    """

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals, with one that was held until now."""
        with super().capture_signals():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, with the streams first."""
        self._stopping.set()
        super().handle_exit(sig, frame)


class PromptProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, but a client that does not say what it wants is let go."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as uvicorn has it
        """Wait for a request no longer than `HEADER_SECONDS`."""
        super().connection_made(transport)
        self.loop.call_later(HEADER_SECONDS, self._let_go)

    def _let_go(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


def _opener(address: str) -> Callable[[], object]:
    return lambda: webbrowser.open(address)


def _not_bound(host: str, error: OSError | None) -> UsageError:
    return UsageError(
        f"{host} cannot be served from",
        expected="an address of this machine with a free port",
        found=(error.strerror or str(error)) if error else "no free port",
        mend="name another --host or --port; 127.0.0.1 always works",
    )
