"""Followed meetings that no window of the history shows: how they are looked for, and when they are given up.

When it is whose turn is in `test_daily_lookups`.
"""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from exporter import errors
from tests.kit.clock import virtual
from tests.kit.endedrig import DAY, HOUR, MINUTE, Domain, Ended, Held, Request, ended, passed
from tests.kit.vendor import Reply

LONG = Held("long", -DAY, DAY + HOUR)
"""It began long before the counting, and ends an hour later."""


def looks(rig: Ended) -> list[Request]:
    """What was asked about a time before the counting, in which nothing is read but what is looked for."""
    return [each for each in rig.domain.history if each.start < -HOUR]


@virtual
async def test_who_left_the_ongoing_list_is_looked_for_in_its_room_around_its_start() -> None:
    """Once it was seen ended it counts at the next sight; while it goes on nobody looks for it."""
    rig = ended(Domain([LONG, Held("beside", -DAY + 30, 600)]))
    await rig.runs(2 * HOUR)
    assert (rig.counted, rig.following) == (["long"], [])
    assert [(each.start, each.end, each.room) for each in looks(rig)] == [
        (-DAY - 60, -DAY + 61, "my-room")
    ] * 2
    first, second = looks(rig)
    assert HOUR <= first.at <= HOUR + 2 * MINUTE
    assert MINUTE <= second.at - first.at <= 3 * MINUTE


@pytest.mark.parametrize("gone", [False, True], ids=["goes-on", "unseen"])
@virtual
async def test_what_is_not_over_or_not_there_is_looked_for_less_and_less_often(gone: bool) -> None:
    """From a minute to an hour between two looks."""
    told = Held("long", -DAY, DAY + HOUR, over=2 * DAY, unlisted=True, gone=HOUR if gone else 1e9)
    rig = ended(Domain([Held("long", -DAY, 2 * DAY)]))
    await rig.run()
    rig.domain.change("long", told)
    await rig.runs(6 * HOUR)
    moments = [each.at for each in looks(rig)]
    waits = [later - sooner for sooner, later in pairwise(moments)]
    # Runs are a minute apart.
    assert all(sooner <= later + MINUTE for sooner, later in pairwise(waits))
    assert MINUTE <= waits[0] < 3 * MINUTE
    assert HOUR <= waits[-1] <= HOUR + 2 * MINUTE
    assert rig.counted == []


@virtual
async def test_what_nobody_sees_for_a_day_is_given_up_and_told() -> None:
    """Not earlier; should it come back, it is followed anew."""
    rig = ended(Domain([LONG]))
    await rig.run()
    rig.domain.held.clear()
    await rig.runs(DAY, every=10 * MINUTE)
    assert (rig.following, rig.ledger.abandoned) == (["long"], 0)
    await rig.runs(DAY + 2 * HOUR, every=10 * MINUTE)
    assert (rig.following, rig.ledger.abandoned) == ([], 1)
    rig.domain.held.append(Held("long", -DAY, 3 * DAY))
    await rig.runs(passed() + 2 * MINUTE)
    assert rig.following == ["long"]


@pytest.mark.parametrize("unlisted", [False, True], ids=["on the list", "by looks"])
@virtual
async def test_a_day_begins_anew_with_each_sight(unlisted: bool) -> None:
    """A meeting that comes and goes is not given up."""
    rig = ended(Domain([Held("long", -DAY, 4 * DAY)]))
    await rig.run()
    for _ in range(3):
        (told,) = rig.domain.held
        rig.domain.held.clear()
        await rig.runs(passed() + 20 * HOUR, every=10 * MINUTE)
        rig.domain.held.append(replace(told, unlisted=unlisted))
        await rig.runs(passed() + 2 * HOUR, every=10 * MINUTE)
    assert (rig.following, rig.ledger.abandoned) == (["long"], 0)


@virtual
async def test_a_restart_forgets_no_meeting() -> None:
    """It is looked for at once, and since when it is missing was written down."""
    rig = ended(Domain([LONG]))
    await rig.run()
    rig.domain.held.clear()
    await rig.runs(20 * HOUR, every=10 * MINUTE)
    again = ended(rig.domain, rig.ledger)
    await again.runs(DAY + 2 * HOUR, every=10 * MINUTE)
    assert (rig.following, rig.ledger.abandoned) == ([], 1)


@virtual
async def test_a_meeting_that_is_dated_back_is_found() -> None:
    """Farther and farther around the start that was known."""
    rig = ended(Domain([LONG]))
    await rig.run()
    rig.domain.change("long", Held("long", -DAY - 10 * MINUTE, DAY + 11 * MINUTE, unlisted=True))
    await rig.runs(HOUR)
    assert rig.counted == ["long"]
    assert [each.start for each in looks(rig)][:2] == [-DAY - 60, -DAY - 900]


