"""The simulated Rocket.Chat server answers as its sources say, in the documented shapes."""

from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from exporter.demo import CHAT_URL, CHAT_USER_ID, ChatWorkspace
from exporter.demo.clock import iso
from tests.demo_client import (
    CHAT_LOGIN,
    DAY,
    HOUR,
    MORNING,
    WEDNESDAY,
    Asker,
    Hand,
    differences,
    example,
)

NEWER = {
    ".users[].statusSource": {"string"},
    ".users[].statusText": {"string"},
    ".users[].statusExpiresAt": {"string"},
}
OPTIONAL = "avatarETag"


def users(answer: httpx.Response) -> dict[str, str]:
    """Give the status of each row by its id."""
    return {row["_id"]: row["status"] for row in answer.json()["users"]}


def not_offline(statuses: dict[str, str]) -> dict[str, str]:
    """Leave out who is offline."""
    return {ident: status for ident, status in statuses.items() if status != "offline"}


def delta(asker: Asker, seconds: float) -> httpx.Response:
    """Ask for what changed since so many seconds ago."""
    return asker.chat("users.presence", **{"from": iso(asker.clock.now - seconds)})


def changed_since(workspace: ChatWorkspace, since: float, *, now: float) -> set[str]:
    """Give whose status is another than it was."""
    before, after = workspace.statuses(since), workspace.statuses(now)
    return {ident for ident in before if before[ident] != after[ident]}


def without_optional(payload: Any) -> Any:
    """Leave out of each row the one documented key that a user may lack."""
    rows = [{key: value for key, value in row.items() if key != OPTIONAL} for row in payload["users"]]
    return {**payload, "users": rows}


def test_the_full_list_has_the_documented_keys_and_types() -> None:
    """Newer servers add three keys to some rows; an avatar is not everybody's."""
    asker = Asker()
    documented = [example("rocketchat-presence-full"), example("rocketchat-presence-delta")]
    answers = []
    for asker.clock.now in range(MORNING, MORNING + DAY, 4 * HOUR):
        answers += [asker.chat("users.presence").json(), delta(asker, 500).json()]
    rows = [row for answer in answers for row in answer["users"]]
    assert all(
        any(key in row for row in rows) for key in (OPTIONAL, "statusSource", "statusText", "statusExpiresAt")
    )
    bare = [without_optional(payload) for payload in documented]
    extras = {**NEWER, f".users[].{OPTIONAL}": {"string"}}
    assert differences(answers, bare, extras=extras) == []


def test_the_full_list_is_everybody_who_is_not_offline() -> None:
    """Bots and the caller are in it."""
    asker = Asker()
    answer = asker.chat("users.presence")
    assert answer.json()["full"] is True
    assert users(answer) == not_offline(asker.workspace.statuses())
    assert users(answer)["rocket.cat"] == "online"
    assert set(users(answer).values()) == {"online", "away", "busy"}
    assert CHAT_USER_ID in users(answer)


def test_older_servers_leave_the_newer_keys_out() -> None:
    """Before 8.6 a row says nothing of where a status comes from."""
    rows = Asker(version=(8, 5)).chat("users.presence").json()["users"]
    assert {key for row in rows for key in row} == {
        "_id",
        "name",
        "username",
        "status",
        "utcOffset",
        OPTIONAL,
    }


def test_ids_choose_in_every_form() -> None:
    """One, several with commas, several repeated; offline and unknown ones are left out; `from` is idle."""
    asker = Asker()
    statuses = asker.workspace.statuses()
    one, two = list(not_offline(statuses))[5:7]
    texts = {row["_id"] for row in asker.chat("users.presence", ids=list(statuses)).json()["users"]}
    offline = next(ident for ident, status in statuses.items() if status == "offline" and ident not in texts)
    for query in (
        {"ids": f"{one},{two}"},
        {"ids": [one, two, offline, "nobody"]},
        {"ids": [one, two], "from": "x"},
    ):
        answer = asker.chat("users.presence", **query)
        assert users(answer) == {one: statuses[one], two: statuses[two]}
        assert answer.json()["full"] is False
    assert asker.chat("users.presence", ids="nobody").json() == {"users": [], "full": False, "success": True}


