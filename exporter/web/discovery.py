"""Tells Prometheus's http_sd which targets there are: one for each source, to be asked at `/probe`.

It knows the names of sources and where the exporter is reached, and asks nobody.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from exporter.config.addresses import split_url
from exporter.model import Offer
from exporter.web.front import PROBE, Front, Origin

NO_HOST = "the request names no usable host; see --web.external-url\n"

# A list that one client was given, with the host that it named, is not for another one.
_HEADERS = {"Cache-Control": "no-store"}


async def discover(front: Front, request: Request) -> Response:
    """The list of targets, in the order of the configuration; `[]` where there is no source."""
    origin = front.settings.origin or _asked(request)
    if origin is None:
        return PlainTextResponse(NO_HOST, 400)
    # Prometheus encodes the path of a target itself.
    path = unquote(front.settings.link_prefix) + PROBE
    return JSONResponse([_group(offer, origin, path=path) for offer in front.offers()], headers=_HEADERS)


def _group(offer: Offer, origin: Origin, *, path: str) -> dict[str, Any]:
    labels = {
        "__metrics_path__": path,
        "__param_source": offer.source,
        "__meta_presence_kind": offer.kind,
        # All targets have one address: without names of their own, their `up` would be one series.
        "instance": offer.source,
    }
    if origin.scheme:
        labels["__scheme__"] = origin.scheme
    return {"targets": [origin.host], "labels": labels}


def _asked(request: Request) -> Origin | None:
    """Where this client has just reached us: it learns nothing but what it said itself.

    Forwarding headers are not looked at. That no TLS is spoken here says nothing of a proxy in front: then
    the scheme is left to Prometheus's own configuration.
    """
    host = request.headers.get("host", "")
    parts = split_url(f"http://{host}")
    if parts is None or parts.netloc != host or "@" in host:
        return None
    return Origin("https" if request.url.scheme == "https" else "", host)
