"""Which ended meetings count, and when: the rules of the collector, before a vendor that is told by hand.

How one meeting is judged by itself is in `test_counting`, what a transaction does in `test_ledger_store`.
"""

import asyncio
from typing import Any

import pytest

from exporter import errors
from exporter.model import EndedMeetings
from tests.kit.clock import virtual
from tests.kit.endedrig import DAY, HOUR, MINUTE, Domain, Ended, Held, at, ended, passed
from tests.kit.ledger import MemoryLedger
from tests.kit.rows import meeting, page
from tests.kit.vendor import Reply


async def figures(rig: Ended) -> EndedMeetings:
    """What a page would show of the ledger."""
    facts = await rig.collector.kept()
    assert isinstance(facts, EndedMeetings)
    return facts


@virtual
async def test_a_meeting_is_followed_while_it_goes_on_and_counts_once_it_has_ended() -> None:
    """With all its stays, its length and its most people; a minute lies between the two sights of its end."""
    rig = ended(Domain([Held("m", 100, 500, stays=(500, 200, 30))]))
    await rig.runs(10 * MINUTE)
    assert (rig.following, rig.counted) == (["m"], [])
    await rig.runs(15 * MINUTE)
    assert (rig.following, rig.counted) == ([], ["m"])
    shown = await figures(rig)
    assert (shown.stays.count, shown.stays.total) == (3, 730.0)
    assert (shown.durations.count, shown.durations.total) == (1, 500.0)
    assert (shown.peaks.count, shown.peaks.total) == (1, 3.0)


@virtual
async def test_nothing_is_shown_before_the_first_run_and_zeros_after_it() -> None:
    """The counting begins with the first run, and its counters stand at 0 at once."""
    rig = ended(Domain())
    assert await rig.collector.kept() is None
    await rig.run()
    shown = await figures(rig)
    assert (shown.stays.count, shown.durations.count, shown.counting_since) == (0, 0, at(0))


@virtual
async def test_what_goes_on_is_asked_first_and_then_followed() -> None:
    """So a meeting that began before the counting is known, whatever becomes of the history."""
    rig = ended(Domain([Held("m", -7200, 9000)]))
    await rig.run()
    assert [each.ongoing for each in rig.domain.asked] == [True, False]
    first, *_ = rig.ledger.entries
    assert [each.id for each in first.follow] == ["m"]


@virtual
async def test_only_what_ended_since_the_counting_began_counts() -> None:
    """Whole, with what they had before it; the others are known, and do not count."""
    before, straddling = Held("before", -900, 600), Held("straddling", -3600, 3600 + 300)
    rig = ended(Domain([before, straddling, Held("after", 60, 60)]))
    await rig.runs(30 * MINUTE)
    assert rig.counted == ["after", "straddling"]
    assert (await figures(rig)).stays.total == 3900 + 60


@virtual
async def test_counting_may_begin_in_the_past() -> None:
    """`since` is read from a day earlier, so that what was going on at that moment is found."""
    held = [
        Held("before", -3 * DAY, 600),
        Held("straddling", -2 * DAY - 20 * HOUR, 21 * HOUR),
        Held("after", -DAY, 600),
        Held("too-long", -3 * DAY - 10, 2 * DAY),
    ]
    rig = ended(Domain(held), MemoryLedger(since=2 * DAY))
    await rig.runs(5 * MINUTE)
    assert rig.counted == ["after", "straddling"]
    assert set(rig.ledger.seen) == {"before", "after", "straddling"}
    assert rig.domain.history[0].start == -3 * DAY


@pytest.mark.parametrize("settle", [30.0, 60.0, 300.0])
@virtual
async def test_two_identical_sights_must_be_that_far_apart(settle: float) -> None:
    """`ledger.settle`, however often the history is read meanwhile."""
    rig = ended(Domain([Held("m", 0, 100)]), settle=settle)
    await rig.runs(500, every=10.0)
    # Moments are the vendor's, which are whole seconds; runs are 10 s apart.
    assert 100 + settle <= rig.counted_at("m") <= 100 + settle + 80


