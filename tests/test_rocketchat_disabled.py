"""The trap: a server that switched presence off answers 200 with an empty full list, whatever was asked.

That is not "nobody online". The setting decides; where it says nothing, presence counts as switched off.
"""

import asyncio
from typing import Any

import httpx
import pytest

from exporter.config import ChatPresenceMode, RocketChatSettings, UserGroup
from exporter.model import ChatPresence, Reason, StatusHistory
from tests.kit.clock import START, WALL_START, loop_time, virtual
from tests.kit.rig import SETTING, USERS, Rig, chat_rig, chat_settings
from tests.kit.rows import setting, user, users
from tests.kit.vendor import STALL, Always, Body, Reply, Step, example, http_date

DISABLED = Reply(example("rocketchat-presence-disabled"), headers={"Date": http_date(WALL_START)})
ON = Reply(setting(disabled=False))
OFF = Reply(setting(disabled=True))
NOBODY = {"online": 0, "away": 0, "busy": 0, "unknown": 0}

FULL = chat_settings()
IDS = chat_settings(presence=ChatPresenceMode.IDS, groups=(UserGroup("team", ("a", "b")),))
DELTA = chat_settings(full_every=300.0)


async def caught(settings: RocketChatSettings, confirmation: list[Step]) -> Rig:
    """A rig whose next answer about users is the trap; with deltas, a full list came before."""
    before = [Reply(users(user("a")), headers={"Date": http_date(WALL_START)})] if settings is DELTA else []
    rig = chat_rig({USERS: [*before, DISABLED], SETTING: confirmation}, settings)
    if before:
        await rig.facts(ChatPresence)
        await asyncio.sleep(15.0)
    return rig


@pytest.mark.parametrize("settings", [FULL, IDS, DELTA], ids=["full", "ids", "delta"])
@pytest.mark.parametrize(
    "confirmation",
    [
        [OFF],
        [Reply({"settings": [], "success": True})],
        [Reply({"settings": [{"_id": "Another", "value": False}]})],
        [Reply(setting(disabled="false"))],
        [Reply(setting(disabled=None))],
        [Reply(b"<html>")],
        [Reply(b"", 401)],
        [Reply(b"", 403)],
        [Reply(b"", 404)],
        [Reply(b"", 429)],
        [Reply(b"", 500)] * 4,
        [httpx.ConnectError("refused")] * 4,
        [STALL],
        [Reply(Body([b"{"], stall=True))],
        [Reply(Body([b"{", b" "], every=1.0, endless=True))],
    ],
    ids=[
        "confirmed",
        "no settings",
        "another setting",
        "text",
        "null",
        "HTML",
        "401",
        "403",
        "404",
        "429",
        "500",
        "refused",
        "stall",
        "stall within the body",
        "drip",
    ],
)
@virtual
async def test_the_disabled_answer_counts_as_switched_off_unless_it_is_denied(
    settings: RocketChatSettings, confirmation: list[Step]
) -> None:
    """The gauge is 1, every count is withheld, the reason is `presence_disabled`, and it is told in time."""
    rig = await caught(settings, confirmation)
    began = loop_time()
    answer = (await rig.pull())["presence"]
    assert answer.value == ChatPresence(broadcast_disabled=True)
    assert answer.reason is Reason.PRESENCE_DISABLED
    assert answer.detail == "/api/v1/users.presence: the server has switched presence off"
    assert loop_time() < began + 9.5
    assert rig.script.left() == 0
    assert rig.script.requests(SETTING)[0].query == [("_id", "Presence_broadcast_disabled")]


@virtual
async def test_an_empty_full_list_that_the_setting_denies_is_nobody() -> None:
    """Then the zeros are true."""
    rig = await caught(FULL, [ON])
    facts = await rig.facts(ChatPresence)
    assert (facts.broadcast_disabled, facts.users) == (False, NOBODY)
    assert facts.current is not None
    assert {one.count for one in facts.current.values()} == {0}


@virtual
async def test_an_empty_full_list_in_answer_to_a_delta_that_the_setting_denies_is_nobody() -> None:
    """The server sends the full list where it thinks the delta too old: everybody went offline."""
    rig = await caught(DELTA, [ON])
    facts = await rig.facts(ChatPresence)
    assert (facts.broadcast_disabled, facts.users) == (False, NOBODY)


