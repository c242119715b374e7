"""The errors of api.daily.co: which body goes with which refusal, and queries that may deserve one."""

from collections.abc import Mapping

import httpx

from exporter.demo.clock import Clock, http_date
from exporter.demo.wire import Refused, Reply, Special, json_reply

WAIT = 30
"""Seconds that a named wait lasts, in the moods that name one."""


def error(status: int, kind: str, *, now: float, info: str | None = None) -> Reply:
    """Give the vendor's error body: a stable type, and for some a text."""
    return json_reply(status, {"error": kind} if info is None else {"error": kind, "info": info}, now=now)


def refused(status: int, kind: str, *, now: float, info: str | None = None) -> Refused:
    """Make the exception that ends a request with this error."""
    return Refused(error(status, kind, now=now, info=info))


def check_key(request: httpx.Request, key: str, *, now: float) -> None:
    """Refuse a missing or malformed header (400) and a wrong key (401): the vendor tells them apart."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise refused(
            400, "authorization-header-error", info="missing or malformed authorization header", now=now
        )
    if given.strip() != key:
        raise refused(401, "authentication-error", now=now)


def whole_number(
    query: httpx.QueryParams, name: str, *, now: float, least: int = 0, most: int | None = None
) -> int | None:
    """Read a number from `least` to `most`, None where the query has none; all else is refused (400)."""
    if name not in query:
        return None
    text = query[name]
    if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
        raise refused(400, "invalid-request-error", info=f"bad value for {name}", now=now)
    return int(text)


def truth(query: httpx.QueryParams, name: str, *, now: float) -> bool | None:
    """Read `true` or `false` out of the query; None where it says nothing."""
    if name not in query:
        return None
    if query[name] not in {"true", "false"}:
        raise refused(400, "invalid-request-error", info=f"{name} must be true or false", now=now)
    return query[name] == "true"


def specials(clock: Clock) -> Mapping[str, Special]:
    """Give the moods in which the vendor refuses in its own words."""

    def too_many() -> Reply:
        return error(429, "rate-limit-error", now=clock())

    return {
        "rate_limited": lambda _: too_many().with_headers(Retry_After=str(WAIT)),
        "rate_limited_silently": lambda _: too_many(),
        "rate_limited_past": lambda _: too_many().with_headers(Retry_After=http_date(clock() - WAIT)),
        "unauthorized": lambda _: error(401, "authentication-error", now=clock()),
        "forbidden": lambda _: error(403, "forbidden-error", info="not allowed with this key", now=clock()),
        "not_found": lambda _: error(404, "not-found", info="not found", now=clock()),
    }
