"""The pages about the inside: who gets which form, what it holds, and that nothing in it can do harm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.journal import AnswerNote, Event, FailureNote, Notes, Outcome, PullNote, RunNote, Step, Way
from exporter.model import Reason
from exporter.web.inside.page import page
from exporter.web.inside.shape import as_json, moment
from exporter.web.inside.telling import about, span, step_text, way_text
from tests.kit.front import FRONT, ask, settings
from tests.programs import PROJECT

NOW: Final = 1_800_000_000.0

STEPS: Final = {
    Step(
        0.5, Event.REQUEST, "/a", code="200", seconds=0.25, size=54321
    ): "asked /a: 200, 54,321 bytes in 0.250 s",
    Step(0.5, Event.REQUEST, "/a", code="error", seconds=12.34, size=0): (
        "asked /a: the connection failed or was cut off, after 12.3 s"
    ),
    Step(0.5, Event.QUEUED, "/a", seconds=1.5): "waited 1.500 s for its turn to ask /a",
    Step(0.5, Event.RETRY, "/a", reason=Reason.CONNECT, seconds=0.25): (
        "will ask /a again in 0.250 s, because of connect"
    ),
    Step(0.5, Event.GAVE_UP, "/a", reason=Reason.RATE_LIMITED, seconds=75.4): (
        "did not ask /a again: waiting 75 s does not fit into the deadline (rate_limited)"
    ),
    Step(0.5, Event.GAVE_UP, "/a", reason=Reason.SERVER_ERROR): (
        "did not ask /a again: it was asked often enough (server_error)"
    ),
    Step(0.5, Event.NOT_ASKED, "/a", reason=Reason.RATE_LIMITED, seconds=28.0): (
        "did not ask /a: the pause that the vendor wants lasts 28.0 s more (rate_limited)"
    ),
    Step(0.5, Event.PAUSE, "/a", seconds=30.0): "a pause of 30.0 s begins, for /a",
    Step(0.5, Event.PAUSE, seconds=30.0): "a pause of 30.0 s begins, for the whole source",
    Step(0.5, Event.USED_UP, "/a"): (
        "the vendor says that no request to /a is left in this window of its limit"
    ),
    Step(
        0.5, Event.DECODED, "/a", seconds=0.4
    ): "reading the answer of /a took 0.400 s, in which nothing else ran",
    Step(0.5, Event.DRIFT, "room", count=2): "2 rows with room missing or odd, used all the same",
    Step(0.5, Event.JOINED): "one more scrape waits for this run",
    Step(0.5, Event.LEFT): "a scrape that waited went without the answer",
    Step(0.5, Event.DEADLINE): "the deadline passed: cut off",
    Step(0.5, Event.CANCELLED): "nobody waits any more: cancelled",
    Step(0.5, Event.KEPT): "the run was good, but what was counted so far cannot be read",
    Step(0.5, Event.LEFT_OUT, count=30): "30 more steps, not kept",
}

RUN: Final = RunNote(
    7,
    "acme",
    "presence",
    NOW - 20,
    Outcome.FAILURE,
    0.5,
    Reason.CONNECT,
    "/presence: no connection",
    tuple(STEPS),
)
BEGAN: Final = AnswerNote(
    "acme",
    "presence",
    way=Way.BEGAN,
    run=7,
    age=0.0,
    shared_for=10.0,
    outcome=Outcome.FAILURE,
    seconds=0.5,
    reason=Reason.CONNECT,
    detail="/presence: no connection",
    began=RUN,
)
SHARED: Final = replace(
    BEGAN,
    collector="meetings",
    way=Way.SHARED,
    outcome=Outcome.SUCCESS,
    reason=None,
    detail="",
    age=4.0,
    began=None,
)
JOINED: Final = replace(
    SHARED, collector="ended_meetings", way=Way.JOINED, outcome=Outcome.UNDER_WAY, seconds=None
)
PULL: Final = PullNote(
    3, NOW - 20, "/metrics", 9.5, Outcome.FAILURE, 0.512, (BEGAN, SHARED, JOINED), left_out=2
)
GONE: Final = replace(
    PULL, number=2, outcome=Outcome.CANCELLED, answers=(replace(JOINED, run=5),), left_out=0
)
HANGING: Final = PullNote(4, NOW - 1, "", 9.5, Outcome.UNDER_WAY, None, (), left_out=0)
OVER: Final = FailureNote(1, RUN, RUN, goes_on=False)
NOTES: Final = Notes(
    NOW, (HANGING, PULL, GONE), (FailureNote(14, RUN, replace(RUN, at=NOW - 5), goes_on=True), OVER)
)


def shown(notes: Notes) -> str:
    """The page, without its style and its tags."""
    written = page(notes, home="/")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", written.partition("</style>")[2]))


# Who gets what


def test_the_configuration_is_plain_text_that_is_kept_nowhere() -> None:
    """As other exporters show theirs; a browser shows it, and does not take it for a page."""
    response = ask(FRONT, "/config")

    assert response.text == "sources: []\n"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "accept, form",
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("*/*", "html"),
        ("", "html"),
        ("text/plain", "html"),
        ("application/json", "json"),
        ("application/*", "json"),
        ("application/json, */*;q=0.5", "json"),
        ("application/json, */*", "html"),
        ("text/html;q=0.4, application/json;q=0.5", "json"),
        ("text/html, application/json;q=0.9", "html"),
        ("application/json;q=0", "html"),
        ("application/json;q=x", "html"),
        (";;;", "html"),
    ],
)
def test_the_accept_header_chooses_the_form(accept: str, form: str) -> None:
    """JSON where it is liked better than a page; whoever does not care is a person."""
    response = ask(FRONT, "/debug/collections", headers={"Accept": accept})

    expected = {"html": "text/html; charset=utf-8", "json": "application/json"}
    assert response.headers["content-type"] == expected[form]
    assert response.headers["vary"] == "Accept"
    assert response.headers["cache-control"] == "no-store"


def test_the_query_overrules_the_header() -> None:
    """So that a link can lead to either; another form is told which there are."""
    html = ask(FRONT, "/debug/collections?format=html", headers={"Accept": "application/json"})
    odd = ask(FRONT, "/debug/collections?format=xml")

    assert ask(FRONT, "/debug/collections?format=json").json()["collections"] == []
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    assert (odd.status_code, odd.text) == (400, "format: html or json\n")
    assert odd.headers["content-type"] == "text/plain; charset=utf-8"


# What it says


@pytest.mark.parametrize("step", STEPS)
def test_every_step_has_a_sentence(step: Step) -> None:
    """For those who read, and for those who only have curl."""
    assert step_text(step) == STEPS[step]


def test_no_event_is_without_a_sentence() -> None:
    """The list above has them all."""
    assert {step.event for step in STEPS} == set(Event)


def test_it_is_said_why_a_collector_was_not_asked() -> None:
    """With the number of the run, its age, and how long its result is good for."""
    assert way_text(BEGAN) == "began run 7"
    assert way_text(SHARED) == "not asked: shares run 7, begun 4.000 s before; asked again after 10 s"
    assert way_text(JOINED) == "joined run 7, begun 4.000 s before"


@pytest.mark.parametrize(
    "seconds, exact, rough",
    [
        (0.0, "0.000 s", "0 s"),
        (9.9994, "9.999 s", "10 s"),
        (12.34, "12.3 s", "12.3 s"),
        (300.0, "300 s", "300 s"),
    ],
)
def test_times_are_as_exact_as_they_matter(seconds: float, exact: str, rough: str) -> None:
    """A request takes milliseconds, a pause minutes."""
    assert (span(seconds), about(seconds)) == (exact, rough)


def test_the_page_has_failures_first_and_each_collection() -> None:
    """With advice, both runs of a failure that goes on, and what is under way."""
    text = shown(NOTES)

    assert "14 times from 07:59:40.0 to 07:59:55.0, 5 s ago" in text
    assert "No connection to base_url" in text
    assert text.index("First: run 7") < text.index("Latest: run 7") < text.index("The only: run 7")
    assert "20 s ago, over" in text
    assert text.index("The last 20 collections") < text.index(
        "07:59:59.0 no page under way 9.5 s · nobody to ask"
    )
    assert (
        "/metrics failures 0.512 s of 9.5 s · 1 failed, 1 without an answer, 3 good · 1 shared, 1 joined"
        in text
    )
    assert "client gone" in text
    assert "And 2 more, not kept." in text
    for sentence in STEPS.values():
        assert sentence in text


def test_a_young_exporter_has_a_page_too() -> None:
    """Nothing failed, nobody asked."""
    text = shown(Notes(NOW, (), ()))

    assert "None since the start." in text
    assert "Nobody has asked yet." in text


def test_good_and_cancelled_answers_are_told_apart() -> None:
    """A bug has no words of its own on the page."""
    good = replace(PULL, outcome=Outcome.SUCCESS, answers=(SHARED,), left_out=0)
    cut = replace(BEGAN, outcome=Outcome.CANCELLED, reason=None, detail="", began=replace(RUN, steps=()))
    crash = replace(RUN, reason=Reason.INTERNAL, detail="", seconds=None)
    bug = FailureNote(1, crash, crash, goes_on=True)
    text = shown(Notes(NOW, (good, replace(PULL, answers=(cut,))), (bug,)))

    assert "/metrics good 0.512 s of 9.5 s · 1 good · 1 shared" in text
    assert "acme presence cancelled 0.500 s began run 7" in text
    assert "internal acme presence at 07:59:40.0, 20 s ago A bug: the log has its type and place." in text


def test_answers_that_are_not_kept_are_good_only_where_a_kept_one_is() -> None:
    """The failed ones are kept first: where all that are kept failed, nobody knows about the rest."""
    text = shown(Notes(NOW, (replace(PULL, answers=(BEGAN,)),), ()))

    assert "0.512 s of 9.5 s · 1 failed source" in text
    assert "And 2 more, not kept." in text


def test_the_links_stand_behind_the_prefix() -> None:
    """Behind a proxy the status page is elsewhere."""
    front = replace(FRONT, settings=settings(link_prefix="/presence"))

    assert 'href="/presence/"' in ask(front, "/debug/collections").text


def test_the_page_needs_no_script_and_loads_nothing() -> None:
    """Everything is text, a style that the policy names, and elements that open by themselves."""
    written = page(NOTES, home="/")

    assert "<script" not in written
    assert not re.search(r"""\b(?:src|style|on\w+)=""", written)
    assert set(re.findall(r'href="([^"]*)"', written)) == {"/", "?format=json", "data:,"}


# JSON


def tables() -> dict[str, list[str]]:
    """The first column of each table in the documentation, by the heading it stands under."""
    text = (PROJECT / "docs" / "debug.md").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for part in re.split(r"^#+ ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        rows = re.findall(r"^\| (`.*?) \|", body, re.MULTILINE)
        found[heading] = [name for row in rows for name in re.findall(r"`([a-z_]+)`", row)]
    return found


def objects(value: Any, name: str = "The page") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the JSON, with what it is called in the documentation."""
    below = {
        "failures": "A failure",
        "collections": "A collection",
        "answers": "An answer",
        "steps": "A step",
        "first": "A run",
        "latest": "A run",
        "began": "A run",
    }
    yield name, value
    for key, inner in value.items():
        for each in inner if isinstance(inner, list) else [inner]:
            if isinstance(each, dict):
                yield from objects(each, below[key])


