"""A vendor that does not want to be asked is left alone, for as long as it said or as long as it takes."""

import pytest

from exporter.model import Reason
from exporter.pauses import FIRST_UNNAMED, LONGEST, Pace, Pauses


def left(pauses: Pauses, now: float, scope: str = "") -> float | None:
    """Seconds of the present pause; None without one."""
    pause = pauses.present(scope, now=now)
    return None if pause is None else pause.left


def test_nothing_is_paused_at_first() -> None:
    """A vendor that never refused may be asked."""
    assert Pauses().present("", now=1000.0) is None


def test_a_named_pause_lasts_to_its_moment_and_not_beyond() -> None:
    """The last instant still counts, the moment itself does not."""
    pauses = Pauses()
    assert pauses.begin("", wait=30.0, now=1000.0) == 30.0
    assert left(pauses, 1000.0) == 30.0
    assert left(pauses, 1029.5) == 0.5
    assert left(pauses, 1030.0) is None


def test_no_pause_is_longer_than_five_minutes() -> None:
    """A wrong header does not blind the exporter for a day."""
    pauses = Pauses()
    assert pauses.begin("", wait=86_400.0, now=1000.0) == LONGEST == 300.0
    assert left(pauses, 1299.0) == 1.0
    assert left(pauses, 1300.0) is None


def test_unnamed_pauses_double_while_refusals_go_on_up_to_five_minutes() -> None:
    """15 s at first; thousands of refusals later it is five minutes still."""
    pauses, now, seconds = Pauses(), 1000.0, []
    for _ in range(2000):
        seconds.append(pauses.begin("", wait=None, now=now))
        now += seconds[-1]
    assert seconds[:7] == [15.0, 30.0, 60.0, 120.0, 240.0, 300.0, 300.0]
    assert set(seconds[7:]) == {300.0}


def test_an_answer_makes_the_next_unnamed_pause_a_first_one() -> None:
    """What was before the answer is forgotten."""
    pauses = Pauses()
    pauses.begin("", wait=None, now=1000.0)
    pauses.begin("", wait=None, now=1015.0)
    pauses.answered("", asked=1045.0)
    assert pauses.begin("", wait=None, now=1046.0) == FIRST_UNNAMED


def test_an_answer_to_what_was_asked_before_the_refusal_changes_nothing() -> None:
    """Two requests under way, one refused and one answered later, are no sign of better times."""
    pauses = Pauses()
    pauses.begin("", wait=None, now=1000.0)
    pauses.answered("", asked=999.0)
    assert left(pauses, 1001.0) == 14.0
    assert pauses.begin("", wait=None, now=1015.0) == 30.0


def test_an_answer_of_an_unknown_scope_is_nothing_to_remember() -> None:
    """A route that was never refused keeps its first pause."""
    pauses = Pauses()
    pauses.answered("/a", asked=1000.0)
    assert pauses.begin("/a", wait=None, now=1000.0) == FIRST_UNNAMED


def test_refusals_together_do_not_double_the_pause() -> None:
    """Ten requests under way, all refused, begin one pause, and the next one is twice as long, not more."""
    pauses = Pauses()
    assert [pauses.begin("", wait=None, now=1000.0 + n / 4) for n in range(3)] == [15.0, 14.75, 14.5]
    assert left(pauses, 1015.0) is None
    assert pauses.begin("", wait=None, now=1016.0) == 30.0


def test_the_longer_of_two_named_waits_counts() -> None:
    """A later refusal that names less does not shorten the pause, and an unnamed one changes nothing."""
    pauses = Pauses()
    pauses.begin("", wait=60.0, now=1000.0)
    assert pauses.begin("", wait=10.0, now=1001.0) == 59.0
    assert pauses.begin("", wait=None, now=1002.0) == 58.0
    assert pauses.begin("", wait=90.0, now=1003.0) == 90.0


