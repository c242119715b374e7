"""How many requests a part of the history costs, and how many may be sent.

Pure; the time is an argument. It knows no request and no meeting.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from exporter.sources.daily.wire import PAGE_ROWS

WINDOW_PAGES: Final = 10
"""A window that has more pages is cut: it must fit into one scrape."""

MINUTE: Final = 60.0

RESERVE: Final = 1.6
"""Standard deviations of a window's rows that are left free on its pages: meetings do not come evenly."""


def pages_of(rows: int) -> int:
    """How many requests a list of so many rows takes: a full page is followed by one more, maybe empty."""
    return rows // PAGE_ROWS + 1


def window_span(density: float | None, *, most: float, pages: int = WINDOW_PAGES) -> float:
    """How many seconds most probably fit on so many pages, at `density` meetings a second; at most `most`."""
    if not density:
        return most
    rows = pages * PAGE_ROWS
    return min(most, (rows - RESERVE * math.sqrt(rows)) / density)


@dataclass(frozen=True, slots=True)
class Fit:
    """What one window may have: so many pages, and seconds."""

    pages: int
    seconds: float = math.inf


class Allowance:
    """The requests that reading the history may send: so many in any minute, wherever it begins.

    Whatever was saved up before would come on top of what comes back meanwhile, and be twice as many.
    """

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._sent: deque[float] = deque(maxlen=per_minute)

    def left(self, now: float, *, most: int | None = None) -> int:
        """How many may be sent now; `most` in any minute, where that is less."""
        recent = sum(sent > now - MINUTE for sent in self._sent)
        return max(0, self._limit(most) - recent)

    def wait(self, now: float, *, most: int | None = None) -> float:
        """Seconds until one more may be sent."""
        limit = self._limit(most)
        return max(0.0, self._sent[-limit] + MINUTE - now) if len(self._sent) >= limit else 0.0

    def spend(self, now: float) -> None:
        """One is sent."""
        self._sent.append(now)

    def _limit(self, most: int | None) -> int:
        return self._most if most is None else min(self._most, most)


class Density:
    """How many meetings begin in a second, where the history was read last; at first nobody knows."""

    def __init__(self) -> None:
        self._rows = 0.0
        self._seconds = 0.0

    @property
    def known(self) -> bool:
        """True where anything was read."""
        return self._seconds > 0

    def note(self, rows: int, seconds: float) -> None:
        """A window was read; what was read before it counts for half."""
        self._rows = self._rows / 2 + rows
        self._seconds = self._seconds / 2 + seconds

    def replace(self, rows: int, seconds: float) -> None:
        """A window was far denser than expected: what was read before it says nothing here."""
        self._rows, self._seconds = float(rows), seconds

    def rows_in(self, seconds: float) -> float:
        """How many meetings so many seconds have, as far as is known."""
        return seconds * self._rows / self._seconds if self.known else 0.0

    def span(self, pages: int) -> float:
        """How many seconds most probably fit on so many pages; infinite if nobody knows."""
        rate = self._rows / self._seconds if self.known else None
        return window_span(rate, most=math.inf, pages=pages)

    def half_page(self) -> float:
        """How many seconds most probably have no more than half a page; few where only few were read."""
        return min(self.span(1), self._seconds * PAGE_ROWS) / 2 if self.known else 0.0
