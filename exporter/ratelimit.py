"""Reads from an answer's headers how long not to ask, how many requests are left, and the server's clock.

Pure; it knows no vendor: both name their waits in one of these ways. A header that cannot be read says
nothing.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_DIGITS: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")

_EPOCH_MILLISECONDS: Final = 1e11
"""Rocket.Chat gives the end of its window in milliseconds since 1970, others in seconds: a second of that
size is in the year 5138, and a millisecond of less in March 1973."""

_EPOCH_SECONDS: Final = 1e9


def server_time(headers: Mapping[str, str]) -> float | None:
    """The `Date` of an answer in Unix seconds."""
    return _http_date(headers.get("date", ""))


def remaining_requests(headers: Mapping[str, str]) -> float | None:
    """The requests left in the present window, where the server says (`X-RateLimit-Remaining`)."""
    return _number(headers.get("x-ratelimit-remaining", ""))


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds that `Retry-After` names, or until its date; None for no such header, or a date gone by."""
    named = headers.get("retry-after", "")
    if (seconds := _number(named)) is not None:
        return seconds
    moment = _http_date(named)
    wait = 0.0 if moment is None else moment - (server_time(headers) or now)
    return wait if wait > 0 else None


def named_wait(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds until the moment that `Retry-After` or `X-RateLimit-Reset` names.

    None for no moment, or one gone by. A moment is held against the server's own clock, where it gives it,
    since ours (`now`) may differ by minutes.
    """
    if (seconds := retry_after(headers, now=now)) is not None:
        return seconds
    now = server_time(headers) or now
    reset = _number(headers.get("x-ratelimit-reset", ""))
    if reset is None:
        return None
    if reset >= _EPOCH_MILLISECONDS:
        reset = reset / 1000 - now
    elif reset >= _EPOCH_SECONDS:
        reset = reset - now
    return reset if reset > 0 else None


def _number(text: str) -> float | None:
    return float(text) if _DIGITS.fullmatch(text.strip()) else None


def _http_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return _in_utc(moment).timestamp()


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
