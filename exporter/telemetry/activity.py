"""What one source's vendor was asked lately, and what it asked of us, as values for the page for people.

The counters only rise, and a page for people wants the last minute. It knows no vendor and no clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 60
"""Seconds over which requests are counted: the window of the vendors' limits, or a multiple of it."""


@dataclass(frozen=True, slots=True)
class EndpointActivity:
    """One documented path: requests of the last minute, those that the vendor said are left, its pause.

    `remaining` is None where the vendor said nothing, `pause` the seconds left of one, None for none.
    """

    endpoint: str
    last_minute: int
    remaining: int | None = None
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class SourceActivity:
    """All paths of one source, and how its pulls were answered since the process began.

    `collected` are pulls for which something was asked, `shared` those that got what others had asked.
    """

    endpoints: tuple[EndpointActivity, ...] = ()
    collected: int = 0
    shared: int = 0


class Recent:
    """How much happened in the last minute, to the second; takes no more room however much it was."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int]] = deque(maxlen=WINDOW + 1)

    def add(self, now: float) -> None:
        """One more, at `now` (Unix seconds)."""
        second, before = int(now), 0
        if self._seconds and self._seconds[-1][0] == second:
            before = self._seconds.pop()[1]
        self._seconds.append((second, before + 1))

    def count(self, now: float) -> int:
        """All of the last minute; what a clock that was set back has left in the future is not of it."""
        return sum(number for second, number in self._seconds if now - WINDOW < second <= now)