@virtual
async def test_a_meeting_that_is_corrected_settles_anew_and_only_its_last_figures_count() -> None:
    """After it was counted it is never corrected, whatever Daily changes."""
    told = Held("m", 0, 600, over=120, odd={"duration": 90})
    rig = ended(Domain([told]), settle=2 * MINUTE)
    await rig.runs(3 * MINUTE)
    rig.domain.change("m", Held("m", 0, 100, over=120))
    await rig.runs(4 * MINUTE)
    assert rig.counted == []
    await rig.runs(10 * MINUTE)
    rig.domain.change("m", Held("m", 0, 500, over=120))
    await rig.runs(30 * MINUTE)
    shown = await figures(rig)
    assert (shown.durations.count, shown.durations.total, shown.stays.total) == (1, 100.0, 100.0)


@virtual
async def test_an_hour_after_its_end_one_sight_is_enough_unless_it_was_followed() -> None:
    """Daily may tell of a followed one the length that it had hours ago: that has to be seen twice."""
    rig = ended(Domain([Held("followed", 0, 100)]))
    await rig.run()
    rig = ended(Domain([Held("followed", 0, 100), Held("unknown", 20, 100)]), rig.ledger)
    await rig.runs(0)
    await rig.runs(2 * HOUR, every=2 * HOUR)
    assert (rig.counted, rig.following) == (["unknown"], ["followed"])
    await rig.runs(2 * HOUR + 3 * MINUTE)
    assert rig.counted == ["followed", "unknown"]


@pytest.mark.parametrize("people", [..., None, "nobody"], ids=["missing", "null", "text"])
@virtual
async def test_without_its_participants_a_meeting_counts_alone_after_ten_minutes(people: Any) -> None:
    """Ten from its end, and the drift is told; where they come before that, they count."""
    never, late = ({"participants": people} for _ in range(2))
    rig = ended(Domain([Held("never", 0, 100, odd=never), Held("late", 0, 100, odd=late)]))
    await rig.runs(9 * MINUTE)
    assert rig.counted == []
    rig.domain.change("late", Held("late", 0, 100))
    await rig.runs(20 * MINUTE)
    assert rig.counted_at("late") < 700 <= rig.counted_at("never") <= 900
    shown = await figures(rig)
    assert (shown.durations.count, shown.stays.count) == (2, 1)
    assert rig.heard.drift["participants"] >= 1


@pytest.mark.parametrize("odd", [..., None, -1, "long", 10**12, [5]], ids=repr)
@virtual
async def test_a_length_that_cannot_be_is_left_out_and_told(odd: Any) -> None:
    """The meeting's or one person's; the rest of the meeting counts."""
    people: list[dict[str, Any]] = [
        {"duration": 40},
        {} if odd is ... else {"duration": odd},
        {"duration": 50},
    ]
    held = [Held("length", 0, 100, odd={"duration": odd}), Held("stay", 0, 100, odd={"participants": people})]
    rig = ended(Domain(held))
    await rig.runs(10 * MINUTE)
    assert rig.counted == ["length", "stay"]
    shown = await figures(rig)
    assert (shown.durations.count, shown.durations.total) == (1, 100.0)
    assert (shown.stays.count, shown.stays.total) == (3, 190.0)
    assert rig.heard.drift["duration"] >= 2


@virtual
async def test_a_meeting_that_no_list_of_ongoing_ones_ever_had_counts() -> None:
    """It began and ended between two runs, or Daily never showed it there."""
    held = [Held("short", 65, 20), Held("hidden", 70, 400, unlisted=True)]
    rig = ended(Domain(held))
    await rig.runs(15 * MINUTE)
    assert rig.counted == ["hidden", "short"]


