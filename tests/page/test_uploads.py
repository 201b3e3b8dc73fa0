"""Pictures of anybody: taken if they are pictures, refused in words before they cost anything if not."""

import io
import json
import socket
import struct
import time
import zlib
from contextlib import suppress

import numpy as np
import psutil
import pytest
from PIL import Image

from .conftest import Served


def seven(size: int = 200) -> Image.Image:
    """A seven, black on white."""
    pixels = np.full((size, size), 255, np.uint8)
    unit = size // 20
    pixels[4 * unit : 6 * unit, 5 * unit : 15 * unit] = 0
    for step in range(10 * unit):
        left = 15 * unit - 2 * unit - step // 2
        pixels[6 * unit + step, left : left + 2 * unit] = 0
    return Image.fromarray(pixels)


def encoded(image: Image.Image, form: str) -> bytes:
    """An image as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, format=form)
    return file.getvalue()


def send(served: Served, slug: str, body: bytes, **headers: str) -> tuple[int, str]:
    """Upload something; status and text of the answer."""
    status, _, text = served.ask(
        f"/study/{slug}/look/image?name=mine.png",
        method="POST",
        headers={"Content-Type": "image/png", "Accept": "application/json", **headers},
        body=body,
    )
    return status, text


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_pictures_are_answered_by_every_variant(served: Served, slug: str, form: str) -> None:
    status, text = send(served, slug, encoded(seven(), form))
    assert status == 200
    assert text.count('class="says"') == 3
    assert "mine.png" in text


def header_only(width: int, height: int) -> bytes:
    """The header of a PNG file of that size, and no picture."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def bomb() -> bytes:
    """A PNG file of a few kilobytes with 400 million pixels."""
    data = zlib.compress(b"\0" * 2_000_000, 9)
    chunk = b"IDAT" + data
    return (
        header_only(20_000, 20_000)
        + struct.pack(">I", len(data))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
    )


def text_bomb() -> bytes:
    """A PNG file of a hundred pixels whose comment is 20 MB long when it is unpacked."""
    packed = zlib.compressobj(9)
    content = (
        b"Comment\0\0" + b"".join(packed.compress(b"\0" * 1_000_000) for _ in range(20)) + packed.flush()
    )
    chunk = b"zTXt" + content
    head, rest = encoded(Image.new("L", (10, 10)), "PNG")[:33], encoded(Image.new("L", (10, 10)), "PNG")[33:]
    return head + struct.pack(">I", len(content)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + rest


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 415),
        (b"hello", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        (b"<script>alert(1)</script>", 415),
        (encoded(seven(), "GIF"), 415),
        (encoded(seven(), "TIFF"), 415),
        (b"GIF89a" + b"\xff" * 100, 415),
        (encoded(seven(), "PNG")[:200], 422),
        (encoded(seven(), "JPEG")[:1200], 422),
        (encoded(seven(), "JPEG")[:300], 415),
        (encoded(seven(), "WEBP")[:60], 415),
        (header_only(100, 100), 415),
        (bomb(), 413),
        (text_bomb(), 415),
        (header_only(2**31 - 1, 2**31 - 1), 415),
        (encoded(Image.new("L", (2001, 2000)), "PNG"), 413),
        (encoded(Image.new("L", (100, 100), 255), "PNG"), 422),
    ],
)
def test_what_is_no_picture_is_refused_in_words(served: Served, slug: str, body: bytes, status: int) -> None:
    found, text = send(served, slug, body)
    assert found == status
    told = json.loads(text)
    assert told["what"].endswith(".")
    assert told["mend"]


def test_bombs_cost_no_memory(served: Served, slug: str) -> None:
    process = next(
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == "LISTEN" and connection.laddr and connection.laddr[1] == served.port
    )
    send(served, slug, encoded(seven(), "PNG"))
    before = psutil.Process(process).memory_info().rss
    for body in (
        bomb(),
        text_bomb(),
        header_only(60_000, 60_000),
        encoded(Image.new("RGB", (1999, 2000)), "PNG"),
    ) * 3:
        send(served, slug, body)
    assert psutil.Process(process).memory_info().rss - before < 100e6


def test_too_many_bytes_are_refused_as_soon_as_they_are_announced(served: Served, slug: str) -> None:
    status, text = send(served, slug, b"x", **{"Content-Length": "2000001"})
    assert status == 413
    assert "2 MB" in json.loads(text)["what"]


def test_too_many_bytes_are_refused_while_they_come(served: Served, slug: str) -> None:
    with socket.create_connection((served.host, served.port), 20) as line:
        line.sendall(
            f"POST /study/{slug}/look/image HTTP/1.1\r\nHost: {served.host}:{served.port}\r\n"
            "Accept: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        sent = 0
        line.settimeout(10)
        with suppress(OSError):
            while sent < 20_000_000:
                line.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                sent += 65536
        with suppress(ConnectionError):
            assert b" 413 " in line.recv(100)
    assert sent < 20_000_000


def test_a_slow_sender_does_not_keep_others_waiting(served: Served, slug: str) -> None:
    lines = [socket.create_connection((served.host, served.port), 5) for _ in range(20)]
    try:
        for line in lines:
            line.sendall(
                f"POST /study/{slug}/look/image HTTP/1.1\r\nHost: {served.host}:{served.port}\r\n"
                "Content-Length: 1000\r\n\r\nx".encode()
            )
        began = time.monotonic()
        assert send(served, slug, encoded(seven(), "PNG"))[0] == 200
        assert time.monotonic() - began < 5
    finally:
        for line in lines:
            line.close()


def test_names_of_files_are_shown_as_they_are(served: Served, slug: str) -> None:
    status, _, text = served.ask(
        f"/study/{slug}/look/image?name=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
        method="POST",
        headers={"Content-Type": "image/png"},
        body=encoded(seven(), "PNG"),
    )
    assert status == 200
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
