"""How numbers, ages and moments are written."""

from __future__ import annotations

import pytest

from exporter.web.words import ago, counted, moment, number, short, span, took


@pytest.mark.parametrize(
    "seconds, expected",
    [
        (-3.0, "0 s"),
        (0.0, "0 s"),
        (59.9, "59 s"),
        (60.0, "1 min"),
        (3599.0, "59 min"),
        (3600.0, "1 h"),
        (86399.0, "23 h"),
        (86400.0, "1 d"),
        (864000.0, "10 d"),
    ],
)
def test_ages_are_said_in_their_largest_unit(seconds: float, expected: str) -> None:
    """An age is for people: one number, rounded down, never negative."""
    assert span(seconds) == expected
    assert ago(seconds) == f"{expected} ago"


def test_what_never_was_has_no_age() -> None:
    """And is said to be so."""
    assert ago(None) == "never"


def test_numbers_are_written_for_people() -> None:
    """Thousands apart, one thing or several, moments in UTC."""
    assert [short("x" * length) for length in (40, 41)] == ["x" * 40, f"{'x' * 24}…{'x' * 15}"]
    assert (took(0.0123), took(0.25), took(12.345)) == ("12 ms", "250 ms", "12.3 s")
    assert number(1234567) == "1,234,567"
    assert [counted(value, "source") for value in (0, 1, 1200)] == ["0 sources", "1 source", "1,200 sources"]
    assert moment(1_800_000_000.9) == "2027-01-15 08:00:00 UTC"
