"""Stays in a status are counted as the full lists show them: each once, and only where both ends are seen."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.distribution import distribute
from exporter.model import Distribution
from exporter.statuses import WATCHED_STATUSES, StatusWatch

GAP = 90.0
ENDS = (60.0, 300.0)

Seen = tuple[float, dict[str, str]]
"""A full list: the moment at which it was true, and user id → status."""

LISTS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 15.0, 60.0, 90.0, 90.5, 400.0, -20.0]),
        st.dictionaries(
            st.sampled_from("abc"), st.sampled_from(["online", "away", "busy", "offline", "unknown"])
        ),
    ),
    max_size=14,
)
"""Full lists, each with the seconds since the one before: often, at the gap, after it, or backwards."""


def watch() -> StatusWatch:
    """A watch that has seen nothing."""
    return StatusWatch(completed=ENDS, current=ENDS, gap=GAP)


def at_moments(steps: list[Seen]) -> list[Seen]:
    """Turn the seconds between lists into moments."""
    now, lists = 1_000_000.0, []
    for step, statuses in steps:
        now += step
        lists.append((now, statuses))
    return lists


def stretches(lists: list[Seen]) -> list[list[Seen]]:
    """Cut the lists where nobody looked for too long, and where the clock went back."""
    cut: list[list[Seen]] = []
    for seen in lists:
        if cut and 0 <= seen[0] - cut[-1][-1][0] <= GAP:
            cut[-1].append(seen)
        else:
            cut.append([seen])
    return cut


def stays(stretch: list[Seen]) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Find the stays by looking back at all lists: the whole ones, and the beginnings of running ones."""
    whole, running = [], []
    for user in "abc":
        statuses = [listed.get(user, "") for _, listed in stretch]
        for status, run in groupby(range(len(stretch)), key=statuses.__getitem__):
            places = list(run)
            first, after = places[0], places[-1] + 1
            if after == len(stretch):
                running.append((status, stretch[first][0]))
            elif first > 0:
                whole.append((status, stretch[after][0] - stretch[first][0]))
    return whole, running


def by_status(values: list[tuple[str, float]]) -> dict[str, Distribution]:
    """Count the values of each status that is timed."""
    return {
        status: distribute([value for name, value in values if name == status], ENDS)
        for status in WATCHED_STATUSES
    }


@given(steps=LISTS)
def test_the_watch_finds_what_looking_back_at_all_lists_finds(steps: list[Seen]) -> None:
    """Whole stays once each, running ones by age, and the time between the last two lists."""
    watching, lists = watch(), at_moments(steps)
    for number, (now, statuses) in enumerate(lists, start=1):
        watching.saw(statuses, now=now)
        cut = stretches(lists[:number])
        later = now + 7.0

        whole = [stay for stretch in cut for stay in stays(stretch)[0]]
        running = [(status, later - since) for status, since in stays(cut[-1])[1]]
        unseen = now - lists[number - 2][0] if number > 1 else None

        assert watching.completed() == by_status(whole)
        assert watching.current(now=later) == by_status(running)
        assert watching.resolution == (None if unseen is None or unseen < 0 else unseen)


@given(steps=LISTS, data=st.data())
def test_a_list_that_is_seen_twice_ends_and_begins_nothing(steps: list[Seen], data: st.DataObject) -> None:
    """Reading the same moment again counts no stay a second time."""
    once, twice = watch(), watch()
    for now, statuses in at_moments(steps):
        once.saw(statuses, now=now)
        for _ in range(data.draw(st.integers(1, 3))):
            twice.saw(statuses, now=now)

    assert twice.completed() == once.completed()


def counts(watching: StatusWatch) -> dict[str, int]:
    """How many stays of each status are counted."""
    return {status: values.count for status, values in watching.completed().items()}


def test_a_stay_that_was_running_when_first_seen_is_void() -> None:
    """Nobody knows when it began; the next one of the same user counts."""
    watching = watch()
    for now, status in ((0.0, "online"), (15.0, "away"), (45.0, "online")):
        watching.saw({"a": status}, now=now)

    assert counts(watching) == {"online": 0, "away": 1, "busy": 0}
    assert watching.completed()["away"].total == 30.0


@pytest.mark.parametrize("status", ["offline", "unknown", "disabled"])
def test_leaving_for_no_timed_status_ends_a_stay_and_is_none(status: str) -> None:
    """Absent, offline or in a status that nobody knows: what was before is over, and nothing new is timed."""
    watching = watch()
    for now, statuses in ((0.0, {}), (15.0, {"a": "busy"}), (30.0, {"a": status}), (45.0, {"a": "online"})):
        watching.saw(statuses, now=now)

    assert counts(watching) == {"online": 0, "away": 0, "busy": 1}
    assert watching.current(now=50.0)["online"].total == 5.0


def test_a_gap_voids_what_was_running() -> None:
    """As long as the gap is bridged, a stay is whole; a moment longer and it is not."""
    for gap, whole in ((GAP, 1), (GAP + 0.1, 0)):
        watching = watch()
        watching.saw({}, now=0.0)
        watching.saw({"a": "online"}, now=10.0)
        watching.saw({"a": "online"}, now=10.0 + gap)
        watching.saw({}, now=20.0 + gap)

        assert counts(watching)["online"] == whole


def test_a_clock_that_goes_back_voids_what_was_running() -> None:
    """No stay gets shorter than nothing, and there is no resolution between such two lists."""
    watching = watch()
    watching.saw({}, now=100.0)
    watching.saw({"a": "online"}, now=110.0)
    resolutions = []
    for now, statuses in ((50.0, {"a": "online"}), (60.0, {})):
        watching.saw(statuses, now=now)
        resolutions.append(watching.resolution)

    assert counts(watching)["online"] == 0
    assert resolutions == [None, 10.0]
    assert watching.current(now=40.0)["online"].count == 0
