"""The choice of format and compression."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.negotiate import (
    FORMATS,
    OPENMETRICS_1_0_0,
    TEXT_0_0_4,
    TEXT_1_0_0,
    Format,
    negotiate,
    wants_gzip,
)

# What the two ends of the supported range really send, taken from a running Prometheus.
PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3_15 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,"
    "application/openmetrics-text;version=0.0.1;q=0.6,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3"
)
PROTOBUF_FIRST = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    + PROMETHEUS_3_15.replace("q=0.7", "q=0.5")
)

OPENMETRICS_UTF8 = Format("application/openmetrics-text", "1.0.0", "allow-utf-8")
TEXT_UTF8 = Format("text/plain", "1.0.0", "allow-utf-8")


@pytest.mark.parametrize(
    "form, expected",
    [
        (TEXT_0_0_4, "text/plain; version=0.0.4; charset=utf-8"),
        (TEXT_1_0_0, "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
        (
            OPENMETRICS_1_0_0,
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
        ),
        (TEXT_UTF8, "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"),
    ],
)
def test_the_content_type_is_exact(form: Format, expected: str) -> None:
    """Type, version and charset always; the escaping scheme from version 1.0.0 on."""
    assert form.content_type == expected


@pytest.mark.parametrize(
    "accept, expected",
    [
        pytest.param(PROMETHEUS_2_42, OPENMETRICS_1_0_0, id="Prometheus 2.42"),
        pytest.param(PROMETHEUS_3_15, OPENMETRICS_UTF8, id="Prometheus 3.15"),
        pytest.param(PROTOBUF_FIRST, OPENMETRICS_UTF8, id="protobuf, which we do not speak, first"),
        pytest.param("text/plain;version=1.0.0;escaping=allow-utf-8,*/*;q=0.1", TEXT_UTF8, id="text 1.0.0"),
        pytest.param("*/*", TEXT_0_0_4, id="curl"),
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", TEXT_0_0_4, id="a browser"),
        pytest.param("text/plain", TEXT_0_0_4, id="text without a version"),
        pytest.param("text/*", TEXT_0_0_4, id="any text"),
        pytest.param("application/*", OPENMETRICS_1_0_0, id="any application"),
        pytest.param("application/openmetrics-text", OPENMETRICS_1_0_0, id="OpenMetrics without a version"),
        pytest.param("Application/OpenMetrics-Text ; Version=1.0.0", OPENMETRICS_1_0_0, id="case and blanks"),
        pytest.param('application/openmetrics-text;version="1.0.0"', OPENMETRICS_1_0_0, id="quoted"),
        pytest.param(",, application/openmetrics-text ,", OPENMETRICS_1_0_0, id="empty elements"),
    ],
)
def test_each_client_gets_the_format_it_means(accept: str, expected: Format) -> None:
    """What real scrapers, tools and browsers send leads to the format that they can read best."""
    assert negotiate(accept) == expected


@pytest.mark.parametrize(
    "accept, expected",
    [
        pytest.param(
            "application/openmetrics-text;q=0.4,text/plain;version=0.0.4;q=0.5", TEXT_0_0_4, id="text wins"
        ),
        pytest.param(
            "text/plain;q=0.499,application/openmetrics-text;q=0.5", OPENMETRICS_1_0_0, id="OpenMetrics wins"
        ),
        pytest.param("application/openmetrics-text;q=0.5,*/*", TEXT_0_0_4, id="a wildcard is liked better"),
        pytest.param(
            "text/*;q=0.9,text/plain;q=0.1,application/openmetrics-text;q=0.2",
            OPENMETRICS_1_0_0,
            id="the closest range speaks, not the loudest",
        ),
        pytest.param(
            "text/plain;version=0.0.4;q=0.1,text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.5",
            TEXT_0_0_4,
            id="of two equal ranges the better liked",
        ),
        pytest.param(
            "text/plain;q=1.000,application/openmetrics-text;q=0.999", TEXT_0_0_4, id="three digits"
        ),
    ],
)
def test_the_highest_quality_wins(accept: str, expected: Format) -> None:
    """The quality of a format is that of the range that names it most closely."""
    assert negotiate(accept) == expected


@pytest.mark.parametrize(
    "accept, expected",
    [
        ("application/openmetrics-text,text/plain", OPENMETRICS_1_0_0),
        ("text/plain,application/openmetrics-text", TEXT_0_0_4),
        ("text/plain;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.5", TEXT_1_0_0),
    ],
)
def test_equals_go_by_their_place_in_the_header(accept: str, expected: Format) -> None:
    """Prometheus writes first what it prefers."""
    assert negotiate(accept) == expected


@pytest.mark.parametrize(
    "accept, expected",
    [
        ("application/openmetrics-text;version=0.0.1", OPENMETRICS_1_0_0),
        ("application/openmetrics-text;version=2.0.0", OPENMETRICS_1_0_0),
        ("application/openmetrics-text;version=abc", OPENMETRICS_1_0_0),
        ("application/openmetrics-text;version=", OPENMETRICS_1_0_0),
        ("text/plain;version=0.0.5", TEXT_1_0_0),
        ("text/plain;version=2.0.0;escaping=allow-utf-8", TEXT_UTF8),
        (
            "application/openmetrics-text;version=2.0.0;q=0.9,text/plain;version=1.0.0;q=0.8",
            OPENMETRICS_1_0_0,
        ),
    ],
)
def test_unknown_versions_fall_back_to_the_newest_known_of_that_format(accept: str, expected: Format) -> None:
    """A version from before or after our time is no error."""
    assert negotiate(accept) == expected


def test_what_is_said_of_a_known_version_counts_more_than_what_follows_from_an_unknown_one() -> None:
    """A client that likes 2.0.0 but names 1.0.0 with little liking gets what it likes better than 1.0.0."""
    accept = (
        "application/openmetrics-text;version=2.0.0;q=0.9,text/plain;version=0.0.4;q=0.7,"
        "application/openmetrics-text;version=1.0.0;q=0.5"
    )

    assert negotiate(accept) == TEXT_0_0_4


@pytest.mark.parametrize(
    "accept, expected",
    [
        pytest.param("text/plain;q=0,*/*", OPENMETRICS_1_0_0, id="no text at all"),
        pytest.param("text/plain;version=0.0.4;q=0,text/plain", TEXT_1_0_0, id="not that version"),
        pytest.param("application/openmetrics-text;q=0.0,*/*;q=0.1", TEXT_0_0_4, id="no OpenMetrics"),
        pytest.param("*/*;q=0,text/plain;version=1.0.0;q=0.1", TEXT_1_0_0, id="nothing but this"),
    ],
)
def test_a_quality_of_zero_refuses(accept: str, expected: Format) -> None:
    """What is refused is not sent while something else is acceptable."""
    assert negotiate(accept) == expected


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*;q=0",
        "text/html",
        "application/json;q=0.9, image/*",
        "application/openmetrics-text;q=abc",
        "application/openmetrics-text;q=",
        "application/openmetrics-text;q=nan",
        "application/openmetrics-text;q=-1",
        "application/openmetrics-text;q=1.5",
        "application/openmetrics-text;q=1e0",
        "application/openmetrics-text;q=٠",
        "application/openmetrics-text;q=0",
        "openmetrics-text",
        "*",
        "/;q=0.1",
        "\x00\xff",
        ';;;===,,,"',
        "application/openmetrics-text," + "x" * 4096,
    ],
)
def test_what_cannot_be_read_or_not_be_served_leads_to_the_oldest_text(accept: str | None) -> None:
    """Nothing acceptable, nothing legible and monstrous headers: a page that every reader understands."""
    assert negotiate(accept) == TEXT_0_0_4


def test_one_illegible_element_does_not_spoil_the_others() -> None:
    """The last range of the example in the protocol's own documentation is a misprint."""
    assert negotiate("application/openmetrics-text;version=1.0.0;q=0.5,/;q=0.1") == OPENMETRICS_1_0_0


