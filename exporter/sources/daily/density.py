"""How many requests a part of the history costs, and how many may be sent.

Pure; the time is an argument. It knows no request and no meeting.
"""

import math
from dataclasses import dataclass
from typing import Final

from exporter.sources.daily.wire import PAGE_ROWS

WINDOW_PAGES: Final = 10
"""A window that has more pages is cut: it must fit into one scrape."""

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
    """The requests that reading the history may send: so many a minute, saved up for at most one minute."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left = float(per_minute)
        self._at = 0.0

    def left(self, now: float) -> int:
        """How many may be sent now."""
        self._left = min(self._most, self._left + max(0.0, now - self._at) * self._most / 60)
        self._at = now
        return int(self._left)

    def spend(self) -> None:
        """One was sent."""
        self._left -= 1


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
