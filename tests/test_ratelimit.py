"""Headers say how long not to ask, or nothing; whatever stands in them, reading them never fails."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ratelimit import named_wait, remaining_requests, retry_after, server_time
from tests.kit.clock import WALL_START
from tests.kit.vendor import http_date

NOW = WALL_START
IN_40_S = http_date(NOW + 40)
A_MINUTE_AGO = http_date(NOW - 60)


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": IN_40_S}, 40.0),
        ({"retry-after": A_MINUTE_AGO}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1_0"}, None),
        ({"retry-after": "\u0663"}, None),
        ({"x-ratelimit-reset": f"{NOW * 1000 + 21_500:.0f}"}, 21.5),
        ({"x-ratelimit-reset": f"{NOW + 21:.0f}"}, 21.0),
        ({"x-ratelimit-reset": "21"}, 21.0),
        ({"x-ratelimit-reset": "0"}, None),
        ({"x-ratelimit-reset": f"{NOW * 1000 - 1:.0f}"}, None),
        ({"x-ratelimit-reset": f"{NOW - 1:.0f}"}, None),
        ({"x-ratelimit-reset": "then"}, None),
        ({"retry-after": "7", "x-ratelimit-reset": "21"}, 7.0),
        ({"retry-after": "soon", "x-ratelimit-reset": "21"}, 21.0),
        ({"retry-after": A_MINUTE_AGO, "x-ratelimit-reset": "21"}, 21.0),
    ],
)
def test_a_wait_is_read_in_every_form_that_vendors_use(
    headers: dict[str, str], seconds: float | None
) -> None:
    """Seconds, dates, epochs in seconds or milliseconds; a moment gone by, or nonsense, names no wait."""
    assert named_wait(headers, now=NOW) == seconds


def test_the_window_of_the_limit_is_not_a_failure_to_wait_for() -> None:
    """`Retry-After` speaks of the failure; the reset of the limit, which each answer has, does not."""
    headers = {"x-ratelimit-reset": "21"}
    assert retry_after(headers, now=NOW) is None
    assert retry_after(headers | {"retry-after": "5"}, now=NOW) == 5.0


@pytest.mark.parametrize("skew", [-3600.0, 3600.0])
@pytest.mark.parametrize(
    "name, value",
    [("retry-after", IN_40_S), ("x-ratelimit-reset", f"{NOW * 1000 + 40_000:.0f}")],
)
def test_a_moment_is_held_against_the_servers_own_clock(name: str, value: str, skew: float) -> None:
    """Our clock may be wrong by an hour on either side."""
    headers = httpx.Headers({"Date": http_date(NOW), name: value})
    assert named_wait(headers, now=NOW + skew) == 40.0


@pytest.mark.parametrize("text, number", [("0", 0.0), ("9", 9.0), ("-1", None), ("many", None), ("", None)])
def test_the_requests_left_are_a_number_or_unknown(text: str, number: float | None) -> None:
    """Only a plain number counts."""
    assert remaining_requests({"x-ratelimit-remaining": text}) == number
    assert remaining_requests({}) is None


def test_the_servers_clock_is_its_date() -> None:
    """A date without a zone is taken as UTC; none, or one that is none, is unknown."""
    assert server_time({"date": http_date(NOW)}) == NOW
    assert server_time({"date": "Fri, 15 Jan 2027 08:00:00 -0000"}) == NOW
    assert server_time({"date": "Fri, 15 Jan 2027 10:00:00 +0200"}) == NOW
    assert server_time({}) is None
    assert server_time({"date": "yesterday"}) is None


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 15 Jan 99999999999999999999 08:00:00 GMT",
        "Fri, 15 Jan 2027 99999999999999999999:00:00 GMT",
        "Fri, 15 Jan 2027 08:00:00 +99999999999999999999",
        "Fri, 32 Jan 2027 08:00:00 GMT",
    ],
)
def test_a_date_that_no_calendar_has_is_no_date(text: str) -> None:
    """Numbers of any length are refused, not tripped over."""
    assert server_time({"date": text}) is None
    assert named_wait({"retry-after": text}, now=NOW) is None


@given(
    st.text(st.characters(codec="latin-1")) | st.from_regex(r"[0-9A-Za-z ,:+-]{0,60}", fullmatch=True),
    st.sampled_from(["date", "retry-after", "x-ratelimit-reset", "x-ratelimit-remaining"]),
)
def test_no_header_whatever_it_holds_raises_or_names_a_negative_wait(text: str, name: str) -> None:
    """A vendor, or a proxy before it, may send anything."""
    headers = {name: text}
    wait = named_wait(headers, now=NOW)
    assert wait is None or 0 <= wait < float("inf")
    assert (server_time(headers) is None) or name == "date"
    left = remaining_requests(headers)
    assert left is None or left >= 0
