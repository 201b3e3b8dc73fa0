"""No one else gets in: other web sites, other names for this machine, visitors without the token."""

import itertools
import re
import socket
from pathlib import Path

import psutil
import pytest

from paribus.page.app import Site
from paribus.page.guard import Door
from paribus.store import Store

from .conftest import Served, serving

ROUTES = [
    "/",
    "/lesson",
    "/static/page.js",
    "/static/style.css",
    "/study/{slug}",
    "/study/{slug}/events",
    "/study/{slug}/lesson",
    "/study/{slug}/look",
    "/study/{slug}/look/pixel",
    "/study/{slug}/look/shown",
    "/study/{slug}/look/image",
    "/study/{slug}/look/file/look.svg",
    "/nowhere",
]
ANY = {"slug": r"[^/]+", "name": r"[^/]+"}
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]


def test_every_route_is_tried(trained: Path) -> None:
    with Store.reader(trained) as store:
        paths = Site(store, Door("127.0.0.1", 80)).paths
    for path in paths:
        pattern = re.sub(r"\{(\w+)\}", lambda found: ANY[found[1]], path)
        assert any(re.fullmatch(pattern, route.format(slug="x")) for route in ROUTES), path


@pytest.mark.parametrize(("route", "method"), list(itertools.product(ROUTES, METHODS)))
def test_foreign_hosts_and_origins_are_refused_everywhere(
    served: Served, slug: str, route: str, method: str
) -> None:
    path, port = route.format(slug=slug), served.port
    strangers = [
        {"Host": f"evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": f"127.0.0.1:{port + 1}"},
        {"Host": f"127.0.0.1.evil.example:{port}"},
        {"Host": f"localhost.evil.example:{port}"},
        {"Host": f"192.168.1.7:{port}"},
        {"Origin": "http://evil.example"},
        {"Origin": f"http://evil.example:{port}"},
        {"Origin": f"https://127.0.0.1:{port}"},
        {"Origin": f"http://localhost:{port}"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ]
    for headers in strangers:
        status, _, text = served.ask(path, method=method, headers=headers)
        assert 400 <= status < 500, headers
        assert "avg" not in text
        assert "event:" not in text


@pytest.mark.parametrize("slash", ["", "/events", "/look"])
@pytest.mark.parametrize(
    "head",
    [
        "GET {path} HTTP/1.0\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: null\r\nOrigin: http://127.0.0.1:{port}\r\n\r\n",
        "GET http://evil.example{path} HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        (
            "GET {path} HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        ),
    ],
)
def test_strange_requests_are_refused(served: Served, slug: str, head: str, slash: str) -> None:
    request = head.format(path=f"/study/{slug}{slash}", port=served.port)
    with socket.create_connection((served.host, served.port), 30) as line:
        line.sendall(request.encode())
        line.settimeout(30)
        answer = line.recv(65536).decode(errors="replace")
    assert re.match(r"HTTP/1.[01] 4\d\d ", answer), answer
    assert "event:" not in answer
    assert "avg" not in answer


def test_a_stream_needs_the_token_too(trained: Path, study_file: Path, slug: str) -> None:
    with serving(trained, str(study_file), host="0.0.0.0") as page:
        for path in (f"/study/{slug}/events", f"/study/{slug}/look", f"/study/{slug}/look/file/maps.csv"):
            assert page.ask(path)[0] == 401
        posted = page.ask(f"/study/{slug}/look/image", method="POST", body=b"x" * 3_000_000)
        assert posted[0] == 401


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_the_names_of_loopback_are_answered(served: Served, name: str) -> None:
    host = f"{name}:{served.port}"
    assert served.ask("/", headers={"Host": host, "Origin": f"http://{host}"})[0] == 200


def test_a_link_from_elsewhere_may_be_followed(served: Served) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert served.ask("/", headers=headers)[0] == 200


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/style.css", "/study/none", "/study/none/events"])
def test_every_answer_carries_the_headers(served: Served, path: str) -> None:
    _, headers, _ = served.ask(path)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers
    assert "set-cookie" not in headers


def test_only_this_machine_is_answered_unless_told_otherwise(tmp_path: Path) -> None:
    with serving(tmp_path / "store", host=None) as page:
        assert page.address == f"http://127.0.0.1:{page.port}/"
        listening = {
            str(connection.laddr[0])
            for connection in psutil.net_connections("tcp")
            if connection.status == "LISTEN" and connection.laddr and connection.laddr[1] == page.port
        }
        assert listening == {"127.0.0.1"}


def test_an_address_that_others_reach_asks_for_its_token(trained: Path) -> None:
    with serving(trained, host="0.0.0.0") as page:
        token = re.search(r"token=([\w-]+)", page.address)
        assert token
        for path in ("/", "/static/page.js", "/study/none/events", "/?token=wrong", "/?token="):
            status, _, text = page.ask(path)
            assert status == 401
            assert token[1] not in text
        assert page.ask("/", headers={"Authorization": f"Bearer {token[1]}x"})[0] == 401
        assert page.ask("/", headers={"Authorization": f"Bearer {token[1]}"})[0] == 200
        status, headers, _ = page.ask(f"/lesson?a=1&token={token[1]}")
        assert (status, headers["location"]) == (303, "/lesson?a=1")
        assert "HttpOnly" in headers["set-cookie"]
        assert "samesite=strict" in headers["set-cookie"].lower()
        cookie = headers["set-cookie"].partition(";")[0]
        assert page.ask("/", headers={"Cookie": cookie})[0] == 200
        assert page.ask("/", headers={"Cookie": cookie[:-1]})[0] == 401
        foreign = {"Cookie": cookie, "Host": f"evil.example:{page.port}"}
        assert page.ask("/", headers=foreign)[0] == 421


@pytest.mark.parametrize(
    ("bound", "host", "admitted"),
    [
        ("127.0.0.1", "127.0.0.1:80", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("127.0.0.1", "127.0.0.1:080", True),
        ("127.0.0.1", "127.0.0.1:８０", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "user@127.0.0.1:80", False),
        ("::1", "[::1]:80", True),
        ("0.0.0.0", "192.168.3.4:80", True),
        ("0.0.0.0", "evil.example:80", False),
        ("workbench", "WorkBench:80", True),
    ],
)
def test_names_that_are_this_page(bound: str, host: str, admitted: bool) -> None:
    assert Door(bound, 80).admits_host(host) == admitted


@pytest.mark.parametrize(
    "path",
    [
        "/static/../guard.py",
        "/static/..%2f..%2fapp.py",
        "/static/%2e%2e/%2e%2e/app.py",
        "/study/..%2f..%2fetc%2fpasswd",
        "/study/../../etc/passwd/look",
        "/study/x%00y/events",
        "/study/" + "a" * 5000,
    ],
)
def test_no_address_becomes_a_path(served: Served, path: str) -> None:
    status, _, text = served.ask(path)
    assert status == 404
    assert "There is no such" in text
    assert "Traceback" not in text


def test_strange_addresses_are_answered_in_words(served: Served, slug: str) -> None:
    look = f"/study/{slug}/look"
    for path, expected in (
        (f"{look}?image=-1", 404),
        (f"{look}?image=10000", 404),
        (f"{look}?image=<script>", 404),
        (f"{look}?seed=x", 400),
        (f"{look}/pixel?image=0&variant=none", 404),
        (f"{look}/pixel?image=0&variant=max&block=9", 404),
        (f"{look}/pixel?image=0&variant=max&block=1&channel=999999999999", 404),
        (f"{look}/pixel?image=0&variant=max&block=1&place=7,7", 404),
        (f"{look}/pixel?image=0&variant=max&block=1&place=,", 400),
        (f"{look}/image", 405),
    ):
        status, _, text = served.ask(path.replace("<", "%3C").replace(">", "%3E"))
        assert status == expected, path
        assert "Traceback" not in text
        assert "<script>" not in text