@pytest.mark.parametrize("escaping", ["dots", "values", "allow-utf8", "", "x\r\ny"])
def test_other_escaping_schemes_are_answered_in_underscores(escaping: str) -> None:
    """Only a scheme that leaves our names as they are is promised; no word of the client comes back."""
    assert negotiate(f"text/plain;version=1.0.0;escaping={escaping}") == TEXT_1_0_0


def test_the_oldest_text_has_no_escaping_scheme() -> None:
    """Version 0.0.4 does not know the parameter."""
    assert negotiate("text/plain;version=0.0.4;escaping=allow-utf-8") == TEXT_0_0_4


PIECES = st.sampled_from(
    [
        *("text/plain", "text/*", "*/*", "application/openmetrics-text", "application/*", "text/html"),
        *(";", ",", "=", "q", ";q=0", ";q=0.5", ";q=1", ";q=x", ";version=1.0.0", ";version=0.0.4"),
        *(";version=9", ";escaping=allow-utf-8", ";escaping=dots", '"', " ", "\t", "\x00"),
    ]
)
HEADERS = st.one_of(st.none(), st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))


@given(HEADERS)
def test_no_accept_header_is_an_error(accept: str | None) -> None:
    """Whatever is sent, one of the formats is chosen, with a content type of a known form."""
    chosen = negotiate(accept)

    assert chosen in (*FORMATS, OPENMETRICS_UTF8, TEXT_UTF8)


@given(st.lists(st.tuples(st.sampled_from(FORMATS), st.integers(1, 9)), min_size=1, unique_by=lambda x: x[0]))
def test_of_named_formats_none_is_liked_better_than_the_chosen_one(liked: list[tuple[Format, int]]) -> None:
    """With each format named exactly, the choice is the first with the highest quality."""
    accept = ",".join(f"{form.media_type};version={form.version};q=0.{tenths}" for form, tenths in liked)

    best = max(liked, key=lambda each: each[1])

    assert negotiate(accept) == best[0]


@pytest.mark.parametrize(
    "accept_encoding, expected",
    [
        ("gzip", True),
        ("zstd,gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("*", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0.5, identity;q=0.5", True),
        ("gzip;q=0.001", True),
        ("gzip;q=0.5, identity;q=0.6", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("br", False),
        ("gzip;q=abc", False),
        ("", False),
        (None, False),
        ("gzip," + "x" * 4096, False),
    ],
)
def test_an_answer_is_compressed_when_that_is_wanted(accept_encoding: str | None, expected: bool) -> None:
    """Qualities and the wildcard count; what was not asked for, or is liked less than plain, is not done."""
    assert wants_gzip(accept_encoding) is expected


@given(st.one_of(HEADERS, st.lists(st.sampled_from(["gzip", "*", ";q=0", ";q=1", ",", ";"])).map("".join)))
def test_no_accept_encoding_header_is_an_error(accept_encoding: str | None) -> None:
    """Whatever is sent, the answer is yes or no."""
    assert wants_gzip(accept_encoding) in {True, False}
