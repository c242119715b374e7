"""The whole way of a scrape, in virtual time: true figures, one round for all who ask, and always in time."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.config import ChatPresenceMode, PresenceMode, RoomLabel, RoomSettings
from exporter.demo import CHAT_ON_CALL, MOODS, ChatWorkspace, DailyDomain
from exporter.demo.moods import fits
from tests.campaigns import campaign
from tests.demo_client import MORNING
from tests.kit.clock import START, loop_time
from tests.kit.families import (
    ABOUT_COLLECTING,
    CHAT_PRESENCE,
    CONNECTIONS,
    DOMAIN_PRESENCE,
    FACTS,
    MEETINGS,
    ROOM_PRESENCE,
    family_of,
)
from tests.kit.logs import Lines, caught_log
from tests.kit.rig import inline, watching
from tests.kit.scraping import SEED, Exporter, Page, chat_source, daily_source, limited_world
from tests.kit.threads import run_threaded

USERS = "/api/v1/users.presence"


@pytest.fixture(autouse=True)
def log() -> Iterator[Lines]:
    """Catch what is logged."""
    with caught_log() as lines:
        yield lines


# The figures


@pytest.mark.parametrize("hours", [0, 3, 11, 19])
def test_the_figures_are_those_of_the_world(hours: int) -> None:
    """People, rooms, meetings, users and groups, counted a second time from what is true there."""

    async def run() -> Page:
        return await Exporter(daily_source(), chat_source()).scrape(at=START + hours * 3600)

    page, now = run_threaded(run()), MORNING + hours * 3600.0
    domain, workspace = DailyDomain(SEED), ChatWorkspace(SEED)
    rooms = {room: len(stays) for room, stays in domain.present(now).items()}
    ages = [now - stay.join for stays in domain.present(now).values() for stay in stays]
    statuses = {user: status for user, status in workspace.statuses(now).items() if user != "rocket.cat"}
    oncall = [statuses[user] for user in CHAT_ON_CALL]

    def video(name: str, **labels: str) -> float | None:
        return page.value(f"presence_{name}", source="video", **labels)

    assert video("participants") == sum(rooms.values())
    assert video("rooms_occupied") == video("room_size_participants_gcount") == len(rooms)
    assert {room: video("room_participants", room=room) for room in rooms} == rooms
    assert video("room_group_participants", group="support") == sum(
        people for room, people in rooms.items() if room.startswith("support-")
    )
    assert video("current_stay_seconds_gsum") == pytest.approx(sum(ages), abs=len(ages))
    assert video("lone_stay_seconds_gcount") == list(rooms.values()).count(1)
    assert video("meetings_ongoing") == len(domain.ongoing(now))
    assert video("meeting_age_seconds_gsum") == sum(now - each.start for each in domain.ongoing(now))
    for meeting in domain.ongoing(now):
        assert video("room_meeting_start_timestamp_seconds", room=meeting.room) == meeting.start
    for status in ("online", "away", "busy"):
        people = list(statuses.values()).count(status)
        assert page.value("presence_users", source="chat", status=status) == people
    for status in ("online", "away", "busy", "offline", "unknown"):
        shown = page.value("presence_group_users", group="oncall", source="chat", status=status)
        assert shown == oncall.count(status)
    assert page.value("presence_server_connections", source="chat") == workspace.connections(now)
    assert page.value("presence_broadcast_disabled", source="chat") == 0


def test_stays_in_a_status_add_up_to_what_the_lists_showed() -> None:
    """An hour of scrapes every 15 s: the histogram holds each change that two lists showed, once."""
    moments = [MORNING + step * 15.0 for step in range(240)]

    async def run() -> Page:
        exporter = Exporter(chat_source(connections=False))
        pages = [await exporter.scrape(at=START + moment - MORNING) for moment in moments]
        return pages[-1]

    page = run_threaded(run())
    workspace = ChatWorkspace(SEED)
    lists = [workspace.statuses(moment) for moment in moments]
    lengths: dict[str, list[float]] = {"online": [], "away": [], "busy": [], "offline": []}
    for user in workspace.members.keys() - {"rocket.cat"}:
        began: float | None = None
        for moment, (before, now) in zip(moments[1:], pairwise(lists), strict=True):
            if before[user] != now[user]:
                lengths[before[user]] += [] if began is None else [moment - began]
                began = moment
    for status in ("online", "away", "busy"):
        labels = {"source": "chat", "status": status}
        assert page.value("presence_status_duration_seconds_count", **labels) == len(lengths[status]) > 0
        assert page.value("presence_status_duration_seconds_sum", **labels) == sum(lengths[status])


def test_hashed_and_hidden_names_change_no_count() -> None:
    """Everybody is counted in every mode; a limit folds the small rooms."""
    modes = (
        RoomSettings(),
        RoomSettings(label=RoomLabel.HASH, hash_key=inline("a-key")),
        RoomSettings(label=RoomLabel.OFF),
        RoomSettings(limit=3),
    )

    async def run() -> list[Page]:
        return [await Exporter(daily_source(rooms=rooms)).scrape() for rooms in modes]

    pages = run_threaded(run())
    for page in pages:
        assert_consistent(page)
    totals = [page.value("presence_participants", source="video") for page in pages]
    shown = [len(page.of("presence_room_participants{")) for page in pages]
    occupied = pages[0].value("presence_rooms_occupied", source="video")

    assert len(set(totals)) == 1
    assert shown == [occupied, occupied, 0, 3]


# One round for all who ask


def test_twenty_pulls_at_once_are_one_round() -> None:
    """Each question is asked once, all get the same figures, and one of them is counted as the asker.

    `/meetings` has two: what is ongoing, and the history.
    """

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source())
        pages = await asyncio.gather(*(exporter.scrape() for _ in range(20)))
        later = await exporter.scrape()

        assert sorted(exporter.wire.paths()) == [
            "/api/v1/presence.getConnections",
            USERS,
            "/v1/",
            "/v1/meetings",
            "/v1/meetings",
            "/v1/presence",
        ]
        assert [facts(page) for page in pages] == [facts(pages[0])] * 20
        assert later.of("presence_exporter_collections_total{") == {
            'presence_exporter_collections_total{source="video"}': 1,
            'presence_exporter_collections_total{source="chat"}': 1,
        }
        assert set(later.of("presence_exporter_collections_shared_total{").values()) == {20.0}

    run_threaded(run())


def test_the_path_of_the_metrics_counts_from_the_first_page_on() -> None:
    """A scrape is in its successor's page; all the paths that are served stand at 0 before."""

    async def run() -> tuple[Page, Page]:
        exporter = Exporter(chat_source())
        await exporter.get("/unknown")
        return await exporter.scrape(), await exporter.scrape()

    first, second = run_threaded(run())

    assert first.of("presence_exporter_http_requests_total{") == {
        f'presence_exporter_http_requests_total{{code="{code}",handler="{handler}"}}': count
        for handler, code, count in (
            ("/-/healthy", 200, 0),
            ("/-/ready", 200, 0),
            ("/metrics", 200, 0),
            ("/", 200, 0),
            ("other", 404, 1),
        )
    }
    assert second.value("presence_exporter_http_requests_total", code="200", handler="/metrics") == 1


