"""Whatever fails at Rocket.Chat has the right reason, shows no number, and is soon healed."""

import asyncio
import ssl
from collections.abc import Sequence

import httpx
import pytest

from exporter.config import ChatPresenceMode, UserGroup
from exporter.model import ChatPresence, Reason, ServerConnections
from tests.kit.clock import START, WALL_START, loop_time, virtual
from tests.kit.rig import CONNECTIONS, USERS, chat_rig, chat_settings
from tests.kit.rows import user, users
from tests.kit.vendor import STALL, Always, Body, Reply, Step, example, http_date

HTML = b"<html><head><title>502 Bad Gateway</title></head></html>"
REFUSAL = example("rocketchat-error-429")
RESET = httpx.ReadError("reset")

FAILURES: dict[str, tuple[Reason, Sequence[Step]]] = {
    "400": (Reason.BAD_REQUEST, [Reply({"success": False, "errorType": "invalid-params"}, 400)]),
    "401 of 7": (Reason.AUTH, [Reply(example("rocketchat-error-401-7x"), 401)]),
    "401 of 8": (Reason.AUTH, [Reply(example("rocketchat-error-401-8x"), 401)]),
    "401 classic": (Reason.AUTH, [Reply(example("rocketchat-error-401-classic"), 401)]),
    "402": (Reason.UNEXPECTED_STATUS, [Reply(b"", 402)]),
    "403": (Reason.FORBIDDEN, [Reply({"success": False, "error": "unauthorized"}, 403)]),
    "404 with HTML": (Reason.NOT_FOUND, [Reply(HTML, 404)]),
    "redirect": (Reason.UNEXPECTED_STATUS, [Reply(b"", 307, {"Location": "https://x.test/"})]),
    "429": (Reason.RATE_LIMITED, [Reply(REFUSAL, 429)]),
    "429 twice": (Reason.RATE_LIMITED, [Reply(b"", 429, {"Retry-After": "1"})] * 2),
    "500": (Reason.SERVER_ERROR, [Reply({"success": False}, 500)] * 4),
    "502 with HTML": (Reason.SERVER_ERROR, [Reply(HTML, 502, {"Content-Type": "text/html"})] * 4),
    "refused": (Reason.CONNECT, [httpx.ConnectError("refused")] * 4),
    "reset": (Reason.CONNECT, [RESET] * 4),
    "reset within the body": (Reason.CONNECT, [Reply(Body([b"{"], error=RESET))] * 4),
    "TLS": (Reason.TLS, [ssl.SSLError(1, "alert")]),
    "stall": (Reason.TIMEOUT, [STALL]),
    "drip": (Reason.TIMEOUT, [Reply(Body([b"{", b" "], every=1.0, endless=True))]),
    "truncated JSON": (Reason.SCHEMA, [Reply(b'{"users": [{"_id": "a", "status": "onl')]),
    "HTML with 200": (Reason.SCHEMA, [Reply(HTML, headers={"Content-Type": "text/html"})]),
    "null": (Reason.SCHEMA, [Reply(None)]),
    "too large": (Reason.TOO_LARGE, [Reply(Body([b" " * 4096], endless=True))]),
    "a bug": (Reason.INTERNAL, [ZeroDivisionError("a bug")]),
}

