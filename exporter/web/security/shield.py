"""What stands before the application: the limit to requests, passwords, and headers for every answer.

It knows requests and answers, and of paths only those that stay open for container probes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.web.edge import unless_gone
from exporter.web.front import HEALTHY, READY
from exporter.web.security.bucket import Bucket
from exporter.web.security.passwords import Passwords
from exporter.web.security.renewal import WebSecurity
from exporter.web.security.settings import RateLimit, Settings

OPEN: Final = frozenset({HEALTHY, READY})
"""Paths that need no password and are always answered: container probes have none, and kill who is silent."""


class Shield:
    """Middleware that lets through whom the settings of the moment let through."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Callable[[], Settings],
        passwords: Passwords,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`settings` is asked for each request; `clock` gives seconds and never goes back."""
        self._app = app
        self._settings = settings
        self._passwords = passwords
        self._clock = clock
        self._bucket: Bucket | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: PLR0917 - ASGI's shape
        """Answer one request, or have it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        settings = self._settings()

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in settings.headers:
                    # What an answer says of itself is closer to the matter.
                    headers.setdefault(name, value)
            await send(message)

        answer: ASGIApp = self._app
        if scope["path"] not in OPEN:
            answer = await self._refusal(scope, receive, settings=settings) or self._app
        await answer(scope, receive, adding)

    async def _refusal(self, scope: Scope, receive: Receive, *, settings: Settings) -> Response | None:
        wait = self._wait(settings.rate_limit)
        if wait > 0:
            return _refused(HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(math.ceil(wait))})
        if settings.users:
            given = Headers(scope=scope).get("authorization")
            asking = self._passwords.admits(
                None if given is None else given.encode("latin-1"), users=settings.users
            )
            if not await unless_gone(asking, receive):
                challenge = 'Basic realm="presence-exporter", charset="UTF-8"'
                return _refused(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": challenge})
        return None

    def _wait(self, limit: RateLimit | None) -> float:
        """The seconds until a request may come; the bucket begins anew, full, when its limit has changed."""
        if limit is None:
            self._bucket = None
            return 0.0
        now = self._clock()
        if self._bucket is None or self._bucket.limit != limit:
            self._bucket = Bucket(limit, now=now)
        return self._bucket.take(now)


def shield(app: Starlette, security: WebSecurity, *, passwords: Passwords | None = None) -> None:
    """Put a shield before the routes of an application that has not answered anything yet.

    It stands behind the middleware that is there: what it refuses is told to whoever watches requests.
    """
    inner = Middleware(Shield, settings=security.settings, passwords=passwords or Passwords())
    app.user_middleware.append(inner)


def _refused(status: HTTPStatus, headers: dict[str, str]) -> Response:
    return PlainTextResponse(f"{status.phrase.lower()}\n", status, headers)
