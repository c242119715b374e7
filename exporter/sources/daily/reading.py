"""Reads the history up to now, again and again: one reading may take several runs.

`sweep` plans it; here its steps are taken, and what they cost is learned. It knows no ledger but through
`Books`.
"""

import math
from typing import Final

from exporter.errors import AnswerMisshapen, NotFound, RequestRefused
from exporter.model import FollowedMeeting, ListedMeeting
from exporter.sources.daily.books import Books, Run
from exporter.sources.daily.density import WINDOW_PAGES, Density, Fit, pages_of
from exporter.sources.daily.listing import Listing
from exporter.sources.daily.reader import CrowdedError, HistoryReader, SpentError
from exporter.sources.daily.sweep import (
    LISTED_WITHIN,
    LONGEST_PAUSE,
    READ_AGAIN,
    SMALL_REQUESTS,
    LookUp,
    Page,
    Part,
    Sweep,
    Window,
    fits_a_page,
    is_small,
    parts_to_read,
    pause_after,
    small_requests,
)
from exporter.sources.daily.wire import PAGE_ROWS

BEFORE_THE_START: Final = 60.0
"""Seconds before counting begins from which on the history is read, until the watermark moves: what began
then may have been listed since, and be over before anybody saw it in the list of ongoing meetings."""

ALONE: Final = 10
"""How many meetings that no page shows are looked for in one run at most."""


