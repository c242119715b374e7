"""How many requests a part of the history costs, and how many may be sent."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.daily.density import WINDOW_PAGES, Allowance, Density, pages_of, window_span


@pytest.mark.parametrize("rows, pages", [(0, 1), (99, 1), (100, 2), (101, 2), (999, 10), (1000, 11)])
def test_a_full_page_is_followed_by_another_one(rows: int, pages: int) -> None:
    """Nobody knows that it was the last before the next one is empty."""
    assert pages_of(rows) == pages


def test_in_no_minute_more_is_sent_than_is_allowed() -> None:
    """A new process may send all of it at once; each request comes back when a minute has passed since it."""
    allowance = Allowance(60)
    assert (allowance.left(1000.0), allowance.wait(1000.0)) == (60, 0.0)
    for number in range(60):
        allowance.spend(1000.0 + number / 2)
    assert [allowance.left(now) for now in (1030.0, 1059.5, 1060.0, 1060.5, 1089.0, 5000.0)] == [
        0,
        0,
        1,
        2,
        59,
        60,
    ]
    assert [allowance.wait(now) for now in (1030.0, 1059.5, 1060.0)] == [30.0, 0.5, 0.0]


def test_less_may_be_allowed_for_a_while() -> None:
    """What was sent when more was allowed counts all the same."""
    allowance = Allowance(60)
    for at in (1000.0, 1001.0, 1002.0):
        allowance.spend(at)
    assert [allowance.left(now, most=2) for now in (1010.0, 1061.0, 1062.0)] == [0, 1, 2]
    assert [allowance.wait(now, most=2) for now in (1010.0, 1061.0, 1062.0)] == [51.0, 0.0, 0.0]
    assert (allowance.left(1010.0, most=600), allowance.wait(1010.0, most=600)) == (57, 0.0)


def test_before_the_first_reading_nobody_knows() -> None:
    """Then a window may be as long as there is history, and holds nothing as far as is known."""
    density = Density()
    assert (density.known, density.span(1), density.rows_in(3600.0)) == (False, math.inf, 0.0)


def test_where_nothing_began_a_window_may_be_as_long_as_it_likes() -> None:
    """That is known, other than before."""
    density = Density()
    density.note(0, 1800.0)
    assert (density.known, density.span(1), density.rows_in(3600.0)) == (True, math.inf, 0.0)


def test_little_that_was_read_says_little_of_what_lies_before() -> None:
    """A second in which nothing began is not an empty day; half an hour of it is nearly one."""
    density = Density()
    assert density.half_page() == 0.0
    density.note(0, 1.0)
    assert density.half_page() == 50.0
    density.note(0, 1799.5)
    assert density.half_page() == 90_000.0
    density.replace(1000, 1000.0)
    assert density.half_page() == pytest.approx(42.0)


def test_the_last_readings_count_most() -> None:
    """Each older one for half of the next."""
    density = Density()
    density.note(100, 100.0)
    density.note(300, 100.0)
    assert density.rows_in(150.0) == pytest.approx(350.0)
    density.replace(10, 100.0)
    assert density.rows_in(100.0) == pytest.approx(10.0)


@given(st.floats(min_value=1e-4, max_value=50), st.integers(min_value=1, max_value=WINDOW_PAGES))
def test_a_window_leaves_room_on_its_pages(rate: float, pages: int) -> None:
    """Less of it the more pages there are; the meetings expected in it fit on that many requests."""
    rows = window_span(rate, most=math.inf, pages=pages) * rate
    assert pages_of(int(rows)) == pages
    assert rows > 100 * pages - 17 * math.sqrt(pages)


def test_a_window_is_no_longer_than_what_is_to_be_read() -> None:
    """Also where the density is not known, or nothing."""
    assert [window_span(rate, most=60.0) for rate in (None, 0.0, 0.001, 1000.0)][:3] == [60.0] * 3
    assert window_span(1000.0, most=60.0) < 1.0
