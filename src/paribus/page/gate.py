"""How much is done at once: what is too much waits, and what would wait too long is refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from paribus.page.refusal import RefusedError


class Gate:
    """Lets so many through at once, and so many more wait.

    Args:
        what: What is done behind it, in the plural, for whoever is turned away.
        at_once: How many may be inside.
        waiting: How many may wait.
        seconds: How long one may wait.
    """

    def __init__(self, what: str, *, at_once: int, waiting: int, seconds: float = 20.0) -> None:
        self._what = what
        self._free = asyncio.Semaphore(at_once)
        self._most = waiting
        self._seconds = seconds
        self._waiting = 0

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Wait for a place and keep it as long as the context lasts.

        Raises:
            RefusedError: 503 if too many wait, or the wait is too long.
        """
        if self._free.locked() and self._waiting >= self._most:
            raise self._busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError:
            raise self._busy() from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()

    def _busy(self) -> RefusedError:
        return RefusedError(503, f"Too many {self._what} at once.", "Try it again in a moment.")
