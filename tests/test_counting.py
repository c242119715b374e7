"""What a meeting adds, in whole seconds; when it has settled; and what is written down of a reading."""

from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.counting import (
    JOIN,
    LONGEST,
    MEETING,
    PEAK,
    SETTLED_ANYHOW,
    WAIT_FOR_PARTICIPANTS,
    Addition,
    Sights,
    distribution,
    judge,
    whole_seconds,
)
from exporter.model import Distribution, LedgerEntry, ListedMeeting

START = 1_800_000_000.0
END = START + 600.0


def ended(name: str = "m", **changes: Any) -> ListedMeeting:
    """A meeting of ten minutes and two people that is over, but for what is changed."""
    given: dict[str, Any] = {"duration": 600.0, "peak": 2, "stays": (30.0, 600.0)}
    return ListedMeeting(name, "room", START, ongoing=False, **given | changes)


def added(*meetings: ListedMeeting) -> Addition:
    """What these meetings add."""
    addition = Addition()
    for meeting in meetings:
        addition.add(meeting)
    return addition


def numbers(addition: Addition, family: str) -> dict[int, int]:
    """Value → number of one family."""
    return {value: number for (name, value), number in addition.numbers.items() if name == family}


# What a meeting adds


def test_a_meeting_adds_each_stay_its_own_length_and_its_peak() -> None:
    """Each once; the sums are what they were before rounding, to a thousandth."""
    addition = added(ended(duration=600.25, stays=(30.0, 30.0, 59.9996)), ended("n", peak=5, stays=()))
    assert addition.numbers == Counter(
        {(JOIN, 30): 2, (JOIN, 60): 1, (MEETING, 601): 1, (MEETING, 600): 1, (PEAK, 2): 1, (PEAK, 5): 1}
    )
    sums = (addition.join_milliseconds, addition.meeting_milliseconds, addition.peak_participants)
    assert sums == (120_000, 1_200_250, 7)


def test_what_a_meeting_does_not_say_is_left_out() -> None:
    """The rest of it counts."""
    assert added(ended(duration=None, peak=None, stays=(5.0,))).numbers == {(JOIN, 5): 1}
    assert added(ended(stays=None)).numbers == {(MEETING, 600): 1, (PEAK, 2): 1}


@pytest.mark.parametrize(
    "seconds, whole", [(0.0, 0), (0.001, 1), (1.0, 1), (59.5, 60), (86_401.0, LONGEST), (1e7, LONGEST)]
)
def test_seconds_are_rounded_up_to_the_longest(seconds: float, whole: int) -> None:
    """So a value is in the bucket of a whole bound exactly where the true one is."""
    assert whole_seconds(seconds) == whole


lengths = st.floats(min_value=0, max_value=200_000, allow_nan=False)
layouts = st.lists(st.integers(min_value=0, max_value=86_400), unique=True, max_size=15).map(sorted)


@given(st.lists(lengths), layouts)
def test_any_layout_of_whole_bounds_is_as_if_counted_directly(values: list[float], layout: list[int]) -> None:
    """Whatever the lengths: the counts of whole seconds lose nothing that a bucket could show."""
    bounds = tuple(map(float, layout))
    addition = added(ended(stays=tuple(values)))
    naive = [0] * (len(bounds) + 1)
    for value in values:
        naive[bisect_left(bounds, value)] += 1
    derived = distribution(numbers(addition, JOIN), bounds, total=addition.join_milliseconds / 1000)
    assert derived.cumulative == tuple(accumulate(naive))
    assert derived.total == pytest.approx(sum(values), abs=0.001 * len(values) + 1e-6)


@given(st.lists(st.integers(min_value=0, max_value=2000)), layouts)
def test_a_peak_is_counted_as_it_is(peaks: list[int], layout: list[int]) -> None:
    """In the bucket of its own number."""
    bounds = tuple(map(float, layout))
    addition = added(*(ended(peak=peak) for peak in peaks))
    derived = distribution(numbers(addition, PEAK), bounds, total=addition.peak_participants)
    below = tuple(sum(peak <= bound for peak in peaks) for bound in bounds)
    assert derived == Distribution(bounds, (*below, len(peaks)), sum(peaks))


# When it has settled


def test_two_identical_sights_settle_a_meeting() -> None:
    """As far apart as is wanted, and not a moment less."""
    sights = Sights(60.0)
    moments = [END, END + 30.0, END + 59.0, END + 60.0]
    assert [sights.settled(ended(), now=now) for now in moments] == [False, False, False, True]


def test_a_sight_on_a_list_that_took_a_while_may_have_been_its_last() -> None:
    """So the wait begins with the list's last page, and is over with the first one of the next."""
    sights = Sights(60.0)
    assert not sights.settled(ended(), now=END, until=END + 9.0)
    assert not sights.settled(ended(), now=END + 68.0, until=END + 70.0)
    assert sights.settled(ended(), now=END + 69.0, until=END + 70.0)


