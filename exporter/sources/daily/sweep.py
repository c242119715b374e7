"""Plans what of the history is asked next.

Pure; the time is an argument, and all moments are Unix seconds. It knows no request and no ledger.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from exporter.model import FollowedMeeting
from exporter.sources.daily.density import MINUTE, Density, Fit
from exporter.sources.daily.wire import PAGE_ROWS

SMALL_PAGES: Final = 2
"""A domain with no more pages between the watermark and now is small …"""

SMALL_REQUESTS: Final = 2
"""… and costs no more requests each time that it is read: once a minute, or as often as is wished."""

SECONDS_A_PAGE: Final = 20.0
"""How far apart two readings of a large domain begin, for each page between the watermark and now …"""

LONGEST_PAUSE: Final = 290.0
"""… and at most: a meeting counts at the second sight, and should do so within a quarter of an hour."""

LISTED_WITHIN: Final = 300.0
"""Seconds after its start when a meeting is usually listed; for those that are late the watermark waits."""

READ_AGAIN: Final = 6 * 86400.0
"""How far behind the watermark what a window shows is written down: the ledger forgets ids after 7 days. So a
window, with which the watermark moves, is never longer."""

LONGEST_REACH: Final = 6 * 3600.0
"""How far before the watermark reading begins at most for one meeting: it may have been busier then."""


@dataclass(slots=True)
class Part:
    """What is left of a part of the history, [start, end): to be read `whole`, or only where somebody waits.

    What is read whole is read from its start on, so that the watermark can move with each window. Looks go
    from the newest meeting back, as the rows of a page do.
    """

    start: float
    end: float
    whole: bool

    def has(self, meeting: FollowedMeeting) -> bool:
        """True for a meeting that began in it."""
        return self.start <= meeting.start < self.end


@dataclass(frozen=True, slots=True)
class LookUp:
    """A look for one meeting alone, in its room."""

    meeting: FollowedMeeting
    part: Part


@dataclass(frozen=True, slots=True)
class Page:
    """The last page of all that began in [start, end): the newest of those that wait, and some before it."""

    start: int
    end: int
    part: Part


@dataclass(frozen=True, slots=True)
class Window:
    """All that began in [start, end) in the whole domain."""

    start: int
    end: int
    part: Part


Step: TypeAlias = LookUp | Page | Window


@dataclass(slots=True)
class Sweep:
    """One reading of the history, part by part.

    The order is the same each time, so that a meeting is seen again when as much time has passed as lies
    between two readings.
    """

    began: float
    parts: list[Part]

    def next_step(
        self, waiting: Sequence[FollowedMeeting], density: Density, *, fit: Fit, now: float, looks: bool
    ) -> Step | None:
        """What to ask next; None where nothing is left.

        `waiting` are followed meetings, by their starts, that have left the list of ongoing ones. `looks`
        False leaves the parts that are not read whole for later.
        """
        for part in list(self.parts):
            step: Step | None
            if part.whole:
                step = _next_window(part, density, fit=fit, now=now)
            elif looks:
                step = _next_look(part, [each for each in waiting if part.has(each)], density=density)
            else:
                continue
            if step is not None:
                return step
            self.parts.remove(part)
        return None


def _next_window(part: Part, density: Density, *, fit: Fit, now: float) -> Window | None:
    start, end = math.floor(part.start), min(part.end, math.floor(now) + 1)
    if start >= end:
        return None
    seconds = min(density.span(fit.pages), fit.seconds, READ_AGAIN, end - start)
    return Window(start, start + max(1, math.floor(seconds)), part)


def _next_look(part: Part, waiting: Sequence[FollowedMeeting], *, density: Density) -> LookUp | Page | None:
    """A page is as cheap as a look-up, and shows others; a look-up is lighter where it probably would not."""
    if not waiting:
        return None
    newest = waiting[-1]
    if len(waiting) == 1 or waiting[-2].start < newest.start - density.span(1):
        return LookUp(newest, part)
    return Page(math.floor(waiting[0].start), math.floor(newest.start) + 1, part)


def parts_to_read(
    watermark: float, waiting: Iterable[FollowedMeeting], *, density: Density, frontier: float, fresh: float
) -> list[Part]:
    """From the watermark to `frontier`, which it may not pass yet, and from `fresh` to now, all is read.

    What lies between was read whole before, and is read again when the frontier has come there. Where a
    meeting waits not farther before the watermark than half a page, reading begins there: that is cheaper
    than a look-up.
    """
    reach = min(LONGEST_REACH, density.half_page())
    begin = watermark
    for meeting in sorted(waiting, key=lambda each: each.start, reverse=True):
        if meeting.start < begin - reach:
            break
        begin = min(begin, meeting.start)
    begin = math.floor(begin)
    older = Part(-math.inf, begin, whole=False)
    frontier = max(begin, math.floor(frontier))
    if fresh <= frontier:
        return [older, Part(begin, math.inf, whole=True)]
    fresh = math.floor(fresh)
    return [
        Part(fresh, math.inf, whole=True),
        Part(frontier, fresh, whole=False),
        Part(begin, frontier, whole=True),
        older,
    ]


def fits_a_page(rows: float) -> bool:
    """True where all from the watermark to now, `rows` meetings, is read again at every run."""
    return rows <= PAGE_ROWS


def is_small(rows: float) -> bool:
    """True where a few requests a run must do for a domain with so many meetings since the watermark."""
    return rows <= SMALL_PAGES * PAGE_ROWS


def small_requests(interval: float) -> int | None:
    """The most requests in any minute for a small domain that is read every `interval` seconds.

    None for as many as any domain has: it is to be read each time that somebody scrapes.
    """
    return SMALL_REQUESTS * max(1, math.floor(MINUTE / interval)) if interval else None


def pause_after(rows: float) -> float:
    """Seconds from the beginning of a reading to that of the next: the larger the domain, the more."""
    return 0.0 if is_small(rows) else min(LONGEST_PAUSE, SECONDS_A_PAGE * rows / PAGE_ROWS)
