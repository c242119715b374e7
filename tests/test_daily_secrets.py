"""No key, name or id of a person leaves the Daily source: not in words, facts or the log."""

import ssl
from typing import Any

import httpx
import pytest

from exporter.config import DailySettings, PresenceMode
from exporter.model import Deadline
from tests.kit.canary import CANARY, assert_silent, seen_by_the_vendor, spoilt
from tests.kit.clock import loop_time, virtual
from tests.kit.logs import caught_log
from tests.kit.rig import MEETINGS, PRESENCE, daily_rig, daily_settings, inline, room_path, watching
from tests.kit.rows import meeting, page, person
from tests.kit.vendor import Always, Reply, Step

# The room's name and the times are facts; a person is all the rest.
PERSON = spoilt(person("a")) | {"room": "a", "joinTime": person("a")["joinTime"]}
PARTICIPANT = spoilt(
    {"user_id": None, "participant_id": "p", "user_name": None, "join_time": 1, "duration": 1}
)
MEETING = meeting("m") | {"id": f"{CANARY}-id", "participants": [PARTICIPANT], CANARY: CANARY}

KEY = inline(f"{CANARY}-key")


def domain(**changes: Any) -> DailySettings:
    """A domain with a canary for a key, asked for presence and meetings."""
    return daily_settings(api_key=KEY, meetings=True, **changes)


ROOMS = domain(presence=PresenceMode.ROOMS, rooms=watching("a"))

ANSWERS: dict[str, tuple[Any, Any, Any]] = {
    "good": ({"a": [PERSON]}, page([MEETING]), {"total_count": 1, "data": [PERSON], CANARY: CANARY}),
    "odd rows": (
        {"a": [PERSON | {"joinTime": CANARY}, PERSON | {"joinTime": [CANARY]}], CANARY * 30: [PERSON]},
        page([MEETING | {"room": [CANARY], "start_time": CANARY, "ongoing": CANARY}])
        | {"total_count": CANARY},
        {"total_count": CANARY, "data": [PERSON]},
    ),
    "another shape": ({CANARY: {CANARY: PERSON}}, {"data": {CANARY: MEETING}}, [CANARY, PERSON]),
    "a value": (CANARY, [CANARY], CANARY),
    "no id": ({CANARY: [CANARY]}, page([{"id": [CANARY]}]), {CANARY: CANARY}),
}


@pytest.mark.parametrize("name", ANSWERS)
@virtual
async def test_what_stands_in_an_answer_stays_in_the_source(name: str) -> None:
    """Whatever its shape: good, odd, or none at all."""
    presence, meetings, room = ANSWERS[name]
    for settings in (domain(), ROOMS):
        steps = {
            PRESENCE: Always(Reply(presence)),
            MEETINGS: Always(Reply(meetings)),
            room_path("a"): Always(Reply(room)),
        }
        with caught_log() as lines:
            rig = daily_rig(steps, settings)
            answers = await rig.pull()
        assert_silent(rig, answers, lines)
        assert all(CANARY in repr(one) for one in (presence, meetings, room))
        assert {answer.success for answer in answers.values()} <= {name == "good", name == "odd rows"}


REFUSALS = (400, 401, 402, 403, 404, 429, 500, 302, 204)
HEADERS = {
    "Retry-After": CANARY,
    "X-RateLimit-Reset": CANARY,
    "X-RateLimit-Remaining": CANARY,
    "Date": CANARY,
    "Location": f"https://{CANARY}.test/{CANARY}",
    "Set-Cookie": f"{CANARY}={CANARY}",
    "Content-Type": CANARY,
}


@pytest.mark.parametrize("status", REFUSALS)
@virtual
async def test_what_a_refusal_says_is_not_repeated(status: int) -> None:
    """Neither its body nor its headers."""
    reply = Reply({"error": f"{CANARY}-error", "info": f"{CANARY} info", CANARY: CANARY}, status, HEADERS)
    with caught_log() as lines:
        rig = daily_rig({PRESENCE: Always(reply), MEETINGS: Always(reply)}, domain())
        answers = await rig.pull()
    assert_silent(rig, answers, lines)
    assert all(answer.detail for answer in answers.values())
    assert lines.text.count("collector failed") == 2


ERRORS: list[Step] = [
    httpx.ConnectError(CANARY),
    httpx.ReadError(CANARY),
    httpx.LocalProtocolError(f"Illegal header value b'Bearer {CANARY}'"),
    httpx.DecodingError(CANARY),
    ssl.SSLError(1, CANARY),
    ValueError(CANARY),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@virtual
async def test_what_a_foreign_error_says_is_not_repeated(error: Step) -> None:
    """Not even that of a bug, whose traceback is logged without its words."""
    with caught_log() as lines:
        rig = daily_rig({PRESENCE: Always(error), MEETINGS: Always(error)}, domain())
        answers = await rig.pull()
    assert_silent(rig, answers, lines)
    assert CANARY in str(error)
    assert lines.text.count("collector failed") == 2


@virtual
async def test_the_doctor_repeats_no_key() -> None:
    """Nor what a refusal says."""
    refused = Reply({"error": CANARY, "info": CANARY}, 401)
    with caught_log() as lines:
        rig = daily_rig({"/v1/": [refused], room_path("a"): [refused]}, ROOMS)
        findings = await rig.source.examine(Deadline(loop_time() + 9.5))
    assert [finding.subject for finding in findings] == ["key", "room a"]
    assert CANARY not in repr(findings) + lines.text + repr(ROOMS)
    assert CANARY in seen_by_the_vendor(rig)
    assert len(lines.events("upstream request")) == 2
