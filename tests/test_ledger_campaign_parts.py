"""What the ledger's campaigns are made of: the script and its truth, pages, the clock, and death."""

from __future__ import annotations

from collections import Counter

import pytest

from exporter.demo import Attendance, Meeting, Stay, Telling
from tests.demo_client import Hand
from tests.ledgerworld.doom import COMMIT, REQUEST, Doom, Killed
from tests.ledgerworld.paced import PacedClock
from tests.ledgerworld.pages import BOUNDS, HISTOGRAMS, Scraped, differences, histograms, samples
from tests.ledgerworld.script import (
    BASE,
    ENDS,
    HOUR,
    MINUTE,
    Script,
    Scripted,
    ScriptedDomain,
    Truth,
    check,
)


@pytest.mark.parametrize("seed", range(3))
def test_the_script_has_all_that_makes_counting_hard(seed: int) -> None:
    """Some 350 meetings, and of each awkward kind at least one."""
    scripted = Script(seed).scripted
    assert 340 <= len(scripted) <= 360
    assert len({each.meeting.id for each in scripted}) == len(scripted)
    assert max(each.seconds for each in scripted) >= 24 * HOUR
    assert sum(each.seconds < MINUTE for each in scripted) >= 20
    lates = [each.telling.late for each in scripted]
    assert max(lates) > 30 * MINUTE
    assert sum(late > MINUTE for late in lates) > 20
    tellings = [each.telling for each in scripted]
    odd = Counter(
        kind
        for each in tellings
        for kind, is_so in {
            "begins later at first": each.started_late == 10 * MINUTE,
            "ends back in time": each.lag >= 10 * MINUTE,
            "leaves the list early": each.unlisted,
            "is corrected": bool(each.lacking),
            "is no whole number": bool(each.fraction),
        }.items()
        if is_so
    )
    assert len(odd) == 5
    assert min(odd.values()) > 5
    assert [each.ended_in_sight for each in scripted if each.telling.vanishes] == [False, True]
    assert any(a.join < each.meeting.start for each in scripted for a in each.meeting.attendances)
    assert max(each.flips for each in scripted) <= BASE + ENDS + HOUR


def test_the_truth_is_what_ended_in_sight_since_counting_began() -> None:
    """Lengths and stays by their final figures; who vanished while it went on is no figure of anybody's."""
    script = Script(0)
    everything, later = script.truth(0), script.truth(BASE + 12 * HOUR)
    assert len(everything.durations) == len(script.scripted) - 1
    assert 0 < len(later.durations) < len(everything.durations)
    assert len(everything.stays) >= 2 * len(everything.durations)
    assert len(everything.peaks) == len(everything.durations)


def test_the_truths_series_are_counted_one_by_one() -> None:
    """A value on a bound is in its bucket, a fraction above is not."""
    series = Truth((60.0, 60.5), (30.25,), (2.0,)).series(BOUNDS)
    assert series["presence_join_duration_seconds_bucket 60.0"] == 1
    assert series["presence_join_duration_seconds_bucket 300.0"] == 2
    assert series["presence_join_duration_seconds_bucket +Inf"] == 2
    assert series["presence_join_duration_seconds_sum"] == 120.5
    assert series["presence_meeting_duration_seconds_bucket 30.0"] == 0
    assert series["presence_meeting_peak_participants_count"] == 1


def test_a_counter_that_falls_is_noted() -> None:
    """Of each page against the one before it, whichever exporter gave it."""
    sample = 'presence_join_duration_seconds_bucket{{le="60.0",source="video"}} {}\n'
    scraped = Scraped()
    for value in (3.0, 3.0, 2.0, 5.0):
        series = scraped.add(
            sample.format(value) + f'presence_meetings_ongoing{{source="video"}} {9 - value}\n'
        )
        assert histograms(series) == {"presence_join_duration_seconds_bucket 60.0": value}
    assert scraped.fallen == ["page 3: presence_join_duration_seconds_bucket 60.0 3.0 -> 2.0"]