# Rate limits


def two_prometheus(phase: float, *, minutes: int = 10) -> tuple[list[Page], Exporter]:
    """Scrape from two servers every 15 s, the second one `phase` seconds after the first."""

    async def server(exporter: Exporter, first: float) -> list[Page]:
        return [await exporter.scrape(at=START + first + step * 15.0) for step in range(minutes * 4)]

    async def run() -> tuple[list[Page], Exporter]:
        exporter = Exporter(chat_source(), world=limited_world())
        one, other = await asyncio.gather(server(exporter, 0.0), server(exporter, phase))
        return [*one, *other], exporter

    return run_threaded(run())


@pytest.mark.soak
@settings(max_examples=campaign(sample=3, full=200))
@given(phase=st.sampled_from([0.0, 0.001, 5.0, 9.999, 10.0, 14.999]) | st.floats(0.0, 15.0))
def test_two_prometheus_never_meet_the_default_limit_of_rocketchat(phase: float) -> None:
    """Ten minutes at 15 s in any phase: at most 10 requests a minute and route, and all are answered."""
    pages, exporter = two_prometheus(phase)

    assert {sent.status for sent in exporter.wire.sent} == {200}
    assert {page.value("presence_up", source="chat") for page in pages} == {1.0}
    assert 40 <= exporter.wire.paths().count(USERS) <= 62


