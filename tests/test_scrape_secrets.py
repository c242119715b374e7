"""Canaries in every field: no key, token, name or id of a person comes out, whatever happens."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.config import ChatPresenceMode, PresenceMode, RoomLabel, RoomSettings, UserGroup
from exporter.web.negotiate import FORMATS
from tests.demo_client import MORNING
from tests.kit.clock import START
from tests.kit.logs import Lines, caught_log
from tests.kit.rig import inline, watching
from tests.kit.scraping import Exporter, chat_source, daily_source
from tests.kit.threads import run_threaded

C = "canary"
"""Stands in every value that nobody may see; the rooms are called otherwise."""

KEY, TOKEN, USER = f"{C}-key", f"{C}-token", f"{C}-user-id"
MEMBERS = (f"{C}Member1", f"{C}Member2")

ROW = {
    "room": "lobby",
    "id": f"{C}-participant",
    "userId": f"{C}-user",
    "userName": f"{C} Name",
    "mtgSessionId": f"{C}-session",
    "joinTime": "2027-01-20T09:20:00.000Z",
    "duration": 600,
    f"{C}-field": f"{C}-value",
}
MEETING = {
    "id": f"{C}-meeting",
    "room": "lobby",
    "start_time": MORNING - 600,
    "duration": 600,
    "ongoing": True,
    "max_participants": 2,
    "participants": [{"user_id": f"{C}-user", "participant_id": f"{C}-p", "user_name": f"{C} Name"}],
}
MEMBER = {
    "_id": MEMBERS[0],
    "username": f"{C}.name",
    "name": f"{C} Name",
    "status": "online",
    "statusText": f"{C} at the dentist",
    "statusSource": f"{C}-source",
    "avatarETag": f"{C}-tag",
    "utcOffset": 5.5,
}

PRESENCE, MEETINGS, ROOM = "/v1/presence", "/v1/meetings", "/v1/rooms/lobby/presence"
USERS, CONNECTIONS = "/api/v1/users.presence", "/api/v1/presence.getConnections"
PATHS = (PRESENCE, MEETINGS, ROOM, USERS, CONNECTIONS, "/api/v1/settings.public")

INSIDE = ("/", "/config", "/debug/collections", "/debug/collections?format=json")
"""What is shown to people, all of it together."""

GOOD: dict[str, Any] = {
    PRESENCE: {"lobby": [ROW], "office": []},
    MEETINGS: {"total_count": 1, "data": [MEETING]},
    ROOM: {"total_count": 1, "data": [ROW]},
    USERS: {"users": [MEMBER, {"_id": f"{C}Somebody", "status": "away"}], "full": True, "success": True},
    CONNECTIONS: {"current": 3, "max": 200, f"{C}-field": f"{C}-value"},
    "/api/v1/settings.public": {"settings": [{"_id": f"{C}-setting", "value": C}], "success": True},
}

ODD: dict[str, Any] = {
    PRESENCE: {"lobby": [ROW | {"joinTime": f"{C}-time"}], f"{C} with blanks": [ROW]},
    MEETINGS: {"total_count": C, "data": [MEETING | {"start_time": f"{C}-time", "ongoing": C}]},
    ROOM: {"total_count": 1.0, "data": [C]},
    USERS: {"users": [MEMBER | {"status": f"{C}-status"}], "full": True},
    CONNECTIONS: {"current": C, "max": C},
    "/api/v1/settings.public": {"settings": C},
}

WRONG: dict[str, Any] = {
    PRESENCE: {f"{C}-room": {f"{C}-field": C}},
    MEETINGS: {"data": [{"id": {f"{C}-field": C}}]},
    ROOM: {"total_count": f"{C}-count"},
    USERS: {"users": [{"_id": {C: C}, "status": C}], "full": C},
    CONNECTIONS: [C],
    "/api/v1/settings.public": C,
}

HEADERS = {
    "Date": f"{C}-date",
    "Retry-After": f"{C}-wait",
    "X-RateLimit-Remaining": f"{C}-left",
    "X-RateLimit-Reset": f"{C}-reset",
    "Location": f"https://{C}.test/",
    "WWW-Authenticate": f"{C}-realm",
    "Set-Cookie": f"{C}=1",
    "Content-Type": f"text/{C}",
}

Fate = Callable[[httpx.Request], httpx.Response]


def answers(bodies: dict[str, Any]) -> Fate:
    """Answer each path with its body."""
    return lambda request: httpx.Response(200, json=bodies[request.url.path])


def status(code: int) -> Fate:
    """Answer with that status, and canaries in headers and body."""
    error = {"error": f"{C}-error", "info": f"{C}-info", "message": f"{C} says so"}
    return lambda _request: httpx.Response(code, json=error, headers=HEADERS)


def raw(content: bytes) -> Fate:
    """Answer with that body."""
    return lambda _request: httpx.Response(200, content=content, headers=HEADERS)


def fails(error: Exception, cause: Exception | None = None) -> Fate:
    """Fail on the way."""

    def fail(_request: httpx.Request) -> httpx.Response:
        raise error.with_traceback(None) from cause

    return fail


FATES = {
    "good": answers(GOOD),
    "odd": answers(ODD),
    "wrong": answers(WRONG),
    **{str(code): status(code) for code in (204, 302, 400, 401, 402, 403, 404, 418, 429, 500, 502, 503)},
    "html": raw(f"<html>{C}</html>".encode()),
    "cut": raw(json.dumps(GOOD[USERS]).encode()[:-40]),
    "latin": raw(f'{{"{C}\xe9": 1}}'.encode("latin-1")),
    "deep": raw(f'{{"{C}":'.encode() + b"[" * 5000),
    "connect": fails(httpx.ConnectError(f"no way to {C}")),
    "reset": fails(httpx.ReadError(C)),
    "protocol": fails(httpx.RemoteProtocolError(f"illegal header value {C}")),
    "tls": fails(httpx.ConnectError(C), ssl.SSLCertVerificationError(C)),
    "decoding": fails(httpx.DecodingError(C)),
    "bug": fails(KeyError(C), ValueError(C)),
    "group": fails(ExceptionGroup(C, [RuntimeError(C)])),
}


@dataclass(frozen=True)
class Seen:
    """Everything that came out, and what the vendors were sent."""

    pages: str
    overview: str
    reprs: str
    sent: str
    paths: set[str]


@pytest.fixture(autouse=True)
def log() -> Iterator[Lines]:
    """Catch what is logged, with the libraries' debugging switched on."""
    loud = [logging.getLogger(name) for name in ("httpx", "httpcore", "asyncio")]
    with caught_log() as lines:
        for logger in loud:
            logger.setLevel(logging.DEBUG)
        yield lines
        for logger in loud:
            logger.setLevel(logging.NOTSET)


