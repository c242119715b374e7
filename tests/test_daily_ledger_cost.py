"""What ended meetings cost a Daily domain in requests, and the exporter in memory, on a virtual clock.

The real source and collection before a simulated history of tens of thousands of meetings. What counts is in
the tests of the rules; here it is how many requests that takes, and how soon.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Final

import pytest

from exporter.config import LedgerSettings
from tests.campaigns import campaign
from tests.kit.clock import START, WALL_START, WallClock, loop_time, run_virtual, virtual
from tests.kit.costs import SOON, Exporter, Scraped, hold_to_the_truth, lags, owned, wall
from tests.kit.ledger import MemoryLedger
from tests.kit.logs import caught_log
from tests.kit.longhistory import Drawn, LongHistory, meetings, most_within
from tests.kit.rig import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR

MOST: Final = LedgerSettings().requests_per_minute


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """There are tens of thousands of requests, and each has a line."""
    with caught_log("error"):
        yield


def quiet_domain(per_hour: float, hours: float, *, seed: int) -> LongHistory:
    """20,000 meetings of the last 40 days, a few in each hour, and one that goes on for weeks."""
    past = meetings(WALL_START - 40 * DAY, WALL_START - HOUR, per_hour=20_000 / 40 / 24, seed=seed)
    live = meetings(WALL_START - HOUR, WALL_START + hours * HOUR, per_hour=per_hour, seed=seed + 1)
    weeks = Drawn(WALL_START - 21 * DAY, 21 * DAY + hours / 2 * HOUR)
    return LongHistory([*past, *live, weeks], clock=WallClock(), seed=seed)


@pytest.mark.soak
@pytest.mark.parametrize("per_hour", [5, 60, 150])
def test_a_quiet_domain_costs_two_requests_in_any_minute(per_hour: float) -> None:
    """Whatever lies behind it, and nothing is asked of what goes on that the gauges do not ask for anyway."""
    hours = campaign(sample=3, full=48)

    async def run() -> None:
        domain, ledger = quiet_domain(per_hour, hours, seed=3), MemoryLedger()
        exporter = Exporter(domain, ledger)
        scraped = await exporter.scrapes(START + hours * HOUR)
        assert most_within(domain.asked.history) <= 2
        assert len(domain.asked.ongoing) == len(scraped) == hours * 240
        assert exporter.failures() == []
        assert await hold_to_the_truth(ledger, domain) > 2.5 * per_hour * (hours - 1) / 3
        weeks = domain.ended(WALL_START, end=wall())
        assert any(row.seconds > 21 * DAY and row.id in ledger.counted_at for row in weeks.values())
        assert lags(ledger, weeks.values())[-1] < SOON

    run_virtual(run())


@virtual
async def test_no_minute_costs_more_when_runs_are_long_or_many() -> None:
    """A long scrape timeout, or a run at each scrape, allows a backlog no more than is usual."""
    for settings, seconds in (({}, 54.5), ({"interval": 0.0}, SECONDS)):
        begin = wall()
        past = meetings(begin - DAY, begin, per_hour=500)
        domain = LongHistory(past, clock=WallClock())
        exporter = Exporter(domain, MemoryLedger(since=DAY), **settings)
        await exporter.scrapes(loop_time() + 5 * MINUTE, seconds=seconds)
        assert MOST - 10 <= most_within(domain.asked.history) <= MOST
        assert exporter.failures() == []


@dataclass(slots=True)
class Busy:
    """Some hours of a busy domain; `sizes` are the bytes that the source owned every five minutes."""

    domain: LongHistory
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    scraped: list[Scraped] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    counted: int = 0

    async def play(self, minutes: int, *, every: float) -> None:
        """Scrape so long and so often."""
        exporter = Exporter(self.domain, self.ledger)
        for number in range(minutes // 5):
            self.scraped += await exporter.scrapes(START + 5 * MINUTE * (number + 1), every=every)
            others = (self.ledger, self.domain, exporter.fetcher, exporter.heard)
            self.sizes.append(owned(exporter.source, without=others))
        self.failures = exporter.failures()
        self.counted = await hold_to_the_truth(self.ledger, self.domain)


@pytest.fixture(scope="module")
def busy() -> Busy:
    """20,000 meetings an hour, thousands of them at once from the beginning on."""
    minutes = campaign(sample=60, full=6 * 60)
    drawn = meetings(WALL_START - 5 * HOUR, WALL_START + minutes * MINUTE, per_hour=20_000)
    found = Busy(LongHistory(drawn, clock=WallClock()))
    run_virtual(found.play(minutes, every=campaign(sample=60, full=15)))
    return found


@pytest.mark.soak
def test_in_a_busy_domain_each_meeting_counts_once_and_soon(busy: Busy) -> None:
    """Within a quarter of an hour of its end, whether it took a second or hours."""
    hours = len(busy.sizes) / 12
    assert busy.failures == []
    assert busy.counted > 20_000 * (hours - 0.3)
    assert busy.domain.ongoing() > 5000
    ended = busy.domain.ended(busy.scraped[0].figures.counting_since, end=WALL_START + hours * HOUR)
    assert lags(busy.ledger, ended.values())[-1] <= SOON
    watermarks = [each.figures.watermark for each in busy.scraped]
    assert watermarks == sorted(watermarks)


@pytest.mark.soak
def test_a_busy_domain_costs_no_more_requests_than_are_allowed(busy: Busy) -> None:
    """Not in any minute, and with all else that is asked no more than Daily's limit in any second."""
    assert most_within(busy.domain.asked.history) <= MOST
    assert most_within(busy.domain.asked.all(), 1.0) <= 20
    assert most_within(busy.domain.asked.all(), 5.0) <= 100


@pytest.mark.soak
def test_nothing_grows_with_the_hours(busy: Busy) -> None:
    """What is kept moves with how many have not settled, and is no more from hour to hour."""
    after_twenty_minutes = busy.sizes[3]
    assert max(busy.sizes[6:]) <= 1.2 * after_twenty_minutes
    hours = [fmean(busy.sizes[begin : begin + 12]) for begin in range(12, len(busy.sizes), 12)]
    assert all(each <= 1.15 * hours[0] for each in hours[1:])
