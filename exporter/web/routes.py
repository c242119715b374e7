"""Paths to functions: which path answers what.

It knows no source, no configuration and no telemetry: all beyond HTTP is asked of the functions in `Front`.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.web.discovery import discover
from exporter.web.edge import Edge
from exporter.web.front import DISCOVERY, HEALTHY, PROBE, READY, Front, WebSettings
from exporter.web.pages import Landing
from exporter.web.scrapes import Scrapes

__all__ = ["Front", "WebSettings", "build_routes"]

_METHODS = ("GET", "HEAD")


def build_routes(front: Front) -> Starlette:
    """Build the application: every path of the exporter, and the wall around them."""
    metrics = front.settings.telemetry_path
    scrapes = Scrapes(front)
    routes = [
        Route(HEALTHY, _healthy, methods=_METHODS),
        Route(READY, partial(_ready, front), methods=_METHODS),
        Route(metrics, scrapes.metrics, methods=_METHODS),
        Route(PROBE, scrapes.probe, methods=_METHODS),
        Route(DISCOVERY, partial(discover, front), methods=_METHODS),
    ]
    if metrics != "/":
        routes.append(Route("/", Landing(front).answer, methods=_METHODS))
    edge = Middleware(Edge, observe=front.observe, paths=[route.path for route in routes])
    app = Starlette(routes=routes, middleware=[edge], exception_handlers={HTTPException: _refuse})
    # A scrape config with a slash too many is told so: Prometheus may be set not to follow redirects.
    app.router.redirect_slashes = False
    return app


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("healthy\n")


async def _refuse(_request: Request, exc: Exception) -> Response:
    refusal = exc if isinstance(exc, HTTPException) else HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR)
    # Starlette names the methods in random order.
    methods = (refusal.headers or {}).get("Allow")
    headers = {"Allow": ", ".join(sorted(methods.split(", ")))} if methods else None
    return PlainTextResponse(
        f"{HTTPStatus(refusal.status_code).phrase.lower()}\n", refusal.status_code, headers
    )


async def _ready(front: Front, _request: Request) -> Response:
    return PlainTextResponse("ready\n") if front.ready() else PlainTextResponse("not ready\n", 503)