NAMED = [
    ("video", "/v1/presence", {"Retry-After": "30"}, 30.0),
    ("video", "/v1/presence", {"Retry-After": "86400"}, 300.0),
    ("video", "/v1/presence", {}, 15.0),
    ("chat", USERS, {"X-RateLimit-Reset": str(int((MORNING + 48) * 1000))}, 48.0),
    ("chat", USERS, {"Retry-After": "3600"}, 300.0),
]


@pytest.mark.parametrize("source, path, headers, wait", NAMED)
def test_after_a_429_no_request_leaves_until_the_named_moment(
    source: str, path: str, headers: dict[str, str], wait: float
) -> None:
    """Whatever is scraped meanwhile; then the figures come back. Daily pauses as a whole, a route alone."""

    def refuse(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers=headers, json={"error": "rate-limit-error"})

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source(), min_interval=0.0)
        exporter.wire.instead[path] = refuse
        await exporter.scrape()
        exporter.wire.instead.clear()
        moments = [*range(0, int(wait), max(1, int(wait) // 15)), int(wait) - 1]
        paused = [await exporter.scrape(at=START + 0.5 + moment) for moment in moments]
        resumed = await exporter.scrape(at=START + wait + 0.5)

        family = "/v1/" if source == "video" else USERS
        asked = [sent.at - START for sent in exporter.wire.sent if sent.url.path.startswith(family)]
        assert [at for at in asked if 0 < at < wait] == []
        assert max(asked) == wait + 0.5
        assert {page.value("presence_up", source=source) for page in paused} == {0.0}
        # Nobody waits for the pause; of the other vendor's requests two may lie a fifth of a second apart.
        assert max(page.seconds for page in paused) < 0.5
        failed = {"collector": "presence", "reason": "rate_limited", "source": source}
        assert paused[-1].value("presence_collector_failures_total", **failed) == 1 + len(paused)
        assert resumed.value("presence_up", source=source) == 1.0

    run_threaded(run())


def test_a_short_wait_that_is_named_fits_into_the_pull() -> None:
    """It is waited for and tried again once, and the page has the figures."""
    refusals = iter([httpx.Response(429, headers={"Retry-After": "3"})])

    async def run() -> tuple[Page, Exporter]:
        exporter = Exporter(daily_source(meetings=False))

        def refuse_once(_request: httpx.Request) -> httpx.Response:
            exporter.wire.instead.clear()
            return next(refusals)

        exporter.wire.instead["/v1/presence"] = refuse_once
        return await exporter.scrape(), exporter

    page, exporter = run_threaded(run())

    assert page.value("presence_up", source="video") == 1.0
    assert 3.0 <= page.seconds < 3.2
    assert [sent.status for sent in exporter.wire.sent] == [429, 200]


# The log


def test_the_log_tells_what_changes_and_nothing_of_a_pull(log: Lines) -> None:
    """Failures, a pause, drift and recoveries have a line each, in the order in which they come."""

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source())
        for step in range(60):
            if step == 20:
                exporter.moods.set("daily", "/presence", "retyped")
                exporter.moods.set("rocketchat", USERS, "rate_limited")
                exporter.moods.set("rocketchat", "/api/v1/presence.getConnections", "forbidden")
            if step == 40:
                exporter.moods.clear()
            await exporter.scrape(at=START + step * 15.0)

    run_threaded(run())
    lines = [line for line in map(json.loads, log.text.splitlines()) if line["level"] != "debug"]
    told = [(line["level"], line["event"], line["source"], line.get("reason", "")) for line in lines]
    pauses = [line for line in told if line[1] == "pause begins"]
    rest = sorted(line for line in told if line not in pauses)

    assert set(pauses) == {("warn", "pause begins", "chat", "rate_limited")}
    assert 5 <= len(pauses) <= 20 * 15 / 21
    assert rest == [
        ("info", "collector recovered", "chat", ""),
        ("info", "collector recovered", "chat", ""),
        ("info", "counting begins", "video", ""),
        ("warn", "collector failed", "chat", "forbidden"),
        ("warn", "collector failed", "chat", "rate_limited"),
        ("warn", "schema drift begins", "video", ""),
    ]
    assert len(log.events("upstream request")) > 100


# Always in time


def test_of_a_hundred_answers_a_hundred_are_in_time_with_what_was_ready() -> None:
    """Upstreams stall, drip and page for ever; the deadline is 3 s, and two collectors are done at once."""
    rng = random.Random(3)
    moments = [rng.uniform(0, 120) for _ in range(100)]

    async def run() -> list[Page]:
        exporter = Exporter(daily_source(), chat_source(), min_interval=0.0)
        exporter.moods.set("daily", "/meetings", "endless_pages")
        exporter.moods.set("rocketchat", USERS, "drip")
        pages = [asyncio.create_task(exporter.scrape(3.0, at=START + moment)) for moment in moments]
        await asyncio.sleep(60)
        exporter.moods.set("daily", "/meetings", "stall")
        exporter.moods.set("rocketchat", USERS, "oversized")
        return await asyncio.gather(*pages)

    pages = run_threaded(run())
    for page in pages:
        assert_consistent(page)
    known = {frozenset(map(family_of, facts(page))) for page in pages}

    assert [page.status for page in pages] == [200] * 100
    assert max(page.seconds for page in pages) < 3.0
    assert known == {DOMAIN_PRESENCE | CONNECTIONS | {"presence_status_duration_seconds"}}


def test_where_no_upstream_answers_at_all_the_page_says_so_in_time() -> None:
    """Health metrics and the exporter's own are there, and no figure."""

    async def run() -> Page:
        exporter = Exporter(daily_source(), chat_source())
        for vendor in ("daily", "rocketchat"):
            exporter.moods.set(vendor, "*", "stall")
        return await exporter.scrape(3.0)

    page = run_threaded(run())

    assert page.status == 200
    assert 2.5 <= page.seconds < 2.55
    assert {family_of(series) for series in facts(page)} == {"presence_status_duration_seconds"}
    assert ABOUT_COLLECTING - {"presence_collector_last_success_timestamp_seconds"} <= {
        family_of(series) for series in page.series
    }


@dataclass(frozen=True)
class Storm:
    """Moods that come and go at each endpoint, and pulls that come at any moment."""

    moods: list[tuple[float, tuple[str, str], str]]
    pulls: list[tuple[float, float]]
    min_interval: float
    narrow: bool


ENDPOINTS = (
    ("daily", "/presence"),
    ("daily", "/meetings"),
    ("daily", "/rooms/{room}/presence"),
    ("rocketchat", USERS),
    ("rocketchat", "/api/v1/settings.public"),
    ("rocketchat", "/api/v1/presence.getConnections"),
)
MOMENTS = st.integers(0, 240).map(lambda quarter: quarter / 4)
STORMS = st.builds(
    Storm,
    moods=st.lists(
        st.tuples(MOMENTS, st.sampled_from(ENDPOINTS), st.sampled_from(["", *MOODS])), max_size=12
    ),
    pulls=st.lists(st.tuples(MOMENTS, st.sampled_from([0.3, 0.6, 1.0, 3.0, 10.0])), min_size=1, max_size=10),
    min_interval=st.sampled_from([0.0, 2.0, 10.0]),
    narrow=st.booleans(),
)


def source_settings(storm: Storm) -> Exporter:
    """The exporter that asks in one of the two ways."""
    if storm.narrow:
        daily = daily_source(presence=PresenceMode.ROOMS, rooms=watching("all-hands", "bridge-east", "none"))
        chat = chat_source(presence=ChatPresenceMode.IDS)
        return Exporter(daily, chat, min_interval=storm.min_interval)
    return Exporter(daily_source(), chat_source(full_every=20.0), min_interval=storm.min_interval)


@pytest.mark.soak
@settings(max_examples=campaign(sample=60, full=3000))
@given(storm=STORMS)
@example(
    storm=Storm([(0.0, ("daily", "/presence"), "retyped")], [(0.0, 3.0)], min_interval=0.0, narrow=False)
)
def test_whatever_the_upstreams_do_pages_are_in_time_and_true(storm: Storm) -> None:
    """Each answer comes before Prometheus gives up, no withheld figure is 0, and the figures agree."""

    async def weather(exporter: Exporter) -> None:
        for moment, (vendor, endpoint), mood in sorted(storm.moods):
            await asyncio.sleep(START + moment - loop_time())
            exporter.moods.clear(vendor, endpoint)
            if mood and fits(mood, vendor, endpoint=endpoint):
                exporter.moods.set(vendor, endpoint, mood)

    async def run() -> list[tuple[float, Page]]:
        exporter = source_settings(storm)
        changing = asyncio.create_task(weather(exporter))
        pulls = [
            asyncio.create_task(exporter.scrape(seconds, at=START + at), name=str(seconds))
            for at, seconds in storm.pulls
        ]
        pages = await asyncio.gather(*pulls)
        await changing
        exporter.moods.clear()
        pages.append(await exporter.scrape(at=START + 1000))
        assert facts(pages[-1]).keys() & {'presence_meetings_ongoing{source="video"}'}
        return list(zip([*(seconds for _, seconds in storm.pulls), 10.0], pages, strict=True))

    for seconds, page in run_threaded(run()):
        assert page.status == 200
        assert page.seconds < seconds
        assert_consistent(page)


# What holds for every page


def facts(page: Page) -> dict[str, float]:
    """The series of facts on a page."""
    return {series: value for series, value in page.series.items() if family_of(series) in FACTS}


def assert_consistent(page: Page) -> None:
    """A collector that failed shows nothing, one that did not shows everything, and sums agree."""
    families = {family_of(series) for series in page.series}
    for (source, collector), (all_of_it, at_least) in {
        ("video", "presence"): (DOMAIN_PRESENCE, {"presence_participants"}),
        ("video", "room_presence"): (ROOM_PRESENCE, ROOM_PRESENCE),
        ("video", "meetings"): (MEETINGS, {"presence_meetings_ongoing"}),
        ("chat", "presence"): (CHAT_PRESENCE, {"presence_group_users", "presence_broadcast_disabled"}),
        ("chat", "connections"): (CONNECTIONS, CONNECTIONS),
    }.items():
        success = page.value("presence_collector_success", collector=collector, source=source)
        if success == 1:
            assert at_least <= families
        if success == 0:
            in_part = {"presence_broadcast_disabled"} | (
                ROOM_PRESENCE if collector == "room_presence" else set()
            )
            assert families & all_of_it <= in_part
    for source in ("video", "chat"):
        mine = f'source="{source}"'
        each = [value for name, value in page.of("presence_collector_success{").items() if mine in name]
        assert page.value("presence_up", source=source) == (min(each) if each else None)
    if page.value("presence_collector_success", collector="presence", source="video") == 1:
        assert_sums(page)


def assert_sums(page: Page) -> None:
    """Shown and folded are all; every room has a size, and every person whose joining is known a stay."""

    def video(name: str) -> float:
        value = page.value(f"presence_{name}", source="video")
        assert value is not None
        return value

    shown = page.of("presence_room_participants{").values()
    assert sum(shown) + video("folded_participants") == video("participants")
    assert sum(map(bool, shown)) + video("rooms_folded") == video("rooms_occupied")
    assert video("room_size_participants_gcount") == video("rooms_occupied")
    assert video("room_size_participants_gsum") == video("participants")
    if page.value("presence_current_stay_seconds_gcount", source="video") is None:
        # There are people, and the time when they joined can be read of nobody.
        assert video("participants") > 0
        assert page.of("presence_lone_stay_seconds") == {}
        drifted = page.value("presence_schema_drift_total", field="joinTime", source="video")
        assert drifted is not None
        assert drifted > 0
        return
    assert video("current_stay_seconds_gcount") <= video("participants")
    assert video("lone_stay_seconds_gcount") <= video("current_stay_seconds_gcount")
