"""The page for people: values in, HTML out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.status import (
    REFRESHES,
    Budget,
    CollectorLine,
    EndpointLine,
    Failure,
    Figure,
    Group,
    LedgerLine,
    Links,
    Overview,
    PauseLine,
    RoomBar,
    Rooms,
    SourceLine,
    page,
)
from tests.kit.page import Element, parse

NOTHING = Overview("presence-exporter", "1.2.3", now=1_800_000_000.0)
LINKS = Links("/", (("/metrics", "metrics"), ("/-/healthy", "healthy")), "/probe")
GOOD = CollectorLine("presence", success=True, age=12.9, took=0.25)
LEDGER = LedgerLine(86400.0, 75.0, 3, 1234, 5678, persistent=True)
VIDEO = SourceLine(
    "video",
    "daily",
    (GOOD, CollectorLine("meetings", success=False, reason="auth", detail="refused", age=7200.0, took=1.0)),
    figures=(Figure("people in rooms", 46, 12.0), Figure("meetings going on", None, 7200.0)),
)


def read(overview: Overview, links: Links = LINKS, **more: Any) -> Element:
    """Read a page as a browser would."""
    return parse(page(overview, links, **more))


def seen(**changes: Any) -> Element:
    """The page of one good source, but for what is changed."""
    whole = replace(NOTHING, sources=(VIDEO,), succeeded=1, failed=1, asked=12.0)
    return read(replace(whole, **changes))


# The verdict


@pytest.mark.parametrize(
    "succeeded, failed, waiting, state, title",
    [
        (5, 0, 0, "good", "All 5 collectors succeeded"),
        (1, 0, 0, "good", "The only collector succeeded"),
        (4, 0, 1, "good", "4 of 5 collectors succeeded"),
        (4, 1, 0, "bad", "1 of 5 collectors fails"),
        (1, 2, 1, "bad", "2 of 4 collectors fail"),
        (0, 1, 0, "bad", "1 of 1 collector fails"),
        (0, 0, 1200, "none", "1,200 collectors, none asked yet"),
    ],
)
def test_the_verdict_counts_the_collectors(
    succeeded: int, failed: int, waiting: int, state: str, title: str
) -> None:
    """In a sentence, a colour and a shape, and in the title of the window."""
    root = seen(succeeded=succeeded, failed=failed, waiting=waiting)
    verdict = root.one("section", cls="verdict")

    assert verdict.one("h2").text == title
    assert verdict.has(cls=state)
    assert verdict.one("svg").has(cls="icon")
    assert verdict.one("svg").has(cls=state)
    assert "".join(map(str, root.one("title").inside)) == f"{title} – presence-exporter"


def test_a_page_without_sources_says_so() -> None:
    """No source is a sentence and what to do, not an empty table."""
    root = read(NOTHING)

    assert root.one("h2").text == "No source is configured"
    assert (root.all("table"), root.all("dl"), root.all("footer")) == ([], [], [])


def test_the_verdict_says_how_old_everything_is() -> None:
    """And that nobody has scraped since, where it is long ago."""
    recent, old = (seen(asked=asked).one("section", cls="verdict").text for asked in (59.0, 7200.0))

    assert "Last asked 59 s ago." in recent
    assert "Nobody has scraped" not in recent
    assert "Last asked 2 h ago. Nobody has scraped since" in old


def test_the_verdict_says_what_was_not_asked() -> None:
    """A collector that waits for its first run neither succeeds nor fails."""
    assert "2 collectors not asked yet" in seen(waiting=2).one("section", cls="verdict").text


def test_notes_stand_out() -> None:
    """That nothing here is real is said before all figures."""
    [note] = seen(notes=("Nothing here is real.",)).all("p", cls="note")

    assert note.text == "Nothing here is real."


# Figures


def test_a_figure_has_its_age() -> None:
    """Thousands are apart, an age is one number with its unit."""
    root = seen(totals=(Figure("people in rooms", 12345, 61.0),))

    assert root.one("section", cls="totals").text == "people in rooms 12,345 1 min ago"
    assert root.all("span", cls="old") == []


def test_zero_is_a_figure() -> None:
    """That nobody is there is known, and must not look like what is not."""
    root = seen(totals=(Figure("people in rooms", 0, 1.0),))

    assert root.one("section", cls="totals").text == "people in rooms 0 1 s ago"


def test_what_is_withheld_is_unknown_and_never_zero() -> None:
    """With the age of the last one there was, if there was one."""
    root = seen(totals=(Figure("people", None, 7200.0, "at least 5"), Figure("rooms", None)))
    totals = root.one("section", cls="totals")

    assert totals.text == "people unknown last known 2 h ago · at least 5 rooms unknown never known"
    assert not {"0"} & set(totals.text.split())


def test_an_old_figure_is_marked() -> None:
    """Prometheus would have forgotten it by now."""
    [old] = seen(totals=(Figure("people", 3, 301.0), Figure("rooms", 2, 300.0))).all("span", cls="old")

    assert old.text == "5 min ago"


def test_a_figure_whose_age_nobody_knows_says_so() -> None:
    """Rather than that it is new."""
    assert "age unknown" in seen(totals=(Figure("people", 3),)).one("section", cls="totals").text


def test_users_are_shown_by_status() -> None:
    """As bars that are as long as their share of the longest, with the number beside."""
    root = seen(statuses=(Figure("online", 200, 3.0), Figure("away", 50, 3.0), Figure("busy", 0, 3.0)))
    panel = root.one("div", cls="stack")

    assert panel.rows() == [["online", "", "200"], ["away", "", "50"], ["busy", "", "0"]]
    assert [bar.attributes["width"] for bar in panel.all("rect", cls="fill")] == ["100.0%", "25.0%", "0.0%"]
    assert "3 s ago" in panel.text


def test_users_of_an_unknown_number_have_no_bar() -> None:
    """An empty bar would be a zero."""
    root = seen(statuses=(Figure("online", None, 60.0), Figure("away", 5, 3.0)))

    assert len(root.all("rect", cls="fill")) == 1
    assert ["online", "", "unknown"] in root.rows()


# Rooms


def test_the_biggest_rooms_are_bars() -> None:
    """With what is left of rooms and people; whose they are is said where there are many sources."""
    rooms = Rooms((RoomBar("video", "lobby", 10), RoomBar("video", "office", 5)), 3, 4, age=7.0)
    one = seen(rooms=rooms)
    many = seen(rooms=rooms, more_sources=2)

    assert one.rows()[:2] == [["lobby", "", "10"], ["office", "", "5"]]
    assert many.rows()[:2] == [["lobby video", "", "10"], ["office video", "", "5"]]
    assert [bar.attributes["width"] for bar in one.all("rect", cls="fill")] == ["100.0%", "50.0%"]
    assert "And 3 other rooms with 4 people · 7 s ago" in one.text


def test_a_long_name_of_a_room_is_shortened() -> None:
    """It would take the place of its bar; whoever points at it sees the whole."""
    name = "planning-of-the-" + "very-" * 20 + "large-conference"
    [shown] = seen(rooms=Rooms((RoomBar("video", name, 3),))).all("span", cls="name")

    assert shown.text == "planning-of-the-very-ver…arge-conference"
    assert shown.attributes["title"] == name


@pytest.mark.parametrize(
    "rooms, words",
    [
        (Rooms(), "Nobody is in a room"),
        (Rooms(other_rooms=1, other_people=1), "No room is named: 1 room with 1 person"),
        (Rooms(other_rooms=2, other_people=5), "No room is named: 2 rooms with 5 people"),
        (Rooms(unknown=1), "Biggest rooms unknown Sources"),
        (Rooms(unknown=2), "unknown for 2 sources"),
        (Rooms((RoomBar("video", "lobby", 1),), unknown=1), "unknown for 1 source"),
    ],
)
def test_rooms_without_a_name_and_without_people(rooms: Rooms, words: str) -> None:
    """Folded, empty and unknown are three things."""
    text = seen(rooms=rooms).text

    assert words in text
    assert ("Nobody is in a room" in text) is (rooms == Rooms())


# Failures and pauses


FAILURE = Failure("video", "meetings", "auth", "/meetings: answered 401", "Copy the key again.", 7200.0)


def test_a_failure_says_what_to_do() -> None:
    """Reason, advice, whose it is, what happened, and when it last went well."""
    [trouble] = seen(failures=(FAILURE,)).all("article", cls="trouble")

    assert trouble.one("h3").text == "auth Copy the key again."
    assert trouble.one("li").text == "video meetings /meetings: answered 401 last success 2 h ago"


def test_failures_that_need_the_same_are_told_together() -> None:
    """Advice for a whole fleet is read once; a long list is counted."""
    fleet = tuple(replace(FAILURE, source=f"video-{number}", age=None, detail="") for number in range(11))
    other = replace(FAILURE, reason="tls", advice="Look at the clock.")
    first, second = seen(failures=(*fleet[:5], other, *fleet[5:])).all("article", cls="trouble")

    assert [each.text for each in first.all("li")] == [
        *(f"video-{number} meetings last success never" for number in range(8)),
        "and 3 more",
    ]
    assert second.one("h3").text == "tls Look at the clock."


def test_a_configuration_that_was_refused_is_told() -> None:
    """With what is wrong with it, since nobody may have looked at the log."""
    [shown] = seen(reload_fault="sources: is missing").all("article", cls="trouble")

    assert "the one before stays in force. sources: is missing" in shown.text
    assert seen().all("article", cls="trouble") == []


def test_a_pause_is_a_countdown() -> None:
    """The seconds as they are now, rounded up; a script may count them down."""
    pause = PauseLine("chat", ("/api/v1/users.presence", "/api/v1/settings.public"), 41.2)
    root = seen(pauses=(pause,))
    [shown] = root.all("article", cls="paused")

    assert shown.one("li").text == "chat /api/v1/users.presence /api/v1/settings.public for another 42 s"
    assert shown.one("span", cls="countdown").attributes["data-left"] == "42"


def test_many_pauses_are_counted() -> None:
    """With the longest of all."""
    pauses = tuple(PauseLine(f"chat-{number}", ("/x",), float(number)) for number in range(1, 31))
    [shown] = seen(pauses=pauses).all("article", cls="paused")

    assert shown.all("li")[-1].text == "and 22 more, the longest for another 30 s"


# Sources


def test_a_source_tells_of_its_collectors() -> None:
    """Success, failure with its reason, and what was never asked are told apart by words and shape."""
    source = replace(VIDEO, collectors=(*VIDEO.collectors, CollectorLine("ended_meetings")))
    root = seen(sources=(source,))

    assert root.rows()[:3] == [
        ["presence", "ok", "250 ms", "12 s ago"],
        ["meetings", "auth", "1.0 s", "2 h ago"],
        ["ended_meetings", "not asked yet", "–", "never"],
    ]
    assert root.one("summary").text == "video daily failing 46 people in rooms unknown meetings going on"


@pytest.mark.parametrize(
    "collectors, word",
    [((GOOD,), "ok"), ((CollectorLine("presence"),), "not asked yet"), ((), "not asked yet")],
)
def test_a_source_is_told_in_a_word(collectors: tuple[CollectorLine, ...], word: str) -> None:
    """What its collectors came to together."""
    [state] = seen(sources=(replace(VIDEO, collectors=collectors),)).one("summary").all("span", cls="state")

    assert state.text == word


def test_requests_are_held_against_the_vendors_limit() -> None:
    """Of the account or of each endpoint; what the vendor did not say is a dash."""
    account = Budget((EndpointLine("/presence", 1500), EndpointLine("/meetings", 2)), 1200, 3, 9)
    each = Budget((EndpointLine("/api", 7, 10, 2, 30.5),))
    first, second = (seen(sources=(replace(VIDEO, budget=budget),)) for budget in (account, each))

    assert first.rows()[2:] == [["/presence", "1,500", "–", "–"], ["/meetings", "2", "–", "–"]]
    assert "1,502 of the 1,200 that the vendor allows the account" in first.text
    assert "9 of 12 scrapes shared what another one had asked" in first.text
    assert second.rows()[2:] == [["/api", "7 of 10", "2", "31 s"]]
    assert "allows the account" not in second.text


@pytest.mark.parametrize("requests, near", [(7, False), (8, True), (12, True)])
def test_a_limit_that_is_near_is_said_to_be(requests: int, near: bool) -> None:
    """In words: a second Prometheus that asks as much would pass it."""
    budget = Budget((EndpointLine("/api", requests, 10),))

    assert ("near the limit" in seen(sources=(replace(VIDEO, budget=budget),)).text) is near


def test_a_source_leads_to_its_probe() -> None:
    """Its name is written as a query needs it; without such a path there is no link."""
    odd = replace(VIDEO, name="a/b c&d")
    root = seen(sources=(odd,))

    assert "/probe?source=a%2Fb%20c%26d" in [link.attributes["href"] for link in root.all("a")]
    assert not [
        link
        for link in read(replace(NOTHING, sources=(odd,)), Links()).all("a")
        if "probe" in link.attributes["href"]
    ]


def test_the_ledgers_progress_is_told() -> None:
    """What is rare is told where there is some."""
    shown = seen(sources=(replace(VIDEO, counts=True, ledger=LEDGER),)).one("dl", cls="pairs").text
    troubled = replace(LEDGER, persistent=False, late=2, abandoned=4, gap=7200.0)
    root = seen(sources=(replace(VIDEO, counts=True, ledger=troubled),))

    assert shown == (
        "counting for 1 d history read up to 1 min ago ended meetings 1,234 stays 5,678 "
        "followed until they end 3 listed late 0"
    )
    assert "listed late 2 never seen to end 4 never read 2 h" in root.one("dl", cls="pairs").text
    assert "In memory: a restart begins anew." in root.text


def test_a_ledger_of_which_nothing_is_known_is_unknown() -> None:
    """And one that is not kept is not told of."""
    assert "Ledger unknown" in seen(sources=(replace(VIDEO, counts=True),)).text
    assert "Ledger" not in seen().text


def test_groups_stand_with_the_totals_or_with_their_source() -> None:
    """Where there are few sources, and where there are many."""
    source = replace(VIDEO, groups=(Group("support", (("people", 9), ("rooms", 6))), Group("visits")))
    few, many = (seen(sources=(source,) * number) for number in (1, 5))

    assert few.one("table", cls="groups").rows() == [["support", "9 people 6 rooms"], ["visits", "unknown"]]
    assert few.one("div", cls="stack").all("table", cls="groups")
    assert many.all("div", cls="stack") == []
    assert len(many.all("table", cls="groups")) == 5


@pytest.mark.parametrize("number, is_open", [(4, True), (5, False)])
def test_the_details_of_few_sources_stand_open(number: int, is_open: bool) -> None:
    """Those of many are a click, or a key, away."""
    root = seen(sources=(VIDEO,) * number)

    assert ["open" in each.attributes for each in root.all("details")] == [is_open] * number


def test_sources_that_are_not_shown_are_counted() -> None:
    """Nobody should think that the page is whole."""
    assert "And 960 more, which the metrics tell of." in seen(more_sources=960).text


# The page as such


def test_the_page_links_to_what_there_is() -> None:
    """Each given path, by what it is called."""
    nav = read(NOTHING).one("nav", aria_label="Endpoints")

    assert [(link.attributes["href"], link.text) for link in nav.all("a")] == [
        ("/metrics", "metrics"),
        ("/-/healthy", "healthy"),
    ]


@pytest.mark.parametrize("chosen", [None, *REFRESHES])
def test_reloading_is_the_readers_choice(chosen: int | None) -> None:
    """Every other choice is a link, the present one is not; nothing in the page reloads it."""
    root = read(NOTHING, Links("/presence/"), refresh=chosen)
    nav = root.one("nav", aria_label="Reload")

    assert [each.text for each in nav.all("strong")] == [f"{chosen} s" if chosen else "never"]
    assert [link.attributes["href"] for link in nav.all("a")] == [
        *(["/presence/"] if chosen else []),
        *(f"/presence/?refresh={each}" for each in REFRESHES if each != chosen),
    ]
    assert [meta.attributes for meta in root.all("meta") if "http-equiv" in meta.attributes] == []


def test_the_page_says_what_scrapes_share() -> None:
    """So that nobody wonders why two looks are the same."""
    apart, overlapping = (seen(min_interval=each).one("footer").text for each in (10.0, 0.0))

    assert apart.startswith("Scrapes within 10 s of each other share")
    assert overlapping.startswith("Scrapes that overlap share")


def test_the_page_loads_nothing() -> None:
    """Neither style nor script nor picture comes from elsewhere, and no element has a style of its own."""
    html = page(replace(NOTHING, sources=(VIDEO,)), LINKS)
    root = parse(html)

    assert [link.attributes["rel"] for link in root.all("link")] == ["icon"]
    assert root.one("link").attributes["href"].startswith("data:")
    assert [script.attributes for script in root.all("script")] == [{}]
    assert not [tag for tag in ("img", "iframe", "form", "object", "base") if root.all(tag)]
    assert " style=" not in html
    assert " on" not in "".join(f" {name}" for each in root.all("a") for name in each.attributes)


TEXT = st.text(max_size=40) | st.sampled_from(["<b>x</b>", "</style><script>", "\"'><i>", "{{ 1 }}", "&amp;"])


@given(text=TEXT)
def test_nothing_on_the_page_is_read_as_html(text: str) -> None:
    """Every word that comes from outside is a word, wherever it stands."""
    line = CollectorLine(text, success=False, reason=text, detail=text)
    source = SourceLine(
        text,
        text,
        (line,),
        figures=(Figure(text, 1, 1.0, text),),
        groups=(Group(text, ((text, 1),)),),
        budget=Budget((EndpointLine(text, 1),)),
    )

    def whole(word: str) -> Element:
        swapped = replace(source, name=word, kind=word) if word != text else source
        overview = Overview(
            word,
            word,
            sources=(swapped,) * 3,
            failed=3,
            totals=(Figure(word, 1, 1.0, word),),
            statuses=(Figure(word, 1, 1.0, word),),
            rooms=Rooms((RoomBar(word, word, 3),)),
            failures=(Failure(word, word, word, word or "x", word),),
            pauses=(PauseLine(word, (word,), 1.0),),
            notes=(word,),
        )
        return read(overview, Links(word, ((word, word),), word or "x"))

    shown = whole(text)

    assert shape(shown) == shape(whole("plain"))
    assert shown.one("p", cls="note").text == " ".join(text.split())
    assert shown.one("nav", aria_label="Endpoints").one("a").attributes["href"] == text


def shape(element: Element) -> list[Any]:
    """The tags of a tree without its words."""
    return [element.tag, *(shape(each) for each in element.inside if isinstance(each, Element))]
