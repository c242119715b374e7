"""Catching up after a weekend: in time, oldest first, over a restart, and at nobody else's cost.

The real source, collection and ledger (SQLite) before a simulated history, on a virtual clock.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from exporter.config import LedgerSettings
from exporter.ledger import Ledger
from exporter.model import LedgerEntry, MeetingLedger
from tests.kit.clock import START, WALL_START, WallClock, loop_time, run_virtual
from tests.kit.costs import Exporter, Recording, Scraped, hold_to_the_truth, wall_at
from tests.kit.ledger import MemoryLedger
from tests.kit.logs import caught_log
from tests.kit.longhistory import LongHistory, meetings, most_within
from tests.kit.rig import ENDED, SECONDS
from tests.kit.threads import Inline

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE: Final = 60.0
HOUR: Final = 3600.0

OVERLAP: Final = LedgerSettings().overlap
MOST: Final = LedgerSettings().requests_per_minute

WEEKEND: Final = 60 * HOUR
"""Seconds for which the exporter is away …"""

BEFORE: Final = HOUR
"""… after it ran for so long."""

BACK: Final = START + BEFORE + WEEKEND
"""The loop's time when it is back."""

RESTART: Final = BACK + 4 * MINUTE
"""When it is replaced by a new process, in the middle of what it has to catch up with.

That is a minute after its last run, since a process knows only its own requests.
"""

STEADY: Final = (0.08, 0.08)
"""Where two histories are compared, each answer takes as long as any other."""


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """There are tens of thousands of requests, and each has a line."""
    with caught_log("error"):
        yield


@dataclass(slots=True)
class Monday:
    """The first half hour after a weekend in which 30,000 meetings began; after some minutes with a restart.

    `runs` are those of the scrapes that began a run of the reading.
    """

    domain: LongHistory
    scraped: list[Scraped] = field(default_factory=list)
    counted: int = 0

    async def play(self, before: MeetingLedger, after: MeetingLedger) -> None:
        """Scrape; the ledger is opened anew by the second process."""
        for ledger, until in ((before, RESTART), (after, BACK + 30 * MINUTE)):
            exporter = Exporter(self.domain, ledger)
            self.scraped += await exporter.scrapes(until)
            assert exporter.failures() == []
        self.counted = await hold_to_the_truth(after, self.domain)

    @property
    def runs(self) -> list[Scraped]:
        found = self.scraped[:1]
        for each in self.scraped[1:]:
            if each.answers[ENDED] is not found[-1].answers[ENDED]:
                found.append(each)
        return found


def weekend() -> LongHistory:
    """500 meetings an hour, and ten times as many on Monday, whose list is long enough to be read beside."""
    drawn = meetings(WALL_START - 5 * HOUR, wall_at(BACK + HOUR), per_hour=500)
    monday = meetings(wall_at(BACK - HOUR / 2), wall_at(BACK + HOUR), per_hour=4500, seed=8)
    return LongHistory([*drawn, *monday], clock=WallClock(), takes=STEADY)


@pytest.fixture(scope="module")
def without_backlog() -> Monday:
    """The same Monday, on which counting begins."""
    monday, ledger = Monday(weekend()), MemoryLedger()

    async def play() -> None:
        await asyncio.sleep(BACK - START)
        await monday.play(ledger, ledger)

    run_virtual(play())
    return monday


@pytest.fixture(scope="module")
def with_backlog(tmp_path_factory: pytest.TempPathFactory) -> tuple[Monday, list[LedgerEntry]]:
    """With a real ledger in a file; what it was told after the weekend comes with it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('cost')}/ledger.db"
    monday, opened = Monday(weekend()), list[Ledger]()
    entries: list[LedgerEntry] = []

    def new() -> Recording:
        opened.append(Ledger(url, threads=Inline()))
        ledger = Recording(opened[-1])
        ledger.entries = entries
        return ledger

    async def play() -> None:
        await Exporter(monday.domain, new()).scrapes(START + BEFORE)
        entries.clear()
        await asyncio.sleep(BACK - loop_time())
        await monday.play(new(), new())
        for each in opened:
            each.close()

    run_virtual(play())
    return monday, entries


def test_a_backlog_is_worked_off_within_the_deadlines(with_backlog: tuple[Monday, list[LedgerEntry]]) -> None:
    """Run by run the watermark moves, over a restart too, until all is counted: once, and read about once."""
    monday, _ = with_backlog
    assert monday.counted > 30_000
    watermarks = [each.figures.watermark for each in monday.scraped]
    assert watermarks == sorted(watermarks)
    behind = [each for each in monday.runs if each.figures.watermark < wall_at(BACK) - OVERLAP]
    assert 5 <= len(behind) <= 12
    assert behind[0].at == pytest.approx(BACK)
    assert behind[-1].at > RESTART
    assert all(before.figures.watermark < after.figures.watermark for before, after in pairwise(behind))
    assert all(each.took[ENDED] <= SECONDS for each in monday.scraped)
    asked = sum(BACK <= each <= behind[-1].at + SECONDS for each in monday.domain.asked.history)
    assert 300 <= asked <= 450
    assert most_within(monday.domain.asked.history) <= MOST


def test_a_backlog_is_read_oldest_first(with_backlog: tuple[Monday, list[LedgerEntry]]) -> None:
    """Each step counts what lies between the watermarks before and after it, so that none is skipped."""
    _, entries = with_backlog
    steps = [each for each in entries if each.watermark and each.watermark < wall_at(BACK) - OVERLAP]
    assert len(steps) > 30
    assert sum(len(each.count) for each in steps) > 28_000
    for before, after in pairwise(steps):
        assert before.watermark is not None
        assert after.watermark is not None
        assert before.watermark < after.watermark
        assert all(before.watermark <= each.start < after.watermark for each in after.count)


def test_who_catches_up_keeps_nobody_waiting(
    with_backlog: tuple[Monday, list[LedgerEntry]], without_backlog: Monday
) -> None:
    """In each scrape presence and ongoing meetings are there as soon as if there were nothing to read."""
    monday, _ = with_backlog
    moments = [each.at for each in monday.scraped]
    assert moments == pytest.approx([each.at for each in without_backlog.scraped])
    for one, other in zip(monday.scraped, without_backlog.scraped, strict=True):
        assert one.answers.keys() == other.answers.keys() == {"presence", "meetings", ENDED}
        for name in ("presence", "meetings"):
            assert one.took[name] == pytest.approx(other.took[name], abs=1e-6)
            assert one.answers[name].value is not None
    assert max(each.took[ENDED] for each in monday.scraped) > 8
    assert min(each.took["meetings"] for each in monday.scraped) > 1