class Reading:
    """Owns the reading under way, and what is known of how dense the history is."""

    def __init__(self, reader: HistoryReader, books: Books, *, overlap: float, interval: float) -> None:
        """`overlap` is how many seconds late a meeting may be listed, `interval` how far runs are apart."""
        self._reader = reader
        self._books = books
        self._overlap = overlap
        self._small_requests = small_requests(interval)
        self._density = Density()
        self._longest = math.inf
        self._sweep: Sweep | None = None
        self._next = 0.0
        self._read_to = 0.0

    def restrict(self, run: Run) -> bool:
        """Keep to a small domain's few requests, if it is one; True where it is."""
        small = is_small(self._rows_to_now(run))
        self._reader.restrict(self._small_requests if small else None)
        return small

    def is_rested(self) -> bool:
        """True where all that one reading of a small domain may cost is left."""
        return self._reader.left() >= min(SMALL_REQUESTS, self._reader.per_minute)

    async def go_on(self, run: Run) -> None:
        """Read as far as this run may; raises `SpentError` where that was not all."""
        departed = [each for each in run.followed.values() if each.id not in run.ongoing]
        while self._sweep is not None or not run.now < self._next <= run.now + LONGEST_PAUSE:
            due = self._books.look_ups.due(departed, now=run.now)
            waiting = [each for each in due if self._is_on_a_page(run, each)]
            sweep = self._sweep or Sweep(run.now, self._parts(run, waiting))
            self._sweep = sweep
            await self._look_for_those_alone(run, [each for each in due if not self._is_on_a_page(run, each)])
            await self._read(run, sweep, waiting=waiting)
            if sweep.parts:
                # All to now is read again, before all that wait are found, one a run.
                sweep.parts = [*sweep.parts, *self._parts(run, waiting)[1:]]
                return
            self._sweep = None
            pause = pause_after(self._rows_to_now(run))
            self._next = sweep.began + pause
            self._books.forget_old(run.now)
            if not pause:
                return

    def _rows_to_now(self, run: Run) -> float:
        """How many meetings began since the watermark, as far as is known."""
        return self._density.rows_in(run.now - run.watermark)

    def _parts(self, run: Run, waiting: list[FollowedMeeting]) -> list[Part]:
        whole = fits_a_page(self._rows_to_now(run))
        at_the_start = run.watermark == run.state.counting_since
        return parts_to_read(
            run.watermark - BEFORE_THE_START if at_the_start else run.watermark,
            waiting,
            density=self._density,
            frontier=run.now - self._overlap,
            fresh=-math.inf if whole else self._read_to - LISTED_WITHIN,
        )

    def _is_on_a_page(self, run: Run, meeting: FollowedMeeting) -> bool:
        """True where pages of the whole domain show it, as far as can be told, and may be written down."""
        missed = self._books.look_ups.was_missed(meeting)
        return not missed and meeting.start >= run.watermark - READ_AGAIN

    def _may_look(self, run: Run) -> bool:
        """True unless that would take the request for what is read to now, where one is enough for that."""
        self.restrict(run)
        enough = min(SMALL_REQUESTS, self._reader.per_minute)
        return self._reader.fit() >= enough or not fits_a_page(self._rows_to_now(run))

    async def _look_for_those_alone(self, run: Run, alone: list[FollowedMeeting]) -> None:
        for meeting in alone[:ALONE]:
            if not self._may_look(run):
                return
            await self._look_up(run, meeting)

    async def _read(self, run: Run, sweep: Sweep, *, waiting: list[FollowedMeeting]) -> None:
        while True:
            looks = self._may_look(run)
            fit = Fit(max(1, self._reader.fit()), self._longest)
            step = sweep.next_step(waiting, self._density, fit=fit, now=run.now, looks=looks)
            match step:
                case None:
                    return
                case LookUp():
                    await self._look_up(run, step.meeting)
                    step.part.end = step.meeting.start
                case Page():
                    waiting = await self._read_page(run, step, waiting=waiting)
                case _:
                    waiting = await self._read_window(run, step, waiting=waiting)

    async def _look_up(self, run: Run, meeting: FollowedMeeting) -> None:
        start, end = self._books.look_ups.window(meeting)
        room = self._books.look_ups.room(meeting)
        try:
            listing = await self._reader.window(start, end, room=room)
        except (NotFound, RequestRefused):
            if room is None:
                raise
            self._books.look_ups.refused(meeting, now=run.now)
            return
        except AnswerMisshapen as fault:
            # It fails the run, and holds up nothing else.
            run.fault = fault
            self._books.look_ups.goes_on(meeting, now=run.now)
            return
        except CrowdedError as crowded:
            if pages_of(crowded.rows) <= WINDOW_PAGES:
                # Another run may have room for it; this one has for others.
                self._books.look_ups.goes_on(meeting, now=run.now)
                return
            listing = Listing(moment=run.now, until=run.now)
        await self._books.look_up(run, listing, meeting=meeting)

    async def _read_page(
        self, run: Run, page: Page, *, waiting: list[FollowedMeeting]
    ) -> list[FollowedMeeting]:
        """Whoever waits and is not older than the oldest row would be on the page; gives the others."""
        listing = await self._reader.page(page.start, page.end)
        since = page.start if _is_all(listing) else _oldest_second(listing, page.end - 1) + 1
        self._density.note(len(listing.meetings), page.end - since)
        awaited = [each for each in waiting if since <= each.start < page.end or each.id in listing.meetings]
        await self._books.window(run, listing, waiting=awaited)
        # More than a page may have begun in one second.
        page.part.end = min(since, page.end - 1)
        return _without(waiting, awaited)

    async def _read_window(
        self, run: Run, window: Window, *, waiting: list[FollowedMeeting]
    ) -> list[FollowedMeeting]:
        """Read a window, and move the watermark with it where it is next; gives those who wait elsewhere."""
        seconds = window.end - window.start
        try:
            listing = await self._reader.window(window.start, window.end)
        except CrowdedError as crowded:
            self._density.replace(crowded.rows, seconds)
            self._longest = max(1.0, seconds / 2)
            return waiting
        except SpentError as spent:
            self._longest = max(1.0, seconds / 2) if spent.begun else self._longest
            raise
        self._longest = math.inf
        self._density.note(len(listing.meetings), seconds)
        awaited = [each for each in waiting if window.start <= each.start < window.end]
        await self._books.window(run, listing, waiting=awaited, watermark=self._watermark(run, window))
        window.part.start = window.end
        if window.part.end == math.inf:
            self._read_to = window.end
        return _without(waiting, awaited)

    def _watermark(self, run: Run, window: Window) -> float | None:
        """Up to where all is known once the window is written down; None where it is not next to that."""
        if window.start > run.watermark:
            return None
        return max(run.watermark, min(window.end, math.floor(run.now - self._overlap)))


def _is_all(listing: Listing[ListedMeeting]) -> bool:
    """True where the one page that was read has all there is."""
    rows = len(listing.meetings)
    return rows >= listing.expected if listing.expected else rows < PAGE_ROWS


def _oldest_second(listing: Listing[ListedMeeting], otherwise: int) -> int:
    return math.floor(min((each.start for each in listing.meetings.values()), default=otherwise))


def _without(waiting: list[FollowedMeeting], found: list[FollowedMeeting]) -> list[FollowedMeeting]:
    ids = {each.id for each in found}
    return [each for each in waiting if each.id not in ids]
