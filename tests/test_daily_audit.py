"""The last day is counted again hour by hour, and what does not agree is cut until it can be read."""

import pytest

from exporter.sources.daily.audit import HOUR, WINDOWS, Audit, Step

DAY = WINDOWS * HOUR
NOON = 1_800_014_400.0
"""A full hour."""


def step(audit: Audit, now: float = NOON, **changes: float) -> Step | None:
    """The next step of a domain that is counted since long ago, and known to now."""
    given = {"since": 0.0, "back": 7 * DAY, "end": now}
    return audit.next(now=now, **given | changes)


def hours(audit: Audit, now: float = NOON, **changes: float) -> list[tuple[float, float]]:
    """The hours of one round, as distances from noon, each agreeing at once."""
    seen: list[tuple[float, float]] = []
    while found := step(audit, now, **changes):
        seen.append(((found.start - NOON) / HOUR, (found.end - NOON) / HOUR))
        audit.counted(theirs=5, ours=5, readable=99)
        now += HOUR / WINDOWS
        if len(seen) == WINDOWS:
            break
    return seen


def test_all_hours_of_a_day_are_counted_within_an_hour() -> None:
    """The newest first, and then again from there."""
    audit = Audit()
    assert hours(audit, end=NOON) == [(-n - 1, -n) for n in range(24)]
    later = step(audit, NOON + HOUR, end=NOON + HOUR)
    assert later == Step(NOON, NOON + HOUR)


def test_between_two_hours_there_is_a_pause() -> None:
    """A twenty-fourth of an hour."""
    audit = Audit()
    assert step(audit) is not None
    audit.counted(theirs=0, ours=0, readable=99)
    assert step(audit, NOON + 149.0) is None
    assert step(audit, NOON + 150.0) == Step(NOON - 2 * HOUR, NOON - HOUR)


def test_runs_that_come_late_make_no_round_longer() -> None:
    """They come once a minute, and a pause is no whole number of minutes."""
    audit = Audit()
    begun = []
    for minute in range(120):
        if step(audit, NOON + minute * 60.0, end=NOON) is not None:
            begun.append(minute)
            audit.counted(theirs=0, ours=0, readable=99)
    assert len(begun) == 2 * WINDOWS
    assert begun[:5] == [0, 3, 5, 8, 10]


def test_a_clock_that_is_put_back_stops_no_audit() -> None:
    """The pause is one of minutes, whatever a wrong clock said."""
    audit = Audit()
    step(audit, NOON + 9 * HOUR)
    audit.counted(theirs=0, ours=0, readable=99)
    assert step(audit) is not None


@pytest.mark.parametrize(
    "changes, first",
    [
        ({"since": NOON - 90.0 * 60}, [(-1, 0), (-1.5, -1)]),
        ({"since": NOON - HOUR}, [(-1, 0)]),
        ({"since": NOON - 900.5}, [(-0.25, 0)]),
        ({"back": 2.5 * HOUR}, [(-1, 0), (-2, -1)]),
        ({"end": NOON - 1}, [(-n - 2, -n - 1) for n in range(23)]),
    ],
)
def test_only_whole_hours_that_are_known_are_counted(
    changes: dict[str, float], first: list[tuple[float, float]]
) -> None:
    """Not before the counting began, nor where a gap may be, nor beyond the watermark."""
    seen = hours(Audit(), **{"end": NOON} | changes)
    assert seen[: len(first)] == first
    assert set(seen) == set(seen[: len(first)])


def test_nothing_is_counted_where_no_hour_is_known() -> None:
    """At the beginning, and while a long time is caught up with."""
    assert step(Audit(), since=NOON) is None
    assert step(Audit(), end=NOON - 2 * DAY) is None


def test_an_hour_that_does_not_agree_is_read() -> None:
    """And is done with then."""
    audit = Audit()
    step(audit)
    audit.counted(theirs=6, ours=5, readable=99)
    assert step(audit) == Step(NOON - HOUR, NOON, read=True)
    audit.was_read(difference=0)
    assert step(audit) is None


def test_a_large_hour_is_cut_until_it_can_be_read() -> None:
    """Only the half that does not agree is followed; the older one comes first."""
    audit = Audit()
    step(audit)
    audit.counted(theirs=300, ours=299, readable=99)
    assert step(audit) == Step(NOON - HOUR, NOON - HOUR / 2)
    audit.counted(theirs=150, ours=150, readable=99)
    assert step(audit) == Step(NOON - HOUR / 2, NOON)
    audit.counted(theirs=150, ours=149, readable=99)
    audit.counted(theirs=75, ours=75, readable=99)
    assert step(audit) == Step(NOON - HOUR / 4, NOON)
    audit.counted(theirs=75, ours=74, readable=99)
    assert step(audit) == Step(NOON - HOUR / 4, NOON, read=True)


def test_what_has_grown_too_large_to_be_read_is_cut() -> None:
    """Its halves are counted."""
    audit = Audit()
    step(audit)
    audit.counted(theirs=99, ours=90, readable=99)
    audit.too_large()
    assert step(audit) == Step(NOON - HOUR, NOON - HOUR / 2)


def test_a_second_is_read_whatever_it_holds() -> None:
    """It cannot be cut."""
    audit = Audit()
    step(audit, since=NOON - 1)
    audit.counted(theirs=5000, ours=0, readable=99)
    assert step(audit) == Step(NOON - 1, NOON, read=True)


def in_an_hour(audit: Audit, *, theirs: int, ours: int) -> Step | None:
    """What comes after the hour before noon was counted again an hour later."""
    for _ in range(2 * WINDOWS):
        found = step(audit, NOON + HOUR, end=NOON + HOUR)
        if found is not None and found.end == NOON:
            audit.counted(theirs=theirs, ours=ours, readable=99)
            return step(audit, NOON + HOUR, end=NOON + HOUR)
        audit.counted(theirs=0, ours=0, readable=99)
        audit._at -= HOUR
    raise AssertionError("the hour never came again")


def test_what_reading_does_not_explain_is_looked_into_once() -> None:
    """As a meeting that vanished after it was counted; one more that differs is looked into again."""
    audit = Audit()
    step(audit)
    audit.counted(theirs=4, ours=5, readable=99)
    audit.was_read(difference=-1)
    audit._at -= HOUR
    assert in_an_hour(audit, theirs=4, ours=5) is None
    audit._at -= HOUR
    audit._hour = NOON + HOUR
    assert in_an_hour(audit, theirs=5, ours=5) == Step(NOON - HOUR, NOON, read=True)


def test_what_cannot_be_read_is_looked_into_again() -> None:
    """In an hour."""
    audit = Audit()
    step(audit)
    audit.counted(theirs=6, ours=5, readable=99)
    audit.given_up()
    assert step(audit) is None
    audit._at -= HOUR
    assert in_an_hour(audit, theirs=6, ours=5) == Step(NOON - HOUR, NOON, read=True)


def test_what_was_explained_is_forgotten_after_a_day() -> None:
    """Or it would grow for ever."""
    audit = Audit()
    for day in range(5):
        for hour in range(24):
            now = NOON + day * DAY + hour * HOUR
            assert step(audit, now) is not None
            audit.counted(theirs=4, ours=5, readable=99)
            audit.was_read(difference=-1)
    assert len(audit._explained) <= WINDOWS
