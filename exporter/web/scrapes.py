"""The way of one scrape: a deadline, a collection, a page; and no more of them at once than allowed.

It knows no source and no path: whom a page is about is said by whoever owns the path.
"""

from __future__ import annotations

import asyncio
from itertools import chain
from time import perf_counter

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive

from exporter.model import Snapshot
from exporter.web.deadline import HEADER, budget, scrape_timeout
from exporter.web.edge import unless_gone
from exporter.web.exposition import compress, render
from exporter.web.front import Front
from exporter.web.negotiate import Format, negotiate, wants_gzip

# Rendering is Python under one lock: more threads at once make every page late, and health answers with them.
# The second works while the first compresses, which needs no lock.
_RENDER_THREADS = 2


class Scrapes:
    """The metrics: how many scrapes run, and how long the last page took to render, are known here alone."""

    def __init__(self, front: Front) -> None:
        """`front` is asked for all that is on the page."""
        self._front = front
        self._running = 0
        self._rendering_seconds = 0.0
        self._threads = CapacityLimiter(_RENDER_THREADS)

    async def answer(self, request: Request) -> Response:
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
            deadline = arrived + self._budget(request.headers.get(HEADER))
            body = await self._page(request.receive, deadline=deadline, form=form, gzip=gzip)
        finally:
            self._running -= 1
        return Response(body, headers=headers)

    def _budget(self, header: str | None) -> float:
        settings = self._front.settings
        offset = settings.timeout_offset
        timeout = scrape_timeout(header, offset=offset, default=settings.default_timeout)
        return budget(timeout, offset=offset, reserve=self._front.reserve() + self._rendering_seconds)

    async def _page(self, receive: Receive, *, deadline: float, form: Format, gzip: bool) -> bytes:
        snapshot: Snapshot | None = None
        if not self._front.settings.disable_source_metrics:
            snapshot = await unless_gone(self._front.collect(deadline), receive)

        def rendered() -> tuple[bytes, float]:
            began = perf_counter()
            facts = () if snapshot is None else self._front.families(snapshot, form.openmetrics)
            body = render(chain(facts, self._front.own_families()), form)
            return compress(body) if gzip else body, perf_counter() - began

        # In a thread, so that health answers meanwhile.
        body, self._rendering_seconds = await to_thread.run_sync(rendered, limiter=self._threads)
        return body


def _head(headers: dict[str, str]) -> Response:
    """Say what a GET would be, and ask nobody: the length alone is not known without a collection."""
    response = Response(headers=headers)
    del response.headers["content-length"]
    return response


def _busy() -> Response:
    return PlainTextResponse("too many scrapes at once\n", 503, headers={"Retry-After": "1"})