def test_a_wait_of_no_time_is_no_pause() -> None:
    """`Retry-After: 0` means now."""
    pauses = Pauses()
    assert pauses.begin("", wait=0.0, now=1000.0) == 0.0
    assert left(pauses, 1000.0) is None


def test_scopes_pause_apart() -> None:
    """One route's pause is not another's."""
    pauses = Pauses()
    pauses.begin("/a", wait=60.0, now=1000.0)
    assert left(pauses, 1001.0, "/a") == 59.0
    assert left(pauses, 1001.0, "/b") is None


@pytest.mark.parametrize("second", [5.0, 20.0])
def test_the_reason_is_that_of_the_pause_that_lasts_longest(second: float) -> None:
    """A shorter wait that a 503 names does not rename the pause of a 429; a longer one does."""
    pauses = Pauses()
    pauses.begin("", wait=10.0, now=1000.0)
    pauses.begin("", wait=second, now=1000.0, reason=Reason.SERVER_ERROR)
    pause = pauses.present("", now=1001.0)
    assert pause is not None
    assert pause.reason is (Reason.SERVER_ERROR if second > 10.0 else Reason.RATE_LIMITED)


def test_a_pace_lets_a_burst_go_and_spreads_the_rest() -> None:
    """Four at once, then one each half second, in the order in which they came."""
    pace = Pace(rate=2.0, burst=4)
    assert [pace.take(now=1000.0) for _ in range(7)] == [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.5]


def test_a_pace_saves_no_more_than_one_burst_while_nobody_asks() -> None:
    """After an hour of silence the burst is as big as the first one."""
    pace = Pace(rate=2.0, burst=4)
    for _ in range(20):
        pace.take(now=1000.0)
    assert [pace.take(now=4600.0) for _ in range(6)] == [0.0, 0.0, 0.0, 0.0, 0.5, 1.0]


def test_a_pace_that_is_kept_makes_nobody_wait() -> None:
    """Requests as slow as the rate pass at once, for ever."""
    pace = Pace(rate=2.0, burst=1)
    assert [pace.take(now=1000.0 + n / 2) for n in range(50)] == [0.0] * 50


def test_what_is_in_force_is_told_by_scope() -> None:
    """Pauses that are over are not among it."""
    pauses = Pauses()
    pauses.begin("/a", wait=10.0, now=1000.0)
    pauses.begin("/b", wait=30.0, now=1000.0, reason=Reason.SERVER_ERROR)

    assert {scope: (each.reason, each.left) for scope, each in pauses.in_force(now=1010.0).items()} == {
        "/b": (Reason.SERVER_ERROR, 20.0)
    }


def test_pauses_that_are_taken_over_hold_and_shorten_none() -> None:
    """Of two for one scope the later end counts, with its reason; the other's are left as they were."""
    mine, theirs = Pauses(), Pauses()
    mine.begin("/a", wait=50.0, now=1000.0)
    mine.begin("/b", wait=10.0, now=1000.0)
    theirs.begin("/a", wait=20.0, now=1000.0, reason=Reason.SERVER_ERROR)
    theirs.begin("/b", wait=20.0, now=1000.0, reason=Reason.SERVER_ERROR)
    theirs.begin("/c", wait=30.0, now=1000.0)
    mine.take_over(theirs)

    assert {scope: (each.reason, each.left) for scope, each in mine.in_force(now=1000.0).items()} == {
        "/a": (Reason.RATE_LIMITED, 50.0),
        "/b": (Reason.SERVER_ERROR, 20.0),
        "/c": (Reason.RATE_LIMITED, 30.0),
    }
    mine.begin("/c", wait=60.0, now=1000.0)
    assert left(theirs, 1000.0, "/c") == 30.0


def test_unnamed_pauses_go_on_doubling_where_they_are_taken_over() -> None:
    """The refusals go on, whoever asks."""
    mine, theirs = Pauses(), Pauses()
    theirs.begin("", wait=None, now=1000.0)
    mine.take_over(theirs)

    assert mine.begin("", wait=None, now=1100.0) == 2 * FIRST_UNNAMED
