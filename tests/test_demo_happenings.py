"""What happens in the simulated world beside its usual days: true, told by its vendors, not in its past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from exporter.demo import (
    CHAT,
    CHAT_ON_CALL,
    DAILY,
    HAPPENINGS,
    ChatWorkspace,
    DailyDomain,
    changed_world,
    happens_at,
    mildly,
)
from tests.demo_client import DAY, HOUR, MORNING, Asker, Hand

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED: Final = "happenings"


def asker(*, daily: Sequence[str] = (), chat: Sequence[str] = ()) -> Asker:
    """A client of the world in which this happens at half past nine on a Wednesday."""
    clock = Hand()
    world = changed_world(SEED, daily=daily, chat=chat, clock=clock)
    world.daily.limit = world.chat.limit = None
    return Asker(clock=clock, given=world)


def people(domain: DailyDomain, now: float | None = None) -> int:
    """How many are in any room."""
    return sum(map(len, domain.present(now).values()))


def known(domain: DailyDomain, now: float) -> set[tuple[str, str, int]]:
    """Who is where since when: all that can be known at a moment."""
    return {(s.room, s.participant_id, s.join) for stays in domain.present(now).values() for s in stays}


def test_where_nothing_happens_the_world_is_the_usual_one() -> None:
    """At both vendors, today and yesterday."""
    clock = Hand()
    world = changed_world(SEED, clock=clock)
    daily, chat = DailyDomain(SEED, clock=clock, teller=mildly(SEED)), ChatWorkspace(SEED, clock=clock)
    for now in (MORNING - DAY, MORNING, MORNING + HOUR):
        assert world.daily.present(now) == daily.present(now)
        assert world.daily.told(now, since=MORNING - DAY) == daily.told(now, since=MORNING - DAY)
        assert world.chat.statuses(now) == chat.statuses(now)


@pytest.mark.parametrize("name", HAPPENINGS)
def test_the_past_stays_as_it_was_but_for_those_who_came_in_it(name: str) -> None:
    """Who was where an hour ago, and every meeting that had ended by then, are those of the usual world."""
    usual, changed = asker(), asker(daily=[name], chat=[name])
    before = MORNING - 5 * HOUR
    there, then = known(usual.domain, before), known(changed.domain, before)
    assert there <= then
    assert {room for room, *_ in then - there} <= {"waiting-room", "open-line"}
    assert changed.workspace.statuses(before) == usual.workspace.statuses(before)
    ended = {m for m in usual.domain.meetings(since=MORNING - DAY) if m.end < before}
    assert ended <= set(changed.domain.meetings(since=MORNING - DAY))


@pytest.mark.parametrize(
    "name, vendors",
    [
        ("oncall_empty", [CHAT]),
        ("person_alone", [DAILY]),
        ("room_stuck", [DAILY]),
        ("nobody", [DAILY, CHAT]),
        ("crowd", [DAILY, CHAT]),
        ("listed_late", [DAILY]),
        ("unlimited", []),
    ],
)
def test_a_happening_makes_a_difference_where_it_says_so(name: str, vendors: list[str]) -> None:
    """And at the other vendor none at all; with other limits all that is told is the same."""
    assert [vendor for vendor in (DAILY, CHAT) if happens_at(name, vendor)] == (vendors or [DAILY, CHAT])
    usual, changed = asker(), asker(daily=[name], chat=[name])
    now = MORNING + HOUR // 2
    listed = [[told.place for told in each.domain.told(now, since=MORNING)] for each in (usual, changed)]
    told = [listed[0] != listed[1] or people(changed.domain) != people(usual.domain)]
    told.append(changed.workspace.statuses(now) != usual.workspace.statuses(now))
    assert told == [DAILY in vendors, CHAT in vendors]


def test_nobody_on_call_is_there_from_now_on_and_the_others_are() -> None:
    """For as long as the world lasts; the server's list says the same, and a delta tells of the change."""
    usual, changed = asker(), asker(chat=["oncall_empty"])
    for now in range(MORNING, MORNING + 2 * DAY, 3 * HOUR):
        expected = usual.workspace.statuses(now) | dict.fromkeys(CHAT_ON_CALL, "offline")
        assert changed.workspace.statuses(now) == expected
    listed = {row["_id"] for row in changed.chat("users.presence").json()["users"]}
    assert listed
    assert listed.isdisjoint(CHAT_ON_CALL)


def test_a_change_for_good_touches_the_documents_of_some() -> None:
    """As every change of status does, once."""
    changed = asker(chat=["nobody"]).workspace
    touched = [m for m in changed.members.values() if m.touched_by_status and m.habit != "bot"]
    assert touched
    assert all(changed.touched(member, since=MORNING - 1, t=MORNING) for member in touched)


