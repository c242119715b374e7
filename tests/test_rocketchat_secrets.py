"""No token, name or id of a user leaves the Rocket.Chat source: not in words, facts or the log."""

from typing import Any

import httpx
import pytest

from exporter.config import ChatPresenceMode, RocketChatSettings, UserGroup
from exporter.model import Deadline
from tests.kit.canary import CANARY, assert_silent, seen_by_the_vendor, spoilt
from tests.kit.clock import WALL_START, loop_time, virtual
from tests.kit.logs import caught_log
from tests.kit.rig import CONNECTIONS, SETTING, USERS, chat_rig, chat_settings, inline
from tests.kit.rows import user, users
from tests.kit.vendor import Always, Reply, Step, http_date

USER = spoilt(user("u", statusText="", statusSource="", statusExpiresAt="")) | {"status": "online"}
STATUS = USER | {"status": f"{CANARY}-status"}
DATE = {"Date": http_date(WALL_START)}


def workspace(**changes: Any) -> RocketChatSettings:
    """A workspace with canaries for all that identifies, in the settings too."""
    given = {
        "user_id": inline(f"{CANARY}-user"),
        "auth_token": inline(f"{CANARY}-token"),
        "groups": (UserGroup("team", (f"{CANARY}-_id", f"{CANARY}-else")),),
        "exclude_ids": (f"{CANARY}-left-out",),
        "connections": True,
    }
    return chat_settings(**given | changes)


FULL = workspace()
IDS = workspace(presence=ChatPresenceMode.IDS)
DELTA = workspace(full_every=300.0)

ANSWERS: dict[str, Any] = {
    "good": users(USER, STATUS, spoilt(user("v")) | {"_id": f"{CANARY}-left-out"}),
    "some": users(USER, STATUS, full=False),
    "odd": {"users": [USER | {"status": [CANARY]}, {"_id": CANARY}], "full": True, CANARY: CANARY},
    "no id": {"users": [USER | {"_id": [CANARY]}], "full": True},
    "another shape": {"users": {CANARY: USER}, "full": CANARY},
    "a value": CANARY,
    "a list": [CANARY],
}


@pytest.mark.parametrize("settings", [FULL, IDS, DELTA], ids=["full", "ids", "delta"])
@pytest.mark.parametrize("name", ANSWERS)
@virtual
async def test_what_stands_in_an_answer_stays_in_the_source(name: str, settings: RocketChatSettings) -> None:
    """Whatever its shape, and whatever was asked; ids travel in addresses, which nobody logs."""
    answer = ANSWERS[name]
    steps = {
        USERS: Always(Reply(answer, headers=DATE)),
        SETTING: Always(Reply({"settings": [{"_id": CANARY, "value": CANARY}]})),
        CONNECTIONS: Always(Reply({"current": CANARY, "max": [CANARY]})),
    }
    with caught_log() as lines:
        rig = chat_rig(steps, settings)
        answers = await rig.pull() | await rig.pull()
    assert_silent(rig, answers, lines)
    assert CANARY in repr(answer)
    asked_by_id = any(CANARY in str(request.url) for request in rig.script.asked)
    assert asked_by_id == (settings is IDS)


HEADERS = {
    "Retry-After": CANARY,
    "X-RateLimit-Reset": CANARY,
    "X-RateLimit-Remaining": CANARY,
    "Date": CANARY,
    "Location": f"https://{CANARY}.test/{CANARY}",
    "Set-Cookie": f"{CANARY}={CANARY}",
}


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429, 502, 302])
@virtual
async def test_what_a_refusal_says_is_not_repeated(status: int) -> None:
    """Neither its body nor its headers, for any question."""
    reply = Reply({"success": False, "error": f"{CANARY} must wait", "message": CANARY}, status, HEADERS)
    with caught_log() as lines:
        rig = chat_rig({USERS: Always(reply), CONNECTIONS: Always(reply)}, IDS)
        answers = await rig.pull()
    assert_silent(rig, answers, lines)
    assert all(answer.detail for answer in answers.values())
    assert lines.text.count("collector failed") == 2


@pytest.mark.parametrize(
    "error", [httpx.ConnectError(CANARY), httpx.ReadError(CANARY), KeyError(CANARY)], ids=repr
)
@virtual
async def test_what_a_foreign_error_says_is_not_repeated(error: Step) -> None:
    """httpx and a bug may have the address, with its ids, in their words."""
    with caught_log() as lines:
        rig = chat_rig({USERS: Always(error), CONNECTIONS: Always(error)}, IDS)
        answers = await rig.pull()
    assert_silent(rig, answers, lines)
    assert lines.text.count("collector failed") == 2


@virtual
async def test_presence_switched_off_is_told_without_what_the_server_says() -> None:
    """The trap, and a setting that says nothing of use."""
    steps = {
        USERS: Always(Reply({"users": [], "full": True, CANARY: CANARY})),
        SETTING: Always(Reply({"settings": CANARY})),
        CONNECTIONS: Always(Reply({"current": 1, "max": 2, CANARY: CANARY})),
    }
    with caught_log() as lines:
        rig = chat_rig(steps, FULL)
        answers = await rig.pull()
    assert_silent(rig, answers, lines)
    assert [answer.success for answer in answers.values()] == [False, True]


@virtual
async def test_the_doctor_and_the_settings_repeat_no_token() -> None:
    """Nor an id of a user, nor what a refusal says."""
    with caught_log() as lines:
        rig = chat_rig({SETTING: [Reply({"error": CANARY}, 401)]}, FULL)
        findings = await rig.source.examine(Deadline(loop_time() + 9.5))
    assert [finding.subject for finding in findings] == ["presence setting"]
    assert CANARY not in repr(findings) + lines.text + repr(FULL) + repr(IDS)
    assert CANARY in seen_by_the_vendor(rig)
    assert len(lines.events("upstream request")) == 1
