"""What a backfill may be asked for, and at which moments its samples stand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exporter.commands.backfill.grid import Grid
from exporter.commands.backfill.terms import Wish, parse_moment, read_terms, said
from exporter.errors import ConfigError

NOW = 1_800_000_000.0


def asked(**changes: Any) -> Wish:
    """A good wish, but for what is changed."""
    given: dict[str, Any] = {
        "source": "acme",
        "start": "2027-01-01T00:00:00Z",
        "end": "2027-01-15T00:00:00Z",
        "output": Path("o"),
    }
    return Wish(**given | changes)


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("2027-01-15T08:00:00Z", NOW),
        ("2027-01-15t08:00:00z", NOW),
        ("2027-01-15 08:00:00Z", NOW),
        ("2027-01-15T08:00:00.25Z", NOW + 0.25),
        ("2027-01-15T08:00:00.123456789Z", NOW + 0.123456),
        ("2027-01-15T09:30:00+01:30", NOW),
        ("2027-01-14T23:00:00-09:00", NOW),
        ("1800000000", NOW),
        ("1800000000.125", NOW + 0.125),
    ],
)
def test_a_moment_is_rfc_3339_or_unix_seconds(text: str, seconds: float) -> None:
    """With any offset, and with parts of a second."""
    assert parse_moment(text) == seconds


@pytest.mark.parametrize(
    "text, words",
    [
        ("2027-01-15T08:00:00", "does not say its time zone; write 2027-01-15T08:00:00Z"),
        ("2027-01-15", "neither RFC 3339 nor Unix seconds"),
        ("yesterday", "neither RFC 3339 nor Unix seconds"),
        ("", "neither RFC 3339 nor Unix seconds"),
        ("2027-01-15T08:00Z", "neither RFC 3339 nor Unix seconds"),
        ("1_800_000_000", "neither RFC 3339 nor Unix seconds"),
        ("-1", "neither RFC 3339 nor Unix seconds"),
        ("nan", "neither RFC 3339 nor Unix seconds"),
        ("１８００００００００", "neither RFC 3339 nor Unix seconds"),
        ("2027-02-30T08:00:00Z", "no such day"),
        ("2027-01-15T08:00:00+99:00", "no such day, time or offset"),
        ("1800000000000", "milliseconds"),
        ("1700", "before 2015"),
        ("1999-01-01T00:00:00Z", "before 2015"),
        ("0001-01-01T00:00:00+23:59", "before 2015"),
        ("9999-12-31T23:59:59-23:59", "thousands of years ahead"),
    ],
)
def test_whatever_else_is_refused_with_what_is_allowed(text: str, words: str) -> None:
    """Nothing is guessed."""
    for flag in ("start", "end"):
        with pytest.raises(ConfigError) as caught:
            read_terms(asked(**{flag: text}), now=NOW)
        assert str(caught.value).startswith(f"--{flag}: ")
        assert words in str(caught.value)


@given(st.floats(min_value=1.5e9, max_value=2e9))
def test_a_moment_that_was_said_is_read_as_that_millisecond_and_never_later(moment: float) -> None:
    """What a message names can be given back, in either form."""
    words = said(moment)
    text, unix = words.removesuffix(")").split(" (")
    assert parse_moment(text) == parse_moment(unix)
    assert 0 <= moment - parse_moment(unix) < 0.001


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"end": "1800000001"}, "--end: 2027-01-15T08:00:01Z (1800000001) is in the future"),
        ({"end": "2027-01-01T00:00:00Z"}, "--end: must be at least 2m after --start"),
        ({"end": "2027-01-01T00:01:59Z"}, "--end: must be at least 2m after --start"),
        ({"end": "2026-01-01T00:00:00Z"}, "--end: must be at least 2m after --start"),
        ({"step": "6m"}, "--step: must be whole seconds from 10s to 5m"),
        ({"step": "9s"}, "--step: must be"),
        ({"step": "10500ms"}, "--step: must be"),
        ({"step": "60"}, "--step: must be"),
        ({"labels": ("job",)}, "--label: must be NAME=VALUE"),
        ({"labels": ("job=",)}, "--label: must be NAME=VALUE"),
        ({"labels": ("job=a\nb",)}, "--label: must be NAME=VALUE"),
        ({"labels": ("1=a",)}, "--label: must be NAME=VALUE"),
        ({"labels": ("source=a",)}, "--label: source is not yours to give"),
        ({"labels": ("le=a",)}, "--label: le is not yours to give"),
        ({"labels": ("__name__=a",)}, "--label: __name__ is not yours to give"),
        ({"labels": ("job=a", "job=a")}, "--label: job is given twice"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    """Each by its flag."""
    with pytest.raises(ConfigError) as caught:
        read_terms(asked(**changes), now=NOW)
    assert words in str(caught.value)


def test_a_good_wish_is_understood() -> None:
    """Labels are sorted; a value may hold an equals sign."""
    terms = read_terms(asked(labels=("job=a", "instance=b=c"), step="30s", force=True), now=NOW)
    assert terms.grid == Grid(1_798_761_600.0, 1_799_971_200.0, 30)
    assert terms.labels == (("instance", "b=c"), ("job", "a"))
    assert (terms.source, terms.output, terms.force) == ("acme", Path("o"), True)


moments = st.floats(min_value=1.5e9, max_value=1.6e9)


@given(moments, st.floats(min_value=120, max_value=9000), st.integers(10, 300), st.floats(0, 1))
def test_a_meeting_is_in_the_first_sample_after_its_end_and_in_the_full_one_at_the_latest(
    start: float, lasts: float, step: int, part: float
) -> None:
    """Samples stand a step apart, then at the full one a minute before the end, then at the end."""
    grid = Grid(start, start + lasts, step)
    moments = list(grid.moments())
    assert moments[0] == grid.first <= start
    assert moments[-1] == grid.full == grid.reset - 60
    assert {later - earlier for earlier, later in pairwise(moments[:-1])} <= {step}
    assert 0 < moments[-1] - moments[-2] <= step
    assert len(moments) == grid.last_place + 1
    ended = start + part * lasts
    assume(grid.holds(ended))
    place = grid.place(ended)
    assert moments[place - 1] <= ended
    assert ended < moments[place] or place == grid.last_place
