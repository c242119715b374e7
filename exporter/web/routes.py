"""Paths to functions: which path answers what, and the way of one scrape.

It knows no source, no configuration and no telemetry: all beyond HTTP is asked of the functions in `Front`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import chain
from time import perf_counter

from anyio import CapacityLimiter, to_thread
from prometheus_client import Metric
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive

from exporter.model import Snapshot
from exporter.web.deadline import HEADER, budget, scrape_timeout
from exporter.web.edge import Edge, Observe, unless_gone
from exporter.web.exposition import compress, render
from exporter.web.negotiate import Format, negotiate, wants_gzip
from exporter.web.status import Overview, page

HEALTHY = "/-/healthy"
READY = "/-/ready"

_METHODS = ("GET", "HEAD")

# Rendering is Python under one lock: more threads at once make every page late, and health answers with them.
# The second works while the first compresses, which needs no lock.
_RENDER_THREADS = 2

# The page needs nothing from elsewhere; a name that slipped through the escaping could still do nothing.
_HTML_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the flags say about the front; times in seconds.

    `link_prefix` is the path of the external URL, without a slash at its end: it stands before each link.
    """

    telemetry_path: str = "/metrics"
    max_requests: int = 40
    timeout_offset: float = 0.5
    default_timeout: float = 10.0
    disable_source_metrics: bool = False
    link_prefix: str = ""

    def __post_init__(self) -> None:
        """Refuse a telemetry path that could not be served (ValueError)."""
        path = self.telemetry_path
        if not path.startswith("/") or path in {HEALTHY, READY} or not _PLAIN.issuperset(path):
            raise ValueError(f"{path!r} is not a path to serve metrics at; write one like /metrics")


_PLAIN = frozenset("/-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def _unobserved(handler: str, *, code: int, seconds: float) -> None:  # noqa: ARG001 - it is `Observe`
    return None


@dataclass(frozen=True, slots=True)
class Front:
    """Everything that the front asks of the rest.

    `collect` gets a moment in the event loop's time and answers by then; it is cancelled if the client goes.
    `families` (with True for OpenMetrics) and `own_families` are called in a worker thread, beside the loop.
    `reserve` is the seconds that the last collection spent decoding. `observe` hears of each request.
    """

    collect: Callable[[float], Awaitable[Snapshot]]
    families: Callable[[Snapshot, bool], Iterable[Metric]]
    own_families: Callable[[], Iterable[Metric]]
    overview: Callable[[], Overview]
    ready: Callable[[], bool]
    reserve: Callable[[], float]
    settings: WebSettings = WebSettings()
    observe: Observe = _unobserved


def build_routes(front: Front) -> Starlette:
    """Build the application: every path of the exporter, and the wall around them."""
    metrics = front.settings.telemetry_path
    routes = [
        Route(HEALTHY, _healthy, methods=_METHODS),
        Route(READY, partial(_ready, front), methods=_METHODS),
        Route(metrics, _Scrapes(front).answer, methods=_METHODS),
    ]
    if metrics != "/":
        routes.append(Route("/", partial(_landing, front), methods=_METHODS))
    edge = Middleware(Edge, observe=front.observe, paths=[route.path for route in routes])
    app = Starlette(routes=routes, middleware=[edge], exception_handlers={HTTPException: _refuse})
    # A scrape config with a slash too many is told so: Prometheus may be set not to follow redirects.
    app.router.redirect_slashes = False
    return app


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("healthy\n")


async def _refuse(_request: Request, exc: Exception) -> Response:
    # Starlette's own answer has the methods in random order.
    status = exc.status_code if isinstance(exc, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {"Allow": ", ".join(_METHODS)} if status == HTTPStatus.METHOD_NOT_ALLOWED else None
    return PlainTextResponse(f"{HTTPStatus(status).phrase.lower()}\n", status, headers)


async def _ready(front: Front, _request: Request) -> Response:
    return PlainTextResponse("ready\n") if front.ready() else PlainTextResponse("not ready\n", 503)


async def _landing(front: Front, _request: Request) -> Response:
    settings = front.settings
    links = [settings.link_prefix + path for path in (settings.telemetry_path, HEALTHY, READY)]
    return HTMLResponse(page(front.overview(), links), headers=_HTML_HEADERS)


class _Scrapes:
    """The metrics: how many scrapes run, and how long the last page took to render, are known here alone."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._running = 0
        self._rendering_seconds = 0.0
        self._threads = CapacityLimiter(_RENDER_THREADS)

    async def answer(self, request: Request) -> Response:
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
