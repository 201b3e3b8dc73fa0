"""Files over HTTP(S), with a limit on every wait.

A connection is opened and read in a thread of its own, because the timeouts of sockets do not add up to one:
an address list, slow headers or a trickle of bytes could each keep a caller waiting for minutes.
"""

import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TypeAlias

import requests
import urllib3

from paribus.data.published import DataFile
from paribus.data.sources import CHUNK_BYTES, FileRefusedError, Offer, SourceDownError

PATIENCE_S = 10.0
LIMIT_S = 600.0

_Arrival: TypeAlias = bytes | FileRefusedError | SourceDownError | None
_Arrivals: TypeAlias = SimpleQueue[_Arrival]


@dataclass(frozen=True)
class Mirror:
    """A web folder that holds the files with a suffix added to their names.

    Args:
        url: The folder, ending in ``/``.
        suffix: What is added to a file's name.
        patience: Longest wait for an answer, and for every further 64 KiB, in s.
        limit: Longest time for all files together, in s.
    """

    url: str
    suffix: str = ".gz"
    patience: float = PATIENCE_S
    limit: float = LIMIT_S

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.url

    def offers(self, files: Sequence[DataFile]) -> Generator[Offer]:
        """See `Source.offers`; after the first failure to connect no other file is tried."""
        deadline = monotonic() + self.limit
        with requests.Session() as session:
            for file in files:
                yield Offer(file, self._chunks(session, f"{self.url}{file.name}{self.suffix}", deadline))

    def download(self, name: str) -> Iterator[bytes]:
        """The bytes of the file of that name (the suffix added), as sent.

        Raises:
            FileRefusedError: The mirror does not give the file.
            SourceDownError: The mirror cannot go on.
        """
        with requests.Session() as session:
            yield from self._chunks(session, f"{self.url}{name}{self.suffix}", monotonic() + self.limit)

    def _chunks(self, session: requests.Session, url: str, deadline: float) -> Iterator[bytes]:
        arrivals: _Arrivals = SimpleQueue()
        given_up = threading.Event()
        threading.Thread(
            target=_download, args=(session, url, self.patience, arrivals, given_up), daemon=True
        ).start()
        try:
            while (arrival := self._next(arrivals, deadline)) is not None:
                if isinstance(arrival, Exception):
                    raise arrival
                yield arrival
        finally:
            given_up.set()

    def _next(self, arrivals: _Arrivals, deadline: float) -> _Arrival:
        left = deadline - monotonic()
        if left <= 0:
            raise SourceDownError(f"took longer than {self.limit:g} s")
        try:
            return arrivals.get(timeout=min(self.patience, left))
        except Empty:
            waited = f"{min(self.patience, left):.3g} s"
            raise SourceDownError(f"sent less than {CHUNK_BYTES:,} bytes in {waited}") from None


def _download(
    session: requests.Session, url: str, patience: float, arrivals: _Arrivals, given_up: threading.Event
) -> None:
    """Put the bytes of a file into the queue, then None; or, last, the reason why there are no more."""
    try:
        # Bytes are taken as sent, never decoded here: decompression has its limits in cache.py.
        headers = {"Accept-Encoding": "identity"}
        with session.get(url, stream=True, timeout=patience, headers=headers) as response:
            if response.status_code != requests.codes.ok:
                arrivals.put(FileRefusedError(f"is answered with {response.status_code} {response.reason}"))
                return
            for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
                if given_up.is_set():
                    return
                arrivals.put(chunk)
        arrivals.put(None)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        arrivals.put(SourceDownError(_in_words(error, patience)))


def _in_words(error: Exception, patience: float) -> str:
    match error:
        case requests.exceptions.ProxyError():
            return f"cannot be reached through the proxy ({_root_cause(error)})"
        case requests.exceptions.SSLError():
            return "has a certificate that this machine does not trust"
        case requests.exceptions.Timeout() | urllib3.exceptions.TimeoutError():
            return f"did not answer within {patience:g} s"
        case requests.exceptions.ConnectionError():
            return f"cannot be reached ({_root_cause(error)})"
        case _:
            return f"broke off ({_root_cause(error)})"


def _root_cause(error: BaseException) -> str:
    """The innermost reason that the layers of requests and urllib3 wrap, without the addresses of objects."""
    inner = getattr(error, "reason", None) or (error.args[0] if error.args else error.__class__.__name__)
    if isinstance(inner, BaseException):
        return _root_cause(inner)
    return str(inner).rsplit("): ", maxsplit=1)[-1]
