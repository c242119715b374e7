"""The management paths: whether the process serves, whether it is configured, and that it reads again.

None of them asks a vendor. It knows no configuration: reading it again is a function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from exporter.web.front import Front

CHANGING: Final = ("POST", "PUT")
"""What only looks must never begin a reload: browsers and crawlers follow links."""


async def healthy(_request: Request) -> Response:
    """Answer while the process serves."""
    return PlainTextResponse("healthy\n")


class Lifecycle:
    """What depends on the rest of the process."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def ready(self, _request: Request) -> Response:
        """Say whether the configuration is loaded."""
        return PlainTextResponse("ready\n") if self._front.ready() else PlainTextResponse("not ready\n", 503)

    async def reload(self, _request: Request) -> Response:
        """Have the configuration read again; a 500 says why it could not be used."""
        fault = await self._front.reload()
        return PlainTextResponse("reloaded\n") if fault is None else PlainTextResponse(f"{fault}\n", 500)
