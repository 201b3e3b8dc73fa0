"""Who is answered, and under which headers: no one but the reader of this machine's own page.

A web site may point its own name at 127.0.0.1 (DNS rebinding), or send requests here from its scripts, forms
and images (cross-site requests). The browser then says where the request is going (Host) and where it comes
from (Origin, Sec-Fetch-Site); whatever is not this page's own is refused on every path and method.
"""

import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Refuse = Callable[[int, str, str], Response]
"""Status, what is wrong, what to do about it."""

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No host but this one, no inline script, no inline style, no frame."""

HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

METHODS = frozenset({"GET", "HEAD", "POST"})
LOOPBACK_NAMES = frozenset({"localhost"})


@dataclass(frozen=True)
class Door:
    """Where the page is served.

    Attributes:
        host: Address it is bound to.
        port: Port.
        token: What a visitor has to bring; empty on loopback, which only this machine reaches.
    """

    host: str
    port: int
    token: str = ""

    @property
    def cookie(self) -> str:
        """Name of the cookie that keeps the token; cookies know no ports, so the port is in it."""
        return f"paribus-{self.port}"

    def admits_host(self, host: str) -> bool:
        """Whether a Host header names this page.

        An address cannot be rebound, so any address is taken where the page is not on loopback; a name must
        be this machine's own.
        """
        name, port = _split(host)
        if port != self.port:
            return False
        address = _address(name)
        if is_loopback(self.host):
            return name in LOOPBACK_NAMES if address is None else address.is_loopback
        if address is not None:
            return True
        return name in LOOPBACK_NAMES | {self.host.lower(), *_own_names()}


class Guard:
    """ASGI middleware: refuses strangers, checks the token, sets the headers of every answer.

    Args:
        application: What is guarded.
        door: Where it is served.
        refuse: Makes the page that says why a request is refused.
    """

    def __init__(self, application: Application, door: Door, refuse: Refuse) -> None:
        self._application = application
        self._door = door
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = self._refusal(scope) or self._let_in(scope)
        await (answer or self._application)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        """Why a request is refused before anything is looked at, or None."""
        headers, door = Headers(scope=scope), self._door
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not door.admits_host(hosts[0]):
            return self._refuse(
                421,
                "This page is not served under that name.",
                f"Open it under the address that `paribus serve` printed, with port {door.port}.",
            )
        if any(origin != f"http://{hosts[0]}" for origin in origins):
            return self._refuse(403, "Another web site sent this request.", "Open the page itself.")
        if not _same_site(headers):
            return self._refuse(403, "Another web site asked for this.", "Open the page itself.")
        if scope["method"] not in METHODS:
            return self._refuse(
                405, "There is nothing here for that method.", "Only GET, HEAD and POST are answered."
            )
        return None

    def _let_in(self, scope: Scope) -> Response | None:
        """Where a token is asked for: None with the right one, else what to answer."""
        token = self._door.token
        if not token or _brings(Headers(scope=scope), self._door):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == "token"]
        if scope["method"] == "GET" and len(given) == 1 and _equal(given[0], token):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            answer = RedirectResponse(scope["path"] + (f"?{rest}" if rest else ""), status_code=303)
            answer.set_cookie(self._door.cookie, token, httponly=True, samesite="strict", path="/")
            return answer
        return self._refuse(
            401,
            "This page asks for its token.",
            "Open the address that `paribus serve` printed, with everything after the question mark.",
        )


def is_loopback(host: str) -> bool:
    """Whether an address to bind to is reached from this machine only."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _same_site(headers: Headers) -> bool:
    """Whether the browser says that the request comes from this page, or from the reader's hand.

    A link from elsewhere may be followed; anything that a foreign page loads or sends by itself may not.
    """
    site = headers.get("sec-fetch-site", "none")
    if site in ("same-origin", "none"):
        return True
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _brings(headers: Headers, door: Door) -> bool:
    """Whether a request brings the token, in its cookie or as a bearer token."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _equal(given.strip(), door.token):
        return True
    try:
        kept = SimpleCookie(headers.get("cookie", "")).get(door.cookie)
    except CookieError:
        return False
    return kept is not None and _equal(kept.value, door.token)


def _equal(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _split(host: str) -> tuple[str, int | None]:
    """Name and port of a Host header; the port is 80 where it has none, None where it is no number."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, "80"
    number = int(port) if port.isascii() and port.isdecimal() and len(port) <= 5 else None
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    return bare.lower(), number


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _own_names() -> set[str]:
    """What this machine calls itself, in lower case."""
    name = socket.gethostname().lower()
    return {name, name.partition(".")[0], f"{name.partition('.')[0]}.local"} - {""}


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return send_with_headers
