"""Which meetings are going on: `GET /meetings?ongoing=true`, all pages.

Daily lists a meeting only after someone was alone for 30 s or a second one joined, so `/presence` may show
people of whom this knows nothing. While a meeting goes on its `duration` is unreliable: its age is now −
`start_time`.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from exporter.config import BucketSettings
from exporter.distribution import distribute_known
from exporter.fetch import Fetcher
from exporter.model import Collector, Deadline, OngoingMeetings, Partial, SourceObserver
from exporter.rooms import RoomRules, choose_room_starts
from exporter.sources.daily import wire
from exporter.sources.daily.listing import ENDPOINT, Listing, MeetingLists

QUERY: Final = (("ongoing", "true"), ("no_participants", "true"))

RECENT: Final = 60.0
"""Seconds; a list as old as that tells well enough who has left, and need not be asked for again."""

LONG_PAGES: Final = 10
"""A list of more pages takes seconds to read …"""

STILL_RECENT: Final = 120.0
"""… so that one as old as that will do."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One list, and when it was asked for and complete, in the loop's time."""

    listing: Listing[wire.Meeting]
    begun: float
    done: float


class OngoingList:
    """The list of ongoing meetings, read once for all who want it at the same pull."""

    def __init__(self, fetcher: Fetcher, observer: SourceObserver) -> None:
        self._lists = MeetingLists(fetcher, lambda body: wire.meetings(body, observer.drifted))
        self._turn = asyncio.Lock()
        self._last: _Reading | None = None

    async def read(self, deadline: Deadline, *, at_most_old: float = 0.0) -> Listing[wire.Meeting]:
        """The list as it is now, or was at most so many seconds ago; a reading under way is waited for."""
        return (await self._read(deadline, at_most_old=at_most_old)).listing

    async def recent(self, deadline: Deadline) -> tuple[Listing[wire.Meeting], float]:
        """A list that is new enough to tell who has left, and now by the earlier clock (Unix seconds).

        Nobody waits for a long list that is being read: the last one does, and the time of the run is left.
        """
        loop = asyncio.get_running_loop()
        last = self._last
        if last is None or last.listing.pages <= LONG_PAGES or last.begun < loop.time() - STILL_RECENT:
            last = await self._read(deadline, at_most_old=RECENT)
        return last.listing, last.listing.until + loop.time() - last.done

    async def _read(self, deadline: Deadline, *, at_most_old: float) -> _Reading:
        loop = asyncio.get_running_loop()
        called, under_way = loop.time(), self._turn.locked()
        async with self._turn:
            last = self._last
            if last and (last.begun >= called - at_most_old or (under_way and last.done >= called)):
                return last
            begun = loop.time()
            listing = await self._lists.read(QUERY, deadline=deadline)
            self._last = _Reading(listing, begun, loop.time())
            return self._last


class MeetingsCollector(Collector):
    """The meetings that have people in them."""

    name = "meetings"
    endpoint = ENDPOINT

    def __init__(self, ongoing: OngoingList, rules: RoomRules, *, buckets: BucketSettings) -> None:
        self._ongoing = ongoing
        self._rules = rules
        self._buckets = buckets

    async def collect(self, deadline: Deadline) -> Partial:
        """Read all pages."""
        return Partial(self._tally(await self._ongoing.read(deadline)))

    def _tally(self, listing: Listing[wire.Meeting]) -> OngoingMeetings:
        ongoing = [meeting for meeting in listing.meetings.values() if meeting.ongoing]
        ages = [listing.moment - meeting.start for meeting in ongoing if meeting.start is not None]
        starts: dict[str, float] = {}
        for meeting in ongoing:
            if meeting.room is not None and meeting.start is not None:
                starts[meeting.room] = min(meeting.start, starts.get(meeting.room, meeting.start))
        return OngoingMeetings(
            meetings=len(ongoing),
            ages=distribute_known(ages, self._buckets.of("meeting_age_seconds"), of=len(ongoing)),
            room_starts=choose_room_starts(starts, self._rules),
        )
