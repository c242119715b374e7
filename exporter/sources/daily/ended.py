"""Every ended meeting, once: reads Daily's history by the ledger's rules and writes down what it finds.

Daily lists meetings by start, newest first, changes them until they end, and says nothing when they do. So
ongoing ones are followed by id (here), the history is read oldest first up to a watermark that only a
complete window moves (`reading`), and the last day is counted again (`recount`). It knows the ledger as a
Protocol, and no database.
"""

from collections.abc import Collection
from contextlib import suppress

from exporter.config import LedgerSettings
from exporter.fetch import Fetcher
from exporter.model import (
    Collector,
    Deadline,
    Facts,
    LedgerEntry,
    ListedMeeting,
    MeetingLedger,
    Partial,
    SourceObserver,
)
from exporter.sources.daily import history, wire
from exporter.sources.daily.books import Books, Run
from exporter.sources.daily.domain import DomainGuard
from exporter.sources.daily.listing import ENDPOINT
from exporter.sources.daily.meetings import OngoingList
from exporter.sources.daily.reader import HistoryReader, SpentError
from exporter.sources.daily.reading import Reading
from exporter.sources.daily.recount import Recount


class EndedMeetingsCollector(Collector):
    """Reads on where the ledger is; owns what a restart may forget: sights, turns, the reading under way."""

    name = "ended_meetings"
    endpoint = ENDPOINT

    def __init__(
        self,
        fetcher: Fetcher,
        ongoing: OngoingList,
        *,
        ledger: MeetingLedger,
        settings: LedgerSettings,
        observer: SourceObserver,
    ) -> None:
        self.interval = settings.interval
        self._ongoing = ongoing
        self._ledger = ledger
        self._settings = settings
        self._domain = DomainGuard(fetcher, ledger)
        per_minute = settings.requests_per_minute
        self._reader = HistoryReader(fetcher, observer, per_minute=per_minute, paced=False)
        books = Books(ledger, settings.settle, observer=observer)
        self._reading = Reading(self._reader, books, overlap=settings.overlap, interval=settings.interval)
        self._recounted = False
        self._recount = Recount(self._reader, books, ledger=ledger, catch_up=settings.catch_up)

    async def kept(self) -> Facts | None:
        """What was counted up to the ledger's last commit; raises `LedgerUnavailable`."""
        return await self._ledger.figures()

    async def collect(self, deadline: Deadline) -> Partial:
        """Read on as far as requests and time allow; not to be done yet is no failure."""
        listing, now = await self._ongoing.recent(deadline)
        state = await self._ledger.state(now=now)
        await self._domain.check(state, now=now, deadline=deadline)
        run = Run(
            state,
            now,
            ongoing={each.id for each in listing.meetings.values() if each.ongoing},
            watermark=state.watermark,
            followed={each.id: each for each in state.followed},
        )
        await self._skip_gap(run)
        await self._follow(run, listing.meetings.values())
        self._reader.begin(deadline)
        small = self._reading.restrict(run)
        if small and not self._reading.is_rested():
            # It is read no more often than is wished, however often this runs: with less than all of its few
            # requests the audit and the look-ups would never have their turn.
            return Partial(None)
        # Of a small domain's few requests one is left for these: the audit and the look-ups take turns.
        self._recounted = not (small and self._recounted) and await self._recount.go_on(run, small=small)
        with suppress(SpentError):
            await self._reading.go_on(run)
        return Partial(None, run.fault)

    async def _skip_gap(self, run: Run) -> None:
        """What lies before `catch_up` when an outage ends is not read, and said to be missing."""
        earliest = run.now - max(self._settings.catch_up, self._settings.overlap)
        if run.state.active_at < earliest and run.watermark < earliest:
            gap = earliest - run.watermark
            await self._ledger.record(LedgerEntry(run.now, watermark=earliest, gap_seconds=gap))
            run.watermark = earliest

    async def _follow(self, run: Run, listed: Collection[wire.Meeting]) -> None:
        """Follow every ongoing meeting, under the start and the room that it is listed with now."""
        news: list[ListedMeeting] = []
        for each in listed:
            if not each.ongoing or each.start is None or not history.is_id(each.id):
                continue
            known = run.followed.get(each.id)
            room = history.room_name(each.room)
            if known is None or (known.start, known.room, known.unseen_since) != (each.start, room, None):
                news.append(ListedMeeting(each.id, room, each.start, ongoing=True))
        if news:
            await self._ledger.record(LedgerEntry(run.now, follow=tuple(news)))
