"""What is running now, one JSON line an event, for the live page. Not durable, never a source of results."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class ProgressLog:
    """Events of one run of a study, appended to a file that starts empty with each run of it.

    A full disk costs events, never the training: what cannot be written is left out.

    Args:
        path: The file; ``Store.progress_path`` names it.
    """

    def __init__(self, path: Path) -> None:
        self._file = None
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb", buffering=0)

    def write(self, event: Mapping[str, Any]) -> None:
        """Append an event; readers see it at once."""
        if self._file is not None:
            with suppress(OSError):
                self._file.write(json.dumps(event).encode() + b"\n")

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_progress(path: Path) -> list[dict[str, Any]]:
    """Events written so far, oldest first; lines half-written or garbled are left out."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    events = []
    for line in lines:
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict):
                events.append(event)
    return events