def test_newer_servers_answer_ids_with_offline_rows_that_carry_a_text() -> None:
    """From 8.6 on, and only those."""
    clock = Hand(WEDNESDAY + 10 * HOUR)
    new, old = Asker(clock=clock), Asker(clock=clock, version=(8, 5))
    everybody = list(new.workspace.members)
    offline = [
        row for row in new.chat("users.presence", ids=everybody).json()["users"] if row["status"] == "offline"
    ]
    assert offline
    assert all("statusText" in row for row in offline)
    assert "offline" not in users(old.chat("users.presence", ids=everybody)).values()


def test_one_version_takes_ids_with_a_comma_for_one_id() -> None:
    """8.4 finds nobody of that name; repeated ids work there too."""
    asker = Asker(version=(8, 4))
    one, two = list(not_offline(asker.workspace.statuses()))[5:7]
    assert users(asker.chat("users.presence", ids=f"{one},{two}")) == {}
    assert set(users(asker.chat("users.presence", ids=[one, two]))) == {one, two}


def test_a_delta_has_the_touched_documents_whatever_their_status() -> None:
    """And never the caller's."""
    asker = Asker()
    seen: set[str] = set()
    for asker.clock.now in range(MORNING, MORNING + 8 * HOUR, 590):
        answer = delta(asker, 590)
        assert answer.json()["full"] is False
        now = asker.clock.now
        touched = (
            m.id for m in asker.workspace.members.values() if asker.workspace.touched(m, since=now - 590)
        )
        assert set(users(answer)) == set(touched) - {CHAT_USER_ID}
        assert users(answer).items() <= asker.workspace.statuses().items()
        seen |= set(users(answer).values())
    assert seen == {"online", "away", "busy", "offline"}


def test_a_delta_misses_changes_of_status() -> None:
    """A part of the changes does not touch the document, so that a client that trusts deltas drifts."""
    asker = Asker()
    told, missed = 0, 0
    for asker.clock.now in range(MORNING, MORNING + 4 * HOUR, 300):
        changed = changed_since(asker.workspace, asker.clock.now - 300, now=asker.clock.now) - {CHAT_USER_ID}
        listed = set(users(delta(asker, 300)))
        told += len(changed & listed)
        missed += len(changed - listed)
    assert told > 10
    assert missed > 10


def test_the_callers_own_changes_are_in_no_delta() -> None:
    """Though its document is touched and the full list shows it."""
    asker = Asker()
    caller = asker.workspace.members[CHAT_USER_ID]
    moments = range(MORNING, MORNING + 8 * HOUR, 500)
    assert any(asker.workspace.touched(caller, since=now - 500, t=now) for now in moments)
    for asker.clock.now in moments:
        assert CHAT_USER_ID not in users(delta(asker, 500))


@pytest.mark.parametrize(
    "moment, full",
    [
        (iso(MORNING), False),
        (iso(MORNING - 599), False),
        ("2027-01-20T09:25:00", False),
        (iso(MORNING - 600), True),
        (iso(MORNING - 660), True),
        ("yesterday", True),
        ("", True),
        (iso(MORNING + 3600), False),
    ],
)
def test_ten_minutes_decide_between_a_delta_and_the_full_list(moment: str, full: bool) -> None:
    """Old or unreadable: everybody. Now or in the future: an empty delta."""
    answer = Asker().chat("users.presence", **{"from": moment}).json()
    assert answer["full"] is full
    if moment >= iso(MORNING) and not full:
        assert answer["users"] == []


def test_other_query_parameters_are_refused_from_8_4_on() -> None:
    """So no cache-busters; older servers do not mind."""
    refused = Asker().chat("users.presence", _="1")
    assert (refused.status_code, refused.json()["errorType"]) == (400, "invalid-params")
    assert Asker(version=(8, 3)).chat("users.presence", _="1").status_code == 200


