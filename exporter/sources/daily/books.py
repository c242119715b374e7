"""What one run knows, and how it writes into the ledger what a window of the history showed.

One window is one transaction. It knows the ledger as a Protocol, and no request.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from exporter.counting import Sights, judge
from exporter.errors import AnswerMisshapen
from exporter.model import (
    FollowedMeeting,
    LedgerEntry,
    LedgerState,
    ListedMeeting,
    MeetingLedger,
    SourceObserver,
)
from exporter.sources.daily import history
from exporter.sources.daily.listing import Listing
from exporter.sources.daily.lookups import LookUps
from exporter.sources.daily.sweep import READ_AGAIN

DAY: Final = 86400.0


@dataclass(slots=True)
class Run:
    """One run: what the ledger had at its beginning, what is going on, and the moment.

    `watermark` moves with what is written; `fault` is what was wrong with an answer that could be passed by.
    """

    state: LedgerState
    now: float
    ongoing: Collection[str]
    watermark: float
    followed: Mapping[str, FollowedMeeting]
    fault: AnswerMisshapen | None = None
    before: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Join what is going on and what is followed: all of it was seen before."""
        self.before = frozenset((*self.ongoing, *self.followed))


class Books:
    """Writes windows down; remembers what was seen of meetings that have not settled."""

    def __init__(self, ledger: MeetingLedger, settle: float, *, observer: SourceObserver) -> None:
        self._ledger = ledger
        self._observer = observer
        self._sights = Sights(settle)
        self.look_ups = LookUps(settle)

    async def window(
        self,
        run: Run,
        listing: Listing[ListedMeeting],
        *,
        waiting: Sequence[FollowedMeeting],
        watermark: float | None = None,
    ) -> None:
        """Write down a window of the whole domain, and move the watermark with it.

        `waiting` were to be in the window. What began before the ledger's memory is not looked at, unless it
        is followed: it may have been counted and forgotten.
        """
        run.watermark = max(run.watermark, watermark or 0.0)
        oldest = run.watermark - READ_AGAIN
        meetings = [
            each for each in listing.meetings.values() if each.start >= oldest or each.id in run.followed
        ]
        entry = await self._judged(run, meetings, seen=listing)
        entry = self._with_waiting(entry, listing, waiting=waiting)
        await self._record(replace(entry, watermark=watermark))

    async def look_up(self, run: Run, listing: Listing[ListedMeeting], *, meeting: FollowedMeeting) -> None:
        """Write down what became of one meeting; what else its room had is read by others."""
        found = [each for each in listing.meetings.values() if each.id == meeting.id]
        entry = await self._judged(run, found, seen=listing)
        await self._record(self._with_waiting(entry, listing, waiting=[meeting]))

    async def late(self, run: Run, listing: Listing[ListedMeeting]) -> None:
        """Write down what an audit's window has that nobody knew; what is followed is no news."""
        meetings = [each for each in listing.meetings.values() if each.id not in run.followed]
        entry = await self._judged(run, meetings, seen=listing)
        await self._record(replace(entry, late=True))

    def forget_old(self, now: float) -> None:
        """Drop sights of a day ago: such meetings have vanished."""
        self._sights.forget_before(now - DAY)

    async def _judged(
        self, run: Run, meetings: Collection[ListedMeeting], *, seen: Listing[ListedMeeting]
    ) -> LedgerEntry:
        entry = judge(
            meetings,
            known=await self._ledger.known([each.id for each in meetings]),
            # What was seen going on has to be seen twice after its end, however long ago that is told to be.
            followed=run.before,
            sights=self._sights,
            counting_since=run.state.counting_since,
            now=seen.moment,
            until=seen.until,
        )
        return replace(entry, follow=tuple(each for each in entry.follow if _is_news(run, each)))

    def _with_waiting(
        self, entry: LedgerEntry, listing: Listing[ListedMeeting], *, waiting: Sequence[FollowedMeeting]
    ) -> LedgerEntry:
        """The entry, with what is to be said of those that were looked for."""
        unseen: list[str] = []
        abandon: list[str] = []
        seen_again: list[str] = []
        for meeting in waiting:
            found = listing.meetings.get(meeting.id)
            if found is None:
                given_up = self.look_ups.missed(meeting, now=entry.now)
                (abandon if given_up else unseen).append(meeting.id)
                continue
            if found.ongoing:
                self.look_ups.goes_on(meeting, now=entry.now)
            else:
                self.look_ups.ended(meeting, now=entry.now)
            if meeting.unseen_since is not None:
                seen_again.append(meeting.id)
        return replace(entry, unseen=tuple(unseen), abandon=tuple(abandon), seen_again=tuple(seen_again))

    async def _record(self, entry: LedgerEntry) -> None:
        if entry == LedgerEntry(entry.now, late=entry.late):
            return
        await self._ledger.record(entry)
        decided = [*(each.id for each in entry.count), *(each for each, _ in entry.skip)]
        self._sights.forget(decided)
        alone = sum(each.stays is None for each in entry.count)
        self._observer.drifted(history.PARTICIPANTS, alone)


def _is_news(run: Run, meeting: ListedMeeting) -> bool:
    known = run.followed.get(meeting.id)
    return known is None or (known.start, known.room) != (meeting.start, meeting.room)
