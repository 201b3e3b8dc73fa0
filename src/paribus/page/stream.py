"""Server-sent events: what is sent to those who watch a study, and for how long."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import Response

Message = MutableMapping[str, Any]

SEND_SECONDS = 20.0
"""A reader who takes nothing for so long is let go; the browser comes back by itself."""


def event(kind: str, data: object, identity: int | None = None) -> bytes:
    """One event as it goes over the wire.

    Args:
        kind: Its name.
        data: Its content, any JSON value.
        identity: What a browser that comes back names as the last it has seen.
    """
    lines = [f"event: {kind}", f"data: {json.dumps(data)}"]
    if identity is not None:
        lines.insert(0, f"id: {identity}")
    return ("\n".join(lines) + "\n\n").encode()


STILL_HERE = b": still here\n\n"
RETRY = b"retry: 2000\n\n"


class EventStream(Response):
    """A response that goes on until the reader leaves, falls asleep, or the server stops.

    Args:
        events: Makes what is sent; nothing is made ahead of what the reader has taken.
        stopping: Set when the server stops.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], stopping: asyncio.Event) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._stopping = stopping

    async def __call__(
        self,
        scope: MutableMapping[str, Any],  # noqa: ARG002 - ASGI passes it
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Send until there is a reason to stop."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        tasks = [
            asyncio.create_task(self._send_all(send)),
            asyncio.create_task(_gone(receive)),
            asyncio.create_task(self._stopping.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            if (error := task.exception()) is not None and not isinstance(error, OSError | TimeoutError):
                raise error
        if self._stopping.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Callable[[Message], Awaitable[None]]) -> None:
        async for chunk in self._events:
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _gone(receive: Callable[[], Awaitable[Message]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