def test_pages_are_read_in_both_formats() -> None:
    """`le` before `source` and after it, exemplars and moments aside."""
    text = (
        'presence_join_duration_seconds_bucket{source="a",le="60.0"} 3.0 # {meeting_id="x"} 59.0 1.0\n'
        'presence_join_duration_seconds_created{source="a"} 1.7356896e+09\n'
    )
    assert samples(text) == {
        "presence_join_duration_seconds_bucket 60.0": 3.0,
        "presence_join_duration_seconds_created": 1735689600.0,
    }
    assert set(histograms(samples(text))) == {"presence_join_duration_seconds_bucket 60.0"}
    assert set(BOUNDS) == set(HISTOGRAMS)


def test_the_simulated_domain_plays_the_script_and_nothing_else() -> None:
    """Whoever is present is in one of its meetings, and has that meeting's id."""
    script = Script(0)
    now = BASE + 10 * HOUR + 30 * MINUTE
    domain = ScriptedDomain(script, Hand(now))
    present = [stay for stays in domain.present().values() for stay in stays]
    inside = [
        attendance.stay
        for each in script.scripted
        for attendance in each.meeting.attendances
        if attendance.join <= now < attendance.leave
    ]
    assert len(present) > 100
    assert sorted(stay.participant_id for stay in present) == sorted(s.participant_id for s in inside)
    assert {stay.participant_id for stay in present} <= domain.session_ids().keys()
    assert {told.meeting.id for told in domain.told_ongoing()} <= {e.meeting.id for e in script.scripted}


def test_a_script_that_nobody_can_decide_on_is_refused() -> None:
    """A wrong figure that stands for a minute would be counted, and nobody could blame the ledger."""
    stay = Stay("r", "a", None, None, BASE, BASE + HOUR)
    meeting = Meeting("m", "r", BASE, BASE + HOUR, (Attendance(stay, stay.join, stay.leave),))
    check(Scripted(meeting, Telling(lacking=(60, 30))))
    with pytest.raises(AssertionError, match="told wrongly for too long"):
        check(Scripted(meeting, Telling(lacking=(60, 60))))
    with pytest.raises(AssertionError):
        check(Scripted(meeting, Telling(vanishes=HOUR + MINUTE)))


def test_a_paced_clock_waits_for_whoever_looks_in() -> None:
    """It runs fast, never further ahead than allowed, and in steps when it is told to."""
    real = Hand(0.0)
    clock = PacedClock(1000.0, speed=10.0, lead=100.0, real=real)
    real.now = 5.0
    assert clock() == 1050.0
    real.now = 50.0
    assert clock() == 1100.0
    assert clock.seen() == 1100.0
    assert clock() == 1100.0
    real.now = 55.0
    assert clock() == 1150.0
    clock.step(30.0)
    real.now = 55.1
    assert (clock(), clock.seen()) == (1200.0, 1200.0)
    real.now = 55.2
    assert clock() == 1230.0


def test_doom_comes_at_its_point_and_nothing_comes_after() -> None:
    """At the n-th time there; from then on every point is closed."""
    hits = Counter[str]()
    doom = Doom(hits)
    doom.reach(COMMIT)
    doom.arm(COMMIT, after=1)
    doom.reach(REQUEST)
    doom.reach(COMMIT)
    with pytest.raises(Killed):
        doom.reach(COMMIT)
    assert (doom.dead, hits) == (True, {COMMIT: 1})
    with pytest.raises(Killed):
        doom.reach(REQUEST)
    assert hits == {COMMIT: 1}


def test_differences_name_what_is_wrong_missing_or_too_much() -> None:
    """Of the histograms alone."""
    page = {
        "presence_join_duration_seconds_count": 2.0,
        "presence_meeting_duration_seconds_sum": 1.0,
        "x": 3.0,
    }
    truth = {"presence_join_duration_seconds_count": 3.0, "presence_meeting_peak_participants_sum": 4.0}
    assert differences(page, truth) == [
        "presence_join_duration_seconds_count: 2.0 instead of 3.0",
        "presence_meeting_duration_seconds_sum: 1.0 instead of None",
        "presence_meeting_peak_participants_sum: None instead of 4.0",
    ]
