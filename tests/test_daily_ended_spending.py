"""What reading the history may cost: requests, time, and how often; and that it counts one Daily domain.

How many requests a long history takes in all is in `test_daily_ledger_cost`.
"""

import asyncio
from itertools import pairwise

import pytest

from exporter import errors
from exporter.model import Reason
from tests.kit.clock import virtual
from tests.kit.endedrig import DAY, HOUR, MINUTE, Domain, Held, Request, ended, passed
from tests.kit.ledger import MemoryLedger
from tests.kit.vendor import STALL, Reply


def even(number: int, *, begin: float, end: float) -> list[Held]:
    """Meetings of a minute that begin evenly in that time."""
    return [Held(f"m{n}", (begin + (end - begin) * n / number) // 1, MINUTE) for n in range(number)]


def busiest_minute(requests: list[Request]) -> int:
    """The most requests in any minute."""
    moments = [each.at for each in requests]
    return max(sum(begin <= at < begin + MINUTE for at in moments) for begin in moments)


@pytest.mark.parametrize("seconds, asked", [(0.5, False), (1.05, False), (1.5, True)])
@virtual
async def test_a_request_begins_only_with_a_second_left(seconds: float, asked: bool) -> None:
    """What the gauges ask for anyway is not among these; a run without time for more is no failure."""
    rig = ended(Domain())
    rig.domain.instead = lambda _: Reply({"total_count": 0, "data": []}, after=0.01)
    part = await rig.run(seconds)
    assert part.error is None
    assert (bool(rig.domain.history), bool(rig.domain.whose)) == (asked, seconds > 1)
    assert all(each.at <= seconds - 1 for each in rig.domain.history)


@virtual
async def test_what_takes_longer_than_there_is_time_is_not_begun() -> None:
    """A page that took three seconds before is not asked for with two left."""
    rig = ended(Domain(even(3000, begin=-DAY, end=-1), seconds=3.0), MemoryLedger(since=DAY))
    for _ in range(5):
        begin = passed()
        await rig.run()
        pages = [each.at - begin for each in rig.domain.history if each.at >= begin]
        assert max(pages) < 7
        await asyncio.sleep(begin + MINUTE - passed())
    assert rig.watermark > -2 * DAY


@pytest.mark.parametrize("most", [1, 7, 60])
@virtual
async def test_no_minute_has_more_requests_than_allowed(most: int) -> None:
    """Whichever minute it is, while a long history is read as fast as that allows."""
    rig = ended(Domain(even(2000, begin=-DAY, end=-1)), MemoryLedger(since=DAY), requests_per_minute=most)
    await rig.runs(10 * MINUTE, every=15.0)
    assert busiest_minute(rig.domain.history) <= most


@virtual
async def test_a_small_domain_costs_two_requests_a_minute() -> None:
    """Audit and look-ups included, however often it is run; all is counted all the same."""
    held = [*even(60, begin=MINUTE, end=4 * HOUR), Held("long", -DAY, DAY + 2 * HOUR)]
    rig = ended(Domain(held))
    await rig.runs(4 * HOUR + 5 * MINUTE, every=15.0)
    assert busiest_minute(rig.domain.history) <= 2
    assert rig.ledger.counted == 61


@pytest.mark.parametrize("interval, most", [(0.0, 60), (20.0, 6), (15.0, 8), (600.0, 2)])
@virtual
async def test_a_small_domain_is_read_as_often_as_is_wished(interval: float, most: int) -> None:
    """`ledger.interval`: with 0 at each scrape, so that what has ended counts soon."""
    rig = ended(Domain([Held("m", 0, 10), Held("long", -HOUR, 2 * HOUR)]), interval=interval, settle=1.0)
    while passed() < HOUR:
        await rig.collection.pull(passed() + 10_009.5)
        await asyncio.sleep(5.0)
    assert busiest_minute(rig.domain.history) <= most
    moments = [each.at for each in rig.domain.history]
    # The next scrape after the interval, and what it takes itself.
    assert max(later - sooner for sooner, later in pairwise(moments)) < interval + 5 + 2
    assert rig.counted_at("m") < 2 * interval + 20


@virtual
async def test_five_requests_a_second_are_the_most() -> None:
    """Beside what the gauges ask for."""
    rig = ended(Domain(even(4000, begin=-DAY, end=-1), seconds=0.01), MemoryLedger(since=DAY))
    await rig.runs(2 * MINUTE)
    moments = [each.at for each in rig.domain.history]
    assert len(moments) > 20
    assert min(later - sooner for sooner, later in pairwise(moments)) == pytest.approx(0.2)


@virtual
async def test_a_large_domain_is_read_less_often_the_larger_it_is() -> None:
    """So that each row is read a bounded number of times; nothing is counted late for that."""
    held = even(3000, begin=-10 * MINUTE, end=110 * MINUTE)
    rig = ended(Domain(held))
    await rig.runs(45 * MINUTE)
    begin = passed()
    await rig.runs(begin + HOUR)
    pages = [each for each in rig.domain.history if each.at >= begin and not each.counts]
    # An hour has 1,500 meetings, of which each is on a page some eight times.
    assert 15 < len(pages) < 15 * 10
    starts = {each.id: each.start for each in held}
    lags = [rig.counted_at(name) - starts[name] - MINUTE for name in rig.counted if starts[name] > 0]
    assert max(lags) < 15 * MINUTE


@virtual
async def test_in_a_large_domain_a_meeting_may_be_listed_late_too() -> None:
    """All up to where the watermark may come is read once more, however new what was read in between."""
    late = Held("late", HOUR + 10, 60, listed=HOUR + 25 * MINUTE, unlisted=True)
    rig = ended(Domain([*even(1500, begin=-10 * MINUTE, end=100 * MINUTE), late]))
    await rig.runs(2 * HOUR)
    assert "late" in rig.counted
    assert rig.ledger.late == 0


@virtual
async def test_what_is_new_moves_no_watermark_past_what_has_to_be_read_again() -> None:
    """In a large domain it is read first."""
    rig = ended(Domain(even(1500, begin=-10 * MINUTE, end=100 * MINUTE)))
    await rig.runs(HOUR)
    before, written = rig.watermark, len(rig.ledger.entries)
    rig.domain.instead = lambda asked: Reply(b"", 403) if asked.end <= HOUR - 10 * MINUTE else None
    with pytest.raises(errors.AccessForbidden):
        await rig.runs(HOUR + 10 * MINUTE)
    assert len(rig.ledger.entries) > written
    assert rig.watermark == before


@virtual
async def test_a_long_list_of_ongoing_meetings_is_not_waited_for_each_minute() -> None:
    """More than ten pages: the last one does for two minutes, and the time of the run is left."""
    rig = ended(Domain([Held(f"m{number}", -60, DAY) for number in range(1100)]))
    await rig.runs(10 * MINUTE, every=40.0)
    first_pages = [each.at for each in rig.domain.asked if each.ongoing and each.after is None]
    assert len(first_pages) <= 5
    assert len(rig.following) == 1100


@virtual
async def test_between_two_runs_lies_the_interval() -> None:
    """`ledger.interval`, however often somebody scrapes; a run that failed is not waited for."""
    rig = ended(Domain(), interval=2 * MINUTE)
    for _ in range(41):
        await rig.collection.pull(passed() + 10_009.5)
        await asyncio.sleep(15.0)
    runs = sorted({each.at // 15 for each in rig.domain.history})
    assert runs == [0, 8, 16, 24, 32, 40]
    rig.domain.instead = lambda _: Reply(b"", 403)
    for _ in range(3):
        await asyncio.sleep(2 * MINUTE)
        snapshot = await rig.collection.pull(passed() + 10_009.5)
        seen = {each.collector: each.answer.reason for each in snapshot.sources[0].collectors}
        assert seen["ended_meetings"] is Reason.FORBIDDEN


# One domain


@virtual
async def test_the_domain_of_the_key_is_asked_once_and_remembered() -> None:
    """By the ledger, whose next reader asks once as well."""
    rig = ended(Domain())
    await rig.runs(10 * MINUTE)
    await ended(rig.domain, rig.ledger).runs(20 * MINUTE)
    assert rig.ledger.begun.domain == "acme-video"
    assert len(rig.domain.whose) == 2


@virtual
async def test_another_domain_is_refused_and_nothing_of_it_is_counted() -> None:
    """Its meetings would be added to those of the first; the way out is told."""
    rig = ended(Domain())
    await rig.runs(MINUTE)
    before = list(rig.ledger.entries)
    other = ended(Domain([Held("m", 0, 10), Held("on", 0, DAY)], named="other"), rig.ledger)
    for _ in range(5):
        with pytest.raises(errors.LedgerUnavailable, match=r"another Daily domain before; .* ledger reset$"):
            await other.run()
        await asyncio.sleep(MINUTE)
    assert rig.ledger.entries == before
    assert other.domain.history == []
    assert len(other.domain.whose) == 1


@pytest.mark.parametrize("named", [None, "two words", "x" * 256, ""], ids=["no", "blank", "long", "empty"])
@virtual
async def test_not_to_know_the_domain_fails_nothing(named: object) -> None:
    """Because Daily does not say, or says what is no name."""
    rig = ended(Domain([Held("m", 0, 60)], named=named))
    await rig.runs(5 * MINUTE)
    assert (rig.counted, rig.ledger.begun.domain) == (["m"], None)


@virtual
async def test_a_domain_that_is_not_known_is_asked_for_later_and_later() -> None:
    """From a minute to an hour."""
    rig = ended(Domain(named=None))
    await rig.runs(5 * HOUR)
    waits = [later - sooner for sooner, later in pairwise(rig.domain.whose)]
    assert waits[:4] == pytest.approx([1 * MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE], abs=MINUTE + 1)
    assert waits[-2:] == pytest.approx([HOUR, HOUR], abs=MINUTE + 1)
    rig.domain.named = "acme-video"
    await rig.runs(7 * HOUR)
    assert rig.ledger.begun.domain == "acme-video"


@virtual
async def test_a_slow_answer_about_the_domain_is_not_waited_for() -> None:
    """Two seconds, and the reading begins."""
    rig = ended(Domain([Held("m", 60, 60)], named=STALL))
    await rig.run()
    assert rig.domain.history[0].at < 3