@pytest.mark.parametrize("listed", [users(), users(user("a"))], ids=["empty", "of somebody"])
@virtual
async def test_a_full_list_in_answer_to_ids_is_never_counted(listed: dict[str, Any]) -> None:
    """Where the setting denies the trap, the answer is misshapen: nobody is offline, and the gauge is 0."""
    rig = chat_rig({USERS: [Reply(listed)], SETTING: [ON]}, IDS)
    answer = (await rig.pull())["presence"]
    assert answer.value == ChatPresence(broadcast_disabled=False)
    assert (answer.reason, answer.detail) == (
        Reason.SCHEMA,
        "/api/v1/users.presence: a full list in answer to ids",
    )


@virtual
async def test_a_full_list_of_somebody_in_answer_to_ids_is_held_against_the_setting() -> None:
    """Whoever is in it."""
    rig = chat_rig({USERS: [Reply(users(user("a")))], SETTING: [OFF]}, IDS)
    assert (await rig.pull())["presence"].reason is Reason.PRESENCE_DISABLED


@virtual
async def test_the_setting_is_asked_only_where_an_answer_suggests_it() -> None:
    """A list with anybody in it, an empty delta and an empty answer to ids are above suspicion."""
    full = chat_rig({USERS: [Reply(users(user("rocket.cat")))]}, FULL)
    assert (await full.facts(ChatPresence)).users == NOBODY | {"online": 1}
    ids = chat_rig({USERS: [Reply(users(full=False))]}, IDS)
    assert (await ids.run()).error is None
    date = {"Date": http_date(WALL_START)}
    first, second = Reply(users(user("a")), headers=date), Reply(users(full=False), headers=date)
    delta = chat_rig({USERS: [first, second]}, DELTA)
    assert [(await delta.run()).error for _ in range(2)] == [None, None]


@virtual
async def test_presence_that_is_switched_on_again_is_counted_again() -> None:
    """The next good list recovers, and stays that began before the blindness are no longer exact enough."""
    rig = chat_rig(
        {USERS: [Reply(users(user("a"))), DISABLED, Reply(users(user("a"), user("b")))], SETTING: [OFF]}
    )
    counts = []
    for _ in range(3):
        value = (await rig.pull())["presence"].value
        assert isinstance(value, ChatPresence)
        counts.append((value.broadcast_disabled, value.users and value.users["online"]))
        await asyncio.sleep(100.0)
    assert counts == [(False, 1), (True, None), (False, 2)]


@virtual
async def test_a_limit_on_the_setting_holds_up_nobody_else() -> None:
    """It has a route of its own: the next list is asked for and counted."""
    good = Reply(users(user("a")))
    rig = chat_rig({USERS: [DISABLED, good], SETTING: [Reply(b"", 429, {"Retry-After": "60"})]}, FULL)
    assert (await rig.pull())["presence"].reason is Reason.PRESENCE_DISABLED
    assert (await rig.facts(ChatPresence)).users == NOBODY | {"online": 1}


@virtual
async def test_after_the_trap_a_full_list_is_asked_and_no_delta() -> None:
    """Statuses changed unseen: what was known is worth nothing, and what changed is no drift of hints."""
    date = {"Date": http_date(WALL_START)}
    steps = [
        Reply(users(user("a"), user("b")), headers=date),
        Reply(users(user("a", "away"), full=False), headers=date),
        DISABLED,
        Reply(users(user("b", "busy")), headers=date),
    ]
    rig = chat_rig({USERS: steps, SETTING: [OFF]}, DELTA)
    for _ in steps[1:]:
        await rig.pull()
        await asyncio.sleep(15.0)
    assert (await rig.facts(ChatPresence)).users == NOBODY | {"busy": 1}
    assert [len(request.query) for request in rig.script.requests(USERS)] == [0, 1, 1, 0]
    kept = await rig.source.collectors[0].kept()
    assert isinstance(kept, StatusHistory)
    assert kept.drift == 0


@virtual
async def test_the_confirmation_does_not_outlast_the_deadline() -> None:
    """The list itself came late: presence counts as switched off still in time."""
    late = Reply(example("rocketchat-presence-disabled"), after=9.49)
    rig = chat_rig({USERS: [late], SETTING: Always(STALL)})
    answer = (await rig.pull())["presence"]
    assert (answer.reason, loop_time() <= START + 9.5) == (Reason.PRESENCE_DISABLED, True)
