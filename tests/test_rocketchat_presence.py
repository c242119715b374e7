"""`users.presence` as a full list: users by status, groups by id, and what each odd row costs."""

import asyncio
from dataclasses import fields
from typing import Any

import pytest

from exporter import errors
from exporter.config import ChatPresenceMode, RocketChatSettings, UserGroup
from exporter.model import ChatPresence, Deadline, Finding, Reason, ServerConnections, StatusHistory
from tests.kit.clock import loop_time, virtual
from tests.kit.rig import CONNECTIONS, SETTING, USERS, Rig, chat_rig, chat_settings
from tests.kit.rows import setting, user, users
from tests.kit.vendor import Always, Reply, example

NOBODY = {"online": 0, "away": 0, "busy": 0, "unknown": 0}


async def listed(content: Any, **settings: Any) -> tuple[ChatPresence, Rig]:
    """What one full list comes to."""
    rig = chat_rig({USERS: [Reply(content)]}, chat_settings(**settings))
    return await rig.facts(ChatPresence), rig


@pytest.mark.parametrize(
    "exclude, online", [({"exclude_ids": ()}, 2), ({"exclude_ids": ("rocket.cat",)}, 1), (None, 1)]
)
@virtual
async def test_the_documented_full_list_is_two_online_and_one_without_the_cat(
    exclude: dict[str, Any] | None, online: int
) -> None:
    """The settings' default leaves `rocket.cat` out."""
    default = next(one.default for one in fields(RocketChatSettings) if one.name == "exclude_ids")
    facts, rig = await listed(example("rocketchat-presence-full"), **(exclude or {"exclude_ids": default}))
    assert facts.users == NOBODY | {"online": online}
    assert (facts.broadcast_disabled, facts.groups, facts.resolution) == (False, {}, None)
    assert rig.heard.drift == {}


@virtual
async def test_a_full_list_is_asked_without_any_query_and_with_both_headers() -> None:
    """From 8.4 on any other parameter is refused."""
    _, rig = await listed(users(user("a")))
    (request,) = rig.script.asked
    assert str(request.url) == "https://chat.test/api/v1/users.presence"
    assert (request.headers["x-auth-token"], request.headers["x-user-id"]) == ("chat-token", "chat-user")


@virtual
async def test_users_are_counted_by_status() -> None:
    """Everybody once; a row that is offline is nobody who is here."""
    rows = [user("a"), user("b", "away"), user("c", "busy"), user("d", "busy"), user("e", "offline")]
    facts, rig = await listed(users(*rows, user("a")))
    assert facts.users == {"online": 1, "away": 1, "busy": 2, "unknown": 0}
    assert rig.heard.drift == {}


@virtual
async def test_rocket_cat_alone_is_an_answer() -> None:
    """The list is not empty, so presence is not switched off: nobody else is here, and that is true."""
    facts, rig = await listed(users(user("rocket.cat")), exclude_ids=("rocket.cat",))
    assert (facts.users, facts.broadcast_disabled) == (NOBODY, False)
    assert len(rig.script.asked) == 1


@virtual
async def test_an_offset_may_be_a_fraction() -> None:
    """Nepal is 5.75 hours ahead."""
    facts, rig = await listed(users(user("a", utcOffset=5.75)))
    assert (facts.users, rig.heard.drift) == (NOBODY | {"online": 1}, {})


@virtual
async def test_rows_with_an_id_only_are_users_of_unknown_status() -> None:
    """All else is optional."""
    facts, rig = await listed({"users": [{"_id": "a"}, {"_id": "b"}, user("c")], "full": True})
    assert facts.users == NOBODY | {"unknown": 2, "online": 1}
    assert rig.heard.drift == {"status": 2}


@pytest.mark.parametrize("status", ["disabled", "dreaming", "", "ONLINE", None, 1, ["online"]], ids=repr)
@virtual
async def test_a_status_that_nobody_knows_is_unknown_and_fails_nothing(status: Any) -> None:
    """Later versions may have more of them; whatever it is, it becomes no label."""
    facts, rig = await listed(users(user("a", status), user("b", "busy")))
    assert facts.users == NOBODY | {"unknown": 1, "busy": 1}
    assert rig.heard.drift == {"status": 1}