def test_somebody_is_alone_for_long_and_waits_for_days() -> None:
    """The meeting that this made has ended, by Daily's rules; the person has not left."""
    changed = asker(daily=["person_alone"])
    changed.clock.now = MORNING + 2 * DAY
    (stay,) = changed.domain.present()["waiting-room"]
    assert stay.join == MORNING - 12 * HOUR
    row = changed.daily("/presence").json()["waiting-room"][0]
    assert row["duration"] == 2 * DAY + 12 * HOUR
    assert "waiting-room" not in {meeting.room for meeting in changed.domain.ongoing()}
    assert changed.daily("/rooms/waiting-room/presence").json()["total_count"] == 1


def test_a_meeting_goes_on_for_days() -> None:
    """It is among the ongoing ones, by the moment of its beginning, and in the list of all; two are in it."""
    changed = asker(daily=["room_stuck"])
    for changed.clock.now in (MORNING, MORNING + 4 * DAY):
        rows = {row["room"]: row for row in changed.daily("/meetings", ongoing="true").json()["data"]}
        assert rows["open-line"]["start_time"] == MORNING - 3 * DAY
        assert len(changed.domain.present()["open-line"]) == 2
        begun = {"timeframe_start": MORNING - 3 * DAY, "timeframe_end": MORNING - 3 * DAY + 1}
        (listed,) = [
            row for row in changed.daily("/meetings", **begun).json()["data"] if row["room"] == "open-line"
        ]
        assert listed["ongoing"] is True
        assert listed["id"] == changed.daily("/presence").json()["open-line"][0]["mtgSessionId"]


def test_everybody_leaves_and_nobody_comes_back() -> None:
    """At once: meetings end at that moment, and only bots stay online."""
    changed = asker(daily=["nobody"], chat=["nobody"])
    assert people(changed.domain, MORNING - 1) > 20
    for now in (MORNING, MORNING + HOUR, MORNING + 3 * DAY):
        assert changed.domain.present(now) == {}
        assert changed.domain.ongoing(now) == []
        online = {ident for ident, status in changed.workspace.statuses(now).items() if status != "offline"}
        assert {changed.workspace.members[ident].habit for ident in online} == {"bot"}
        assert changed.workspace.connections(now) == 0
    assert (
        max(meeting.end for meeting in changed.domain.meetings(MORNING + HOUR, since=MORNING - DAY))
        == MORNING
    )


def test_a_crowd_comes_and_stays_a_crowd() -> None:
    """At every hour, and not more are online than the server has connections for."""
    usual, changed = asker(), asker(daily=["crowd"], chat=["crowd"])
    for now in range(MORNING, MORNING + DAY + HOUR, HOUR):
        assert people(changed.domain, now) - people(usual.domain, now) >= 700
        assert changed.workspace.connections(now) == 190
    changed.clock.now = MORNING + HOUR
    halls = [name for name in changed.domain.rooms() if name.startswith("fair-")]
    assert len(halls) == 20
    longest = max(
        now - m.start for m in changed.domain.ongoing() if m.room in halls for now in [MORNING + HOUR]
    )
    assert longest < 2 * HOUR


def test_of_nobody_and_a_crowd_the_later_holds() -> None:
    """What else happens, happens in either case."""
    emptied = asker(daily=["person_alone", "crowd", "nobody"], chat=["crowd", "nobody"])
    crowded = asker(daily=["nobody", "crowd"], chat=["oncall_empty", "nobody", "crowd"])
    assert set(emptied.domain.present(MORNING)) == {"waiting-room"}
    assert emptied.workspace.connections(MORNING) == 0
    assert people(crowded.domain, MORNING) > 700
    statuses = crowded.workspace.statuses(MORNING)
    assert crowded.workspace.connections(MORNING) == 190 - len(CHAT_ON_CALL)
    assert {statuses[ident] for ident in CHAT_ON_CALL} == {"offline"}


def test_meetings_are_listed_late_from_now_on() -> None:
    """An hour after they began; those that were listed already stay so."""
    usual, changed = asker(), asker(daily=["listed_late"])
    now = MORNING + HOUR + 600
    begun = [m.id for m in usual.domain.meetings(now, since=MORNING - DAY) if m.start >= MORNING]
    by_now = {told.meeting.id for told in changed.domain.told(now, since=MORNING - DAY)}
    assert {told.meeting.id for told in usual.domain.told(MORNING, since=MORNING - DAY)} <= by_now
    late = [ident for ident in begun if ident not in by_now]
    assert late
    later = {told.meeting.id for told in changed.domain.told(now + HOUR, since=MORNING - DAY)}
    assert later.issuperset(late)


@pytest.mark.parametrize("vendors", [(), (DAILY,), (CHAT,)])
def test_requests_are_limited_unless_it_is_said(vendors: tuple[str, ...]) -> None:
    """For each vendor apart: eleven a minute are too many for one, and 101 in five seconds for the other."""
    chosen = {"daily" if vendor == DAILY else "chat": ["unlimited"] for vendor in vendors}
    client = Asker(clock=Hand(), given=changed_world(SEED, clock=Hand(), **chosen))
    daily = {client.daily("/").status_code for _ in range(101)}
    chat = {client.chat("me").status_code for _ in range(11)}
    assert daily == ({200} if DAILY in vendors else {200, 429})
    assert chat == ({200} if CHAT in vendors else {200, 429})
