"""The watermark of ended meetings: how it moves, what holds it back, and what an outage leaves.

Here the collector is driven from outside; which part of the history a reading has is in `test_daily_sweep`.
"""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest

from exporter import errors
from tests.kit.clock import virtual
from tests.kit.endedrig import DAY, HOUR, MINUTE, Domain, Ended, Held, at, ended, passed
from tests.kit.ledger import MemoryLedger
from tests.kit.vendor import STALL, Reply, Stall

OVERLAP = 30 * MINUTE


def many(number: int, *, begin: float, end: float) -> list[Held]:
    """Meetings of a minute that begin evenly from `begin` to `end`."""
    starts = ((begin + (end - begin) * place / number) // 1 for place in range(number))
    return [Held(f"m{place:05}", start, MINUTE) for place, start in enumerate(starts)]


async def until_caught_up(rig: Ended) -> None:
    """Run each minute until the watermark is where it may be, and what was seen on the way has settled."""
    await rig.run()
    while rig.watermark < passed() - OVERLAP - 2 * MINUTE:
        await rig.runs(passed() + MINUTE)
    await rig.runs(passed() + 5 * MINUTE)


@virtual
async def test_the_past_is_read_oldest_first_and_the_watermark_moves_with_each_window() -> None:
    """What a window shows is written with it, at once; it begins where the one before it ended."""
    rig = ended(Domain(many(2500, begin=-2 * DAY, end=-HOUR)), MemoryLedger(since=2 * DAY))
    await until_caught_up(rig)
    assert rig.ledger.counted == 2500
    behind = at(-3 * DAY)
    for entry in rig.ledger.entries:
        assert entry.watermark is not None
        starts = [each.start for each in entry.count]
        assert (
            behind <= min(starts, default=behind) <= max(starts, default=behind) < entry.watermark + OVERLAP
        )
        assert behind <= entry.watermark
        behind = entry.watermark


@virtual
async def test_one_window_or_look_is_one_transaction() -> None:
    """However many meetings it has, of whatever kind; besides these, what begins is written at once."""
    held = [*many(150, begin=-DAY, end=-HOUR), Held("long", -3 * DAY, 4 * DAY), Held("on", -20, DAY)]
    rig = ended(Domain(held), MemoryLedger(since=3 * HOUR))
    await rig.runs(5 * MINUTE)
    begun, *written = rig.ledger.entries
    assert {each.id for each in begun.follow} == {"long", "on"}
    assert len(written) == sum(each.after is None and not each.counts for each in rig.domain.history)
    (whole,) = (each for each in written if each.count)
    assert len(whole.count) + len(whole.skip) == 150


@virtual
async def test_a_window_of_more_than_ten_pages_is_cut() -> None:
    """Its first page says how many there are; the next window begins there too, and is half as long."""
    rig = ended(Domain(many(1500, begin=-HOUR, end=-MINUTE)), MemoryLedger(since=HOUR))
    await rig.run()
    first, second, *_ = rig.domain.history
    assert (first.start, second.start, second.after) == (-DAY - HOUR, -DAY - HOUR, None)
    assert second.end - second.start <= (first.end - first.start) / 2
    await until_caught_up(rig)
    assert rig.ledger.counted == 1500


@virtual
async def test_of_a_long_time_nothing_is_forgotten_on_the_way() -> None:
    """The ledger keeps ids for a week behind the watermark, so no window is longer than that."""
    rig = ended(Domain(many(60, begin=-60 * DAY, end=-HOUR)), MemoryLedger(since=60 * DAY))
    await until_caught_up(rig)
    assert rig.ledger.counted == 60
    assert max(each.end - each.start for each in rig.domain.history) <= 6 * DAY


@pytest.mark.parametrize(
    "broken", [Reply(b"", 500), Reply(b"[", 200), Reply(b"", 403), STALL], ids=["500", "cut", "403", "stall"]
)
@virtual
async def test_a_window_that_breaks_off_moves_nothing(broken: Reply | Stall) -> None:
    """Not even what its first pages showed is written down; the next run reads it from its start."""
    rig = ended(Domain(many(150, begin=-HOUR, end=-MINUTE)), MemoryLedger(since=HOUR))
    rig.domain.instead = lambda asked: broken if asked.after else None
    with pytest.raises((errors.UpstreamError, TimeoutError)):
        await rig.run()
    assert (rig.watermark, rig.ledger.entries) == (-HOUR - DAY, [])
    rig.domain.instead = lambda _: None
    await until_caught_up(rig)
    assert rig.ledger.counted == 150


def lacking(rig: Ended, *, times: Iterator[int]) -> None:
    """Let first pages of the history lack a row that is counted, so often."""
    rig.domain.instead = lambda asked: (
        Reply(rig.domain.page(asked, without=1)) if not asked.ongoing and next(times, 0) else None
    )


@virtual
async def test_rows_that_no_page_has_are_asked_for_once_more() -> None:
    """A reading that has all of them the second time is a good one, in the next run where it must be."""
    rig = ended(Domain(many(3, begin=-HOUR, end=-MINUTE)), MemoryLedger(since=HOUR))
    lacking(rig, times=iter([1]))
    await rig.run()
    assert rig.watermark == -HOUR - DAY
    await rig.runs(5 * MINUTE)
    assert rig.ledger.counted == 3


@pytest.mark.parametrize("number, fails", [(3, [2, 3, 4]), (3000, [1, 2, 3, 4])], ids=["small", "large"])
@virtual
async def test_rows_that_are_missing_twice_are_a_misshapen_answer(number: int, fails: list[int]) -> None:
    """It is told, also where the second time is the next run's, and the watermark stays where it was."""
    rig = ended(Domain(many(number, begin=-DAY - HOUR, end=-MINUTE)), MemoryLedger(since=HOUR))
    lacking(rig, times=count(1))
    failed = []
    for run in range(1, 5):
        try:
            await rig.run()
        except errors.AnswerMisshapen:
            failed.append(run)
        await asyncio.sleep(MINUTE)
    assert failed == fails
    assert (rig.watermark, rig.ledger.entries) == (-HOUR - DAY, [])


@pytest.mark.parametrize("theirs", [0.0, 7200.0])
@pytest.mark.parametrize("ours", [0.0, 7200.0])
@virtual
async def test_now_is_told_by_the_earlier_clock(ours: float, theirs: float) -> None:
    """Ours or Daily's: one that is fast begins nothing in the future, and lets no meeting settle early."""
    rig = ended(Domain([Held("m", 0, 100)], ahead=theirs), ahead=ours)
    await rig.run()
    assert rig.ledger.begun.counting_since // 1 == at(min(ours, theirs))
    await rig.runs(HOUR)
    assert rig.watermark == pytest.approx(min(ours, theirs) + HOUR - OVERLAP, abs=2)


@virtual
async def test_the_watermark_stays_behind_now_by_the_overlap() -> None:
    """So long a meeting may be listed late: it is found and counted all the same, and is no late find."""
    rig = ended(Domain([Held("late", 40 * MINUTE, 300, listed=65 * MINUTE, unlisted=True)]))
    await rig.runs(2 * HOUR)
    assert rig.watermark == 2 * HOUR - OVERLAP
    assert rig.counted == ["late"]
    assert (rig.ledger.late, rig.ledger.gap_seconds) == (0, 0.0)
    assert all(each.start <= each.at - OVERLAP + MINUTE for each in rig.domain.history[31:])


@virtual
async def test_a_clock_that_is_put_back_moves_no_watermark_back() -> None:
    """What ended is counted afterwards as before."""
    domain = Domain([Held("m", HOUR, 300)])
    rig = ended(domain)
    await rig.run()
    domain.ahead = 3 * HOUR
    await ended(domain, rig.ledger, ahead=3 * HOUR).runs(40 * MINUTE)
    before = rig.watermark
    assert before == pytest.approx(3 * HOUR + 10 * MINUTE, abs=2)
    domain.ahead = 0.0
    seen = [before]
    while passed() < 5 * HOUR:
        await rig.runs(passed() + MINUTE)
        seen.append(rig.watermark)
    assert seen == sorted(seen)
    assert seen[60] == before
    assert rig.watermark == pytest.approx(passed() - OVERLAP, abs=2)
    assert rig.counted == ["m"]


@virtual
async def test_an_outage_is_caught_up_with() -> None:
    """Not to be done with that yet is no failure, and the watermark tells how far it is."""
    rig = ended(Domain(many(500, begin=MINUTE, end=9 * HOUR)), requests_per_minute=4)
    await rig.runs(3 * MINUTE)
    await asyncio.sleep(10 * HOUR)
    part = await rig.run()
    assert part.error is None
    assert 0 < rig.watermark < 9 * HOUR
    await until_caught_up(rig)
    assert (rig.ledger.counted, rig.ledger.gap_seconds) == (500, 0.0)


@virtual
async def test_of_a_longer_outage_the_rest_is_a_gap_that_is_told() -> None:
    """`catch_up` reaches so far back; what is followed counts all the same, however long ago it began."""
    rig = ended(Domain([Held("on", -60, 2 * HOUR), *many(90, begin=HOUR, end=10 * HOUR)]), catch_up=3 * HOUR)
    await rig.runs(HOUR - MINUTE)
    behind = rig.watermark
    await asyncio.sleep(10 * HOUR - passed())
    await until_caught_up(rig)
    assert rig.ledger.gap_seconds == pytest.approx(7 * HOUR - behind, abs=2)
    assert rig.counted == ["m00060", *(f"m{number:05}" for number in range(61, 90)), "on"]
    await rig.runs(passed() + 2 * HOUR)
    assert rig.ledger.gap_seconds == pytest.approx(7 * HOUR - behind, abs=2)


@virtual
async def test_where_counting_begins_in_the_past_nothing_is_a_gap() -> None:
    """`since` may reach further back than `catch_up`, over restarts too."""
    rig = ended(
        Domain(many(50, begin=-9 * HOUR, end=-HOUR)),
        MemoryLedger(since=10 * HOUR),
        catch_up=2 * HOUR,
        requests_per_minute=1,
    )
    await rig.run()
    await until_caught_up(ended(rig.domain, rig.ledger, catch_up=2 * HOUR))
    assert (rig.ledger.counted, rig.ledger.gap_seconds) == (50, 0.0)


@virtual
async def test_a_ledger_that_fails_fails_the_run_and_loses_nothing() -> None:
    """Nothing is shown either; the next run that can write goes on where the last commit was."""
    rig = ended(Domain([Held("m", 60, 60), Held("on", 0, HOUR)]))
    await rig.run()
    rig.ledger.broken = errors.LedgerUnavailable("ledger: away")
    for ask in (rig.run, rig.collector.kept):
        with pytest.raises(errors.LedgerUnavailable, match=r"^ledger: away$"):
            await ask()
    await asyncio.sleep(10 * MINUTE)
    rig.ledger.broken = None
    await rig.runs(15 * MINUTE)
    assert (rig.counted, rig.following) == (["m"], ["on"])
