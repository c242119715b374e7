"""Presence becomes meetings by Daily's published rules, second by second."""

from hypothesis import example, given
from hypothesis import strategies as st

from exporter.demo.sessions import Stay, meetings, peak, spans


def stay(join: int, leave: int, *, who: str = "a", room: str = "r") -> Stay:
    """Make a stay of somebody."""
    return Stay(room, who, None, None, join, leave)


def by_the_second(stays: list[Stay]) -> list[tuple[int, int]]:
    """Give the sessions as someone would who looks into the room every second and knows the rules only."""
    found = []
    inside: set[int] = set()
    alone, started, sat_out = 0, None, False
    for now in range(max((s.leave for s in stays), default=0) + 1):
        if len(inside) == 1:
            alone += 1
        kept = {number for number in inside if now < stays[number].leave}
        if started is None and not sat_out and len(inside) == 1 and kept == inside and alone == 30:
            started, alone = now, 0
        if started is not None and len(inside) == 1 and alone == 600:
            found.append((started, now))
            started, sat_out = None, True
        if inside and not kept and started is not None:
            found.append((started, now))
            started = None
        joined = {number for number, s in enumerate(stays) if s.join == now}
        if len(inside) != 1 or kept != inside or joined:
            alone = 0
        if joined or not kept:
            sat_out = False
        inside = kept | joined
        if joined and len(inside) > 1 and started is None:
            started = now
    return found


ANY = st.tuples(st.integers(0, 1500), st.integers(1, 1500))
ROUND = st.tuples(st.integers(0, 75).map(lambda n: 20 * n), st.integers(1, 40).map(lambda n: 30 * n))
"""Stays whose beginnings and ends often fall on one second, and on the moments at which the rules decide."""


@given(st.lists(ANY | ROUND, max_size=6))
@example([(0, 900), (630, 100)])
@example([(0, 30), (30, 60)])
def test_sessions_are_those_that_someone_sees_who_looks_every_second(drawn: list[tuple[int, int]]) -> None:
    """Any coming and going gives the sessions of the rules, whatever falls on the same second."""
    stays = [stay(join, join + length, who=str(number)) for number, (join, length) in enumerate(drawn)]
    assert spans(stays) == by_the_second(stays)


def test_one_person_alone_makes_a_session_after_thirty_seconds() -> None:
    """It begins then, not at the join; a visit of thirty seconds is none."""
    assert spans([stay(0, 31)]) == [(30, 31)]
    assert spans([stay(0, 30)]) == []


def test_a_second_person_makes_a_session_at_once() -> None:
    """The first one's join then lies before the start, as in the vendor's own example."""
    (meeting,) = meetings([stay(0, 100), stay(24, 90, who="b")], seed=1)
    assert (meeting.start, meeting.end) == (24, 100)
    assert [(a.join, a.leave) for a in meeting.attendances] == [(0, 100), (24, 90)]
    assert meeting.listed == 24


def test_ten_minutes_alone_end_a_session_and_the_stay_goes_on_into_the_next() -> None:
    """The next one needs somebody else; the one who stayed attends it from its start, no second twice."""
    first, second = meetings([stay(0, 5000), stay(2000, 2100, who="b")], seed=1)
    assert (first.start, first.end) == (30, 630)
    assert (second.start, second.end) == (2000, 2700)
    assert [(a.join, a.leave) for a in second.attendances] == [(2000, 2700), (2000, 2100)]
    assert [(a.join, a.leave) for a in first.attendances] == [(0, 630)]


def test_who_leaves_within_ten_seconds_is_never_written() -> None:
    """The visit may make a session begin; where nobody else is in it, there is no meeting."""
    (meeting,) = meetings([stay(0, 100), stay(5, 14, who="b")], seed=1)
    assert meeting.start == 5
    assert [a.stay.participant_id for a in meeting.attendances] == ["a"]
    assert meeting.listed == 10
    assert meetings([stay(0, 9), stay(1, 8, who="b")], seed=1) == []


def test_rooms_do_not_mix_and_ids_are_lasting() -> None:
    """Meetings are per room, oldest first, and have the same id whenever they are derived."""
    stays = [stay(50, 200, room="x"), stay(0, 200, room="y")]
    found = meetings(stays, seed=1)
    assert [meeting.room for meeting in found] == ["y", "x"]
    assert found == meetings(list(reversed(stays)), seed=1)
    assert {meeting.id for meeting in found}.isdisjoint(meeting.id for meeting in meetings(stays, seed=2))


def test_the_peak_counts_who_was_there_at_once() -> None:
    """Whoever leaves in the second in which another joins was not there with them."""
    stays = [stay(0, 100), stay(20, 50, who="b"), stay(50, 80, who="c")]
    (meeting,) = meetings(stays, seed=1)
    assert peak(meeting.attendances) == 2
    assert peak([]) == 0
