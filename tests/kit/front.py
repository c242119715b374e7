"""A front whose every function is a fake that answers at once, and one request to it; no network, no source.

The fakes show on the page what they were asked for. Knows the front alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from starlette.applications import Starlette

from exporter.journal import Notes
from exporter.model import Offer, Selection, Snapshot, SourceSnapshot
from exporter.web.routes import Front, WebSettings, build_routes
from exporter.web.status import Overview

SNAPSHOT: Final = Snapshot((SourceSnapshot("acme", "daily", ()),))
OFFERS: Final = (
    Offer("acme", "daily", ("presence", "meetings", "ended_meetings")),
    Offer("chat", "rocketchat", ("presence", "connections")),
)
BASE: Final = "http://exporter"


async def collected(_deadline: float, _selection: Selection) -> Snapshot:
    """Answer at once."""
    return SNAPSHOT


async def reloaded() -> str | None:
    """Find nothing wrong."""
    return None


def facts(snapshot: Snapshot, openmetrics: bool) -> Iterator[Metric]:
    """Show which snapshot was given, and for which kind of page."""
    family = GaugeMetricFamily("presence_up", "Up.\nOr not.", labels=["source", "openmetrics"])
    for source in snapshot.sources:
        family.add_metric([source.source, str(openmetrics)], 1)
    yield family


def own() -> Iterator[Metric]:
    """Show the exporter's own counters."""
    yield CounterMetricFamily("presence_exporter_http_requests", "Requests.", value=3)


@dataclass
class Asked:
    """A collection that remembers what it was asked for."""

    selections: list[Selection] = field(default_factory=list)

    @property
    def times(self) -> int:
        return len(self.selections)

    async def collect(self, _deadline: float, selection: Selection) -> Snapshot:
        self.selections.append(selection)
        return SNAPSHOT


FRONT: Final = Front(
    collect=collected,
    offers=lambda: OFFERS,
    families=facts,
    own_families=own,
    overview=lambda: Overview("presence-exporter", "1.2.3"),
    configuration=lambda: "sources: []\n",
    journal=lambda: Notes(0.0, (), ()),
    ready=lambda: True,
    reload=reloaded,
    reserve=lambda _selection: 0.0,
    default_timeout=lambda: 10.0,
)


def settings(**changes: Any) -> WebSettings:
    """Give the default settings with some changes."""
    return replace(WebSettings(), **changes)


def ask(front: Front, path: str = "/metrics", *, method: str = "GET", **more: Any) -> httpx.Response:
    """Send one request to a fresh application."""

    async def go() -> httpx.Response:
        async with client(build_routes(front)) as asking:
            return await asking.request(method, path, **more)

    return asyncio.run(go())


def client(app: Starlette, *, base: str = BASE) -> httpx.AsyncClient:
    """Give a client of the application; what it does not catch itself comes out here."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)