@pytest.mark.parametrize(
    "correction",
    [{"duration": 590.0}, {"peak": 3}, {"stays": (30.0, 590.0)}, {"start": START - 600.0}],
    ids=lambda change: next(iter(change)),
)
def test_a_correction_begins_the_wait_anew(correction: dict[str, Any]) -> None:
    """Whatever Daily changed."""
    sights, corrected = Sights(60.0), replace(ended(), **correction)
    assert not sights.settled(ended(), now=END)
    assert not sights.settled(corrected, now=END + 60.0)
    assert not sights.settled(corrected, now=END + 119.0)
    assert sights.settled(corrected, now=END + 120.0)


def test_a_meeting_that_goes_on_again_was_not_over() -> None:
    """What was seen of its end before says nothing any more."""
    sights = Sights(60.0)
    assert not sights.settled(ended(), now=END)
    assert not sights.settled(replace(ended(), ongoing=True), now=END + 30.0)
    assert not sights.settled(ended(), now=END + 70.0)
    assert sights.settled(ended(), now=END + 130.0)


def test_an_hour_after_its_end_the_first_sight_is_enough() -> None:
    """Daily corrects a meeting soon, or never."""
    assert not Sights(60.0).settled(ended(), now=END + SETTLED_ANYHOW - 1)
    assert Sights(60.0).settled(ended(), now=END + SETTLED_ANYHOW)


def test_one_that_was_followed_is_seen_twice_all_the_same() -> None:
    """Daily may show the duration that it had hours before, and with it an end that was none."""
    sights, now = Sights(60.0), END + 10 * SETTLED_ANYHOW
    assert not sights.settled(ended(), now=now, followed=True)
    assert sights.settled(ended(), now=now + 60.0, followed=True)


def test_without_a_wait_the_first_sight_settles() -> None:
    """`ledger.settle: 0s`."""
    assert Sights(0.0).settled(ended(), now=END)


def test_a_meeting_without_participants_is_waited_for() -> None:
    """Ten minutes from its end; then it counts by the same rules as any other."""
    sights, alone = Sights(60.0), ended(stays=None)
    assert not sights.settled(alone, now=END + WAIT_FOR_PARTICIPANTS - 1)
    assert not sights.settled(alone, now=END + WAIT_FOR_PARTICIPANTS)
    assert sights.settled(alone, now=END + WAIT_FOR_PARTICIPANTS + 60)
    assert sights.settled(ended("n", stays=()), now=END + SETTLED_ANYHOW)


def test_what_was_decided_or_vanished_is_forgotten() -> None:
    """A later sight is a first one."""
    sights = Sights(60.0)
    for name in "abc":
        assert not sights.settled(ended(name), now=END)
    sights.forget(["a", "unknown"])
    assert not sights.settled(ended("b", peak=3), now=END + 50.0)
    sights.forget_before(END + 50.0)
    later = END + 110.0
    assert [sights.settled(ended(name, peak=3), now=later) for name in "abc"] == [False, True, False]


# What is written down


def judged(
    *meetings: ListedMeeting, known: str = "", followed: str = "", since: float = START
) -> LedgerEntry:
    """What is written down of these, half an hour after their end, where one sight is enough."""
    return judge(
        meetings,
        known=set(known),
        followed=set(followed),
        sights=Sights(0.0),
        counting_since=since,
        now=END + 1800.0,
    )


def test_what_has_settled_is_counted_and_what_has_not_is_followed() -> None:
    """One that goes on, and one whose participants are not known yet."""
    on, unknown = replace(ended("on"), ongoing=True), ended("late", duration=2300.0, stays=None)
    entry = judged(ended("a"), on, unknown, ended("b"))
    assert entry == LedgerEntry(END + 1800.0, (ended("a"), ended("b")), follow=(on, unknown))


def test_what_was_decided_on_before_is_not_judged_again() -> None:
    """Not even if it goes on again."""
    assert judged(ended("a"), replace(ended("b"), ongoing=True), known="ab") == LedgerEntry(END + 1800.0)


def test_what_ended_before_the_counting_began_is_known_and_not_counted() -> None:
    """The end decides, not the start, and the very second counts."""
    entry = judged(ended("a", duration=599.0), ended("b", duration=600.0), since=END)
    assert ([each.id for each in entry.count], entry.skip) == (["b"], (("a", START),))


def test_a_followed_meeting_is_told_apart_from_one_that_was_never_seen() -> None:
    """Hours after its end one sight does for the second only."""
    long_ago = judge(
        [ended("a"), ended("b")],
        known=(),
        followed={"a"},
        sights=Sights(60.0),
        counting_since=START,
        now=END + 9000.0,
    )
    assert ([each.id for each in long_ago.count], [each.id for each in long_ago.follow]) == (["b"], ["a"])
