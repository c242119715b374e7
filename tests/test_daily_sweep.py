"""What of the history is asked next: whole is read what is new or ripe, the rest where somebody waits."""

import math

import pytest

from exporter.model import FollowedMeeting
from exporter.sources.daily.density import Density, Fit
from exporter.sources.daily.sweep import (
    LONGEST_PAUSE,
    LONGEST_REACH,
    LookUp,
    Page,
    Part,
    Step,
    Sweep,
    Window,
    fits_a_page,
    is_small,
    parts_to_read,
    pause_after,
)

NOW = 1_800_000_000.5
SECOND = 1_800_000_000
W = SECOND - 3600
ALL = Fit(10)


def dense(rate: float) -> Density:
    """So many meetings a second."""
    density = Density()
    density.note(round(rate * 10_000), 10_000.0)
    return density


def waits(*ages: float) -> list[FollowedMeeting]:
    """Meetings that wait, by the seconds since their starts, the oldest first."""
    return [FollowedMeeting(f"m{age}", "room", SECOND - age) for age in sorted(ages, reverse=True)]


def step(
    sweep: Sweep,
    *ages: float,
    density: Density | None = None,
    fit: Fit = ALL,
    now: float = NOW,
    looks: bool = True,
) -> Step | None:
    """What comes next."""
    return sweep.next_step(waits(*ages), density or Density(), fit=fit, now=now, looks=looks)


def spans(parts: list[Part]) -> list[tuple[float, float, bool]]:
    """Parts as seconds before now."""
    return [(SECOND - part.start, SECOND - part.end, part.whole) for part in parts]


def test_at_first_all_is_read_from_the_watermark_on() -> None:
    """What waits before it comes first."""
    parts = parts_to_read(W, [], density=Density(), frontier=NOW - 1800, fresh=-math.inf)
    assert spans(parts) == [(math.inf, 3600, False), (3600, -math.inf, True)]


def test_what_was_read_before_is_left_to_those_who_wait() -> None:
    """Whole are what is new and what the watermark may come to; the order is from the newest back."""
    parts = parts_to_read(W, [], density=dense(5.0), frontier=NOW - 1800.3, fresh=NOW - 600.3)
    assert spans(parts) == [
        (600, -math.inf, True),
        (1800, 600, False),
        (3600, 1800, True),
        (math.inf, 3600, False),
    ]


def test_where_the_watermark_may_not_move_only_what_is_new_is_whole() -> None:
    """As in the first half hour of all."""
    parts = parts_to_read(W, [], density=dense(5.0), frontier=NOW - 5400, fresh=NOW - 600)
    assert [part for part in spans(parts) if part[0] > part[1]] == [
        (600, -math.inf, True),
        (3600, 600, False),
        (math.inf, 3600, False),
    ]


@pytest.mark.parametrize(
    "ages, begin",
    [
        ((3700,), 3700),
        ((4019, 3800, 30), 4019),
        ((4021,), 3600),
        ((4400, 4015), 4400),
        ((9000, 4015), 4015),
    ],
)
def test_reading_begins_with_a_meeting_that_waits_half_a_page_before(
    ages: tuple[int, ...], begin: int
) -> None:
    """And with the next one half a page before that; at ten seconds a meeting half a page are 420 s."""
    parts = parts_to_read(W, waits(*ages), density=dense(0.1), frontier=NOW - 1800, fresh=-math.inf)
    assert spans(parts) == [(math.inf, begin, False), (begin, -math.inf, True)]


def test_where_nobody_knows_or_nothing_happens_reading_does_not_go_back_for_days() -> None:
    """It may have been busier then."""
    reach = int(LONGEST_REACH)
    for density, begin in ((Density(), 3600), (dense(0.0), 3600 + reach)):
        meetings = waits(3600 + reach, 3600 + 2 * reach + 1)
        parts = parts_to_read(W, meetings, density=density, frontier=NOW - 1800, fresh=-math.inf)
        assert SECOND - parts[1].start == begin


