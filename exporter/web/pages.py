"""The pages for people; each is a template filled with values, and asks nobody.

It knows which paths there are, and nothing of what the pages tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from anyio import CapacityLimiter, to_thread
from starlette.routing import Route

from exporter.web import html
from exporter.web.front import DISCOVERY, HEALTHY, PROBE, READY, Front
from exporter.web.status import REFRESHES, Links, page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request
    from starlette.responses import Response

_NAMES: Final = {
    DISCOVERY: "targets",
    "/config": "configuration",
    "/debug/collections": "collections",
    HEALTHY: "healthy",
    READY: "ready",
}
"""What the paths are called that a page can be led to; the metrics go before them."""


class Landing:
    """The status page; no more than one is written at a time, since all of them share one lock anyway."""

    def __init__(self, front: Front) -> None:
        """`front` is asked what there is to tell."""
        self._front = front
        self._threads = CapacityLimiter(1)

    async def answer(self, request: Request) -> Response:
        """Write the page; `?refresh=15` has the browser load it again, as the reader chose."""
        overview = self._front.overview()
        links = self._links(each.path for each in request.app.routes if isinstance(each, Route))
        refresh = next((each for each in REFRESHES if str(each) == request.query_params.get("refresh")), None)
        written = await to_thread.run_sync(
            lambda: page(overview, links, refresh=refresh), limiter=self._threads
        )
        # A header and not an element: what a reader did not choose is nowhere in the page.
        return html.answer(written, {"Refresh": str(refresh)} if refresh else None)

    def _links(self, served: Iterable[str]) -> Links:
        settings = self._front.settings
        paths, names = set(served), {settings.telemetry_path: "metrics"} | _NAMES
        return Links(
            home=f"{settings.link_prefix}/",
            pages=tuple((settings.link_prefix + path, name) for path, name in names.items() if path in paths),
            probe=settings.link_prefix + PROBE if PROBE in paths else None,
        )
