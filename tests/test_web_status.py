"""The page for people."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from exporter.web.status import CollectorLine, Overview, SourceLine, duration, page


class Reader(HTMLParser):
    """Collects what a browser would see: tags, links and words."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


def read(overview: Overview, *, links: tuple[str, ...] = ()) -> Reader:
    """Read a page as a browser would."""
    reader = Reader()
    reader.feed(page(overview, links))
    return reader


def test_the_page_tells_each_collectors_last_result_and_age() -> None:
    """Success, failure with its reason, and what was never asked are told apart."""
    overview = Overview(
        name="presence-exporter",
        version="1.2.3",
        sources=(
            SourceLine(
                "acme",
                "daily",
                (
                    CollectorLine("presence", success=True, age=12.9),
                    CollectorLine("meetings", success=False, reason="auth", detail="key refused", age=7200),
                ),
            ),
            SourceLine("chat", "rocketchat", (CollectorLine("presence"),)),
        ),
    )

    words = read(overview).words

    assert "Version 1.2.3" in words
    at = words.index("acme")
    assert words[at:] == [
        *("acme", "daily", "presence", "success", "12 s ago"),
        *("acme", "daily", "meetings", "failed: auth: key refused", "2 h ago"),
        *("chat", "rocketchat", "presence", "not asked yet", "none yet"),
    ]


def test_a_page_without_sources_says_so() -> None:
    """No source is a sentence, not an empty table."""
    reader = read(Overview("presence-exporter", "1"))

    assert "No source is configured." in reader.words
    assert "table" not in reader.tags


def test_notes_stand_out() -> None:
    """That nothing here is real is said before all figures."""
    reader = read(Overview("presence-exporter", "1", notes=("Nothing here is real.",)))

    assert "Nothing here is real." in reader.words
    assert "strong" in reader.tags


def test_the_page_links_to_what_there_is() -> None:
    """Each given path is a link."""
    assert read(Overview("x", "1"), links=("/metrics", "/-/healthy")).links == ["/metrics", "/-/healthy"]


def test_the_page_needs_no_script() -> None:
    """It is whole as it comes, and fits narrow and dark screens by style alone."""
    html = page(Overview("x", "1"), ())

    assert "script" not in html
    assert "color-scheme:light dark" in html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html


def test_nothing_on_the_page_is_read_as_html() -> None:
    """Every word that comes from outside is escaped, in links too."""
    evil = '<b id="x">&\''
    line = CollectorLine(evil, success=False, reason=evil, detail=evil)
    overview = Overview(evil, evil, sources=(SourceLine(evil, evil, (line,)),), notes=(evil,))

    reader = read(overview, links=(evil,))

    assert "b" not in reader.tags
    assert reader.links == [evil]


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
    assert duration(seconds) == expected
