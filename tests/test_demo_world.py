"""The simulated world is a function of seed and clock, alive at every hour, and consistent with itself."""

import httpx
import pytest

from exporter.demo import CHAT_ON_CALL, ChatWorkspace, DailyDomain, World, accelerated
from exporter.demo.rhythms import PLACES
from exporter.demo.sessions import WRITTEN_AFTER
from tests.demo_client import DAY, HOUR, MORNING, WEDNESDAY, Asker, Hand

WEEK = range(WEDNESDAY, WEDNESDAY + 7 * DAY, 1200)


def bodies(asker: Asker, now: float) -> list[bytes]:
    """Give everything that the world says at a moment."""
    asker.clock.now = now
    answers: list[httpx.Response] = [
        asker.daily("/presence"),
        asker.daily("/meetings"),
        asker.daily("/meetings", ongoing="true"),
        asker.daily("/rooms"),
        asker.daily("/rooms/info/presence"),
        asker.chat("users.presence"),
        asker.chat("users.presence", **{"from": "2027-01-20T09:29:00.000Z"}),
        asker.chat("presence.getConnections"),
    ]
    return [answer.content for answer in answers]


def test_the_same_seed_and_moment_give_the_same_bytes_in_any_order_of_asking() -> None:
    """A world that ran for days says what a fresh one says, and one asked backwards too."""
    moments = [MORNING + step for step in (-2 * DAY, -7201.5, 0, 0.25, 3 * HOUR, 20 * HOUR)]
    forwards, backwards = Asker(seed="s"), Asker(seed="s")
    first = {now: bodies(forwards, now) for now in moments}
    second = {now: bodies(backwards, now) for now in reversed(moments)}
    fresh = {now: bodies(Asker(seed="s"), now) for now in moments}
    assert first == second == fresh


def test_another_seed_is_another_world() -> None:
    """Nobody of the one is in the other, the fixed accounts apart."""
    one, other = Asker(seed=1), Asker(seed=2)
    assert bodies(one, MORNING) != bodies(other, MORNING)
    fixed = {*CHAT_ON_CALL, one.workspace.user_id}
    common = one.workspace.members.keys() & other.workspace.members.keys()
    assert {ident for ident in common if one.workspace.members[ident].habit != "bot"} == fixed


def test_an_accelerated_clock_starts_where_it_is_told_and_runs_fast() -> None:
    """A day can pass in a minute, and begin in the past."""
    real = Hand(500.0)
    clock = accelerated(1_000_000.0, 60.0, clock=real)
    assert clock() == 1_000_000.0
    real.now += 2
    assert clock() == 1_000_120.0


def test_a_world_has_both_vendors_under_one_clock() -> None:
    """Without an argument, now is the clock's now."""
    clock = Hand()
    world = World("s", clock)
    assert world.daily.present() == world.daily.present(MORNING)
    assert world.daily.meetings() == world.daily.meetings(MORNING)
    assert world.chat.statuses() == world.chat.statuses(MORNING)
    assert world.daily.present(MORNING) == DailyDomain("s", clock=clock).present(MORNING)
    assert world.chat.statuses(MORNING) == ChatWorkspace("s", clock=clock).statuses(MORNING)


def test_the_domain_is_alive_at_all_hours_of_a_week() -> None:
    """Somebody is there and something is on at every twenty minutes, weekends and nights included."""
    domain = Asker().domain
    assert 55 <= len(PLACES) <= 65
    people = [sum(map(len, domain.present(now).values())) for now in WEEK]
    assert min(people) >= 2
    assert max(people) >= 100
    assert all(domain.ongoing(now) for now in WEEK)
    for now in range(MORNING, MORNING + HOUR, 300):
        assert 1 in [len(stays) for stays in domain.present(now).values()]


def test_the_night_owls_room_is_stuck_open_for_hours() -> None:
    """Somebody is in it at four in the morning on every day, and some of its meetings last as long."""
    domain = Asker().domain
    for day in range(7):
        now = WEDNESDAY + day * DAY + 4 * HOUR
        assert [stay for stay in domain.present(now)["night-owl"] if now - stay.join > 5 * HOUR]
    assert any(m.room == "night-owl" and m.end - m.start > 5 * HOUR for m in domain.meetings(MORNING))


def test_rooms_of_single_calls_never_come_again() -> None:
    """Each call has a name of its own; its room exists before the call, and is gone some days after it."""
    domain = Asker().domain
    calls = [m for m in domain.meetings(WEDNESDAY + DAY) if m.room.startswith("visit-")]
    assert len({meeting.room for meeting in calls}) > 100
    first = min(calls, key=lambda meeting: meeting.attendances[0].stay.join)
    joined = first.attendances[0].stay.join
    assert first.room in domain.rooms(joined - 1)
    later = domain.rooms(WEDNESDAY + 7 * DAY)
    assert {m.room for m in calls}.isdisjoint(later)
    assert sum(name.startswith("visit-") for name in later) > 100


@pytest.mark.parametrize("seed", [1, "two"])
def test_meetings_agree_with_presence(seed: object) -> None:
    """Who is together longer than ten seconds is in a listed meeting, and nobody else is in one."""
    domain = Asker(seed=seed).domain
    for now in range(MORNING - 12 * HOUR, MORNING + 12 * HOUR, 613):
        present = domain.present(now)
        ongoing = {meeting.room: meeting for meeting in domain.ongoing(now)}
        assert len(ongoing) == len(domain.ongoing(now))
        for room, meeting in ongoing.items():
            listable = {s.participant_id for s in present[room] if s.leave - s.join >= WRITTEN_AFTER}
            attending = {a.stay.participant_id for a in meeting.attendances if a.join <= now < a.leave}
            assert attending == listable
        for room, stays in present.items():
            old = [stay for stay in stays if now - stay.join > WRITTEN_AFTER]
            assert len(old) < 2 or room in ongoing


