"""The way of one scrape: a wish, a deadline, a collection, a page; and no more of them at once than allowed.

It knows no source: what a request may wish for is said by `wishes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import chain
from time import perf_counter
from typing import Final

from anyio import CapacityLimiter, to_thread
from prometheus_client import Metric
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive

from exporter.model import Snapshot
from exporter.web.deadline import HEADER, budget, scrape_timeout
from exporter.web.edge import unless_gone
from exporter.web.exposition import compress, render
from exporter.web.front import Front
from exporter.web.negotiate import Format, negotiate, wants_gzip
from exporter.web.wishes import Wish, WishRefused, wish_of_all, wish_of_one

# Rendering is Python under one lock: more threads at once make every page late, and health answers with them.
# The second works while the first compresses, which needs no lock.
_RENDER_THREADS = 2


PAGES: Final = 4096
"""Of so many different pages it is remembered how long they took: more than anybody has sources."""


class Scrapes:
    """The metrics: how many scrapes run, and how long each page took to render, are known here alone."""

    def __init__(self, front: Front) -> None:
        """`front` is asked for all that is on a page."""
        self._front = front
        self._running = 0
        self._rendering_seconds: dict[Wish, float] = {}
        self._threads = CapacityLimiter(_RENDER_THREADS)

    async def metrics(self, request: Request) -> Response:
        """Answer with all sources and the exporter itself, or with what `collect[]` names of them."""
        facts = not self._front.settings.disable_source_metrics
        try:
            wish = wish_of_all(request.query_params, self._front.offers(), facts=facts)
        except WishRefused as refusal:
            return _refused(refusal)
        return await self._answer(request, wish)

    async def probe(self, request: Request) -> Response:
        """Answer with the one source that the query names."""
        try:
            wish = wish_of_one(request.query_params, self._front.offers())
        except WishRefused as refusal:
            return _refused(refusal)
        return await self._answer(request, wish)

    async def _answer(self, request: Request, wish: Wish) -> Response:
        """Answer one scrape; 503 where too many are under way."""
        arrived = asyncio.get_running_loop().time()
        form = negotiate(", ".join(request.headers.getlist("accept")))
        gzip = wants_gzip(", ".join(request.headers.getlist("accept-encoding")))
        headers = {"Content-Type": form.content_type, "Vary": "Accept, Accept-Encoding"}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        if request.method == "HEAD":
            return _head(headers)
        if self._running >= self._front.settings.max_requests:
            return _busy()
        self._running += 1
        try:
            deadline = arrived + self._budget(request.headers.get(HEADER), wish)
            snapshot = await self._collected(wish, request.receive, deadline=deadline)
            body = await self._page(wish, snapshot, form=form, gzip=gzip)
        finally:
            self._running -= 1
        return Response(body, headers=headers)

    def _budget(self, header: str | None, wish: Wish) -> float:
        settings = self._front.settings
        offset = settings.timeout_offset
        timeout = scrape_timeout(header, offset=offset, default=self._front.default_timeout())
        decoding = 0.0 if wish.selection is None else self._front.reserve(wish.selection)
        return budget(timeout, offset=offset, reserve=decoding + self._rendering_seconds.get(wish, 0.0))

    async def _collected(self, wish: Wish, receive: Receive, *, deadline: float) -> Snapshot | None:
        if wish.selection is None:
            return None
        return await unless_gone(self._front.collect(deadline, wish.selection), receive)

    async def _page(self, wish: Wish, snapshot: Snapshot | None, *, form: Format, gzip: bool) -> bytes:
        def rendered() -> tuple[bytes, float]:
            began = perf_counter()
            facts = () if snapshot is None else self._front.families(snapshot, form.openmetrics)
            own: Iterable[Metric] = self._front.own_families() if wish.own else ()
            body = render(chain(facts, own), form)
            return compress(body) if gzip else body, perf_counter() - began

        # In a thread, so that health answers meanwhile.
        body, seconds = await to_thread.run_sync(rendered, limiter=self._threads)
        self._remember(wish, seconds)
        return body

    def _remember(self, wish: Wish, seconds: float) -> None:
        """Whoever asks for ever new combinations of collectors makes us forget, but not grow."""
        self._rendering_seconds.pop(wish, None)
        self._rendering_seconds[wish] = seconds
        if len(self._rendering_seconds) > PAGES:
            del self._rendering_seconds[next(iter(self._rendering_seconds))]


def _head(headers: dict[str, str]) -> Response:
    """Say what a GET would be, and ask nobody: the length alone is not known without a collection."""
    response = Response(headers=headers)
    del response.headers["content-length"]
    return response


def _busy() -> Response:
    return PlainTextResponse("too many scrapes at once\n", 503, headers={"Retry-After": "1"})


def _refused(refusal: WishRefused) -> Response:
    return PlainTextResponse(f"{refusal}\n", refusal.status)
