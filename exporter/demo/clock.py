"""Clocks for the simulated world: it asks one for Unix seconds and cannot tell a real one from another."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]

DAY = 86400


def accelerated(start: float, speed: float, *, clock: Clock = time.time) -> Clock:
    """Give a clock that shows `start` (Unix seconds) now and runs `speed` times as fast as `clock`."""
    origin = clock()
    return lambda: start + (clock() - origin) * speed


def iso(moment: float) -> str:
    """Write Unix seconds as both vendors do: ISO 8601 with milliseconds, in UTC."""
    return (
        datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{int(moment * 1000) % 1000:03d}Z"
    )


def http_date(moment: float) -> str:
    """Write Unix seconds as in a `Date` header."""
    return formatdate(moment, usegmt=True)
