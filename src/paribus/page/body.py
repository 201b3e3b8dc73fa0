"""The body of a request, read with a cap on its size and on the time it may take."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from paribus.page.refusal import RefusedError

MAX_BYTES = 2_000_000
"""Largest upload, bytes."""

MAX_SECONDS = 20.0
"""Longest time an upload may take, seconds."""


async def read_body(request: Request, *, limit: int = MAX_BYTES, seconds: float = MAX_SECONDS) -> bytes:
    """The whole body.

    Args:
        request: Whose body has not been read.
        limit: Most bytes; more are refused as soon as they are announced or counted.
        seconds: How long it may take.

    Raises:
        RefusedError: 413 if it is too large, 408 if it takes too long, 400 if the sender went away.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            return await _counted(request, limit)
    except TimeoutError:
        raise RefusedError(
            408, "The upload took too long.", "Try it again, or send a smaller picture."
        ) from None
    except ClientDisconnect:
        raise RefusedError(400, "The upload was broken off.", "Send the picture again.") from None


async def _counted(request: Request, limit: int) -> bytes:
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > limit:
            raise _too_large(limit)
    return bytes(parts)


def _too_large(limit: int) -> RefusedError:
    return RefusedError(
        413,
        f"A picture may have {limit / 1e6:g} MB at most.",
        "Make it smaller: the nets see very few pixels anyway.",
    )
