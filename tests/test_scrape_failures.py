"""Whatever fails wherever: only the figures of that collector go, the reason is right, and they come back."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from exporter.collect import GRACE
from exporter.config import ChatPresenceMode, PresenceMode
from exporter.demo import MOODS
from exporter.demo.moods import fits
from exporter.model import Reason
from tests.demo_client import MORNING, Hand
from tests.kit.clock import START
from tests.kit.families import (
    CHAT_PRESENCE,
    CONNECTIONS,
    DOMAIN_PRESENCE,
    FACTS,
    MEETINGS,
    ROOM_PRESENCE,
    family_of,
)
from tests.kit.logs import Lines, caught_log
from tests.kit.rig import watching
from tests.kit.scraping import Exporter, Page, chat_source, daily_source
from tests.kit.threads import run_threaded

FROZEN = Hand(MORNING)
"""The clock of a world in which nobody comes or goes, so that two pages have the same series."""

CANARY = "canary-of-a-person"

PASSING = frozenset({"presence_current_status_seconds", "presence_status_resolution_seconds"})
"""Families whose values change while nobody comes or goes."""


def whole() -> Exporter:
    """Everybody is asked for: the domain, its meetings, the full list, the connections."""
    return Exporter(daily_source(), chat_source(), clock=FROZEN, min_interval=0.0)


def narrow() -> Exporter:
    """Watched rooms and the members of groups are asked for."""
    daily = daily_source(presence=PresenceMode.ROOMS)
    chat = chat_source(presence=ChatPresenceMode.IDS)
    return Exporter(daily, chat, clock=FROZEN, min_interval=0.0)


@dataclass(frozen=True)
class Case:
    """One collector, and the one endpoint that it asks."""

    id: str
    make: Callable[[], Exporter]
    vendor: str
    endpoint: str
    source: str
    collector: str
    families: frozenset[str]
    path: str


CASES = {
    case.id: case
    for case in (
        Case("domain", whole, "daily", "/presence", "video", "presence", DOMAIN_PRESENCE, "/v1/presence"),
        Case("meetings", whole, "daily", "/meetings", "video", "meetings", MEETINGS, "/v1/meetings"),
        Case(
            "rooms",
            narrow,
            "daily",
            "/rooms/{room}/presence",
            "video",
            "room_presence",
            ROOM_PRESENCE,
            "/v1/rooms/all-hands/presence",
        ),
        Case(
            "users",
            whole,
            "rocketchat",
            "/api/v1/users.presence",
            "chat",
            "presence",
            CHAT_PRESENCE,
            "/api/v1/users.presence",
        ),
        Case(
            "members",
            narrow,
            "rocketchat",
            "/api/v1/users.presence",
            "chat",
            "presence",
            CHAT_PRESENCE,
            "/api/v1/users.presence",
        ),
        Case(
            "connections",
            whole,
            "rocketchat",
            "/api/v1/presence.getConnections",
            "chat",
            "connections",
            CONNECTIONS,
            "/api/v1/presence.getConnections",
        ),
    )
}

REASONS: dict[str, Reason | None] = {
    "rate_limited": Reason.RATE_LIMITED,
    "rate_limited_silently": Reason.RATE_LIMITED,
    "rate_limited_past": Reason.RATE_LIMITED,
    "server_error": Reason.SERVER_ERROR,
    "bad_gateway": Reason.SERVER_ERROR,
    "unavailable": Reason.SERVER_ERROR,
    "stall": Reason.TIMEOUT,
    "drip": Reason.TIMEOUT,
    "reset": Reason.CONNECT,
    "reset_in_body": Reason.CONNECT,
    "refuse": Reason.CONNECT,
    "truncated": Reason.SCHEMA,
    "retyped": Reason.SCHEMA,
    "sparse": None,
    "wrong_shape": Reason.SCHEMA,
    "empty_body": Reason.SCHEMA,
    "unauthorized": Reason.AUTH,
    "forbidden": Reason.FORBIDDEN,
    "not_found": Reason.NOT_FOUND,
    "redirect": Reason.UNEXPECTED_STATUS,
    "oversized": Reason.TOO_LARGE,
    "endless_pages": Reason.TIMEOUT,
    "presence_disabled": Reason.PRESENCE_DISABLED,
    "presence_disabled_unconfirmed": None,
    "clock_ahead": None,
}
"""What each mood is to a collector; None where the figures can still be known."""

DIFFERENT: dict[tuple[str, str], Reason | None] = {
    # Only the times of joining are odd, which drift; who is where is still known.
    ("domain", "retyped"): None,
    # Connections come as whole numbers, and a server that writes them otherwise is another one.
    ("connections", "sparse"): Reason.SCHEMA,
    # The setting says that presence is on, so a list of all in answer to ids is an answer to nothing.
    ("members", "presence_disabled_unconfirmed"): Reason.SCHEMA,
}

UNREAD = {("domain", "retyped"): frozenset({"presence_current_stay_seconds", "presence_lone_stay_seconds"})}
"""Of a run that did not fail, the families that hang on nothing but odd fields."""

KNOWN_ANYWAY = {
    ("users", "presence_disabled"): 1.0,
    ("members", "presence_disabled"): 1.0,
    ("members", "presence_disabled_unconfirmed"): 0.0,
}
"""Where a failed run knows whether presence is switched off, and what it knows."""

PAIRS = [
    (case.id, mood)
    for case in CASES.values()
    for mood in MOODS
    if fits(mood, case.vendor, endpoint=case.endpoint)
]

Fail = Callable[[httpx.Request], httpx.Response]


def refusing(_request: httpx.Request) -> httpx.Response:
    """Call the request wrong."""
    return httpx.Response(400, json={"error": "invalid-request-error", "info": CANARY})


def untrusted(request: httpx.Request) -> httpx.Response:
    """Have a certificate that does not verify."""
    raise httpx.ConnectError(CANARY, request=request) from ssl.SSLCertVerificationError(CANARY)


def buggy(_request: httpx.Request) -> httpx.Response:
    """Come upon a bug of ours."""
    raise KeyError(CANARY)


RARE: dict[Reason, Fail] = {Reason.BAD_REQUEST: refusing, Reason.TLS: untrusted, Reason.INTERNAL: buggy}


@pytest.fixture(autouse=True)
def log() -> Iterator[Lines]:
    """Catch what is logged."""
    with caught_log() as lines:
        yield lines


def facts(page: Page) -> dict[str, float]:
    """The series of facts on a page."""
    return {series: value for series, value in page.series.items() if family_of(series) in FACTS}


def without(known: dict[str, float], families: frozenset[str]) -> dict[str, float]:
    """The series that are not of these families."""
    return {series: value for series, value in known.items() if family_of(series) not in families}


def of_collector(page: Page, metric: str) -> dict[tuple[str, str], float]:
    """A health metric by source and collector."""
    written = page.of(f"presence_collector_{metric}{{")
    return {tuple(series.split('"')[3:0:-2]): value for series, value in written.items()}  # type: ignore[misc]


def failures(page: Page) -> dict[tuple[str, str, str], float]:
    """The failures so far by source, collector and reason."""
    written = page.of("presence_collector_failures_total{")
    found = {}
    for series, value in written.items():
        _, collector, _, reason, _, source, _ = series.split('"')
        if value:
            found[source, collector, reason] = value
    return found


def three_pages(
    case: Case, spoil: Callable[[Exporter], None], heal: Callable[[Exporter], None]
) -> list[Page]:
    """Scrape in good times, while something is spoiled, and after the longest pause."""

    async def run() -> list[Page]:
        exporter = case.make()
        await exporter.scrape()
        good = await exporter.scrape(at=START + 15)
        spoil(exporter)
        bad = await exporter.scrape(at=START + 30)
        heal(exporter)
        healed = await exporter.scrape(at=START + 400)
        return [good, bad, healed]

    return run_threaded(run())


SHARED_LONGER = ("video", "ended_meetings")
"""Runs once a minute at most, so that its last run answers all three pages."""


def check(
    case: Case,
    pages: list[Page],
    *,
    reason: Reason | None,
    known: dict[str, float] | None = None,
    unread: frozenset[str] = frozenset(),
) -> None:
    """Hold the three pages against what is promised; of the families `unread` the answer told nothing."""
    good, bad, healed = pages
    mine = (case.source, case.collector)
    assert [page.status for page in pages] == [200, 200, 200]
    assert bad.seconds <= 9.5 + GRACE + 1e-6

    gone = unread if reason is None else case.families
    expected = without(facts(good), gone) | (known or {})
    assert set(facts(bad)) == set(expected)
    if reason is not None:
        assert without(facts(bad), PASSING | case.families) == without(facts(good), PASSING | case.families)
        assert {series: facts(bad)[series] for series in known or {}} == (known or {})

    assert failures(good) == {}
    assert failures(bad) == ({} if reason is None else {(*mine, str(reason)): 1.0})
    assert failures(healed) == failures(bad)

    success = of_collector(bad, "success")
    assert success == {each: float(reason is None or each != mine) for each in of_collector(good, "success")}
    up = {source: float(all(ok for (of, _), ok in success.items() if of == source)) for source, _ in success}
    assert {source: bad.value("presence_up", source=source) for source in up} == up

    last, before = (of_collector(page, "last_success_timestamp_seconds") for page in (bad, good))
    still = {each for each in last if last[each] == before[each]} - {SHARED_LONGER}
    assert still == (set() if reason is None else {mine})

    assert set(facts(healed)) == set(facts(good))
    assert set(healed.of("presence_up{").values()) == {1.0}


def test_every_mood_has_its_reason() -> None:
    """The table forgets none, and beside the moods every reason that a source can give is tried."""
    assert REASONS.keys() == MOODS.keys()
    assert {*REASONS.values(), *RARE} - {None} == set(Reason) - {Reason.LEDGER}


@pytest.mark.parametrize("name, mood", PAIRS)
def test_a_mood_of_one_endpoint_takes_the_figures_of_one_collector(name: str, mood: str) -> None:
    """A page in time, with everything else as it was; none of what is withheld is 0."""
    case = CASES[name]
    pages = three_pages(
        case,
        lambda exporter: exporter.moods.set(case.vendor, case.endpoint, mood),
        lambda exporter: exporter.moods.clear(),
    )
    known = None
    if (name, mood) in KNOWN_ANYWAY:
        known = {'presence_broadcast_disabled{source="chat"}': KNOWN_ANYWAY[name, mood]}

    reason = DIFFERENT.get((name, mood), REASONS[mood])
    check(case, pages, reason=reason, known=known, unread=UNREAD.get((name, mood), frozenset()))


@pytest.mark.parametrize("name", [name for name in CASES if name != "rooms"])
@pytest.mark.parametrize("reason", RARE)
def test_rare_failures_are_told_apart_too(name: str, reason: Reason, log: Lines) -> None:
    """A refusal of the request, an untrusted certificate, and a bug; no foreign word gets into the log."""
    case = CASES[name]
    pages = three_pages(
        case,
        lambda exporter: exporter.wire.instead.update({case.path: RARE[reason]}),
        lambda exporter: exporter.wire.instead.clear(),
    )

    check(case, pages, reason=reason)
    assert CANARY not in log.text
    bugs = log.events("collector failed by a bug")
    assert [bug["traceback"].startswith("KeyError < ") for bug in bugs] == [True] * (
        reason is Reason.INTERNAL
    )


@pytest.mark.parametrize("reason", RARE)
def test_a_room_that_cannot_be_read_is_absent_and_the_others_stay(reason: Reason) -> None:
    """The collector fails with that room's reason, and is known in part."""
    case = CASES["rooms"]
    good, bad, healed = three_pages(
        case,
        lambda exporter: exporter.wire.instead.update({case.path: RARE[reason]}),
        lambda exporter: exporter.wire.instead.clear(),
    )
    gone = set(facts(good)) - set(facts(bad))

    if reason is Reason.INTERNAL:
        assert gone == set(good.of("presence_room_participants"))
    else:
        assert gone == {'presence_room_participants{room="all-hands",source="video"}'}
    assert failures(bad) == {("video", "room_presence", str(reason)): 1.0}
    assert bad.value("presence_up", source="video") == 0.0
    assert set(facts(healed)) == set(facts(good))


