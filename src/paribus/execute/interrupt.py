"""Ctrl-C and SIGTERM as a flag that is looked at between steps; a second one ends the process at once."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 130


class Interrupt:
    """Whether the user has asked to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def requested(self) -> bool:
        """Whether to stop as soon as nothing would be lost."""
        return self._event.is_set()

    def request(self) -> None:
        """Ask to stop."""
        self._event.set()


@contextmanager
def interrupts() -> Iterator[Interrupt]:
    """Turn the first SIGINT or SIGTERM into a request to stop, the second into an end.

    Workers end by themselves when their driver is gone. Outside the main thread signals are left alone.
    """
    interrupt = Interrupt()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if interrupt.requested:
            os._exit(EXIT_CODE)
        interrupt.request()

    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
