"""The outermost layer of the application: no bug gets past it, and each request is told to its observer.

It knows paths and status codes, and of a bug only its type and place: the words of a foreign error may hold
data of people, or a secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection
from time import perf_counter
from typing import Protocol, TypeVar

import structlog
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.journal import asked_by
from exporter.log import frames

log = structlog.get_logger(__name__)

T = TypeVar("T")

# nginx's number for a request whose client left before the answer began; nobody is there to be sent it.
CLIENT_GONE = 499


class Observe(Protocol):
    """Hears of each request once it is over; must not raise and must not wait."""

    def __call__(self, handler: str, *, code: int, seconds: float) -> None:
        """Hear of a request for `handler`, one of our paths or `other`, that got the status `code`."""


class ClientGoneError(Exception):
    """The client closed the connection before it had its answer."""


async def unless_gone(work: Awaitable[T], receive: Receive) -> T:
    """Wait for the work, and cancel it when the client goes: a server tells of that, and does no more.

    A body that comes meanwhile is read and thrown away. Raises `ClientGoneError`.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return working.result()
    finally:
        # Seen to their end here, so that nothing of this request is still running after it.
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Edge:
    """Middleware that turns a bug into a 500 without details, and tells each request to `observe`."""

    def __init__(self, app: ASGIApp, *, observe: Observe, paths: Collection[str]) -> None:
        self._app = app
        self._observe = observe
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: PLR0917 - ASGI's shape
        """Answer one request, whatever happens further in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        handler = scope["path"] if scope["path"] in self._paths else "other"
        began = perf_counter()
        code = CLIENT_GONE

        async def noting(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            with asked_by(handler):
                failure = await _failure(self._app(scope, receive, noting), handler=handler)
            if failure is not None and code == CLIENT_GONE:
                await failure(scope, receive, noting)
        finally:
            self._observe(handler, code=code, seconds=perf_counter() - began)


async def _failure(answering: Awaitable[None], *, handler: str) -> Response | None:
    """Wait for the answer to be given; where it was not, give the one to send instead."""
    try:
        await answering
    except ClientGoneError:
        return None
    except asyncio.CancelledError:
        # Only a server that stops cancels a request, and this is the outermost task: nobody waits above it.
        return PlainTextResponse("shutting down\n", 503, headers={"Connection": "close"})
    except Exception as exc:  # noqa: BLE001 - the wall: whatever it is, the client gets a 500
        log.error("a request failed by a bug", handler=handler, traceback=frames(exc))
        return PlainTextResponse("internal error\n", 500)
    return None
