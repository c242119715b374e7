"""Pages about one source or some collectors, at the front: what they ask for, and what is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.model import Offer, Selection, Snapshot
from exporter.web.deadline import HEADER
from exporter.web.routes import build_routes
from exporter.web.scrapes import PAGES, Scrapes
from exporter.web.wishes import Wish
from tests.kit.front import FRONT, SNAPSHOT, Asked, ask, client, facts, settings
from tests.test_web_routes import deadlines, timed

COLLECTORS = "collect[] takes: presence, meetings, ended_meetings, connections"


def test_a_probe_is_about_one_source_and_not_about_the_exporter() -> None:
    """Whatever else the query says, no other source is asked, and no address is taken from it."""
    asked = Asked()
    response = ask(replace(FRONT, collect=asked.collect), "/probe?source=acme&target=http://127.0.0.1:1/")

    assert asked.selections == [Selection(frozenset({"acme"}))]
    assert [family.name for family in parse_text(response.text)] == ["presence_up"]


@pytest.mark.parametrize(
    "path, selections, shown",
    [
        ("/metrics", [Selection()], ["presence_up", "presence_exporter_http_requests"]),
        ("/metrics?collect[]=presence", [Selection(None, frozenset({"presence"}))], ["presence_up"]),
        (
            "/metrics?collect[]=presence&collect[]=exporter",
            [Selection(None, frozenset({"presence"}))],
            ["presence_up", "presence_exporter_http_requests"],
        ),
        ("/metrics?collect[]=exporter", [], ["presence_exporter_http_requests"]),
        (
            "/probe?source=chat&collect[]=connections&collect[]=presence",
            [Selection(frozenset({"chat"}), frozenset({"connections", "presence"}))],
            ["presence_up"],
        ),
    ],
)
def test_only_what_is_named_is_asked_and_shown(
    path: str, selections: list[Selection], shown: list[str]
) -> None:
    """A page of the exporter alone asks no source."""
    asked = Asked()
    response = ask(replace(FRONT, collect=asked.collect), path)

    assert asked.selections == selections
    assert [family.name for family in parse_text(response.text)] == shown


@pytest.mark.parametrize(
    "path, status, words",
    [
        (
            "/metrics?collect[]=<b>",
            400,
            f"no collector of that name; {COLLECTORS}, exporter\n",
        ),
        (
            "/probe?source=acme&collect[]=exporter",
            400,
            f"no collector of that name; {COLLECTORS}\n",
        ),
        ("/probe", 400, "name one source, as in ?source=NAME\n"),
        ("/probe?source=acme&source=chat", 400, "name one source, as in ?source=NAME\n"),
        ("/probe?source=http://127.0.0.1/", 404, "no source of that name is configured\n"),
    ],
)
def test_a_page_that_there_is_not_is_refused_in_plain_text(path: str, status: int, words: str) -> None:
    """Before anybody is asked, also while all places are taken, and without a word of the question."""
    asked = Asked()
    response = ask(replace(FRONT, collect=asked.collect, settings=settings(max_requests=0)), path)

    assert (response.status_code, response.text) == (status, words)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert asked.times == 0


def test_without_source_metrics_a_probe_still_asks() -> None:
    """The setting is about the metrics page, where naming a collector is then an error."""
    asked = Asked()
    front = replace(FRONT, collect=asked.collect, settings=settings(disable_source_metrics=True))

    assert ask(front, "/metrics?collect[]=presence").status_code == 400
    assert ask(front, "/metrics?collect[]=exporter").status_code == 200
    assert asked.times == 0
    assert "presence_up" in ask(front, "/probe?source=acme").text
    assert asked.times == 1


def test_what_can_be_asked_is_what_there_is_now() -> None:
    """A source that a new configuration brings can be asked at once, one that it takes away no more."""

    async def go() -> list[int]:
        offers = [Offer("one", "daily", ("presence",))]
        async with client(build_routes(replace(FRONT, offers=lambda: tuple(offers)))) as asking:

            async def status(name: str) -> int:
                return (await asking.get("/probe", params={"source": name})).status_code

            before = [await status("one"), await status("two")]
            offers[:] = [Offer("two", "daily", ("presence",))]
            return [*before, await status("one"), await status("two")]

    assert timed(go) == [200, 404, 404, 200]


def test_a_head_asks_nobody_about_one_source_either() -> None:
    """And says of a page that there is none what a GET would."""
    asked = Asked()
    front = replace(FRONT, collect=asked.collect)

    answers = [
        ask(front, path, method="HEAD").status_code
        for path in ("/probe?source=acme", "/probe?source=nobody", "/probe", "/metrics?collect[]=x")
    ]
    assert answers == [200, 404, 400, 400]
    assert asked.times == 0


# The deadline


def test_a_probe_has_the_deadline_of_a_scrape() -> None:
    """The same header, the same rule."""
    front = replace(FRONT, default_timeout=lambda: 20.0, settings=settings(timeout_offset=0.5))

    named, none = deadlines(front, [{HEADER: "10"}, {}], path="/probe?source=acme")

    assert named == pytest.approx(9.5, abs=1)
    assert none == pytest.approx(20.0, abs=1)


def test_each_page_reserves_what_it_took_itself() -> None:
    """A big page takes no time from a small one, and a small one gives a big one none."""
    slept = threading.Event()

    def slow(snapshot: Snapshot, openmetrics: bool) -> Iterator[Metric]:
        slept.wait(0.8 if len(snapshot.sources) > 1 else 0.0)
        return facts(snapshot, openmetrics)

    async def go() -> dict[str, list[float]]:
        left: dict[str, list[float]] = {"/metrics": [], "/probe?source=acme": []}
        path = ""

        async def noting(deadline: float, selection: Selection) -> Snapshot:
            left[path].append(deadline - asyncio.get_running_loop().time())
            return SNAPSHOT if selection.sources else Snapshot(SNAPSHOT.sources * 2)

        front = replace(FRONT, collect=noting, families=slow, settings=settings(timeout_offset=0.5))
        async with client(build_routes(front)) as asking:
            for path in [*left, *left]:
                await asking.get(path, headers={HEADER: "10"})
        return left

    left = timed(go)

    assert left["/metrics"][1] <= 9.5 - 0.75
    assert left["/probe?source=acme"][1] > left["/metrics"][1]


def test_the_time_for_decoding_is_that_of_what_is_asked() -> None:
    """A page of the exporter alone needs none."""
    asked: list[Selection] = []

    def reserve(selection: Selection) -> float:
        asked.append(selection)
        return 0.0

    front = replace(FRONT, reserve=reserve)
    for path in ("/metrics?collect[]=exporter", "/probe?source=acme", "/metrics"):
        assert ask(front, path).status_code == 200

    assert asked == [Selection(frozenset({"acme"})), Selection()]


def test_only_so_many_pages_are_remembered() -> None:
    """Of ever new ones the oldest is forgotten, and one that comes again counts as new."""
    scrapes = Scrapes(FRONT)
    wishes = [Wish(Selection(frozenset({str(number)})), own=False) for number in range(PAGES + 1)]
    for wish in (*wishes[:PAGES], wishes[0], wishes[PAGES]):
        scrapes._remember(wish, 1.0)

    assert list(scrapes._rendering_seconds) == [*wishes[2:PAGES], wishes[0], wishes[PAGES]]