def exporter_of(*, narrow: bool, rooms: RoomSettings) -> Exporter:
    """An exporter whose secrets, ids and expressions are canaries."""
    daily = daily_source(
        api_key=inline(KEY), rooms=rooms, presence=PresenceMode.ROOMS if narrow else PresenceMode.DOMAIN
    )
    chat = chat_source(
        user_id=inline(USER),
        auth_token=inline(TOKEN),
        groups=(UserGroup("oncall", MEMBERS),),
        exclude_ids=(f"{C}Bot",),
        presence=ChatPresenceMode.IDS if narrow else ChatPresenceMode.FULL,
        full_every=None if narrow else 20.0,
    )
    return Exporter(daily, chat, min_interval=0.0)


def looked_at(fate: Fate, *, narrow: bool, rooms: RoomSettings | None = None) -> Seen:
    """Meet a fate at every path after a good time, and look at everything there is to be seen."""

    async def run() -> Seen:
        exporter = exporter_of(narrow=narrow, rooms=rooms or watching("lobby"))
        exporter.wire.instead.update(dict.fromkeys(PATHS, answers(GOOD)))
        pages = [(await exporter.scrape()).text]
        exporter.wire.instead.update(dict.fromkeys(PATHS, fate))
        for number, form in enumerate(FORMATS):
            page = await exporter.scrape(3.0, at=START + 400 * (number + 1), accept=form.content_type)
            assert page.status == 200
            pages.append(page.text)
        overview = [(await exporter.get(path)).text for path in INSIDE]
        secret = [value for sent in exporter.wire.sent for value in sent.headers.values()]
        urls = [str(sent.url) for sent in exporter.wire.sent]
        reprs = repr((exporter.app, exporter.app.sources, exporter.config))
        paths = set(exporter.wire.paths())
        return Seen("".join(pages), "".join(overview), reprs, " ".join(secret + urls), paths)

    return run_threaded(run())


