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
from exporter.web.front import (
    COLLECTIONS,
    CONFIGURATION,
    DISCOVERY,
    HEALTHY,
    PROBE,
    READY,
    RELOAD,
    Front,
    WebSettings,
)
from exporter.web.inside import Inside
from exporter.web.lifecycle import CHANGING, Lifecycle, healthy
from exporter.web.pages import Landing
from exporter.web.scrapes import Scrapes

__all__ = ["Front", "WebSettings", "build_routes"]

_METHODS = ("GET", "HEAD")


def build_routes(front: Front) -> Starlette:
    """Build the application: every path of the exporter, and the wall around them."""
    metrics = front.settings.telemetry_path
    scrapes, lifecycle, inside = Scrapes(front), Lifecycle(front), Inside(front)
    routes = [
        Route(HEALTHY, healthy, methods=_METHODS),
        Route(READY, lifecycle.ready, methods=_METHODS),
        Route(RELOAD, lifecycle.reload, methods=CHANGING),
        Route(metrics, scrapes.metrics, methods=_METHODS),
        Route(PROBE, scrapes.probe, methods=_METHODS),
        Route(DISCOVERY, partial(discover, front), methods=_METHODS),
        Route(CONFIGURATION, inside.configuration, methods=_METHODS),
        Route(COLLECTIONS, inside.collections, methods=_METHODS),
    ]
    if metrics != "/":
        routes.append(Route("/", Landing(front).answer, methods=_METHODS))
    edge = Middleware(Edge, observe=front.observe, paths=[route.path for route in routes])
    app = Starlette(routes=routes, middleware=[edge], exception_handlers={HTTPException: _refuse})
    # A scrape config with a slash too many is told so: Prometheus may be set not to follow redirects.
    app.router.redirect_slashes = False
    return app


async def _refuse(_request: Request, exc: Exception) -> Response:
    refusal = exc if isinstance(exc, HTTPException) else HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR)
    # Starlette names the methods in random order.
    methods = (refusal.headers or {}).get("Allow")
    headers = {"Allow": ", ".join(sorted(methods.split(", ")))} if methods else None
    return PlainTextResponse(
        f"{HTTPStatus(refusal.status_code).phrase.lower()}\n", refusal.status_code, headers
    )
