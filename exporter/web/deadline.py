"""How long a scrape may take: the rule for Prometheus's timeout header, as pure functions.

Seconds in, seconds out: it knows no clock, no request and no settings.
"""

from __future__ import annotations

import math
import re

HEADER = "X-Prometheus-Scrape-Timeout-Seconds"

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")

# However long the last page took to render, this share of the time is left for asking.
_LEAST_SHARE = 0.1


def scrape_timeout(header: str | None, *, offset: float, default: float) -> float:
    """Say how many seconds a scrape has until its facts must be there.

    `default` is used as it is where the header names no valid number. The rule: docs/http.md, "Deadline".
    """
    named = _named(header)
    # The rule says: "anything else, or none: `collect.timeout`".
    if named is None:
        return default
    # "the header … − `--timeout-offset`; half the header when the offset is not smaller"
    return named - offset if offset < named else named / 2


def budget(timeout: float, *, offset: float, reserve: float) -> float:
    """Take the time that the last page needed to be decoded and rendered off the timeout, where it matters.

    All in seconds; a tenth of the timeout is always left.
    """
    # "the page is rendered and sent within the offset; where the last page took longer to decode and render
    # than that, this time is reserved as well"
    if reserve <= offset:
        return timeout
    return max(timeout - reserve, timeout * _LEAST_SHARE)


def _named(header: str | None) -> float | None:
    # "Valid: `\d+(\.\d+)?`, ASCII, finite, > 0"; float() alone would also take `nan`, `1_0` and `١`.
    if header is None or not _SECONDS.fullmatch(header):
        return None
    seconds = float(header)
    return seconds if math.isfinite(seconds) and seconds > 0 else None
