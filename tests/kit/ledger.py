"""A ledger in memory, by hand: obeys the Protocol, and writes down what it is told.

Knows the values of the model and how they are counted, no database; what `SourceLedger` does in SQL is done
here with dictionaries.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from exporter.config import BucketSettings
from exporter.counting import JOIN, MEETING, PEAK, Addition, distribution
from exporter.errors import LedgerUnavailable
from exporter.model import (
    EndedMeetings,
    FollowedMeeting,
    LedgerEntry,
    LedgerState,
    ListedMeeting,
)
from tests.kit.clock import loop_time

PRUNED_AFTER: Final = 7 * 86400.0
DAY: Final = 86400.0


@dataclass(slots=True)
class MemoryLedger:
    """One source's memory; `broken` makes every call fail, `since` begins the counting so much earlier.

    `counted_at` has the loop's time of each counting, and `entries` all that was recorded.
    """

    since: float | None = None
    broken: LedgerUnavailable | None = None
    started: LedgerState | None = None
    following: dict[str, FollowedMeeting] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    added: Addition = field(default_factory=Addition)
    counted_at: dict[str, float] = field(default_factory=dict)
    entries: list[LedgerEntry] = field(default_factory=list)
    late: int = 0
    abandoned: int = 0
    gap_seconds: float = 0.0
    pruned_to: float = 0.0

    async def state(self, *, now: float) -> LedgerState:
        self._usable()
        if self.started is None:
            start = now if self.since is None else now - self.since
            watermark = start if self.since is None else start - DAY
            self.started = LedgerState(start, watermark, now, None, ())
        followed = sorted(self.following.values(), key=lambda each: (each.start, each.id))
        return replace(self.started, followed=tuple(followed))

    async def known(self, ids: Collection[str]) -> frozenset[str]:
        self._usable()
        return frozenset(each for each in ids if each in self.seen)

    async def known_between(self, start: float, *, end: float) -> int:
        self._usable()
        starts = [*self.seen.values(), *(each.start for each in self.following.values())]
        return sum(start <= each < end for each in starts)

    async def name_domain(self, domain: str) -> str:
        if self.begun.domain is None:
            self.started = replace(self.begun, domain=domain)
        return self.begun.domain or ""

    async def record(self, entry: LedgerEntry) -> int:
        state = self.begun
        self.entries.append(entry)
        decided = {each.id: each.start for each in entry.count} | dict(entry.skip)
        entered = decided.keys() - self.seen.keys()
        counted = [each for each in entry.count if each.id in entered]
        self.seen.update((each, decided[each]) for each in entered)
        for each in (*decided, *entry.abandon):
            self.following.pop(each, None)
        found = entered | self._follow(entry.follow)
        for meeting in counted:
            self.added.add(meeting)
            self.counted_at[meeting.id] = loop_time()
        self._note_unseen(entry)
        self.late += len(found) if entry.late else 0
        self.abandoned += len(entry.abandon)
        self.gap_seconds += entry.gap_seconds
        watermark = max(state.watermark, entry.watermark or 0.0)
        self.started = replace(state, watermark=watermark, active_at=entry.now)
        self._prune(watermark - PRUNED_AFTER)
        return len(counted)

    async def figures(self) -> EndedMeetings | None:
        self._usable()
        if self.started is None:
            return None
        bounds, numbers = BucketSettings(), self._numbers()
        return EndedMeetings(
            stays=distribution(
                numbers[JOIN], bounds.join_duration_seconds, total=self.added.join_milliseconds / 1000
            ),
            durations=distribution(
                numbers[MEETING],
                bounds.meeting_duration_seconds,
                total=self.added.meeting_milliseconds / 1000,
            ),
            peaks=distribution(
                numbers[PEAK], bounds.meeting_peak_participants, total=self.added.peak_participants
            ),
            counting_since=self.started.counting_since,
            watermark=self.started.watermark,
            pending=len(self.following),
            persistent=False,
            late=self.late,
            abandoned=self.abandoned,
            gap_seconds=self.gap_seconds,
        )

    @property
    def begun(self) -> LedgerState:
        """The state, once there is one."""
        self._usable()
        assert self.started is not None, "recorded before the first state"
        return self.started

    @property
    def counted(self) -> int:
        """How many meetings with a duration entered the histograms."""
        return sum(self._numbers()[MEETING].values())

    def _usable(self) -> None:
        if self.broken is not None:
            raise self.broken

    def _prune(self, horizon: float) -> None:
        """Now and then, or a long history would be looked through at each entry."""
        if horizon - self.pruned_to > PRUNED_AFTER / 100:
            self.pruned_to = horizon
            self.seen = {each: start for each, start in self.seen.items() if start >= horizon}

    def _follow(self, meetings: Collection[ListedMeeting]) -> set[str]:
        wanted = {each.id: each for each in meetings if each.id not in self.seen}
        new = wanted.keys() - self.following.keys()
        self.following.update(
            (each.id, FollowedMeeting(each.id, each.room, each.start)) for each in wanted.values()
        )
        return new

    def _note_unseen(self, entry: LedgerEntry) -> None:
        for each in entry.unseen:
            known = self.following.get(each)
            if known is not None and known.unseen_since is None:
                self.following[each] = replace(known, unseen_since=entry.now)
        again = [known for each in entry.seen_again if (known := self.following.get(each)) is not None]
        self.following.update((each.id, replace(each, unseen_since=None)) for each in again)

    def _numbers(self) -> dict[str, dict[int, int]]:
        numbers: dict[str, dict[int, int]] = {JOIN: {}, MEETING: {}, PEAK: {}}
        for (family, value), number in self.added.numbers.items():
            numbers[family][value] = number
        return numbers