def test_the_documentation_lists_every_key() -> None:
    """In the order in which they are written; of a step, which leaves keys out, all that there can be."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for name, each in objects(json.loads(as_json(NOTES))):
        found.setdefault(name, set()).add(tuple(each))
    documented = tables()

    steps = found.pop("A step")
    assert {key for keys in steps for key in keys} == set(documented["A step"])
    assert {keys[:3] for keys in steps} == {("after_seconds", "event", "text")}
    assert found == {name: {tuple(documented[name])} for name in found}
    assert len(found) == 5


def test_the_documentation_lists_every_event() -> None:
    """In the order in which the program has them, and what an outcome and a way can be."""
    documented = (PROJECT / "docs" / "debug.md").read_text(encoding="utf-8")

    assert tables()["Events"] == [event.value for event in Event]
    for word in (*Outcome, *Way):
        assert f"`{word}`" in documented


def test_json_says_the_same_as_the_page() -> None:
    """Times in UTC to the millisecond, seconds as numbers, and null for what is not known."""
    told = json.loads(as_json(NOTES))

    assert told["now"] == "2027-01-15T08:00:00.000Z"
    hanging, pull, _ = told["collections"]
    assert (hanging["seconds"], hanging["outcome"], hanging["answers"]) == (None, "under_way", [])
    assert (pull["at"], pull["allowed_seconds"], pull["answers_left_out"]) == (
        "2027-01-15T07:59:40.000Z",
        9.5,
        2,
    )
    began, shared, joined = pull["answers"]
    assert (began["reason"], began["began"]["number"], began["began"]["steps"][0]["bytes"]) == (
        "connect",
        7,
        54321,
    )
    assert (shared["way"], shared["began"], shared["age_seconds"], joined["seconds"]) == (
        "shared",
        None,
        4.0,
        None,
    )
    assert [each["text"] for each in began["began"]["steps"]] == list(STEPS.values())
    drift = began["began"]["steps"][
        list(STEPS.values()).index(STEPS[Step(0.5, Event.DRIFT, "room", count=2)])
    ]
    assert drift == {
        "after_seconds": 0.5,
        "event": "drift",
        "text": "2 rows with room missing or odd, used all the same",
        "field": "room",
        "count": 2,
    }
    assert [each["times"] for each in told["failures"]] == [14, 1]


@pytest.mark.parametrize(
    "seconds, text", [(0.0, "1970-01-01T00:00:00.000Z"), (NOW + 0.9996, "2027-01-15T08:00:00.999Z")]
)
def test_moments_are_written_as_rfc_3339(seconds: float, text: str) -> None:
    """Always with three digits, and cut: a moment is not in the future."""
    assert moment(seconds) == text


@given(
    st.text(max_size=30), st.sampled_from(["<script>alert(1)</script>", '"><img src=x>', "'{{ 7 * 7 }}'", ""])
)
def test_no_text_can_become_markup(text: str, hostile: str) -> None:
    """Whatever a name or a detail should hold one day, the page shows it, and JSON can be read."""
    word = hostile + text
    run = replace(RUN, source=word, detail=word, steps=(Step(0.0, Event.DRIFT, word, count=1),))
    answer = replace(BEGAN, source=word, detail=word, began=run)
    notes = Notes(
        NOW, (replace(PULL, page=word, answers=(answer,)),), (FailureNote(2, run, run, goes_on=True),)
    )
    written = page(notes, home="/")

    tags = set(re.findall(r"<(/?[a-z!][a-z0-9]*)", written.partition("</style>")[2]))
    assert not tags & {"script", "/script", "img"}
    assert json.loads(as_json(notes))["failures"][0]["latest"]["detail"] == word
