"""The application: which address is answered how."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from paribus.errors import ParibusError
from paribus.page.body import read_body
from paribus.page.gate import Gate
from paribus.page.guard import Application, Door, Guard
from paribus.page.inside import Inside
from paribus.page.lesson import lesson_page
from paribus.page.looking import Choice, Looking, read_choice
from paribus.page.pages import Pages, static_files
from paribus.page.refusal import RefusedError
from paribus.page.standings import Standings
from paribus.page.stream import RETRY, STILL_HERE, EventStream, event
from paribus.page.studies import Known, Shelf, address_of
from paribus.page.summaries import (
    Summary,
    lead_words,
    now_words,
    run_words,
    running_signature,
    state_now,
    summary,
)
from paribus.page.watching import Watches
from paribus.spec import Study
from paribus.store import Store

MOST_STREAMS = 64
"""Event streams that may be open at once."""

SECONDS_BETWEEN_SIGNS = 15.0
"""A stream on which nothing happens says so this often."""

Value = TypeVar("Value")


class Site:
    """The page with everything that it needs; `application` is what a server serves.

    Args:
        store: Opened for reading; stays open as long as the page is served.
        door: Where it is served.
        given: How the user named further studies, and the studies.

    Attributes:
        application: What a server serves.
        paths: What is answered.
        inside: Asks the nets.
        stopping: To be set when the server stops.
    """

    def __init__(self, store: Store, door: Door, given: Sequence[tuple[str, Study]] = ()) -> None:
        self.stopping = asyncio.Event()
        self._shelf = Shelf(store, given)
        self._standings = Standings(store)
        self._watches = Watches(store)
        self.inside = Inside(store, self._standings)
        self._looking = Looking(self.inside)
        self._pages = Pages(store.folder)
        self._reading = Gate("pages are asked for", at_once=4, waiting=64)
        self._asking = Gate("pictures are looked at", at_once=2, waiting=16)
        self._streams = 0
        routes = [
            Route("/", self._index),
            Route("/lesson", self._any_lesson),
            Route("/study/{slug}", self._study),
            Route("/study/{slug}/events", self._events),
            Route("/study/{slug}/look", self._look),
            Route("/study/{slug}/look/shown", self._shown),
            Route("/study/{slug}/look/pixel", self._pixel),
            Route("/study/{slug}/look/image", self._image, methods=["POST"]),
            Route("/study/{slug}/look/file/{name}", self._file),
            Route("/study/{slug}/lesson", self._lesson),
            Route("/static/{name}", self._static),
        ]
        self.paths = tuple(route.path for route in routes)
        handlers = {
            RefusedError: self._refused,
            HTTPException: self._not_found,
            ParibusError: self._failed,
            Exception: self._broken,
        }
        starlette = Starlette(routes=routes, exception_handlers=handlers)
        self.application: Application = Guard(starlette, door, self._refusal)

    # pages

    async def _index(self, _request: Request) -> Response:
        def make() -> str:
            studies = [self._summary(known) for known in self._shelf.all()]
            return self._pages.page(
                "index.html", studies=studies, lead=lead_words(studies), links=[("How a CNN sees", "/lesson")]
            )

        return HTMLResponse(await self._behind(self._reading, make))

    async def _study(self, request: Request) -> Response:
        def make() -> str:
            known = self._known(request)
            page = self._standings.page(known)
            activity = self._standings.running(known)
            kind, state = state_now(page.standing, activity)
            return self._pages.page(
                "study.html",
                links=_links(known),
                here=address_of(known),
                name=known.name,
                question=known.question or known.name,
                kind=kind,
                state=state,
                post_hoc=page.standing.verdict.post_hoc is not None,
                now=now_words(activity, page.standing.layout),
                sections=page.sections,
                events=f"{address_of(known)}/events?since={page.row}",
            )

        return HTMLResponse(await self._behind(self._reading, make))

    async def _look(self, request: Request) -> Response:
        choice = read_choice(request.query_params)

        def make() -> str:
            known = self._known(request)
            seeds = self.inside.seeds(known)
            parts = self._looking.parts(known, choice)
            test = self._standings.test_images(known)
            return self._pages.page(
                "look.html",
                links=_links(known),
                here=f"{address_of(known)}/look",
                name=known.name,
                address=f"{address_of(known)}/look",
                number=choice.image if choice.image.isdecimal() else "0",
                last=len(test) - 1 if test is not None else 0,
                seeds=seeds,
                seed=choice.seed if choice.seed is not None else (seeds[0] if seeds else 0),
                **vars(parts),
            )

        return HTMLResponse(await self._behind(self._asking, make))

    async def _any_lesson(self, _request: Request) -> Response:
        def choose() -> str:
            shown = [self._summary(known) for known in self._shelf.all()]
            with_nets = [one for one in shown if len(one.links) > 1]
            return next(one.address for one in [*with_nets, *shown] if one.address)

        address = await self._behind(self._reading, choose)
        return RedirectResponse(f"{address}/lesson", status_code=303)

    async def _lesson(self, request: Request) -> Response:
        def make() -> str:
            known = self._known(request)
            page = lesson_page(known, self.inside)
            return self._pages.page(
                "lesson.html",
                links=_links(known),
                here=f"{address_of(known)}/lesson",
                lead=page.lead,
                sections=page.sections,
            )

        return HTMLResponse(await self._behind(self._asking, make))

    # parts of the look inside

    async def _shown(self, request: Request) -> Response:
        choice = read_choice(request.query_params)
        return await self._parts(request, choice)

    async def _image(self, request: Request) -> Response:
        content = await read_body(request)
        choice = read_choice(request.query_params)
        name = request.query_params.get("name", "Your picture")[:80]

        def take() -> str:
            known = self._known(request)
            assert known.layout is not None, "a known study is laid out"
            return self.inside.take(content, known.layout, name).key

        key = await self._behind(self._asking, take)
        return await self._parts(request, replace(choice, image=key))

    async def _parts(self, request: Request, choice: Choice) -> Response:
        def make() -> str:
            parts = self._looking.parts(self._known(request), choice)
            if parts.trouble:
                raise RefusedError(409, parts.trouble, "")
            return self._pages.page("look_parts.html", **vars(parts))

        return HTMLResponse(await self._behind(self._asking, make))

    async def _pixel(self, request: Request) -> Response:
        choice = read_choice(request.query_params)

        def make() -> str:
            return str(self._looking.pixel(self._known(request), choice))

        return HTMLResponse(await self._behind(self._asking, make))

    async def _file(self, request: Request) -> Response:
        choice = read_choice(request.query_params)

        def make() -> Response:
            name, kind, content = self._looking.file(
                self._known(request), choice, request.path_params["name"]
            )
            headers = {"content-disposition": f'attachment; filename="{name}"'}
            return Response(content, media_type=kind, headers=headers)

        return await self._behind(self._asking, make)

    # what happens

    async def _events(self, request: Request) -> Response:
        seen = _row(request.headers.get("last-event-id") or request.query_params.get("since", ""))
        known = await self._behind(self._reading, lambda: self._known(request))
        if self._streams >= MOST_STREAMS:
            raise RefusedError(503, "Too many pages are watching studies.", "Close some of them.")
        return EventStream(self._news(known, seen), self.stopping)

    async def _news(self, known: Known, seen: int) -> AsyncIterator[bytes]:
        """What happens to a study after a row of the store, as it happens."""
        self._streams += 1
        try:
            yield RETRY
            async with self._watches.watching(known) as watch:
                told = None
                while True:
                    version = watch.version
                    for run in [run for run in watch.finished if run.row > seen]:
                        yield event("run", {"words": run_words(run)}, run.row)
                        seen = run.row
                    words = watch.trouble or now_words(watch.activity, watch.layout)
                    if words != told:
                        yield event("now", {"words": words, "running": running_signature(watch.activity)})
                        told = words
                    if not await watch.wait_beyond(version, SECONDS_BETWEEN_SIGNS):
                        yield STILL_HERE
        finally:
            self._streams -= 1

    async def _static(self, request: Request) -> Response:
        found = static_files().get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        kind, content = found
        tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    # what is not answered

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)
        answer = self._refusal(error.status, error.what, error.mend, as_json=_wants_json(request))
        if request.method == "POST":
            answer.headers["connection"] = "close"  # what of the body is still to come is not waited for
        return answer

    async def _not_found(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        words = {
            404: ("There is no such page.", "Start from the list of all studies."),
            405: ("This page does not take that.", "Start from the list of all studies."),
        }
        what, mend = words.get(error.status_code, ("This cannot be answered.", "Try it again."))
        return self._refusal(error.status_code, what, mend, as_json=_wants_json(request))

    async def _failed(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ParibusError)
        mend = error.mend or error.found or "See what `paribus doctor` says."
        return self._refusal(500, f"{error.what}.", mend, as_json=_wants_json(request))

    async def _broken(self, request: Request, _error: Exception) -> Response:
        what, mend = (
            "paribus made a mistake here.",
            "Everything recorded is safe; the terminal has the details.",
        )
        return self._refusal(500, what, mend, as_json=_wants_json(request))

    def _refusal(self, status: int, what: str, mend: str, *, as_json: bool = False) -> Response:
        if as_json:
            return JSONResponse({"what": what, "mend": mend}, status_code=status)
        page = self._pages.page("refused.html", status=status, what=what, mend=mend)
        return HTMLResponse(page, status_code=status)

    # parts

    async def _behind(self, gate: Gate, work: Callable[[], Value]) -> Value:
        """Do something that takes a while, in a thread, when there is room for it."""
        async with gate.passed():
            return await to_thread.run_sync(work)

    def _known(self, request: Request) -> Known:
        """The study that an address names.

        Raises:
            RefusedError: 404 if there is none, or it cannot be shown.
        """
        known = self._shelf.find(request.path_params["slug"])
        if known is None:
            raise RefusedError(404, "There is no such study.", "Start from the list of all studies.")
        if known.layout is None:
            raise RefusedError(
                404,
                f"{known.name} cannot be shown: {known.trouble}.",
                "Name its study file: `paribus serve STUDY.toml`.",
            )
        return known

    def _summary(self, known: Known) -> Summary:
        if known.layout is None:
            return summary(known, None, None)
        return summary(known, self._standings.of(known), self._standings.running(known))


def _links(known: Known) -> list[tuple[str, str]]:
    address = address_of(known)
    return [
        ("Study", address),
        ("Inside the nets", f"{address}/look"),
        ("How a CNN sees", f"{address}/lesson"),
    ]


def _row(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")