def test_presence_names_the_session_that_meetings_lists() -> None:
    """Everybody in an ongoing meeting has its id; who waits for one has an id to come, or their own."""
    domain = Asker().domain
    waiting = 0
    for now in range(MORNING, MORNING + 6 * HOUR, 307):
        ids = domain.session_ids(now)
        ongoing = domain.ongoing(now)
        for meeting in ongoing:
            for a in meeting.attendances:
                if a.join <= now < a.leave:
                    assert ids[a.stay.participant_id] == meeting.id
        assert set(ids) == {stay.participant_id for stays in domain.present(now).values() for stay in stays}
        waiting += len(set(ids.values()) - {meeting.id for meeting in ongoing})
    assert waiting > 0


def test_a_meeting_is_listed_once_a_join_is_written() -> None:
    """Not at its start, where two people met within their first seconds."""
    domain = Asker().domain
    late = [meeting for meeting in domain.meetings(MORNING) if meeting.listed > meeting.start]
    assert late
    for meeting in late[:20]:
        assert meeting not in domain.meetings(meeting.listed - 1)
        assert meeting not in domain.ongoing(meeting.listed - 1)
        assert meeting in domain.meetings(meeting.listed)


def test_a_places_rooms_are_empty_when_its_next_day_begins() -> None:
    """So the state of a moment comes from one day of each place, and stays may still cross midnight."""
    domain = Asker().domain
    crossing = 0
    for place in PLACES:
        for day in range(WEDNESDAY // DAY, WEDNESDAY // DAY + 7):
            for stay in domain.stays(place, day):
                assert place.begins(day) <= stay.join < stay.leave < place.begins(day + 1)
                crossing += stay.join // DAY != stay.leave // DAY
    assert crossing > 50


def test_a_domain_with_a_beginning_has_nothing_before_it() -> None:
    """Whoever would have come earlier never came."""
    began = MORNING - 2 * HOUR
    domain = Asker(began=began).domain
    assert domain.present(began - 1) == {}
    assert min(stay.join for stays in domain.present(MORNING).values() for stay in stays) >= began
    assert domain.meetings(began) == []
    assert min(meeting.start for meeting in domain.meetings(MORNING)) >= began


def test_history_reaches_back_whole_days() -> None:
    """A domain without a beginning tells of so many days and today: in weeks, thousands of meetings."""
    domain = Asker().domain
    starts = [meeting.start for meeting in domain.meetings(MORNING)]
    assert starts == sorted(starts, reverse=True)
    assert WEDNESDAY - 3 * DAY <= starts[-1] < WEDNESDAY - 3 * DAY + HOUR
    since = domain.meetings(MORNING, since=MORNING - HOUR)
    assert [m for m in since if m.start >= MORNING - HOUR] == [
        m for m in domain.meetings(MORNING) if m.start >= MORNING - HOUR
    ]
    weeks = DailyDomain("test", clock=lambda: MORNING).meetings()
    assert len(weeks) > 10_000
    assert WEDNESDAY - 28 * DAY <= weeks[-1].start < WEDNESDAY - 28 * DAY + HOUR
    assert weeks[: len(starts)] == domain.meetings(MORNING)


def test_every_status_is_seen_during_working_hours() -> None:
    """Three hundred accounts, and each hour of a working day some of them are in each status."""
    workspace = Asker().workspace
    assert len(workspace.members) == 300
    for day in range(3):
        for hour in range(8, 19):
            statuses = list(workspace.statuses(WEDNESDAY + day * DAY + hour * HOUR).values())
            assert all(statuses.count(status) > 0 for status in ("online", "away", "busy", "offline"))


def test_some_accounts_never_change() -> None:
    """Bots and ghosts are online at all hours, others never seen; of those on call somebody always is."""
    workspace = Asker().workspace
    seen: dict[str, set[str]] = {ident: set() for ident in workspace.members}
    for now in range(WEDNESDAY, WEDNESDAY + 7 * DAY, 2 * HOUR):
        statuses = workspace.statuses(now)
        assert sum(statuses[ident] != "offline" for ident in CHAT_ON_CALL) >= 1
        assert workspace.connections(now) < 200
        for ident, status in statuses.items():
            seen[ident].add(status)
    assert seen["rocket.cat"] == {"online"}
    for ident, member in workspace.members.items():
        if member.habit in {"bot", "ghost"}:
            assert seen[ident] == {"online"}
        if member.habit == "gone":
            assert seen[ident] == {"offline"}


def test_a_touch_counts_after_the_moment_asked_for() -> None:
    """A client that goes on from the last moment it saw is not told twice."""
    workspace = Asker().workspace
    member = next(m for m in workspace.members.values() if m.touched_by_status and m.habit == "worker")
    changed = workspace.spell(member, MORNING).since
    assert workspace.touched(member, since=changed - 0.001, t=changed)
    assert not workspace.touched(member, since=changed, t=changed)


def test_offsets_are_fractional_for_some() -> None:
    """Not every part of the world is whole hours away from Greenwich."""
    zones = {member.zone for member in Asker().workspace.members.values()}
    assert {5.5, 5.75, -3.5, 0, -5} <= zones