def test_a_mistyped_watched_room_never_reads_zero() -> None:
    """It is not found, and the source is not up for as long as it is watched."""

    async def run() -> Page:
        rooms = watching("all-hands", "al-hands")
        exporter = Exporter(daily_source(presence=PresenceMode.ROOMS, rooms=rooms), clock=FROZEN)
        return await exporter.scrape()

    page = run_threaded(run())
    assert page.of("presence_room_participants") == {
        'presence_room_participants{room="all-hands",source="video"}': 0.0
    }
    assert failures(page) == {("video", "room_presence", "not_found"): 1.0}


DENYING = {"sparse", "clock_ahead"}
"""Moods in which the setting can still be read: it says that presence is on."""

EVASIVE = [mood for mood in MOODS if fits(mood, "rocketchat", endpoint="/setting") and mood not in DENYING]


@pytest.mark.parametrize("mood", EVASIVE)
@pytest.mark.parametrize("name", ["users", "members"])
def test_what_the_setting_does_not_deny_counts_as_switched_off(name: str, mood: str) -> None:
    """However the server answers when it is asked about it, the counts of an empty list stay withheld."""

    def spoil(exporter: Exporter) -> None:
        exporter.moods.set("rocketchat", "/api/v1/users.presence", "presence_disabled_unconfirmed")
        exporter.moods.set("rocketchat", "/api/v1/settings.public", mood)

    check(
        CASES[name],
        three_pages(CASES[name], spoil, lambda exporter: exporter.moods.clear()),
        reason=Reason.PRESENCE_DISABLED,
        known={'presence_broadcast_disabled{source="chat"}': 1.0},
    )
