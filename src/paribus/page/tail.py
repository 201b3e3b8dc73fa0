"""The progress file of a running study, read as it grows; only what still matters is kept."""

from collections.abc import Mapping
from contextlib import suppress
from json import loads
from pathlib import Path
from typing import Any

MOST_BYTES = 4_000_000
"""So many bytes are read at once; a longer file is read from its last ones on."""

_OF_A_RUN = ("RunStarted", "RunStepped", "RunEvaluated")
_ENDS_A_RUN = ("RunFinished", "RunFailed")


class ProgressTail:
    """Events of a study that runs in another process, without those that later ones made void.

    Args:
        path: Its progress file, which need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None
        self._offset = 0
        self._rest = b""
        self._events: list[dict[str, Any]] = []
        self.version = 0

    @property
    def events(self) -> list[dict[str, Any]]:
        """What still matters, oldest first."""
        return list(self._events)

    def read(self) -> bool:
        """Read what is new.

        Returns:
            Whether there was anything.
        """
        try:
            with self._path.open("rb") as file:
                status = self._path.stat()
                end = file.seek(0, 2)
                if self._file != (status.st_dev, status.st_ino) or end < self._offset:
                    self._begin((status.st_dev, status.st_ino))
                if end == self._offset:
                    return False
                start = max(self._offset, end - MOST_BYTES)
                if start > self._offset:
                    self._rest = b""
                file.seek(start)
                added = file.read(end - start)
        except OSError:
            return False
        self._offset = end
        *lines, self._rest = (self._rest + added).split(b"\n")
        for line in lines:
            with suppress(ValueError, RecursionError):
                event = loads(line)
                if isinstance(event, dict):
                    self._take(event)
        self.version += 1
        return True

    def _begin(self, file: tuple[int, int]) -> None:
        self._file, self._offset, self._rest, self._events = file, 0, b"", []

    def _take(self, event: dict[str, Any]) -> None:
        """Keep an event and drop those that it makes void."""
        kind = event.get("event")
        if kind == "StudyStarted":
            self._events = []
        elif kind in _OF_A_RUN:
            self._events = [
                kept for kept in self._events if not (_same_run(kept, event) and kept.get("event") == kind)
            ]
        elif kind in _ENDS_A_RUN:
            self._events = [kept for kept in self._events if not _same_run(kept, event)]
        else:
            self._events = [kept for kept in self._events if kept.get("event") != kind]
        self._events.append(event)
        ended = [kept for kept in self._events if kept.get("event") in _ENDS_A_RUN]
        for old in ended[:-1]:
            self._events.remove(old)


def _same_run(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return "variant" in one and (one.get("variant"), one.get("seed")) == (
        other.get("variant"),
        other.get("seed"),
    )
