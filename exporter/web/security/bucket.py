"""A token bucket: how many requests are answered; arithmetic that reads no clock."""

from __future__ import annotations

from exporter.web.security.settings import RateLimit


class Bucket:
    """Full at first; a request takes a token, and one comes back every `interval`."""

    def __init__(self, limit: RateLimit, *, now: float) -> None:
        """`now` is a moment in seconds of a clock that never goes back, here and below."""
        self.limit = limit
        self._tokens = float(limit.burst)
        self._since = now

    def take(self, now: float) -> float:
        """Take a token: 0 where there is one, else the seconds until there will be."""
        gained = (now - self._since) / self.limit.interval
        self._tokens = min(float(self.limit.burst), self._tokens + gained)
        self._since = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) * self.limit.interval
