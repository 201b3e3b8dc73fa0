"""How studies stand, judged anew only when the store has changed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from paribus.data import Split, load
from paribus.errors import DataError
from paribus.page.memory import Recent
from paribus.page.studies import Known
from paribus.page.tail import ProgressTail
from paribus.page.watching import stamp_of
from paribus.report.html.page import Section, report_sections, with_activity
from paribus.standing import Activity, Evidence, Standing, activity, gather, recall, with_noises
from paribus.store import Store


@dataclass(frozen=True, eq=False)
class Page:
    """A study's page.

    Attributes:
        standing: How the study stands.
        sections: The sections of its report.
        row: Row of the last run in it; events after it are news.
    """

    standing: Standing
    sections: tuple[Section, ...]
    row: int


class Standings:
    """How the studies of a store stand; may be asked from any thread.

    Args:
        store: Opened for reading.
        clock: Seconds since the epoch.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._standings: Recent[tuple[str, tuple[int, ...]], Standing] = Recent(256)
        self._pages: Recent[tuple[str, tuple[int, ...]], tuple[Evidence, Page]] = Recent(8)
        self._tests: Recent[str, Split] = Recent(4)

    def of(self, known: Known) -> Standing:
        """How a study stands; it must be laid out.

        Raises:
            StoreError: If the store cannot be read.
            UnequalRoundError: If variants of a round did not share what they must share.
        """
        layout = known.layout
        assert layout is not None, "only a study that is laid out can be judged"
        key = (known.digest, stamp_of(self._store.folder))
        return self._standings.made(key, lambda: recall(layout, self._store, study_digest=known.digest))

    def running(self, known: Known) -> Activity | None:
        """What a study trains at this moment."""
        assert known.layout is not None, "only a study that is laid out can run"
        tail = ProgressTail(self._store.progress_path(known.name))
        tail.read()
        return activity(tail.events, known.layout, now=self._clock())

    def page(self, known: Known) -> Page:
        """A study's page as it is now.

        All but what is running is made once for every state of the store: this is why a study that trains
        can be looked at without taking the time of those who train it.
        """
        key = (known.digest, stamp_of(self._store.folder))
        evidence, page = self._pages.made(key, lambda: self._made(known))
        running = self.running(known)
        if running == evidence.activity:
            return page
        now = replace(evidence, activity=running)
        return replace(page, sections=with_activity(page.sections, now))

    def _made(self, known: Known) -> tuple[Evidence, Page]:
        row = self._store.last_row()
        standing = with_noises(self.of(known), self._store)
        evidence = gather(standing, self._store, now=self._clock())
        return evidence, Page(standing, report_sections(evidence, asked=known.asked), row)

    def test_images(self, known: Known) -> Split | None:
        """The test images of a study's dataset; None where they are not on this machine."""
        assert known.layout is not None, "only a study that is laid out has data"
        asked = known.layout.study.data
        key = f"{known.layout.data.name} {known.layout.data.fingerprint}"
        try:
            return self._tests.made(key, lambda: load(asked, offline=True).test)
        except DataError:
            return None
