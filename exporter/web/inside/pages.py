"""The two pages about the inside, as answers to requests; knows HTTP, and neither templates nor settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread
from starlette.responses import PlainTextResponse, Response

from exporter.web import html
from exporter.web.inside.page import page
from exporter.web.inside.shape import MEDIA_TYPE, as_json
from exporter.web.negotiate import liking

if TYPE_CHECKING:
    from starlette.requests import Request

    from exporter.web.front import Front

_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class Inside:
    """What is shown of the inside; no more than one page is written at a time."""

    def __init__(self, front: Front) -> None:
        """`front` is asked for what is in force, and for what was noted."""
        self._front = front
        self._threads = CapacityLimiter(1)

    async def configuration(self, _request: Request) -> Response:
        """The configuration in force: text that a browser shows, as other exporters give it."""
        written = await to_thread.run_sync(self._front.configuration, limiter=self._threads)
        return PlainTextResponse(written, headers=_HEADERS)

    async def collections(self, request: Request) -> Response:
        """The last collections, as a page or, with `?format=json` or by the Accept header, as JSON."""
        form = request.query_params.get("format") or _form(", ".join(request.headers.getlist("accept")))
        if form not in {"html", "json"}:
            return PlainTextResponse("format: html or json\n", 400)
        notes = self._front.journal()
        if form == "json":
            body = await to_thread.run_sync(as_json, notes, limiter=self._threads)
            return Response(body, media_type=MEDIA_TYPE, headers={**_HEADERS, "Vary": "Accept"})
        home = f"{self._front.settings.link_prefix}/"
        written = await to_thread.run_sync(lambda: page(notes, home=home), limiter=self._threads)
        return html.answer(written, {"Vary": "Accept"})


def _form(accept: str) -> str:
    """What the header likes better; a page where it likes both as well."""
    return "json" if liking(MEDIA_TYPE, accept=accept) > liking("text/html", accept=accept) else "html"
