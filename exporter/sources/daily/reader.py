"""Reads parts of Daily's history within what one run may spend: requests, time, and rows of one window.

It knows paging and budgets, and not what is done with the meetings.
"""

import asyncio
import math
from typing import Final

from exporter import errors
from exporter.fetch import Fetcher
from exporter.model import Deadline, ListedMeeting, SourceObserver
from exporter.pauses import Pace
from exporter.sources.daily import history
from exporter.sources.daily.density import WINDOW_PAGES, Allowance, pages_of
from exporter.sources.daily.listing import ENDPOINT, Listing, MeetingLists, Query

LAST_SECOND: Final = 1.0
"""Seconds that must be left of a run for one more request to begin."""

REQUESTS_PER_SECOND: Final = 5.0
"""A quarter of Daily's limit for these endpoints, beside what the gauges ask at the same time."""

EVEN_OUT: Final = 0.5
"""Seconds for which a request waits until a minute has passed since an earlier one: runs that begin every
minute do not begin to the millisecond."""


class SpentError(Exception):
    """This run has used up its requests or its time; `begun` where that happened within a window."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("the requests or the time of this run are used up")
        self.begun = begun


class CrowdedError(Exception):
    """A window has more rows than this run can read; `rows` says how many."""

    def __init__(self, rows: int) -> None:
        super().__init__(f"{rows} meetings in one window")
        self.rows = rows


class HistoryReader:
    """The history of one domain; owns the allowance of requests."""

    def __init__(
        self, fetcher: Fetcher, observer: SourceObserver, *, per_minute: int, paced: bool = True
    ) -> None:
        """`paced` False leaves the vendor's pace to others: the reader's own is slower anyway."""
        self._lists = MeetingLists(fetcher, lambda body: history.history(body, observer.drifted), paced=paced)
        self.per_minute = per_minute
        self._allowance = Allowance(per_minute)
        self._pace = Pace(rate=REQUESTS_PER_SECOND, burst=1)
        self._seconds_a_page = 1 / REQUESTS_PER_SECOND
        self._deadline = Deadline(0.0)
        self._begun = 0.0
        self._most: int | None = None
        self._lacking: tuple[float, str | None] | None = None

    def begin(self, deadline: Deadline) -> None:
        """A new run begins, and has to be done by then."""
        self._deadline = deadline
        self._begun = _now()
        self._most = None

    def restrict(self, most: int | None) -> None:
        """Allow this run so many requests in any minute, those before it included; None for what is usual."""
        self._most = most

    def fit(self) -> int:
        """How many pages of one window this run may still ask for, as far as can be told."""
        in_time = (self._deadline.at - LAST_SECOND - _now()) / self._seconds_a_page + 1
        return max(0, min(WINDOW_PAGES, self.left(), int(in_time)))

    async def window(self, start: float, end: float, *, room: str | None = None) -> Listing[ListedMeeting]:
        """All meetings that began in [start, end), whole seconds, in that room or the whole domain.

        Raises `SpentError`, `CrowdedError` for more pages than fit (never for a room, or a single second),
        and `AnswerMisshapen` where the pages hold fewer meetings than Daily counts, twice: the second time
        may be in the next run, where this one has no request left for it.
        """
        query = (*_between(start, end), *((("room", room),) if room else ()))
        fit = self.fit() if room is None and end - start > 1 else math.inf
        while True:
            listing = await self._all_pages(query, fit)
            again = self._lacking == (start, room)
            if len(listing.meetings) >= listing.expected:
                self._lacking = None if again else self._lacking
                return listing
            self._lacking = start, room
            if again:
                raise errors.AnswerMisshapen(f"{ENDPOINT}: meetings are missing on the pages of a window")

    async def _all_pages(self, query: Query, fit: float) -> Listing[ListedMeeting]:
        listing: Listing[ListedMeeting] = Listing()
        while await self._page(listing, query):
            rows = max(listing.expected, len(listing.meetings))
            if pages_of(rows) > fit:
                raise CrowdedError(rows)
        return listing

    async def page(self, start: float, end: float) -> Listing[ListedMeeting]:
        """The last hundred, or all, of the meetings that began in [start, end); raises `SpentError`."""
        listing: Listing[ListedMeeting] = Listing()
        await self._page(listing, _between(start, end))
        return listing

    async def count(self, start: float, end: float) -> int:
        """How many meetings began in [start, end), as Daily counts them; raises `SpentError`."""
        listing: Listing[ListedMeeting] = Listing()
        await self._page(listing, (*_between(start, end), ("no_participants", "true")), limit=1)
        return listing.expected

    def left(self) -> int:
        """How many requests this run may send now."""
        return self._allowance.left(_now() + EVEN_OUT, most=self._most)

    def _wait(self) -> float:
        """Take the next place; gives the seconds until then."""
        wait = self._allowance.wait(_now(), most=self._most)
        return wait + self._pace.take(now=_now() + wait)

    async def _page(self, listing: Listing[ListedMeeting], query: Query, **limit: int) -> bool:
        """One more page; False where it was the last."""
        # What usually takes longer than there is time is not begun; but half a run is enough for anything.
        needed = max(LAST_SECOND, min(self._seconds_a_page, (self._deadline.at - self._begun) / 2))
        spare = self._deadline.at - needed - _now()
        if self.left() < 1 or spare < 0 or (wait := self._wait()) > spare:
            raise SpentError(begun=listing.pages > 0)
        await asyncio.sleep(wait)
        asked = _now()
        self._allowance.spend(asked)
        try:
            return await self._lists.turn(listing, query, deadline=self._deadline, **limit)
        finally:
            usual = (self._seconds_a_page + _now() - asked) / 2
            self._seconds_a_page = max(1 / REQUESTS_PER_SECOND, usual)


def _between(start: float, end: float) -> Query:
    return (("timeframe_start", str(math.floor(start))), ("timeframe_end", str(math.ceil(end))))


def _now() -> float:
    return asyncio.get_running_loop().time()
