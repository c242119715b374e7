"""The pages for people; each is a template filled with values, and asks nobody.

It knows HTML's headers and links, and nothing of what the pages tell.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from exporter.web.front import HEALTHY, READY, Front
from exporter.web.status import page

# The page needs nothing from elsewhere; a name that slipped through the escaping could still do nothing.
_HTML_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


async def landing(front: Front, _request: Request) -> Response:
    """The status page."""
    settings = front.settings
    links = [settings.link_prefix + path for path in (settings.telemetry_path, HEALTHY, READY)]
    return HTMLResponse(page(front.overview(), links), headers=_HTML_HEADERS)