def test_windows_go_from_the_oldest_to_now() -> None:
    """As many seconds as fill the pages that fit, the running second included; then nothing is left."""
    sweep = Sweep(NOW, [Part(W, math.inf, whole=True)])
    seen: list[tuple[int, int]] = []
    while (window := step(sweep, density=dense(0.5))) is not None:
        assert isinstance(window, Window)
        seen.append((SECOND - window.start, SECOND - window.end))
        window.part.start = window.end
    assert seen == [(3600, 1702), (1702, -1)]
    assert sweep.parts == []


@pytest.mark.parametrize(
    "fit, seconds", [(Fit(1), 168), (Fit(2), 354), (Fit(10, 60.0), 60), (Fit(10, 1.0), 1), (Fit(10, 0.2), 1)]
)
def test_a_window_is_as_long_as_what_fits(fit: Fit, seconds: int) -> None:
    """Pages or seconds, and never less than a second."""
    window = step(Sweep(NOW, [Part(W, math.inf, whole=True)]), density=dense(0.5), fit=fit)
    assert isinstance(window, Window)
    assert window.end - window.start == seconds


def test_a_window_ends_with_its_part() -> None:
    """What comes after it is another matter."""
    window = step(Sweep(NOW, [Part(W, W + 60, whole=True)]))
    assert isinstance(window, Window)
    assert (window.start, window.end) == (W, W + 60)


def test_before_the_watermark_nothing_is_read_where_the_clock_went_back() -> None:
    """Now is before the watermark."""
    assert step(Sweep(NOW, [Part(W, math.inf, whole=True)]), now=W - 60.0) is None


def older() -> Sweep:
    """A reading of which only what waits before the watermark is left."""
    return Sweep(NOW, [Part(-math.inf, W, whole=False)])


def test_of_those_who_wait_close_together_a_page_is_asked() -> None:
    """Back from the newest: its rows come in that order."""
    page = step(older(), 3650, 3700, 90_000, 30, density=dense(0.5))
    assert isinstance(page, Page)
    assert (SECOND - page.start, SECOND - page.end) == (90_000, 3649)


@pytest.mark.parametrize("ages", [(3650,), (3650, 3650 + 169), (3650, 90_000, 30)])
def test_one_who_waits_alone_is_looked_up(ages: tuple[int, ...]) -> None:
    """A page would hold nobody else who waits."""
    look_up = step(older(), *ages, density=dense(0.5))
    assert isinstance(look_up, LookUp)
    assert look_up.meeting.id == "m3650"


def test_who_is_done_with_is_not_asked_for_again() -> None:
    """Looks go on before the last one; when all are done the part is, too."""
    sweep = older()
    first = step(sweep, 3650, 9000, density=dense(0.5))
    assert isinstance(first, LookUp)
    first.part.end = first.meeting.start
    second = step(sweep, 3650, 9000, density=dense(0.5))
    assert isinstance(second, LookUp)
    assert second.meeting.id == "m9000"
    second.part.end = second.meeting.start
    assert step(sweep, 3650, 9000, density=dense(0.5)) is None
    assert sweep.parts == []


def test_looks_can_wait_for_what_is_read_whole() -> None:
    """They are left for later."""
    sweep = Sweep(NOW, [Part(-math.inf, W, whole=False), Part(W, math.inf, whole=True)])
    window = step(sweep, 3650, looks=False)
    assert isinstance(window, Window)
    window.part.start = window.end
    assert step(sweep, 3650, looks=False) is None
    assert sweep.parts == [Part(-math.inf, W, whole=False)]
    assert isinstance(step(sweep, 3650), LookUp)


@pytest.mark.parametrize(
    "rows, whole, small, pause",
    [
        (0, True, True, 0.0),
        (100, True, True, 0.0),
        (101, False, True, 0.0),
        (200, False, True, 0.0),
        (500, False, False, 100.0),
        (10_000, False, False, LONGEST_PAUSE),
    ],
)
def test_the_larger_a_domain_the_longer_the_pause(rows: int, whole: bool, small: bool, pause: float) -> None:
    """One of a page is read whole at every run, one of two costs no more, all others in their time."""
    assert (fits_a_page(rows), is_small(rows), pause_after(rows)) == (whole, small, pause)
