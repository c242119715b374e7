"""The rule for Prometheus's timeout header."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.deadline import budget, scrape_timeout

SECONDS = st.floats(min_value=0.001, max_value=3600)


@pytest.mark.parametrize(
    "header, expected",
    [
        pytest.param("10", 9.5, id="whole"),
        pytest.param("10.25", 9.75, id="fraction"),
        pytest.param("0.75", 0.25, id="just above the offset"),
        pytest.param("0.5", 0.25, id="the offset itself: half"),
        pytest.param("0.25", 0.125, id="below the offset: half"),
        pytest.param("0000010", 9.5, id="leading zeros"),
    ],
)
def test_a_named_timeout_is_used_up_to_the_offset(header: str, expected: float) -> None:
    """What the header names, less the offset; half of it where the offset would leave nothing."""
    assert scrape_timeout(header, offset=0.5, default=7.0) == expected


def test_without_an_offset_all_of_the_named_time_is_used() -> None:
    """An offset of 0 is smaller than any valid header."""
    assert scrape_timeout("3", offset=0.0, default=7.0) == 3.0


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "0",
        "0.000",
        "0." + "0" * 400 + "1",
        "-1",
        "+1",
        "1.",
        ".5",
        "1e3",
        "1_0",
        "nan",
        "inf",
        "Infinity",
        "10s",
        " 10",
        "10 ",
        "10\n",
        "10, 10",
        "0x10",
        "١٠",
        "１０",
        "²",
        "9" * 400,
    ],
)
def test_anything_but_a_positive_decimal_number_is_no_timeout(header: str | None) -> None:
    """Signs, exponents, blanks, other digits, zero and infinity are as good as no header: the default."""
    assert scrape_timeout(header, offset=0.5, default=7.0) == 7.0


@given(st.text(max_size=40), st.floats(min_value=0, max_value=60))
def test_no_header_leads_to_a_time_that_cannot_be_waited(header: str, offset: float) -> None:
    """Whatever is sent, the result is a positive, finite number of seconds."""
    timeout = scrape_timeout(header, offset=offset, default=7.0)

    assert timeout > 0
    assert math.isfinite(timeout)


@given(SECONDS, SECONDS)
def test_a_scrape_ends_before_prometheus_gives_up(named: float, offset: float) -> None:
    """The time to use is always shorter than the time named."""
    assert scrape_timeout(f"{named:.6f}", offset=offset, default=7.0) < float(f"{named:.6f}")


@pytest.mark.parametrize(
    "reserve, expected",
    [
        pytest.param(0.0, 9.5, id="no page yet"),
        pytest.param(0.5, 9.5, id="the offset is enough for it"),
        pytest.param(0.75, 8.75, id="longer than the offset: taken off as well"),
        pytest.param(9.0, 0.95, id="never below a tenth"),
        pytest.param(99.0, 0.95, id="not even where a page takes longer than a scrape may"),
    ],
)
def test_the_time_of_the_last_page_is_reserved_where_the_offset_is_too_short(
    reserve: float, expected: float
) -> None:
    """A page that takes longer than the offset shortens the asking, but some asking is always left."""
    assert budget(9.5, offset=0.5, reserve=reserve) == pytest.approx(expected)


@given(SECONDS, SECONDS, st.floats(min_value=0, max_value=1e9))
def test_a_budget_lies_between_a_tenth_and_the_whole(timeout: float, offset: float, reserve: float) -> None:
    """No page, however slow it was, makes the next scrape longer or leaves it no time."""
    assert timeout / 10 <= budget(timeout, offset=offset, reserve=reserve) <= timeout