@virtual
async def test_newer_fields_change_nothing() -> None:
    """8.6 tells where a status comes from, until when, and a personal text."""
    row = user(
        "a", "busy", statusSource="internal", statusExpiresAt="2027-01-15T09:00:00Z", statusText="canary"
    )
    facts, rig = await listed(users(row))
    assert (facts.users, rig.heard.drift) == (NOBODY | {"busy": 1}, {})


@pytest.mark.parametrize(
    "content",
    [
        [],
        "text",
        None,
        {},
        {"users": []},
        {"full": True},
        {"users": None, "full": True},
        {"users": {}, "full": True},
        {"users": [user("a")], "full": "yes"},
        {"users": [{"status": "online"}], "full": True},
        {"users": [{"_id": None}], "full": True},
        {"users": ["a"], "full": True},
    ],
    ids=repr,
)
@virtual
async def test_a_200_of_another_shape_is_never_a_number(content: object) -> None:
    """The reason is `schema`; without ids nobody can be counted."""
    rig = chat_rig({USERS: Always(Reply(content))})
    answer = (await rig.pull())["presence"]
    assert (answer.value, answer.reason) == (None, Reason.SCHEMA)
    assert answer.detail.startswith("/api/v1/users.presence: not the documented shape")


@virtual
async def test_a_list_of_changes_that_nobody_asked_for_is_never_a_number() -> None:
    """The documented delta in answer to the question for all would count a part as the whole."""
    rig = chat_rig({USERS: [Reply(example("rocketchat-presence-delta"))]})
    with pytest.raises(errors.AnswerMisshapen, match="only changes in answer to a question for all"):
        await rig.run()


@virtual
async def test_a_hundred_thousand_users_are_counted_to_the_last_one() -> None:
    """All of them, by status, and timed."""
    statuses = ("online", "away", "busy", "busy")
    body = users(*({"_id": f"u{n}", "status": statuses[n % 4], "username": f"n{n}"} for n in range(100_000)))
    facts, rig = await listed(body)
    assert facts.users == {"online": 25_000, "away": 25_000, "busy": 50_000, "unknown": 0}
    assert facts.current is not None
    assert facts.current["busy"].count == 50_000
    assert rig.heard.drift == {}


@virtual
async def test_members_of_groups_are_counted_by_id_with_those_who_are_absent() -> None:
    """Absent is offline, deactivated or hidden; who is left out of the counts still is a member."""
    groups = (
        UserGroup("oncall", ("a", "b", "gone", "off")),
        UserGroup("bots", ("rocket.cat", "odd")),
        UserGroup("nobody", ("x",)),
    )
    rows = [
        user("a"),
        user("b", "busy"),
        user("c"),
        user("off", "offline"),
        user("rocket.cat"),
        user("odd", "?"),
    ]
    facts, _ = await listed(users(*rows), groups=groups, exclude_ids=("rocket.cat", "a"))
    none = NOBODY | {"offline": 0}
    assert facts.groups == {
        "oncall": none | {"online": 1, "busy": 1, "offline": 2},
        "bots": none | {"online": 1, "unknown": 1},
        "nobody": none | {"offline": 1},
    }
    assert facts.users == NOBODY | {"online": 1, "busy": 1, "unknown": 1}


@virtual
async def test_stays_in_a_status_are_timed_from_list_to_list() -> None:
    """By our clock; who is left out is not timed; the first list only begins the watch."""
    lists = [
        users(user("a"), user("b", "busy"), user("bot")),
        users(user("a", "away"), user("b", "busy"), user("bot", "away")),
        users(user("a"), user("b", "busy"), user("bot")),
    ]
    rig = chat_rig({USERS: [Reply(one) for one in lists]}, chat_settings(exclude_ids=("bot",)))
    (collector,) = rig.source.collectors
    facts = [await rig.facts(ChatPresence)]
    for pause in (30.0, 40.0):
        await asyncio.sleep(pause)
        facts.append(await rig.facts(ChatPresence))
    assert [one.resolution for one in facts] == [None, 30.0, 40.0]
    current = facts[-1].current
    assert current is not None
    assert {status: (one.count, one.total) for status, one in current.items()} == {
        "online": (1, 0.0),
        "away": (0, 0.0),
        "busy": (1, 70.0),
    }
    kept = await collector.kept()
    assert isinstance(kept, StatusHistory)
    completed = {status: (one.count, one.total) for status, one in kept.completed.items()}
    assert completed == {"online": (0, 0.0), "away": (1, 40.0), "busy": (0, 0.0)}
    assert (kept.counting_since, kept.drift) == (rig.wall.start, None)


