"""Whatever fails at Daily has the right reason, shows no number, and is healed by the next good answer."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest

from exporter.config import DailySettings, PresenceMode
from exporter.model import Answer, DomainPresence, Facts, OngoingMeetings, Reason, WatchedRooms
from tests.kit.clock import START, loop_time, virtual
from tests.kit.rig import MEETINGS, PRESENCE, daily_rig, daily_settings, room_path, watching
from tests.kit.rows import meeting, page, people
from tests.kit.vendor import STALL, Always, Body, Reply, Step, example

HTML = b"<!doctype html><html><body>502 Bad Gateway</body></html>"
RESET = httpx.ReadError("reset")
REFUSED = httpx.ConnectError("refused")

GOOD = {
    PRESENCE: Reply({"a": people("a", 60.0)}),
    MEETINGS: Reply(page([meeting("m1")])),
    room_path("a"): Reply({"total_count": 1, "data": people("a", 60.0)}),
}
COLLECTORS = {PRESENCE: "presence", MEETINGS: "meetings", room_path("a"): "room_presence"}
KINDS = {PRESENCE: DomainPresence, MEETINGS: OngoingMeetings, room_path("a"): WatchedRooms}

FAILURES: dict[str, tuple[Reason, Sequence[Step]]] = {
    "400": (Reason.BAD_REQUEST, [Reply(example("daily-error-400"), 400)]),
    "400 without JSON": (Reason.BAD_REQUEST, [Reply(b"Bad Request", 400)]),
    "400 nested deep": (Reason.BAD_REQUEST, [Reply(b'{"a":' + b"[" * 60_000, 400)]),
    "400 for the header": (Reason.AUTH, [Reply({"error": "authorization-header-error"}, 400)]),
    "401": (Reason.AUTH, [Reply(example("daily-error-401"), 401)]),
    "402": (Reason.UNEXPECTED_STATUS, [Reply(b"", 402)]),
    "403": (Reason.FORBIDDEN, [Reply({"error": "forbidden-error"}, 403)]),
    "403 that speaks of the header": (
        Reason.FORBIDDEN,
        [Reply({"error": "authorization-header-error"}, 403)],
    ),
    "404": (Reason.NOT_FOUND, [Reply({"error": "not-found"}, 404)]),
    "redirect": (Reason.UNEXPECTED_STATUS, [Reply(b"", 302, {"Location": "https://x.test/"})]),
    "429": (Reason.RATE_LIMITED, [Reply(example("daily-error-429"), 429)]),
    "429 with a long wait": (Reason.RATE_LIMITED, [Reply(b"", 429, {"Retry-After": "60"})]),
    "429 twice": (Reason.RATE_LIMITED, [Reply(b"", 429, {"Retry-After": "1"})] * 2),
    "500 with HTML": (Reason.SERVER_ERROR, [Reply(HTML, 500, {"Content-Type": "text/html"})] * 4),
    "501": (Reason.SERVER_ERROR, [Reply(b"", 501)]),
    "503 and a long wait": (Reason.SERVER_ERROR, [Reply(b"", 503, {"Retry-After": "60"})]),
    "refused": (Reason.CONNECT, [REFUSED] * 4),
    "reset": (Reason.CONNECT, [RESET] * 4),
    "reset within the body": (Reason.CONNECT, [Reply(Body([b"{"], error=RESET)) for _ in range(4)]),
    "TLS": (Reason.TLS, [ssl.SSLError(1, "alert")]),
    "stall": (Reason.TIMEOUT, [STALL]),
    "stall within the body": (Reason.TIMEOUT, [Reply(Body([b"{"], stall=True))]),
    "drip": (Reason.TIMEOUT, [Reply(Body([b"{", b" "], every=1.0, endless=True))]),
    "truncated JSON": (Reason.SCHEMA, [Reply(b'{"total_count": 1, "data": [{"id"')]),
    "HTML with 200": (Reason.SCHEMA, [Reply(HTML, headers={"Content-Type": "text/html"})]),
    "a list": (Reason.SCHEMA, [Reply([])]),
    "a string": (Reason.SCHEMA, [Reply("text")]),
    "null": (Reason.SCHEMA, [Reply(None)]),
    "too large": (Reason.TOO_LARGE, [Reply(Body([b" " * 4096], endless=True))]),
    "a bug": (Reason.INTERNAL, [ZeroDivisionError("a bug")]),
}


def settings_for(path: str) -> DailySettings:
    """Settings that ask for meetings, and for presence by that path's question."""
    settings = daily_settings(meetings=True)
    if path == room_path("a"):
        return replace(settings, presence=PresenceMode.ROOMS, rooms=watching("a"))
    return settings