def test_the_setting_says_that_presence_is_on() -> None:
    """Without a login; another id finds nothing."""
    asker = Asker()
    url = f"{CHAT_URL}/api/v1/settings.public"
    answer = asker.ask(url, {}, _id="Presence_broadcast_disabled").json()
    assert [(row["_id"], row["value"]) for row in answer["settings"]] == [
        ("Presence_broadcast_disabled", False)
    ]
    assert (answer["success"], answer["total"]) == (True, 1)
    assert asker.ask(url, {}, _id="Site_Url").json()["settings"] == []


def test_connections_need_an_administrator() -> None:
    """Else 403; the head-room is to two hundred."""
    asker = Asker()
    answer = asker.chat("presence.getConnections").json()
    assert answer == {"current": asker.workspace.connections(), "max": 200, "success": True}
    assert 0 < answer["current"] < 200
    refused = Asker(administrator=False).chat("presence.getConnections")
    assert (refused.status_code, refused.json()["success"]) == (403, False)


def test_the_account_can_be_asked() -> None:
    """Its own row, and its roles."""
    me = Asker().chat("me").json()
    assert (me["_id"], me["roles"]) == (CHAT_USER_ID, ["user", "admin"])
    assert Asker(administrator=False).chat("me").json()["roles"] == ["user"]


@pytest.mark.parametrize("shape", ["classic", "7x", "8x"])
def test_a_wrong_login_is_refused_in_the_shape_of_the_version(shape: Any) -> None:
    """Half a login, a wrong token, none at all."""
    asker = Asker(unauthorized=shape)
    url = f"{CHAT_URL}/api/v1/users.presence"
    for headers in ({}, {"X-User-Id": CHAT_USER_ID}, {**CHAT_LOGIN, "X-Auth-Token": "revoked"}):
        answer = asker.ask(url, headers)
        assert (answer.status_code, answer.json()) == (401, example(f"rocketchat-error-401-{shape}"))


def test_unknown_paths_and_methods_are_not_found() -> None:
    """With the server's usual body."""
    asker = Asker()
    unknown = asker.chat("users.unknown")
    assert (unknown.status_code, unknown.json()["success"]) == (404, False)
    assert asker.ask(f"{CHAT_URL}/api/v1/me", CHAT_LOGIN, method="POST").status_code == 404


def limits(answers: Iterable[httpx.Response]) -> list[tuple[int, str | None]]:
    """Give status and what remains of each."""
    return [(answer.status_code, answer.headers.get("X-RateLimit-Remaining")) for answer in answers]


def test_ten_calls_a_minute_and_route_are_answered() -> None:
    """The eleventh is refused in the documented words; `Reset` is in milliseconds; a new window follows."""
    asker = Asker(chat_calls=10)
    answers = [asker.chat("users.presence") for _ in range(10)]
    assert limits(answers) == [(200, str(left)) for left in range(9, -1, -1)]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"10"}
    assert {answer.headers["X-RateLimit-Reset"] for answer in answers} == {str((MORNING + 60) * 1000)}
    asker.clock.now += 38.5
    refused = asker.chat("users.presence")
    assert limits([refused]) == [(429, "0")]
    assert refused.json() == {
        **example("rocketchat-error-429"),
        "error": example("rocketchat-error-429")["error"].replace("21", "22"),
    }
    assert "Retry-After" not in refused.headers
    assert limits([asker.chat("me")]) == [(200, "9")]
    asker.clock.now = MORNING + 60
    assert limits([asker.chat("users.presence")]) == [(200, "9")]


def test_each_address_has_its_own_limit() -> None:
    """A proxy passes the client's address on."""
    asker = Asker(chat_calls=1)
    url = f"{CHAT_URL}/api/v1/me"
    statuses = [asker.ask(url, {**CHAT_LOGIN, "X-Forwarded-For": client}).status_code for client in "aab"]
    assert statuses == [200, 429, 200]


def test_refused_logins_use_nothing_up() -> None:
    """And an account or server without a limit says nothing of one."""
    asker = Asker(chat_calls=1)
    url = f"{CHAT_URL}/api/v1/me"
    assert limits(asker.ask(url, {}) for _ in range(3)) == [(401, None)] * 3
    assert limits([asker.chat("me"), asker.chat("me")]) == [(200, "0"), (429, "0")]
    assert limits([Asker().chat("me")]) == [(200, None)]