@pytest.mark.parametrize("blind, stays", [(80.0, 1), (91.0, 0)])
@virtual
async def test_a_stay_that_spans_a_long_blindness_is_void(blind: float, stays: int) -> None:
    """More than 90 s without a good full list, and nobody knows what happened in between."""
    lists = [users(user("b")), users(user("b"), user("a")), users(user("b"), user("a", "away"))]
    steps = [Reply(lists[0]), Reply(lists[1]), Reply(b"", 403), Reply(lists[2])]
    rig = chat_rig({USERS: steps})
    for pause in (30.0, blind / 2, blind / 2, 0.0):
        await rig.pull()
        await asyncio.sleep(pause)
    kept = await rig.source.collectors[0].kept()
    assert isinstance(kept, StatusHistory)
    assert kept.completed["online"].count == stays


@virtual
async def test_open_connections_are_asked_where_the_settings_want_it() -> None:
    """Beside presence, or alone."""
    steps = {
        USERS: [Reply(users(user("a")))],
        CONNECTIONS: [Reply({"current": 180, "max": 200, "success": True})] * 2,
    }
    rig = chat_rig(steps, chat_settings(connections=True))
    answers = await rig.pull()
    assert answers["connections"].value == ServerConnections(current=180, limit=200)
    assert answers["presence"].success
    assert rig.source.endpoints == (USERS, SETTING, CONNECTIONS)
    alone = chat_rig(steps, chat_settings(connections=True, presence=ChatPresenceMode.OFF))
    assert list(await alone.pull()) == ["connections"]
    assert alone.source.endpoints == (CONNECTIONS,)


@pytest.mark.parametrize("odd", [..., None, "180", -1, 1.5, 10**30], ids=repr)
@virtual
async def test_a_number_of_connections_that_is_none_is_never_shown(odd: object) -> None:
    """The reason is `schema`."""
    body: dict[str, object] = {"max": 200} | ({} if odd is ... else {"current": odd})
    rig = chat_rig(
        {CONNECTIONS: [Reply(body)]}, chat_settings(connections=True, presence=ChatPresenceMode.OFF)
    )
    answer = (await rig.pull())["connections"]
    assert (answer.value, answer.reason) == (None, Reason.SCHEMA)


@pytest.mark.parametrize(
    "reply, reason, detail",
    [
        (Reply(setting(disabled=False)), None, "switched on"),
        (
            Reply(setting(disabled=True)),
            Reason.PRESENCE_DISABLED,
            f"{SETTING}: the server has switched presence off",
        ),
        (Reply({"settings": []}), Reason.SCHEMA, f"{SETTING}: the setting is not in the answer"),
        (Reply(b"", 401), Reason.AUTH, f"{SETTING}: answered 401"),
    ],
)
@virtual
async def test_the_doctor_tells_whether_presence_is_switched_off(
    reply: Reply, reason: Reason | None, detail: str
) -> None:
    """Or why that cannot be said."""
    rig = chat_rig({SETTING: [reply]})
    findings = await rig.source.examine(Deadline(loop_time() + 9.5))
    assert findings == [Finding("chat", "presence setting", reason, detail)]
    assert rig.script.asked[0].query == [("_id", "Presence_broadcast_disabled")]


@virtual
async def test_a_source_closes_its_connections() -> None:
    """Nothing can be asked afterwards."""
    rig = chat_rig({USERS: [Reply(users(user("a")))]})
    await rig.source.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await rig.run()
