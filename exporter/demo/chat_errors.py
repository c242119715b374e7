"""The refusals of a Rocket.Chat server: login, rate limit, and the shapes that their bodies had."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

import httpx

from exporter.demo.chat_world import ChatWorkspace, UnauthorizedShape
from exporter.demo.limits import Allowance
from exporter.demo.wire import Refused, Reply, Special, json_reply

NOT_PERMITTED: Final = "User does not have the permissions required for this action [error-unauthorized]"

NO_ENDPOINT: Final = "API endpoint doesn't exist [error-not-found]"

WAIT: Final = 21
"""Seconds that a named wait lasts, in the mood that names one."""

_LOGIN: Final = "You must be logged in to do this."
_UNAUTHORIZED: Final[Mapping[UnauthorizedShape, Mapping[str, Any]]] = {
    "classic": {"status": "error", "message": _LOGIN},
    "7x": {"success": False, "error": _LOGIN, "status": "error", "message": _LOGIN},
    "8x": {"success": False, "error": _LOGIN},
}


def refused(status: int, text: str, *, now: float, kind: str | None = None) -> Refused:
    """Make the exception that ends a request with the server's usual error body."""
    body = {"success": False, "error": text}
    return Refused(json_reply(status, body if kind is None else {**body, "errorType": kind}, now=now))


def unauthorized(workspace: ChatWorkspace, *, now: float) -> Reply:
    """Give the 401 in the shape of the workspace's version."""
    return json_reply(401, _UNAUTHORIZED[workspace.unauthorized], now=now)


def check_login(request: httpx.Request, workspace: ChatWorkspace, *, now: float) -> None:
    """Refuse (401) whoever brings another token or another user's id."""
    given = request.headers.get("X-User-Id", ""), request.headers.get("X-Auth-Token", "")
    if given != (workspace.user_id, workspace.token):
        raise Refused(unauthorized(workspace, now=now))


def check_rate(allowance: Allowance | None, *, now: float) -> None:
    """Refuse (429) what the window has no room for; the wait is named in the text."""
    if allowance is not None and not allowance.allowed:
        raise Refused(too_many(now=now, wait=max(ceil(allowance.reset - now), 0)))


def too_many(*, now: float, wait: int | None = None) -> Reply:
    """Give the 429; without a `wait` (seconds) the text says nothing of it."""
    named = "" if wait is None else f" You must wait {wait} seconds before trying this endpoint again."
    text = f"Error, too many requests. Please slow down.{named} [error-too-many-requests]"
    return json_reply(429, {"success": False, "error": text}, now=now)


def with_limit(reply: Reply, allowance: Allowance | None) -> Reply:
    """Add what the limiter says of itself; `Reset` is in milliseconds since 1970."""
    if allowance is None:
        return reply
    return reply.with_headers(
        X_RateLimit_Limit=str(allowance.limit),
        X_RateLimit_Remaining=str(allowance.remaining),
        X_RateLimit_Reset=str(int(allowance.reset * 1000)),
    )


def specials(workspace: ChatWorkspace) -> Mapping[str, Special]:
    """Give the moods in which the server refuses in its own words."""
    clock = workspace.clock

    def used_up(wait: int, *, named: int | None) -> Reply:
        now = clock()
        return with_limit(
            too_many(now=now, wait=named), Allowance(allowed=False, limit=10, remaining=0, reset=now + wait)
        )

    return {
        "rate_limited": lambda _: used_up(WAIT, named=WAIT),
        "rate_limited_silently": lambda _: too_many(now=clock()),
        "rate_limited_past": lambda _: used_up(-WAIT, named=None),
        "unauthorized": lambda _: unauthorized(workspace, now=clock()),
        "forbidden": lambda _: refused(403, NOT_PERMITTED, now=clock()).reply,
        "not_found": lambda _: refused(404, NO_ENDPOINT, now=clock()).reply,
    }