@virtual
async def test_without_a_room_the_whole_domain_is_asked_about_its_second() -> None:
    """Where Daily names no room that can be one."""
    rig = ended(Domain([Held("long", -DAY, DAY + HOUR, odd={"room": None})]))
    await rig.runs(2 * HOUR)
    assert rig.counted == ["long"]
    assert {(each.start, each.end, each.room) for each in looks(rig)} == {(-DAY, -DAY + 1, None)}


@pytest.mark.parametrize("status", [400, 404])
@virtual
async def test_a_room_of_which_nothing_is_listed_is_no_hindrance(status: int) -> None:
    """It may have been deleted after the meeting, which is then asked for by its second alone."""
    rig = ended(Domain([LONG, Held("beside", HOUR + 60, 600)]))
    rig.domain.instead = lambda asked: Reply(b"{}", status) if asked.room else None
    await rig.runs(2 * HOUR)
    assert rig.counted == ["beside", "long"]
    assert [(each.start, each.room) for each in looks(rig)] == [
        (-DAY - 60, "my-room"),
        (-DAY, None),
        (-DAY, None),
    ]


@virtual
async def test_a_refusal_of_what_names_no_room_fails_the_run() -> None:
    """There is no other way to ask."""
    rig = ended(Domain([replace(LONG, odd={"room": None})]))
    await rig.run()
    rig.domain.instead = lambda asked: Reply(b"{}", 404) if asked.start == -DAY else None
    with pytest.raises(errors.NotFound):
        await rig.runs(2 * HOUR)


@virtual
async def test_a_list_that_lacks_meetings_fails_its_look_and_holds_up_nothing_else() -> None:
    """It is told, and asked for again later; the watermark moves meanwhile."""
    rig = ended(Domain([LONG, Held("other", HOUR + 10 * MINUTE, 60)]), requests_per_minute=600)
    await rig.runs(HOUR - MINUTE)
    rig.domain.instead = lambda asked: Reply(rig.domain.page(asked, without=1)) if asked.room else None
    parts = []
    while passed() < 3 * HOUR:
        await asyncio.sleep(MINUTE)
        parts.append(await rig.run())
    assert (rig.counted, rig.following) == (["other"], ["long"])
    assert rig.watermark > 2 * HOUR
    told = [part.error for part in parts if part.error is not None]
    assert {str(error) for error in told} == {"/meetings: meetings are missing on the pages of a window"}
    assert 4 <= len(told) < 20
    rig.domain.instead = lambda _: None
    await rig.runs(passed() + 2 * HOUR)
    assert rig.counted == ["long", "other"]


@pytest.mark.parametrize("rows", [700, 1200])
@virtual
async def test_a_crowd_around_a_meeting_without_a_room_holds_up_nothing_else(rows: int) -> None:
    """More than a run can read: it is looked for again later, and given up after a day like any other."""
    lost = Held("lost", -DAY, DAY + HOUR, room="a room", gone=HOUR)
    crowd = [Held(f"c{number}", -DAY + 1 + number % 50, 60) for number in range(rows)]
    rig = ended(Domain([lost, *crowd, Held("other", 2 * HOUR, 60)], seconds=1.5))
    await rig.runs(4 * HOUR, every=10 * MINUTE)
    assert (rig.counted, rig.following) == (["other"], ["lost"])
    assert rig.watermark > 3 * HOUR
    await rig.runs(DAY + 3 * HOUR, every=10 * MINUTE)
    assert (rig.ledger.abandoned, rig.following) == (1, [])


@virtual
async def test_many_that_no_page_shows_are_looked_for_some_at_a_time() -> None:
    """The oldest first, so that a run has requests left for all that is new."""
    old = [Held(f"old{number:02}", -8 * DAY + number * HOUR, 8 * DAY) for number in range(1, 26)]
    crowd = [Held(f"m{number}", number * 4.0, 60) for number in range(3000)]
    rig = ended(Domain([*old, *crowd]), requests_per_minute=600)
    await rig.runs(30 * MINUTE)
    for each in old:
        rig.domain.change(each.id, replace(each, over=0))
    await rig.runs(passed() + 20 * MINUTE)
    asked = [each for each in rig.domain.history if each.start < -6 * DAY]
    assert sorted(each.start for each in asked[:10]) == [each.start for each in asked[:10]]
    assert max(sum(later.at // 30 == each.at // 30 for later in asked) for each in asked) == 10
    assert {each.id for each in old} <= set(rig.counted)
