"""What happens to a study while others run it: finished runs from the store, the rest from its progress file.

All that look at a study share one watch; it looks several times a second as long as there is anybody.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from anyio import to_thread

from paribus.errors import ParibusError
from paribus.page.studies import Known
from paribus.page.tail import ProgressTail
from paribus.standing import Activity, Layout, activity
from paribus.store import Store

SECONDS_BETWEEN_LOOKS = 0.4


@dataclass(frozen=True)
class Finished:
    """A run that another process has recorded.

    Attributes:
        row: Its row in the store; rows ascend in the order of commits.
        variant: Its variant.
        seed: Its seed.
        state: How it ended.
        accuracy: Final test accuracy, percent.
    """

    row: int
    variant: str
    seed: int
    state: str
    accuracy: float


@dataclass
class Watch:
    """The state of one study as it changes.

    Attributes:
        layout: The study.
        finished: Its runs, by row.
        activity: What is running now, or None.
        version: Grows with every change.
        trouble: Why the store cannot be read at this moment; empty if it can.
    """

    layout: Layout
    finished: list[Finished] = field(default_factory=list)
    activity: Activity | None = None
    version: int = 0
    trouble: str = ""

    def __post_init__(self) -> None:
        self._changed = asyncio.Condition()
        self.ready = asyncio.Event()
        self.watchers = 0
        self.last_row = 0
        self.stamp: tuple[int, ...] = ()

    async def wait_beyond(self, version: int, seconds: float) -> bool:
        """Wait for a change after that version.

        Returns:
            Whether there is one; False after so many seconds.
        """
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.version != version)
        except TimeoutError:
            return False
        return True

    async def note(self) -> None:
        """Tell all who wait that something has changed."""
        async with self._changed:
            self.version += 1
            self._changed.notify_all()


class Watches:
    """The watches of all studies that anybody looks at.

    Args:
        store: Opened for reading.
        clock: Seconds since the epoch.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._watches: dict[str, Watch] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def watching(self, known: Known) -> AsyncIterator[Watch]:
        """The watch of a study as long as the context lasts; the study must be laid out."""
        assert known.layout is not None, "only a study that is laid out can be watched"
        watch = self._watches.setdefault(known.digest, Watch(known.layout))
        watch.watchers += 1
        if known.digest not in self._tasks:
            self._tasks[known.digest] = asyncio.create_task(self._keep_looking(watch, known))
        try:
            await watch.ready.wait()
            yield watch
        finally:
            watch.watchers -= 1
            if not watch.watchers:
                self._watches.pop(known.digest, None)
                task = self._tasks.pop(known.digest, None)
                if task is not None:
                    task.cancel()

    async def _keep_looking(self, watch: Watch, known: Known) -> None:
        tail = ProgressTail(self._store.progress_path(known.name))
        while True:
            if await to_thread.run_sync(self._read, watch, tail, known):
                await watch.note()
            watch.ready.set()
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    def _read(self, watch: Watch, tail: ProgressTail, known: Known) -> bool:
        """Read what is new; whether anything is."""
        fresh = tail.read()
        now = activity(tail.events, watch.layout, now=self._clock())
        changed = fresh or now != watch.activity
        watch.activity = now
        stamp = stamp_of(self._store.folder)
        if stamp == watch.stamp:
            return changed
        try:
            added = finished_runs(self._store, known, watch.last_row)
        except ParibusError as error:
            trouble, added = error.what, (watch.last_row, [])
        else:
            trouble, watch.stamp = "", stamp
        watch.last_row = added[0]
        watch.finished += added[1]
        changed = changed or bool(added[1]) or trouble != watch.trouble
        watch.trouble = trouble
        return changed


def finished_runs(store: Store, known: Known, row: int) -> tuple[int, list[Finished]]:
    """The runs of a study committed after a row, and the last row there is of any study."""
    assert known.layout is not None, "only a study that is laid out has runs"
    runs = {key: run for run, key in known.layout.keys().items()}
    numerics = None if known.registration is None else known.registration.numerics
    last, found = row, []
    for number, record in store.finished_since(row):
        last = number
        run = runs.get(record.run_key)
        if run is not None and record.numerics == (numerics or record.numerics):
            found.append(Finished(number, *run, record.state, record.accuracy))
    return last, found


def stamp_of(folder: Path) -> tuple[int, ...]:
    """What changes with every commit to a store; empty where there is none."""
    try:
        status = (folder / "runs.sqlite").stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino
