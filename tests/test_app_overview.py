"""What the status page is told: facts become figures with their ages, and what is withheld stays so."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from exporter.app.figures import TOTALS, age, figures, groups, ledger, rooms, total, totals
from exporter.app.overview import MOST_SOURCES, overview
from exporter.config import (
    BucketSettings,
    ChatPresenceMode,
    CollectSettings,
    Config,
    PresenceMode,
    RoomGroup,
    RoomLabel,
    RoomSettings,
    SourceSettings,
    UserGroup,
)
from exporter.model import (
    Answer,
    ChatPresence,
    Collector,
    CollectorSnapshot,
    Deadline,
    Distribution,
    DomainPresence,
    EndedMeetings,
    Facts,
    Finding,
    GroupOccupancy,
    OngoingMeetings,
    Partial,
    Reason,
    RoomSeries,
    ServerConnections,
    Snapshot,
    SourceSnapshot,
    StatusHistory,
    WatchedRooms,
)
from exporter.telemetry import EndpointActivity, SourceActivity
from exporter.web.status import Figure, Group, LedgerLine, Overview, PauseLine, RoomBar, Rooms
from tests.kit.clock import START
from tests.kit.logs import caught_log
from tests.kit.page import parse
from tests.kit.rig import chat_settings, daily_settings, inline, watching
from tests.kit.scraping import Exporter, chat_source, daily_source
from tests.kit.threads import run_threaded

NOW = 1_800_000_000.0
NONE = Distribution((60.0,), (0, 0), 0.0)


def presence(*sizes: int, **shown: int) -> DomainPresence:
    """A domain with rooms of these sizes; some of them are shown."""
    hidden = sum(sizes) - sum(shown.values())
    return DomainPresence(
        sum(sizes),
        len(sizes),
        RoomSeries(shown, len(sizes) - len(shown), hidden),
        (GroupOccupancy("support", 9, 6),),
        NONE,
        NONE,
        NONE,
    )


def ran(
    collector: str,
    facts: Facts | None,
    *,
    reason: Reason | None = None,
    success: float | None = 10.0,
    kept: Facts | None = None,
) -> dict[str, CollectorSnapshot]:
    """What a run of 10 s ago gave; `success` is the age of the last good one."""
    answer: Answer[Facts] = Answer(facts, reason, 0.5, "said so" if reason else "")
    last = None if success is None else NOW - success
    return {collector: CollectorSnapshot(collector, answer, last, kept, NOW - 10)}


# Figures of a source


DOMAIN = daily_settings(meetings=True)
CHAT = chat_settings(connections=True)


def numbers(settings: SourceSettings, known: dict[str, CollectorSnapshot]) -> list[tuple[Any, ...]]:
    """The figures of a source as they are told."""
    return [
        (each.name, each.value, each.age, *([each.note] if each.note else []))
        for each in figures(settings, known, now=NOW)
    ]


def test_a_domain_has_people_rooms_and_meetings() -> None:
    """Each with the age of the run that it is from."""
    known = ran("presence", presence(3, 2)) | ran("meetings", OngoingMeetings(4, NONE, {}))

    assert numbers(DOMAIN, known) == [
        ("people in rooms", 5, 10.0),
        ("rooms occupied", 2, 10.0),
        ("meetings going on", 4, 10.0),
    ]


def test_what_a_failure_withholds_is_unknown_with_the_age_of_the_last() -> None:
    """Never known where it never was; the other collectors' figures stay."""
    known = ran("presence", None, reason=Reason.AUTH, success=7200.0)

    assert numbers(DOMAIN, known) == [
        ("people in rooms", None, 7200.0),
        ("rooms occupied", None, 7200.0),
        ("meetings going on", None, None),
    ]


def test_what_nobody_asks_for_is_no_figure() -> None:
    """Not even an unknown one."""
    assert numbers(daily_settings(presence=PresenceMode.OFF), {}) == []
    assert numbers(chat_settings(presence=ChatPresenceMode.OFF), {}) == []
    assert numbers(chat_settings(presence=ChatPresenceMode.IDS), {}) == []


def test_watched_rooms_are_a_sum_where_all_of_them_are_known() -> None:
    """Where one could not be read, the others are not the sum."""
    settings = daily_settings(presence=PresenceMode.ROOMS, rooms=watching("a", "b"))
    whole = ran("room_presence", WatchedRooms({"a": 2, "b": 0}))
    part = ran("room_presence", WatchedRooms({"a": 2}), reason=Reason.NOT_FOUND, success=99.0)

    assert numbers(settings, whole) == [("people in watched rooms", 2, 10.0)]
    assert numbers(settings, part) == [("people in watched rooms", None, 99.0)]


def test_folded_watched_rooms_are_no_sum_and_no_zero() -> None:
    """Without room labels nothing is told of one room, so nothing of all of them."""
    rules = watching("a", "b", label=RoomLabel.OFF)
    settings = daily_settings(presence=PresenceMode.ROOMS, rooms=rules)

    assert numbers(settings, ran("room_presence", WatchedRooms({})))[0][1] is None


def test_a_workspace_has_users_by_status_and_connections() -> None:
    """An unknown status is told where somebody has one."""
    users = {"online": 7, "away": 2, "busy": 0, "unknown": 1}
    known = ran("presence", ChatPresence(broadcast_disabled=False, users=users))
    known |= ran("connections", ServerConnections(136, 1200))

    assert numbers(CHAT, known) == [
        ("users online", 7, 10.0),
        ("users away", 2, 10.0),
        ("users busy", 0, 10.0),
        ("users of unknown status", 1, 10.0),
        ("connections", 136, 10.0, "of 1,200"),
    ]


def test_a_workspace_that_switched_presence_off_knows_nothing_of_users() -> None:
    """Although it answered: the age is that of the last list that was one."""
    off = ran("presence", ChatPresence(broadcast_disabled=True), reason=Reason.PRESENCE_DISABLED, success=600)

    assert numbers(CHAT, off) == [
        *(("users " + status, None, 600.0) for status in ("online", "away", "busy")),
        ("connections", None, None),
    ]


def test_an_age_is_never_negative() -> None:
    """A clock that was set back makes everything new."""
    assert (age(NOW + 60, now=NOW), age(None, now=NOW)) == (0.0, None)


# Over all sources


def test_a_total_is_a_sum_as_old_as_its_oldest_part() -> None:
    """Zeros count."""
    assert total("people", [Figure("people", 3, 5.0), Figure("people", 0, 60.0)]) == Figure("people", 3, 60.0)


@pytest.mark.parametrize(
    "parts, expected",
    [
        ([(3, 5.0), (None, 60.0)], Figure("x", None, 60.0, "at least 3, from 1 of 2 sources")),
        ([(3, 5.0), (None, 60.0), (None, None)], Figure("x", None, None, "at least 3, from 1 of 3 sources")),
        ([(None, 60.0), (None, 90.0)], Figure("x", None, 90.0)),
        ([(None, None)], Figure("x")),
    ],
)
def test_a_total_is_unknown_where_a_part_is(
    parts: list[tuple[int | None, float | None]], expected: Figure
) -> None:
    """What is known of it is a lower bound, and is said to be one."""
    assert total("x", [Figure("x", value, age) for value, age in parts]) == expected


def test_totals_have_an_order_and_statuses_are_apart() -> None:
    """Whatever the order of the sources; what is no total is none."""
    added, statuses = totals(
        [
            [Figure("users online", 1, 1.0), Figure("users away", 2, 1.0), Figure("connections", 3, 1.0)],
            [Figure("meetings going on", 4, 1.0), Figure("people in rooms", 5, 1.0)],
            [Figure("users online", 10, 1.0)],
        ]
    )

    assert [each.name for each in added] == ["people in rooms", "meetings going on", "users online"]
    assert set(TOTALS) > {each.name for each in added}
    assert statuses == (Figure("online", 11, 1.0), Figure("away", 2, 1.0))


def test_the_biggest_rooms_of_all_sources_are_named() -> None:
    """The others are counted, with those that no label may name; empty rooms are no rooms here."""
    domain = (DOMAIN, ran("presence", presence(9, 8, 3, 1, lobby=9, office=8, empty=0)))
    watched = (
        daily_settings(name="two", presence=PresenceMode.ROOMS),
        ran("room_presence", WatchedRooms({"desk": 20, "lab": 0})),
    )

    assert rooms([domain, watched, (CHAT, {})], now=NOW) == Rooms(
        (RoomBar("two", "desk", 20), RoomBar("video", "lobby", 9), RoomBar("video", "office", 8)),
        2,
        4,
        age=10.0,
    )


def test_no_more_than_ten_rooms_are_named() -> None:
    """Equal ones by their names."""
    shown = {f"room-{number:02}": 2 for number in range(15)}
    found = rooms([(DOMAIN, ran("presence", presence(*[2] * 15, **shown)))], now=NOW)

    assert found is not None
    assert [each.room for each in found.biggest] == [f"room-{number:02}" for number in range(10)]
    assert (found.other_rooms, found.other_people) == (5, 10)


def test_rooms_of_a_source_that_fails_are_unknown() -> None:
    """And where no source is asked for rooms there is nothing to tell."""
    failing = ran("presence", None, reason=Reason.TLS)
    assert rooms([(DOMAIN, {}), (DOMAIN, failing)], now=NOW) == Rooms(unknown=2)
    assert rooms([(daily_settings(presence=PresenceMode.OFF), {}), (CHAT, {})], now=NOW) is None


def test_groups_are_told_known_or_not() -> None:
    """By the names that the settings give them."""
    of_rooms = daily_settings(
        rooms=RoomSettings(groups=tuple(RoomGroup(each, re.compile("x")) for each in ("support", "visits")))
    )
    of_users = chat_settings(groups=tuple(UserGroup(each, ("somebody",)) for each in ("oncall", "idle")))
    found = {"oncall": {"online": 1, "away": 0, "unknown": 0}, "idle": {"unknown": 2}}
    answered = ran("presence", ChatPresence(broadcast_disabled=False, groups=found))

    assert groups(of_rooms, ran("presence", presence(3))) == (
        Group("support", (("people", 9), ("rooms", 6))),
        Group("visits"),
    )
    assert groups(of_rooms, {}) == (Group("support"), Group("visits"))
    assert groups(of_users, answered) == (
        Group("oncall", (("online", 1), ("away", 0))),
        Group("idle", (("unknown", 2),)),
    )


KEPT = EndedMeetings(
    stays=Distribution((60.0,), (3, 9), 100.0),
    durations=Distribution((60.0,), (1, 4), 100.0),
    peaks=NONE,
    counting_since=NOW - 86400,
    watermark=NOW - 75,
    pending=3,
    persistent=True,
    late=1,
    abandoned=2,
    gap_seconds=30.0,
)


def test_the_ledger_tells_how_far_it_is() -> None:
    """Unknown before the first pull, and where its database could not be asked."""
    assert ledger(ran("ended_meetings", None, kept=KEPT), now=NOW) == LedgerLine(
        counting_for=86400.0,
        lag=75.0,
        pending=3,
        meetings=4,
        stays=9,
        persistent=True,
        late=1,
        abandoned=2,
        gap=30.0,
    )
    assert ledger({}, now=NOW) is None
    assert ledger(ran("ended_meetings", None, reason=Reason.LEDGER), now=NOW) is None
    assert ledger(ran("ended_meetings", None, kept=StatusHistory({}, NOW, None)), now=NOW) is None


# The whole


class Asked(Collector):
    """A collector of which only the name matters."""

    endpoint = "/presence"

    async def collect(self, deadline: Deadline) -> Partial:  # pragma: no cover - nobody asks it
        return Partial(None)


class PresenceCollector(Asked):
    name = "presence"


class MeetingsCollector(Asked):
    name = "meetings"


@dataclass
class Account:
    """A source of which only the names matter."""

    name: str
    kind: str = "daily"
    collectors: tuple[Collector, ...] = (PresenceCollector(), MeetingsCollector())
    endpoints: tuple[str, ...] = ("/presence",)
    drift_fields: tuple[str, ...] = ()

    async def examine(self, deadline: Deadline) -> list[Finding]:  # pragma: no cover - for the doctor
        return []

    async def aclose(self) -> None:  # pragma: no cover - nobody opens it
        return None


QUIET = SourceActivity()
GOOD = ran("presence", presence(3)) | ran("meetings", OngoingMeetings(1, NONE, {}))
BAD = GOOD | ran("meetings", None, reason=Reason.RATE_LIMITED, success=60.0)


def told(*known: dict[str, CollectorSnapshot], activity: SourceActivity = QUIET) -> Overview:
    """The overview of Daily domains of which that is known."""
    names = [f"video-{number}" for number in range(len(known))]
    snapshot = Snapshot(
        tuple(
            SourceSnapshot(name, "daily", tuple(seen.values()))
            for name, seen in zip(names, known, strict=True)
        )
    )
    settings = tuple(daily_settings(name=name, meetings=True) for name in names)
    return overview(
        Config(CollectSettings(min_interval=7.0), BucketSettings(), settings),
        [Account(name) for name in names],
        known=snapshot,
        activity=lambda _: activity,
        now=NOW,
        version="1.2.3",
        notes=("a note",),
    )


def test_the_overview_counts_what_runs_came_to() -> None:
    """And says when the newest was."""
    whole = told(GOOD, BAD, ran("presence", None, reason=Reason.TLS), {})

    assert (whole.succeeded, whole.failed, whole.waiting, whole.asked) == (3, 2, 3, 10.0)
    assert (whole.version, whole.now, whole.notes, whole.min_interval) == ("1.2.3", NOW, ("a note",), 7.0)
    assert [each.name for each in whole.sources] == ["video-0", "video-1", "video-2", "video-3"]


def test_a_failure_comes_with_the_advice_of_its_vendor() -> None:
    """The same that the doctor gives."""
    [failure] = told(GOOD, BAD).failures

    assert (failure.source, failure.collector, failure.reason) == ("video-1", "meetings", "rate_limited")
    assert (failure.detail, failure.age) == ("said so", 60.0)
    assert "20 requests a second" in failure.advice


def test_of_many_sources_those_that_fail_are_shown_first() -> None:
    """No more than a page holds; totals and failures are of all."""
    whole = told(*[GOOD] * 60, *[BAD] * 2)

    assert len(whole.sources) == MOST_SOURCES
    assert whole.more_sources == 62 - MOST_SOURCES
    assert [each.name for each in whole.sources[:3]] == ["video-60", "video-61", "video-0"]
    assert whole.totals[0].value == 62 * 3
    assert len(whole.failures) == 2


def test_a_pause_of_several_paths_is_one() -> None:
    """That of the whole source; two that end apart are two."""
    paths = [("/a", 30.0), ("/b", 30.0), ("/c", None), ("/d", 9.0)]
    activity = SourceActivity(tuple(EndpointActivity(path, 1, pause=left) for path, left in paths))
    whole = told(GOOD, activity=activity)

    assert whole.pauses == (
        PauseLine("video-0", ("/a", "/b"), 30.0),
        PauseLine("video-0", ("/d",), 9.0),
    )
    assert (whole.sources[0].budget.requests, whole.sources[0].budget.allowed) == (4, 1200)


def test_a_source_that_is_configured_no_more_is_left_out() -> None:
    """Between two configurations there may be one."""
    config = Config(CollectSettings(), BucketSettings(), ())
    whole = overview(
        config,
        [Account("gone")],
        known=Snapshot(),
        activity=lambda _: SourceActivity(),
        now=NOW,
        version="1",
    )

    assert (whole.sources, whole.waiting, whole.asked) == ((), 0, None)


# Through the whole exporter


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Catch what is logged."""
    with caught_log():
        yield


@pytest.mark.usefixtures("_quiet")
def test_the_page_of_a_running_exporter() -> None:
    """Not asked yet, then what came of it and how old that is; looking asks nobody."""

    async def run() -> list[str]:
        exporter = Exporter(daily_source(), chat_source())
        pages = [(await exporter.get("/")).text]
        assert exporter.wire.sent == []
        await exporter.scrape()
        exporter.moods.set("daily", "/meetings", "unauthorized")
        exporter.moods.set("rocketchat", "/api/v1/users.presence", "rate_limited")
        await exporter.scrape(at=START + 61)
        sent = len(exporter.wire.sent)
        pages.append((await exporter.get("/")).text)
        assert len(exporter.wire.sent) == sent
        return pages

    before, after = (parse(page) for page in run_threaded(run()))

    assert before.one("section", cls="verdict").one("h2").text == "5 collectors, none asked yet"
    assert before.one("section", cls="totals").text.count("unknown never known") == 4
    assert after.one("section", cls="verdict").one("h2").text == "3 of 5 collectors fail"
    people, occupied, meetings, users = (each.text for each in after.one("section", cls="totals").all("dd"))
    assert re.fullmatch(r"\d+ 0 s ago", people)
    assert re.fullmatch(r"\d+ 0 s ago", occupied)
    assert meetings == users == "unknown last known 1 min ago"
    assert [each.text for each in after.all("h3") if "vendor wants a pause" in each.text]
    [asked] = [row for row in after.rows() if row[0] == "/api/v1/users.presence"]
    assert asked[1] == "1 of 10"
    assert int(asked[3].removesuffix(" s")) > 0


def test_the_page_says_no_more_of_rooms_than_the_labels() -> None:
    """Hashed ones are named by the hash, and with labels off none is."""

    async def run(label: RoomLabel) -> str:
        rules = RoomSettings(label=label, hash_key=inline("key") if label is RoomLabel.HASH else None)
        exporter = Exporter(daily_source(rooms=rules))
        await exporter.scrape()
        return (await exporter.get("/")).text

    plain, hashed, off = (parse(run_threaded(run(label))) for label in RoomLabel)

    assert plain.rows()[0][0] == "classroom-1"
    assert all(re.fullmatch("[0-9a-f]{16}", row[0]) for row in hashed.rows()[:10])
    assert "No room is named:" in off.text


def test_two_looks_at_once_are_two_pages() -> None:
    """One waits for the other, and both are answered."""

    async def run() -> list[int]:
        exporter = Exporter(daily_source())
        looks = await asyncio.gather(*(exporter.get("/") for _ in range(5)))
        return [each.status_code for each in looks]

    assert run_threaded(run()) == [200] * 5


@pytest.mark.usefixtures("_quiet")
def test_a_refused_configuration_is_told_until_a_good_one_comes() -> None:
    """Whoever looks at the page should know that it is about an older one."""

    async def run() -> list[str]:
        exporter = Exporter(daily_source())
        texts = []
        for fault in ("sources: is missing", None):
            exporter.fault = fault
            await exporter.reload(daily_source())
            texts.append((await exporter.get("/")).text)
        return texts

    refused, good = run_threaded(run())

    assert "sources: is missing" in refused
    assert "cannot be used" not in good
