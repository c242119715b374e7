"""Followed meetings are looked for in turn: soon, then less and less often, then no more."""

from itertools import pairwise

import pytest

from exporter.model import FollowedMeeting
from exporter.sources.daily.lookups import GIVEN_UP, LATEST, SOONEST, LookUps

NOW = 1_800_000_000.0
MEETING = FollowedMeeting("m", "room", NOW - 7200.5)


def due(look_ups: LookUps, *meetings: FollowedMeeting, at: float = 0.0) -> str:
    """The names of those whose turn it is."""
    return "".join(each.id for each in look_ups.due(meetings or [MEETING], now=NOW + at))


def test_a_new_one_is_due_at_once_and_the_oldest_comes_first() -> None:
    """Of two that began together the order is that of their ids."""
    starts = {"a": 3.0, "b": 1.0, "d": 2.0, "c": 2.0}
    followed = [FollowedMeeting(name, None, start) for name, start in starts.items()]
    assert due(LookUps(60.0), *followed) == "bcda"


def test_one_that_ended_is_due_when_it_may_have_settled() -> None:
    """Whatever the wait was before."""
    look_ups = LookUps(90.0)
    assert due(look_ups) == "m"
    look_ups.goes_on(MEETING, now=NOW)
    look_ups.ended(MEETING, now=NOW)
    assert [due(look_ups, at=seconds) for seconds in (0.0, 89.0, 90.0)] == ["", "", "m"]


@pytest.mark.parametrize("found", [True, False])
def test_one_that_is_not_over_or_not_there_is_waited_for_longer_and_longer(found: bool) -> None:
    """From a minute to an hour, doubling."""
    look_ups, now = LookUps(60.0), NOW
    waits = []
    for _ in range(9):
        assert due(look_ups, at=now - NOW) == "m"
        look_ups.goes_on(MEETING, now=now) if found else look_ups.missed(MEETING, now=now)
        wait = next(seconds for seconds in range(1, 4000) if due(look_ups, at=now - NOW + seconds))
        waits.append(wait)
        now += wait
    assert waits[0] == SOONEST
    assert waits[-3:] == [LATEST] * 3
    assert all(later == min(2 * sooner, LATEST) for sooner, later in pairwise(waits))


def test_each_miss_widens_the_look() -> None:
    """Daily may have dated the meeting back; once found, it is known where it is."""
    look_ups = LookUps(60.0)
    due(look_ups)
    second = MEETING.start // 1
    margins = []
    for _ in range(5):
        start, end = look_ups.window(MEETING)
        assert (end - second - 1, start) == (second - start, second - (second - start))
        margins.append(second - start)
        look_ups.missed(MEETING, now=NOW)
    assert margins == [60.0, 900.0, 7200.0, 7200.0, 7200.0]
    assert look_ups.was_missed(MEETING)
    look_ups.goes_on(MEETING, now=NOW)
    assert not look_ups.was_missed(MEETING)
    assert look_ups.window(MEETING) == (second - 60, second + 61)


def test_without_its_room_only_its_second_is_asked_at_first() -> None:
    """The whole domain is listed there."""
    look_ups, homeless = LookUps(60.0), FollowedMeeting("m", None, NOW)
    due(look_ups, homeless)
    assert look_ups.window(homeless) == (NOW, NOW + 1)
    look_ups.missed(homeless, now=NOW)
    assert look_ups.window(homeless) == (NOW - 60, NOW + 61)


def test_one_that_is_not_found_for_a_day_is_given_up() -> None:
    """A day after the first miss that was written down, and not before."""
    look_ups = LookUps(60.0)
    due(look_ups)
    assert not look_ups.missed(MEETING, now=NOW)
    lost = FollowedMeeting("m", "room", MEETING.start, unseen_since=NOW)
    assert not look_ups.missed(lost, now=NOW + GIVEN_UP - 1)
    assert look_ups.missed(lost, now=NOW + GIVEN_UP)


def test_who_is_followed_no_more_is_forgotten() -> None:
    """One that comes back is new."""
    look_ups = LookUps(60.0)
    due(look_ups)
    look_ups.missed(MEETING, now=NOW)
    assert due(look_ups, FollowedMeeting("n", None, NOW)) == "n"
    assert due(look_ups) == "m"


def test_a_turn_that_a_wrong_clock_set_is_not_waited_for() -> None:
    """A clock that ran a day ahead and was put back costs no day."""
    look_ups = LookUps(60.0)
    due(look_ups, at=86400.0)
    look_ups.ended(MEETING, now=NOW + 86400.0)
    assert due(look_ups) == "m"