def others(path: str) -> list[str]:
    """The paths that the same source asks beside this one."""
    presence = room_path("a") if path == room_path("a") else PRESENCE
    return [one for one in (presence, MEETINGS) if one != path]


def withheld(answer: Answer[Facts]) -> bool:
    """Whether no count is shown: in mode `rooms` that is an answer without any room."""
    return answer.value is None or answer.value == WatchedRooms({})


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("path", COLLECTORS)
@virtual
async def test_a_failure_has_its_reason_shows_no_number_and_heals(path: str, name: str) -> None:
    """The answer is there at the deadline at the latest; after five minutes at most all is well again."""
    reason, steps = FAILURES[name]
    scripts = {path: [*steps, GOOD[path]]} | {one: Always(GOOD[one]) for one in others(path)}
    rig = daily_rig(scripts, settings_for(path), max_bytes=100_000)
    answers = await rig.pull()
    failed = answers[COLLECTORS[path]]
    assert (failed.reason, failed.success) == (reason, False)
    assert withheld(failed)
    assert loop_time() <= START + 9.5
    assert rig.script.left() == 1
    await asyncio.sleep(300.0)
    healed = (await rig.pull())[COLLECTORS[path]]
    assert healed.success
    assert isinstance(healed.value, KINDS[path])


@pytest.mark.parametrize(
    "name", [name for name, (reason, _) in FAILURES.items() if reason is not Reason.RATE_LIMITED]
)
@virtual
async def test_a_failure_of_one_question_leaves_the_other_alone(name: str) -> None:
    """Meetings fail, presence is shown; only a pause is shared, since the limit is."""
    _, steps = FAILURES[name]
    rig = daily_rig({PRESENCE: [GOOD[PRESENCE]], MEETINGS: steps}, settings_for(PRESENCE), max_bytes=100_000)
    answers = await rig.pull()
    assert answers["presence"].success
    assert isinstance(answers["presence"].value, DomainPresence)
    assert not answers["meetings"].success


@pytest.mark.parametrize("wait, pause", [({"Retry-After": "40"}, 40.0), ({}, 15.0)])
@virtual
async def test_a_429_pauses_the_whole_source(wait: dict[str, str], pause: float) -> None:
    """Presence was refused, so meetings are not asked either until the pause ends; each pull fails for it."""
    rig = daily_rig(
        {
            PRESENCE: [Reply(example("daily-error-429"), 429, wait), GOOD[PRESENCE]],
            MEETINGS: [GOOD[MEETINGS]] * 2,
        },
        settings_for(PRESENCE),
    )
    assert (await rig.pull())["presence"].reason is Reason.RATE_LIMITED
    asked = len(rig.script.asked)
    await asyncio.sleep(pause - 1.0)
    for _ in range(3):
        answers = await rig.pull()
        assert [answer.reason for answer in answers.values()] == [Reason.RATE_LIMITED] * 2
    assert len(rig.script.asked) == asked
    assert rig.heard.pauses[-1][0] == ""
    await asyncio.sleep(1.0)
    assert all(answer.success for answer in (await rig.pull()).values())


@virtual
async def test_a_body_over_the_size_limit_is_left_where_the_limit_is() -> None:
    """No more of it is read than is needed to know."""
    body = Body([b"{" + b" " * 999, b" " * 1000], endless=True)
    rig = daily_rig({PRESENCE: [Reply(body)]}, max_bytes=5000)
    answer = (await rig.pull())["presence"]
    assert (answer.reason, answer.detail) == (Reason.TOO_LARGE, "/presence: more than 5000 bytes")
    assert (body.sent, body.closed) == (6000, True)


def test_the_failures_reach_every_reason_that_daily_has() -> None:
    """Only Rocket.Chat can switch presence off, and no ledger is kept here."""
    reached = {reason for reason, _ in FAILURES.values()}
    assert set(Reason) - reached == {Reason.PRESENCE_DISABLED, Reason.LEDGER}
