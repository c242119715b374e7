"""Reads Daily's history of long ago, oldest first and with patience: nobody waits for it as for a scrape.

A window is as wide as some pages of its meetings; a page that fails is asked for again for minutes. It knows
windows and waits, and not what is done with the meetings. How fast it may ask is the fetcher's matter, where
every request waits for its turn.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from exporter import errors
from exporter.fetch import Fetcher
from exporter.fetch.patience import ATTEMPTS
from exporter.model import Deadline, ListedMeeting, SourceObserver
from exporter.sources.daily import history
from exporter.sources.daily.listing import ENDPOINT, Listing, MeetingLists, Query

log = structlog.get_logger(__name__)

WIDEST: Final = 7 * 86400
"""Seconds of the widest window, however few meetings there are: each one is a step that is kept."""

WANTED: Final = 850
"""How many meetings a window is meant to have: nine pages, of which the last is not full."""

MOST: Final = 1000
"""A window with more is cut."""

PATIENCE: Final = 60.0
"""Seconds that a page may take, beside those in which its requests wait for their turn."""

TRIES: Final = 6
"""How often in a row a page may fail, each time with the fetcher's own retries."""

FIRST_WAIT: Final = 15.0
"""Seconds until a page is asked for again; they double with each failure in a row."""

_MAY_PASS: Final = (
    errors.RateLimited,
    errors.ServerFailed,
    errors.ConnectionFailed,
    errors.DeadlinePassed,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Every meeting that began in [start, end), as it was listed at `moment`; all in Unix seconds."""

    start: int
    end: int
    moment: float
    meetings: tuple[ListedMeeting, ...]


class PastReader:
    """The history of one domain, window by window; learns how wide a window may be."""

    def __init__(self, fetcher: Fetcher, observer: SourceObserver, *, per_minute: float) -> None:
        """`per_minute` is how many requests the fetcher lets through."""
        self._lists = MeetingLists(fetcher, lambda body: history.history(body, observer.drifted))
        self._patience = PATIENCE + ATTEMPTS * 60 / per_minute
        self._span = WIDEST

    async def read(self, start: int, *, until: int) -> Stretch:
        """The whole window that begins at `start`; it ends at `until` at the latest.

        Raises `UpstreamError`: at once where asking again cannot help, or after some minutes of failures.
        """
        while True:
            end = min(until, start + max(1, self._span))
            listing = await self._list(start, end)
            rows = max(listing.expected, len(listing.meetings))
            self._span = min(WIDEST, (end - start) * WANTED // rows) if rows else WIDEST
            if not _is_cut(listing, start, end=end):
                return Stretch(start, end, listing.moment, tuple(listing.meetings.values()))

    async def _list(self, start: int, end: int) -> Listing[ListedMeeting]:
        """The listing of a window, whole or found to be too long."""
        query = (("timeframe_start", str(start)), ("timeframe_end", str(end)))
        for _ in range(2):
            listing: Listing[ListedMeeting] = Listing()
            while await self._turn(listing, query):
                if _is_cut(listing, start, end=end):
                    return listing
            if len(listing.meetings) >= listing.expected:
                return listing
        raise errors.AnswerMisshapen(f"{ENDPOINT}: meetings are missing on the pages of a window")

    async def _turn(self, listing: Listing[ListedMeeting], query: Query) -> bool:
        """One more page, whatever passes; False where it was the last."""
        wait = FIRST_WAIT
        for _ in range(TRIES - 1):
            try:
                return await self._ask(listing, query)
            except _MAY_PASS as error:
                log.warning("reading failed, and is tried again", reason=str(error.reason), detail=str(error),
                            seconds=wait)  # fmt: skip
            await asyncio.sleep(wait)
            wait *= 2
        return await self._ask(listing, query)

    async def _ask(self, listing: Listing[ListedMeeting], query: Query) -> bool:
        deadline = Deadline(asyncio.get_running_loop().time() + self._patience)
        try:
            async with asyncio.timeout_at(deadline.at):
                return await self._lists.turn(listing, query, deadline=deadline)
        except TimeoutError as error:
            seconds = round(self._patience)
            raise errors.DeadlinePassed(f"{ENDPOINT}: no answer within {seconds} s") from error


def _is_cut(listing: Listing[ListedMeeting], start: int, *, end: int) -> bool:
    """True where the window has more than should be read at once, and can be shorter."""
    return max(listing.expected, len(listing.meetings)) > MOST and end - start > 1
