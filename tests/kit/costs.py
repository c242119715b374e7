"""An exporter before a long history: the real source, collection and ledger, scraped on a virtual clock.

Writes down what each scrape gave and took, and compares what was counted with what the history holds. Knows
`LongHistory`, and of the exporter how a source is made and what its ledger is told.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from exporter.collect import Collection
from exporter.config import BucketSettings, LedgerSettings
from exporter.ledger import Layout, Ledger, SourceLedger
from exporter.ledger.store import SEEN_SECONDS
from exporter.model import Answer, EndedMeetings, Facts, LedgerEntry, MeetingLedger
from exporter.sources import daily
from tests.kit.clock import START, WALL_START, WallClock, loop_time
from tests.kit.observer import Heard, Runs
from tests.kit.rig import ENDED, SECONDS, daily_settings, make_fetcher

if TYPE_CHECKING:
    from collections.abc import Collection as AnyOf
    from collections.abc import Iterable

    from tests.kit.ledger import MemoryLedger
    from tests.kit.longhistory import LongHistory, Row

SOON: Final = 900.0
"""Seconds after its end in which a meeting is counted."""

EVERY: Final = 15.0
"""Seconds from one scrape to the next."""


@dataclass(frozen=True, slots=True)
class Scraped:
    """What a scrape gave: its beginning (the loop's time), each collector's answer, the ledger's figures."""

    at: float
    answers: dict[str, Answer[Facts]]
    figures: EndedMeetings

    @property
    def took(self) -> dict[str, float]:
        """How many seconds each collector took."""
        return {name: answer.seconds for name, answer in self.answers.items()}


class Exporter:
    """One process: a Daily source with all that is asked of it, before that domain, with that ledger."""

    def __init__(self, domain: LongHistory, ledger: MeetingLedger, **settings: Any) -> None:
        source, wall = daily_settings(meetings=True), WallClock()
        self.heard, self.runs = Heard(), Runs()
        self.fetcher = make_fetcher(domain, daily.vendor(source), observer=self.heard, wall=wall)
        self.source = daily.DailySource(
            source,
            self.fetcher,
            buckets=BucketSettings(),
            observer=self.heard,
            ledger=ledger,
            ledger_settings=LedgerSettings(**settings),
        )
        self._collection = Collection([self.source], min_interval=10.0, observer=self.runs, wall=wall)

    async def scrape(self, seconds: float = SECONDS) -> Scraped:
        """Scrape once, with so many seconds for the collectors."""
        at = loop_time()
        seen = (await self._collection.pull(at + seconds)).sources[0].collectors
        figures = next(each.kept for each in seen if each.collector == ENDED)
        assert isinstance(figures, EndedMeetings)
        return Scraped(at, {each.collector: each.answer for each in seen}, figures)

    async def scrapes(self, until: float, *, every: float = EVERY, seconds: float = SECONDS) -> list[Scraped]:
        """Scrape now and so often until then (the loop's time)."""
        found = []
        while loop_time() < until - 0.001:
            found.append(await self.scrape(seconds))
            await asyncio.sleep(found[-1].at + every - loop_time())
        return found

    def failures(self) -> list[tuple[str, str]]:
        """The collector and the reason of each run that failed."""
        return [(name, str(answer.reason)) for _, name, answer in self.runs.runs if not answer.success]


def wall_at(moment: float) -> float:
    """The Unix time of a moment of the loop's."""
    return WALL_START + moment - START


def wall() -> float:
    """The Unix time now."""
    return wall_at(loop_time())


class Recording(SourceLedger):
    """The real ledger of one source, which remembers what it was told to write down."""

    def __init__(self, ledger: Ledger) -> None:
        buckets = BucketSettings()
        layout = Layout(
            buckets.join_duration_seconds, buckets.meeting_duration_seconds, buckets.meeting_peak_participants
        )
        super().__init__(ledger, "video", layout=layout, since=None)
        self.entries: list[LedgerEntry] = []

    async def record(self, entry: LedgerEntry) -> int:
        self.entries.append(entry)
        return await super().record(entry)


def lags(ledger: MemoryLedger, ended: Iterable[Row]) -> list[float]:
    """How long after its end each of the meetings was counted, of those that were, in their order."""
    at = ledger.counted_at
    return sorted(wall_at(at[row.id]) - row.end for row in ended if row.id in at)


async def hold_to_the_truth(ledger: MeetingLedger, domain: LongHistory) -> int:
    """All that ended is counted, but for what ended just now; once each, with its stays. Gives how much."""
    figures, state = await ledger.figures(), await ledger.state(now=wall())
    assert figures is not None
    ended = domain.ended(figures.counting_since, end=wall())
    known, followed = await ledger.known(ended), {each.id for each in state.followed}
    forgotten = state.watermark - SEEN_SECONDS
    counted = [row for row in ended.values() if row.id in known or row.start < forgotten]
    assert followed.isdisjoint(row.id for row in counted)
    missing = [ended[each] for each in ended.keys() - {row.id for row in counted}]
    # The vendor's clock tells whole seconds, so that nobody knows of what ended in the first.
    assert [row for row in missing if figures.counting_since + 1 <= row.end < wall() - SOON] == []
    assert figures.durations.count == figures.peaks.count == len(counted)
    assert figures.durations.total == sum(row.seconds for row in counted)
    assert figures.stays.count == figures.peaks.total == sum(len(row.stays) for row in counted)
    assert figures.stays.total == sum(sum(row.stays) for row in counted)
    assert (figures.late, figures.abandoned, figures.gap_seconds) == (0, 0, 0.0)
    return len(counted)


def owned(root: object, *, without: AnyOf[object]) -> int:
    """Bytes of all that an object keeps, as far as it is data; what is in `without` is somebody else's."""
    seen = {id(each) for each in without}
    waiting, size = [root], 0
    while waiting:
        each = waiting.pop()
        skipped = (type, ModuleType, FunctionType, BuiltinFunctionType, asyncio.AbstractEventLoop)
        if id(each) in seen or isinstance(each, skipped):
            continue
        seen.add(id(each))
        size += sys.getsizeof(each)
        waiting += gc.get_referents(each)
    return size