FULL = chat_settings(connections=True)
IDS = chat_settings(connections=True, presence=ChatPresenceMode.IDS, groups=(UserGroup("team", ("a",)),))
GOOD = {
    "full": Reply(users(user("a"))),
    "ids": Reply(users(user("a"), full=False)),
    "connections": Reply({"current": 3, "max": 200, "success": True}),
}
CASES = {
    "full": (USERS, "presence", FULL),
    "ids": (USERS, "presence", IDS),
    "connections": (CONNECTIONS, "connections", FULL),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("case", CASES)
@virtual
async def test_a_failure_has_its_reason_shows_no_number_spares_the_other_and_heals(
    case: str, name: str
) -> None:
    """The answer is there at the deadline at the latest; after five minutes at most all is well again."""
    reason, steps = FAILURES[name]
    path, collector, settings = CASES[case]
    other_path, other = (CONNECTIONS, "connections") if path == USERS else (USERS, "presence")
    good_other = GOOD["connections" if path == USERS else "full"]
    rig = chat_rig({path: [*steps, GOOD[case]], other_path: Always(good_other)}, settings, max_bytes=100_000)
    answers = await rig.pull()
    assert (answers[collector].reason, answers[collector].value) == (reason, None)
    assert answers[other].success
    assert loop_time() <= START + 9.5
    assert rig.script.left() == 1
    await asyncio.sleep(300.0)
    healed = (await rig.pull())[collector]
    assert healed.success
    assert isinstance(healed.value, ChatPresence | ServerConnections)


def test_the_failures_reach_every_reason_that_rocket_chat_has() -> None:
    """Presence switched off is proved apart, and no ledger is kept here."""
    reached = {reason for reason, _ in FAILURES.values()}
    assert set(Reason) - reached == {Reason.PRESENCE_DISABLED, Reason.LEDGER}


@pytest.mark.parametrize(
    "headers, pause",
    [
        ({"X-RateLimit-Reset": f"{WALL_START * 1000 + 40_000:.0f}"}, 40.0),
        ({"X-RateLimit-Reset": f"{WALL_START * 1000 + 40_000:.0f}", "Date": http_date(WALL_START)}, 40.0),
        ({"X-RateLimit-Reset": f"{WALL_START * 1000 - 5_000:.0f}"}, 21.0),
        ({}, 21.0),
        ({"Retry-After": "30"}, 30.0),
    ],
    ids=["reset", "reset and date", "reset in the past", "absent", "retry after"],
)
@virtual
async def test_a_429_pauses_its_route_for_as_long_as_it_names(headers: dict[str, str], pause: float) -> None:
    """By the header in milliseconds, or else by the text of the documented body; the other route goes on."""
    rig = chat_rig(
        {
            USERS: [Reply(REFUSAL, 429, {"X-RateLimit-Remaining": "0", **headers}), GOOD["full"]],
            CONNECTIONS: Always(GOOD["connections"]),
        },
        FULL,
    )
    for wait in (0.0, pause - 1.0):
        await asyncio.sleep(wait)
        answers = await rig.pull()
        assert (answers["presence"].reason, answers["connections"].reason) == (Reason.RATE_LIMITED, None)
        assert len(rig.script.requests(USERS)) == 1
    assert rig.heard.pauses == [(USERS, WALL_START + pause)]
    await asyncio.sleep(1.0)
    assert (await rig.pull())["presence"].success


@virtual
async def test_a_429_that_names_nothing_is_a_pause_of_15_s() -> None:
    """Neither header nor a text that can be read."""
    rig = chat_rig(
        {USERS: [Reply({"success": False, "error": "slow down"}, 429), GOOD["full"]]}, chat_settings()
    )
    assert (await rig.pull())["presence"].reason is Reason.RATE_LIMITED
    assert rig.heard.pauses == [(USERS, WALL_START + 15.0)]


@pytest.mark.parametrize("skew", [-600.0, 600.0])
@virtual
async def test_a_reset_is_held_against_the_servers_clock(skew: float) -> None:
    """Ours may be ten minutes ahead or behind: the pause ends when the window does."""
    headers = {"X-RateLimit-Reset": f"{WALL_START * 1000 + 40_000:.0f}", "Date": http_date(WALL_START)}
    rig = chat_rig({USERS: [Reply(REFUSAL, 429, headers), GOOD["full"]]}, chat_settings(), ahead=skew)
    await rig.pull()
    await asyncio.sleep(39.0)
    assert (await rig.pull())["presence"].reason is Reason.RATE_LIMITED
    await asyncio.sleep(1.0)
    assert (await rig.pull())["presence"].success


@virtual
async def test_the_ordinary_headers_of_a_good_answer_pause_nothing() -> None:
    """Every answer has them while the limiter is on; absent ones mean that it is off."""
    headers = {
        "X-RateLimit-Limit": "10",
        "X-RateLimit-Remaining": "9",
        "X-RateLimit-Reset": f"{WALL_START * 1000 + 60_000:.0f}",
    }
    rig = chat_rig({USERS: [Reply(users(user("a")), headers=headers), GOOD["full"]]}, chat_settings())
    for _ in range(2):
        assert (await rig.pull())["presence"].success
    assert (rig.heard.remainders, rig.heard.pauses) == ([(USERS, 9.0)], [])


class TenAMinute:
    """The headers of the server's limiter, ten calls in 60 s; `most` is how many there were."""

    def __init__(self) -> None:
        self.begun = float("-inf")
        self.calls = 0
        self.most = 0

    def __call__(self, _request: httpx.Request) -> Reply:
        now = loop_time() - START
        if now - self.begun >= 60.0:
            self.begun, self.calls = now, 0
        self.calls += 1
        self.most = max(self.most, self.calls)
        reset = (WALL_START + self.begun + 60.0) * 1000
        headers = {"X-RateLimit-Remaining": f"{10 - self.calls}", "X-RateLimit-Reset": f"{reset:.0f}"}
        return Reply(users(user("a")), headers=headers)


@pytest.mark.parametrize("every, seen", [(7.5, {None}), (3.0, {None, Reason.RATE_LIMITED})])
@virtual
async def test_at_the_default_limit_no_request_is_ever_refused(
    every: float, seen: set[Reason | None]
) -> None:
    """In ten minutes, two scrapers at 15 s or far too many pulls: the last of a window pauses the rest."""
    limiter = TenAMinute()
    rig = chat_rig({USERS: Always(limiter)}, chat_settings())
    reasons = []
    for _ in range(int(600 / every)):
        reasons.append((await rig.pull())["presence"].reason)
        await asyncio.sleep(every)
    assert limiter.most <= 10
    assert set(reasons) == seen