@pytest.mark.parametrize("narrow", [False, True], ids=["whole", "narrow"])
@pytest.mark.parametrize("fate", FATES)
def test_no_canary_comes_out(fate: str, narrow: bool, log: Lines) -> None:
    """Not in a page, a log line or a repr; and they were there: sent upstream, and logged about."""
    seen = looked_at(FATES[fate], narrow=narrow)

    for out in (seen.pages, seen.overview, seen.reprs, log.text):
        assert C not in out.lower()

    assert all(secret in seen.sent for secret in (KEY, TOKEN, USER))
    assert all(member in seen.sent for member in MEMBERS) is narrow
    assert 'presence_collector_runs_total{collector="presence",source="chat"} 4.0' in seen.pages
    asked = log.events("upstream request")
    assert {line["endpoint"] for line in asked} >= {USERS, "/meetings"}
    assert {line["level"] for line in asked} == {"debug"}
    assert seen.paths >= {USERS, MEETINGS, CONNECTIONS, ROOM if narrow else PRESENCE}
    bugs = log.events("collector failed by a bug")
    assert [bool(bug["traceback"]) for bug in bugs] == [True] * (5 if fate in {"bug", "group"} else 0)


@pytest.mark.parametrize("narrow", [False, True], ids=["whole", "narrow"])
@pytest.mark.parametrize("fate", ["good", "odd", "wrong", "302", "404", "429", "500", "tls", "bug"])
@pytest.mark.parametrize("label", [RoomLabel.HASH, RoomLabel.OFF])
def test_where_room_names_are_private_they_do_not_come_out_either(
    label: RoomLabel, fate: str, narrow: bool, log: Lines
) -> None:
    """Neither hashed nor folded rooms are named anywhere, nor is the key of the hash."""
    rooms = RoomSettings(watch=("lobby",), label=label, hash_key=inline(f"{C}-hash-key"))
    seen = looked_at(FATES[fate], narrow=narrow, rooms=rooms)

    for out in (seen.pages, seen.overview, log.text):
        assert "lobby" not in out
        assert C not in out.lower()
    assert C not in seen.reprs
    assert ("presence_room_participants{" in seen.pages) is (label is RoomLabel.HASH)
    assert (ROOM in seen.paths) is narrow


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    scrapes=st.lists(
        st.fixed_dictionaries({path: st.sampled_from(sorted(FATES)) for path in PATHS}),
        min_size=1,
        max_size=4,
    ),
    narrow=st.booleans(),
)
def test_no_mixture_of_fates_brings_a_canary_to_the_pages_about_the_inside(
    scrapes: list[dict[str, str]], narrow: bool
) -> None:
    """Each path meets its own, scrape after scrape; what was asked and decided is told all the same."""

    async def run() -> tuple[str, Any]:
        exporter = exporter_of(narrow=narrow, rooms=watching("lobby"))
        for number, fates in enumerate(scrapes):
            exporter.wire.instead.update({path: FATES[fate] for path, fate in fates.items()})
            await exporter.scrape(3.0, at=START + 40 * number)
        pages = [(await exporter.get(path)).text for path in INSIDE]
        return "".join(pages), json.loads(pages[-1])

    pages, told = run_threaded(run())
    assert C not in pages.lower()
    steps = [
        step
        for pull in told["collections"]
        for answer in pull["answers"]
        for step in (answer["began"] or {"steps": []})["steps"]
    ]
    assert len(told["collections"]) == len(scrapes)
    assert any(step["event"] == "request" for step in steps)


def test_plain_room_names_are_shown_and_odd_ones_never() -> None:
    """Rooms are called what their owner calls them; what is no room name of Daily's may be anything."""
    seen = looked_at(FATES["odd"], narrow=False)

    assert 'presence_room_participants{room="lobby",source="video"} 1.0' in seen.pages
    assert 'presence_rooms_occupied{source="video"} 2.0' in seen.pages
    assert 'presence_folded_participants{source="video"} 1.0' in seen.pages
    assert "blanks" not in seen.pages
