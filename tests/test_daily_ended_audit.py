"""The last day is counted again at Daily, and what nobody knew of it is read and told as late.

Which hour's turn it is, and how one is cut, is in `test_daily_audit`.
"""

import asyncio

import pytest

from exporter import errors
from tests.kit.clock import virtual
from tests.kit.endedrig import DAY, HOUR, MINUTE, Domain, Ended, Held, Request, ended, passed
from tests.kit.ledger import MemoryLedger
from tests.kit.vendor import Reply

LATE = Held("late", 90 * MINUTE, 300, listed=4 * HOUR, unlisted=True)
"""It is listed long after the overlap."""


def counts(rig: Ended) -> list[Request]:
    """The questions how many there are."""
    return [each for each in rig.domain.history if each.counts]


@virtual
async def test_what_is_listed_later_than_anybody_waits_is_found_within_an_hour() -> None:
    """It counts like any other, and is told as late."""
    rig = ended(Domain([LATE, Held("other", 100 * MINUTE, 60)]))
    await rig.runs(4 * HOUR - MINUTE)
    assert (rig.counted, rig.ledger.late) == (["other"], 0)
    await rig.runs(5 * HOUR + 5 * MINUTE)
    assert (rig.counted, rig.ledger.late) == (["late", "other"], 1)
    await rig.runs(8 * HOUR)
    assert rig.ledger.late == 1


@virtual
async def test_one_that_still_goes_on_when_it_is_found_is_followed() -> None:
    """Late once, and not again when it counts."""
    told = Held("late", 90 * MINUTE, 6 * HOUR, listed=4 * HOUR, unlisted=True)
    rig = ended(Domain([told]))
    await rig.runs(5 * HOUR + 5 * MINUTE)
    assert (rig.following, rig.ledger.late) == (["late"], 1)
    await rig.runs(10 * HOUR)
    assert (rig.counted, rig.following, rig.ledger.late) == (["late"], [], 1)


@virtual
async def test_each_hour_of_the_last_day_is_counted_once_an_hour() -> None:
    """Without a row; only whole hours behind the watermark, and none before the counting began."""
    rig = ended(Domain([Held(f"m{number}", number * HOUR, 60) for number in range(30)]))
    await rig.runs(30 * HOUR, every=10 * MINUTE)
    since = len(counts(rig))
    begin = passed()
    await rig.runs(begin + HOUR + 5 * MINUTE)
    asked = counts(rig)[since:]
    assert len({each.start for each in asked}) >= 24
    assert len(asked) <= 27
    assert all(each.end - each.start == HOUR and each.bare for each in asked)
    assert min(each.start for each in asked) >= begin - DAY - HOUR
    assert max(each.end for each in asked) <= rig.watermark
    assert min(each.start for each in counts(rig)) == 0


@virtual
async def test_where_all_is_known_nothing_is_read_again() -> None:
    """What is followed and what does not count are known too."""
    held = [Held("short", 60, 60), Held("long", 120, 9 * HOUR), Held("vanishing", 180, 60, gone=2 * HOUR)]
    rig = ended(Domain(held))
    await rig.runs(3 * HOUR)
    hours = [each for each in rig.domain.history if each.end - each.start == HOUR and not each.counts]
    assert counts(rig)
    # The one that vanished was looked into once.
    assert len(hours) == 1
    assert rig.ledger.late == 0


@virtual
async def test_a_window_of_the_audit_that_lacks_meetings_is_told_and_holds_up_nothing_else() -> None:
    """Its turn comes again."""
    rig = ended(Domain([LATE, Held("new", 5 * HOUR, 60)]), requests_per_minute=600)
    await rig.runs(3 * HOUR)
    rig.domain.instead = lambda asked: (
        Reply(rig.domain.page(asked, without=1))
        if asked.end - asked.start == HOUR and not asked.counts
        else None
    )
    told = []
    while passed() < 6 * HOUR:
        await asyncio.sleep(MINUTE)
        told.append((await rig.run()).error)
    assert (rig.counted, rig.ledger.late) == (["new"], 0)
    # Each time that its turn comes; meanwhile it is left alone.
    failed = [each for each in told if isinstance(each, errors.AnswerMisshapen)]
    assert 1 < len(failed) < len(told) / 5
    assert rig.watermark > 5 * HOUR
    rig.domain.instead = lambda _: None
    await rig.runs(8 * HOUR)
    assert (rig.counted, rig.ledger.late) == (["late", "new"], 1)