@virtual
async def test_sights_of_what_vanished_are_forgotten_after_a_day() -> None:
    """Or they would be more and more."""
    rig = ended(Domain([Held("m", 0, 30, gone=MINUTE + 1)]))
    await rig.runs(MINUTE)
    sights = rig.collector._reading._books._sights
    assert list(sights._first) == ["m"]
    await rig.runs(DAY, every=20 * MINUTE)
    assert list(sights._first) == ["m"]
    await rig.runs(DAY + HOUR, every=20 * MINUTE)
    assert sights._first == {}


@virtual
async def test_an_id_that_comes_again_counts_once() -> None:
    """On a later page, in a later reading, after a restart, and once it goes on again."""
    rig = ended(Domain([Held(f"m{number}", 0, 60 + number) for number in range(150)]))
    await rig.runs(10 * MINUTE)
    again = ended(rig.domain, rig.ledger)
    await again.runs(20 * MINUTE)
    again.domain.change("m0", Held("m0", 0, 2000))
    await again.runs(50 * MINUTE)
    assert rig.ledger.counted == 150


@pytest.mark.parametrize("name", ["", "a blank", "x" * 129, "nul\0", "ä", 7, None], ids=ascii)
@virtual
async def test_a_meeting_without_an_id_that_can_be_kept_is_a_misshapen_answer(name: Any) -> None:
    """Passed over it would be lost, and the watermark would hide that."""
    rig = ended(Domain([Held("good", 0, 900)]))
    await rig.run()
    rig.domain.held.append(Held("m", 20, 30, odd={"id": name}))
    await asyncio.sleep(2 * MINUTE)
    with pytest.raises(errors.AnswerMisshapen, match=r"^/meetings: not the documented shape"):
        await rig.run()
    assert rig.following == ["good"]


@virtual
async def test_a_row_of_the_ongoing_list_that_cannot_be_followed_is_passed_over() -> None:
    """Without a start, or with an id that cannot be kept; the history may tell more of it."""
    rows = [meeting("no-start", start_time=None), meeting("a blank"), meeting("over", ongoing=False)]
    rig = ended(Domain())
    rig.domain.instead = lambda asked: Reply(page([*rows, meeting("good")])) if asked.ongoing else None
    await rig.run()
    assert rig.following == ["good"]


@virtual
async def test_each_stay_has_its_own_end() -> None:
    """Within the meeting, whatever Daily says; where it does not say of all, each ended with the meeting."""
    joins = [at(0), at(40), at(-500), at(9e9)]
    people = [{"duration": 50 - n, "join_time": join} for n, join in enumerate(joins)]
    silent = [*people, {"duration": 5}]
    held = [
        Held("said", 0, 100, odd={"participants": people}),
        Held("silent", 0, 100, odd={"participants": silent}),
    ]
    rig = ended(Domain(held))
    await rig.runs(5 * MINUTE)
    counted = {each.id: each for entry in rig.ledger.entries for each in entry.count}
    assert list(counted["said"].ended_stays()) == [
        (47.0, at(100)),
        (48.0, at(0)),
        (49.0, at(89)),
        (50.0, at(50)),
    ]
    assert {end for _, end in counted["silent"].ended_stays()} == {at(100)}


@virtual
async def test_what_the_ledger_may_have_forgotten_is_not_looked_at() -> None:
    """Where Daily lists it again, though nobody asked about that time: ids are kept for a week."""
    old = Held("old", -10 * DAY, 600)
    rig = ended(Domain([old]), MemoryLedger(since=20 * DAY))
    await rig.runs(5 * MINUTE)
    assert (rig.counted, rig.ledger.seen) == (["old"], {})
    again = page([old.row(passed(), bare=False)])
    rig.domain.instead = lambda asked: None if asked.ongoing or asked.counts else Reply(again)
    await rig.runs(HOUR)
    assert (rig.ledger.counted, rig.following) == (1, [])
