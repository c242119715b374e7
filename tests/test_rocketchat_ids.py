"""`users.presence` by `ids`: repeated, in queries of a safe length; who is not in the answer is offline."""

from typing import Any

import httpx
import pytest

from exporter.config import ChatPresenceMode, UserGroup
from exporter.model import ChatPresence, Reason
from tests.kit.clock import WALL_START, virtual
from tests.kit.rig import USERS, Rig, chat_rig, chat_settings
from tests.kit.rows import user, users
from tests.kit.vendor import Always, Reply, Step, example

EMPTY = {"online": 0, "away": 0, "busy": 0, "unknown": 0, "offline": 0}


def ids_rig(steps: list[Step] | Always, **groups: tuple[str, ...]) -> Rig:
    """A source that asks for the members of these groups alone."""
    made = tuple(UserGroup(name, ids) for name, ids in groups.items())
    return chat_rig({USERS: steps}, chat_settings(presence=ChatPresenceMode.IDS, groups=made))


def some(*rows: dict[str, Any]) -> Reply:
    """An answer about some users."""
    return Reply(users(*rows, full=False))


def asked_ids(rig: Rig) -> list[list[str]]:
    """The ids of each query, and that nothing else was in it."""
    assert {name for request in rig.script.asked for name, _ in request.query} == {"ids"}
    return [[value for _, value in request.query] for request in rig.script.asked]


@virtual
async def test_ids_are_repeated_and_never_joined() -> None:
    """8.4 finds nobody for `ids=a,b`; a member of two groups is asked for once."""
    rig = ids_rig([some(user("a"), user("b", "busy"))], first=("b", "a"), second=("a", "c"))
    facts = await rig.facts(ChatPresence)
    assert facts.groups == {
        "first": EMPTY | {"online": 1, "busy": 1},
        "second": EMPTY | {"online": 1, "offline": 1},
    }
    assert rig.script.asked[0].url.query == b"ids=a&ids=b&ids=c"


@virtual
async def test_the_documented_delta_is_what_ids_answer_with() -> None:
    """Both users of the example are online, and of all others nothing is claimed."""
    ids = ("rocket.cat", "rocketchat.internal.admin.test", "else")
    facts = await ids_rig([Reply(example("rocketchat-presence-delta"))], team=ids).facts(ChatPresence)
    assert facts.groups == {"team": EMPTY | {"online": 2, "offline": 1}}
    assert (facts.users, facts.current, facts.resolution) == (None, None, None)
    assert facts.broadcast_disabled is False


@virtual
async def test_no_history_is_kept_of_some_users() -> None:
    """Stays are timed from full lists alone."""
    rig = ids_rig([some(user("a"))], team=("a",))
    await rig.run()
    assert await rig.source.collectors[0].kept() is None


@virtual
async def test_none_found_is_everybody_offline() -> None:
    """An empty answer that does not call itself full is about the ids that were asked for."""
    rig = ids_rig([some()], team=("a", "b"))
    assert (await rig.facts(ChatPresence)).groups == {"team": EMPTY | {"offline": 2}}
    assert len(rig.script.asked) == 1


@virtual
async def test_a_row_that_is_offline_is_offline() -> None:
    """After 8.6 those with a status text are listed although they are not here."""
    rig = ids_rig([some(user("a", "offline", statusText="canary"), user("b"))], team=("a", "b"))
    assert (await rig.facts(ChatPresence)).groups == {"team": EMPTY | {"offline": 1, "online": 1}}
    assert rig.heard.drift == {}


@virtual
async def test_users_who_were_not_asked_for_are_in_no_group() -> None:
    """Whatever the server adds."""
    rig = ids_rig([some(user("a"), user("x"), user("y", "busy"))], team=("a",))
    assert (await rig.facts(ChatPresence)).groups == {"team": EMPTY | {"online": 1}}


@pytest.mark.parametrize("length", [3, 17, 128])
@pytest.mark.parametrize("fill", ["x", "@"])
@virtual
async def test_a_long_list_is_split_below_a_safe_length(fill: str, length: int) -> None:
    """Every id is asked for once, whatever has to be escaped, and no address passes 1,600 characters."""
    ids = tuple(f"{n:03}".rjust(length, fill) for n in range(400))

    def answer(request: httpx.Request) -> Reply:
        return some(*(user(one, "away") for one in request.url.params.get_list("ids")))

    rig = ids_rig(Always(answer), team=ids)
    assert (await rig.facts(ChatPresence)).groups == {"team": EMPTY | {"away": 400}}
    assert sorted(one for query in asked_ids(rig) for one in query) == sorted(ids)
    lengths = [len(str(request.url)) for request in rig.script.asked]
    assert max(lengths) <= 1600
    assert len(lengths) > 1
    assert min(lengths[:-1]) > 1000


@virtual
async def test_a_failure_of_one_query_is_a_failure_of_all() -> None:
    """Members of whom nothing was heard are not offline."""
    ids = tuple(f"{n:0128}" for n in range(20))
    rig = ids_rig([some(), Reply(b"", 403)], team=ids)
    answer = (await rig.pull())["presence"]
    assert (answer.value, answer.reason) == (None, Reason.FORBIDDEN)


@virtual
async def test_the_limit_of_the_route_holds_between_queries_too() -> None:
    """The first used the window up, so the second waits for another pull."""
    ids = tuple(f"{n:0128}" for n in range(20))
    last = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{WALL_START * 1000 + 30_000:.0f}"}
    rig = ids_rig([Reply(users(full=False), headers=last)], team=ids)
    answer = (await rig.pull())["presence"]
    assert (answer.value, answer.reason) == (None, Reason.RATE_LIMITED)
    assert rig.heard.remainders == [(USERS, 0.0)]


@virtual
async def test_an_unknown_status_counts_as_unknown_in_its_groups() -> None:
    """And is told as drift."""
    rig = ids_rig([some(user("a", "dreaming"), {"_id": "b"})], team=("a", "b", "c"))
    assert (await rig.facts(ChatPresence)).groups == {"team": EMPTY | {"unknown": 2, "offline": 1}}
    assert rig.heard.drift == {"status": 2}