def dense(hours: int, *, every: float) -> list[Held]:
    """A meeting of a minute so often, for so long."""
    return [Held(f"m{number}", number * every, 60) for number in range(int(hours * HOUR / every))]


@virtual
async def test_with_one_request_a_minute_the_last_day_is_counted_again_all_the_same() -> None:
    """And the reading goes on: they take turns."""
    rig = ended(Domain([LATE, Held("new", 5 * HOUR, 60)]), requests_per_minute=1)
    await rig.runs(7 * HOUR)
    assert (rig.counted, rig.ledger.late) == (["late", "new"], 1)
    assert rig.watermark > 6 * HOUR


@virtual
async def test_a_small_domain_reads_of_a_busy_hour_no_more_than_a_page_at_once() -> None:
    """The other request is for what is new."""
    busy = [Held(f"b{number}", HOUR + number * 20, 60) for number in range(150)]
    rig = ended(Domain([*busy, LATE]))
    await rig.runs(6 * HOUR)
    assert (rig.ledger.counted, rig.ledger.late) == (151, 1)
    again = [each for each in rig.domain.history if each.at > 4 * HOUR and each.end <= 2 * HOUR]
    assert {each.end - each.start for each in again if not each.counts} == {HOUR / 2}
    assert all(each.after is None for each in again)


@pytest.mark.parametrize("seconds", [0.05, 1.2, 1.6])
@virtual
async def test_in_a_large_domain_the_part_that_differs_is_searched_by_halves(seconds: float) -> None:
    """Until it fits into what one run may read; then the late ones are found all at once."""
    late = [
        Held(f"late{number}", HOUR + 60 + number, 30, listed=3 * HOUR, unlisted=True) for number in range(3)
    ]
    rig = ended(Domain([*dense(4, every=3.0), *late], seconds=seconds))
    await rig.runs(4 * HOUR + 30 * MINUTE)
    assert rig.ledger.late == 3
    assert {"late0", "late1", "late2"} <= set(rig.counted)


@virtual
async def test_what_lies_before_a_gap_is_not_counted_again() -> None:
    """It stays a gap."""
    rig = ended(Domain(dense(30, every=600.0)), catch_up=3 * HOUR)
    await rig.runs(10 * MINUTE)
    await asyncio.sleep(20 * HOUR)
    begin = passed()
    await rig.runs(begin + 2 * HOUR)
    assert min(each.start for each in counts(rig)) >= begin - 3 * HOUR
    assert rig.ledger.late == 0


@virtual
async def test_since_counting_began_in_the_past_its_part_of_the_last_day_is_counted_again() -> None:
    """From that moment on, which need not be a full hour."""
    rig = ended(Domain(), MemoryLedger(since=90 * MINUTE))
    await rig.runs(HOUR)
    assert min(each.start for each in counts(rig)) == -90 * MINUTE


@virtual
async def test_what_is_followed_is_no_late_find() -> None:
    """Also where the audit reads it just when it has ended: that is left to those who look for it."""
    following = [Held(f"on{n}", 90 * MINUTE + n, 90 * MINUTE + 4 * n * MINUTE) for n in range(45)]
    late = [
        Held(f"late{n}", 80 * MINUTE + n, 60, listed=(3 + n / 8) * HOUR, unlisted=True) for n in range(24)
    ]
    rig = ended(Domain([*following, *late]), settle=3 * MINUTE)
    await rig.runs(170 * MINUTE, every=10 * MINUTE)
    await rig.runs(7 * HOUR)
    assert rig.ledger.counted == 45 + 24
    assert rig.ledger.late == 24
