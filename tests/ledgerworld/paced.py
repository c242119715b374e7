"""Time for exporters in processes of their own: past and fast, and never far ahead of the last scrape."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class PacedClock:
    """Unix seconds for the simulated vendor, from any thread.

    It runs `speed` times as fast as `real`, and at most `lead` seconds on from the last `seen()`: however
    slow the machine, no exporter is away for longer than the script allows.
    """

    def __init__(
        self, start: float, *, speed: float, lead: float, real: Callable[[], float] = time.monotonic
    ) -> None:
        self._speed = speed
        self._lead = lead
        self._real = real
        self._lock = threading.Lock()
        self._at = real()
        self._now = start
        self._most = start + lead

    def __call__(self) -> float:
        with self._lock:
            at = self._real()
            passed = (at - self._at) * self._speed if at > self._at else 0.0
            self._now = min(self._now + passed, self._most)
            self._at = at
            return self._now

    def seen(self) -> float:
        """Somebody looked in: time may go on from here; gives the moment."""
        now = self()
        with self._lock:
            self._most = max(self._most, now + self._lead)
        return now

    def step(self, lead: float) -> None:
        """From now on stand still, and go on by `lead` seconds whenever somebody looked in."""
        self()
        with self._lock:
            self._speed, self._lead = math.inf, lead
