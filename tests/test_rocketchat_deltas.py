"""Deltas between full lists: asked from the server's own clock, taken as hints, and corrected."""

import asyncio
from datetime import datetime
from typing import Any

import httpx
import pytest

from exporter import errors
from exporter.config import UserGroup
from exporter.model import ChatPresence, Reason, StatusHistory
from tests.kit.clock import START, WALL_START, loop_time, virtual
from tests.kit.rig import USERS, Rig, chat_rig, chat_settings, inline
from tests.kit.rows import iso, user, users
from tests.kit.vendor import Always, Reply, Step, example, http_date

NOBODY = {"online": 0, "away": 0, "busy": 0, "unknown": 0}


class Server:
    """Gives lists in turn, each with the `Date` of a clock that is `ahead` by so much, or without any."""

    def __init__(self, *lists: dict[str, Any], ahead: float | None = 0.0) -> None:
        self.lists = list(lists)
        self.ahead = ahead

    def __call__(self, _request: httpx.Request) -> Reply:
        date = WALL_START + loop_time() - START + (self.ahead or 0.0)
        headers = {} if self.ahead is None else {"Date": http_date(date)}
        return Reply(self.lists.pop(0), headers=headers)


def changed(*rows: dict[str, Any]) -> dict[str, Any]:
    """A delta."""
    return users(*rows, full=False)


def delta_rig(server: Step, *, ahead: float = 0.0, **changes: Any) -> Rig:
    """A source that asks for deltas between full lists, by default every five minutes."""
    return chat_rig({USERS: Always(server)}, chat_settings(**({"full_every": 300.0} | changes)), ahead=ahead)


async def pulls(rig: Rig, number: int, *, every: float = 15.0) -> list[dict[str, int]]:
    """The users of some pulls, which must all succeed."""
    seen = []
    for _ in range(number):
        facts = await rig.facts(ChatPresence)
        assert facts.users is not None
        seen.append(dict(facts.users))
        await asyncio.sleep(every)
    return seen


def froms(rig: Rig) -> list[float | None]:
    """From which moment each request asked, in seconds since the clocks began; None for a full list."""
    moments = []
    for request in rig.script.asked:
        text = dict(request.query).get("from")
        moments.append(None if text is None else datetime.fromisoformat(text).timestamp() - WALL_START)
    return moments


async def drift(rig: Rig) -> int | None:
    """How many hints were wrong so far."""
    kept = await rig.source.collectors[0].kept()
    assert isinstance(kept, StatusHistory)
    return kept.drift


@virtual
async def test_the_documented_delta_adds_to_the_documented_full_list() -> None:
    """Both examples tell of the same two users."""
    rig = delta_rig(Server(example("rocketchat-presence-full"), example("rocketchat-presence-delta")))
    assert await pulls(rig, 2) == [NOBODY | {"online": 2}] * 2
    assert rig.script.asked[1].query == [("from", iso(WALL_START))]


@virtual
async def test_a_delta_changes_those_that_it_names() -> None:
    """Others stay as they were; who went offline is gone, who came is counted, who is left out is not."""
    rig = delta_rig(
        Server(
            users(user("a"), user("b", "away"), user("c", "busy"), user("bot")),
            changed(user("b", "busy"), user("c", "offline"), user("d"), user("gone", "offline")),
            changed(),
            changed(user("d", "dreaming"), user("bot", "away")),
        ),
        exclude_ids=("bot",),
        groups=(UserGroup("team", ("b", "c", "bot")),),
    )
    assert await pulls(rig, 4) == [
        {"online": 1, "away": 1, "busy": 1, "unknown": 0},
        {"online": 2, "away": 0, "busy": 1, "unknown": 0},
        {"online": 2, "away": 0, "busy": 1, "unknown": 0},
        {"online": 1, "away": 0, "busy": 1, "unknown": 1},
    ]
    assert rig.heard.drift == {"status": 1}


@virtual
async def test_groups_follow_the_hints_too() -> None:
    """A member who went offline is offline in the next pull."""
    server = Server(users(user("a"), user("b")), changed(user("a", "offline"), user("b", "busy")))
    rig = delta_rig(server, groups=(UserGroup("team", ("a", "b")),))
    await pulls(rig, 1)
    assert (await rig.facts(ChatPresence)).groups == {"team": NOBODY | {"busy": 1, "offline": 1}}


@virtual
async def test_each_delta_is_asked_from_the_answer_before() -> None:
    """Not from the full list, which would be more than ten minutes old one day."""
    rig = delta_rig(Server(users(user("a")), *[changed()] * 3))
    await pulls(rig, 4)
    assert froms(rig) == [None, 0.0, 15.0, 30.0]


@pytest.mark.parametrize(
    "ours, theirs, asked",
    [(3600.0, 0.0, 0.0), (0.0, 3600.0, 0.0), (-3600.0, 0.0, -3600.0), (-20.0, -30.0, -30.0)],
    ids=["ours ahead", "theirs ahead", "ours behind", "both behind"],
)
@virtual
async def test_a_clock_that_runs_ahead_asks_for_no_moment_in_the_future(
    ours: float, theirs: float, asked: float
) -> None:
    """From there a delta is empty for ever: the earlier of both clocks counts."""
    rig = delta_rig(Server(users(user("a")), changed(), ahead=theirs), ahead=ours)
    await pulls(rig, 2)
    assert froms(rig) == [None, asked]


@virtual
async def test_without_the_servers_clock_no_delta_is_asked() -> None:
    """A moment of ours alone could be in its future."""
    rig = delta_rig(Server(users(user("a")), users(user("b")), ahead=None))
    await pulls(rig, 2)
    assert froms(rig) == [None, None]


@virtual
async def test_a_full_list_is_due_again_after_its_time() -> None:
    """Every minute here, whatever the deltas say; the time between two of them is the resolution."""
    full = users(user("a"))
    rig = delta_rig(Server(full, changed(), changed(), changed(), full, changed()), full_every=60.0)
    resolutions = []
    for _ in range(6):
        resolutions.append((await rig.facts(ChatPresence)).resolution)
        await asyncio.sleep(15.0)
    assert froms(rig) == [None, 0.0, 15.0, 30.0, None, 60.0]
    assert resolutions == [None, None, None, None, 60.0, 60.0]


@virtual
async def test_a_clock_of_ours_that_is_set_back_makes_a_full_list_due() -> None:
    """How old the last one is cannot be told then."""
    rig = delta_rig(Server(users(user("a")), users(user("a"))))
    await pulls(rig, 1)
    rig.wall.ahead = -3600.0
    await pulls(rig, 1)
    assert froms(rig) == [None, None]


@virtual
async def test_a_delta_that_contradicts_the_next_full_list_is_drift() -> None:
    """The full list is the truth; each user that it corrects counts once, and only between deltas."""
    rig = delta_rig(
        Server(
            users(user("a"), user("b"), user("c"), user("d")),
            changed(user("b", "away"), user("e")),
            users(user("a", "busy"), user("b", "away"), user("c"), user("f")),
            users(user("a"), user("f", "away")),
        ),
        full_every=30.0,
    )
    seen = await pulls(rig, 3)
    assert seen[1:] == [
        {"online": 4, "away": 1, "busy": 0, "unknown": 0},
        {"online": 2, "away": 1, "busy": 1, "unknown": 0},
    ]
    assert await drift(rig) == 4  # a changed unseen, d and e are gone, f came unseen
    rig.wall.ahead = 3600.0
    await pulls(rig, 1)
    assert (await drift(rig), froms(rig)[-1]) == (4, None)


@virtual
async def test_hints_that_were_right_are_no_drift() -> None:
    """Nor are users without any hint that stayed as they were."""
    rig = delta_rig(
        Server(users(user("a"), user("b")), changed(user("a", "away")), users(user("a", "away"), user("b"))),
        full_every=30.0,
    )
    await pulls(rig, 3)
    assert await drift(rig) == 0


@virtual
async def test_hints_end_no_stay() -> None:
    """Stays are timed from full lists alone: what a delta claims may be half the truth."""
    full = users(user("a"))
    rig = delta_rig(Server(users(user("x")), full, changed(user("a", "away")), full), full_every=30.0)
    facts = []
    for pause in (30.0, 15.0, 15.0, 15.0):
        facts.append(await rig.facts(ChatPresence))
        await asyncio.sleep(pause)
    kept = await rig.source.collectors[0].kept()
    assert isinstance(kept, StatusHistory)
    assert {one.count for one in kept.completed.values()} == {0}
    current = facts[-1].current
    assert current is not None
    assert (current["online"].count, current["online"].total) == (1, 30.0)
    assert froms(rig) == [None, None, 30.0, None]


@pytest.mark.parametrize("every, stays", [(240.0, 1), (241.0, 0)])
@virtual
async def test_a_stay_may_span_two_full_lists_that_are_far_apart(every: float, stays: int) -> None:
    """Twice the configured time between them is no blindness yet."""
    lists = [users(user("x")), users(user("a")), users(user("a", "away"))]
    rig = delta_rig(Server(*lists), full_every=120.0)
    await pulls(rig, 3, every=every)
    kept = await rig.source.collectors[0].kept()
    assert isinstance(kept, StatusHistory)
    assert (kept.completed["online"].count, froms(rig)) == (stays, [None, None, None])


@virtual
async def test_a_failed_delta_changes_nothing() -> None:
    """The next one is asked from the last good answer."""
    rig = chat_rig(
        {
            USERS: [
                Reply(users(user("a")), headers={"Date": http_date(WALL_START)}),
                Reply(b"", 403),
                Reply(changed(user("b")), headers={"Date": http_date(WALL_START)}),
            ]
        },
        chat_settings(full_every=300.0),
    )
    await rig.pull()
    assert (await rig.pull())["presence"].reason is Reason.FORBIDDEN
    assert (await rig.facts(ChatPresence)).users == NOBODY | {"online": 2}
    assert froms(rig) == [None, 0.0, 0.0]


def vendors_own(request: httpx.Request) -> Reply:
    """Answer as the server's own end-to-end tests say it does, on the true clock."""
    now = WALL_START + loop_time() - START
    headers = {"Date": http_date(now)}
    if request.headers["x-auth-token"] != "chat-token":
        return Reply(example("rocketchat-error-401-8x"), 401, headers)
    since = request.url.params.get("from")
    if since is None or datetime.fromisoformat(since).timestamp() < now - 600:
        return Reply(users(user("rocket.cat")), headers=headers)
    return Reply(changed(), headers=headers)


@virtual
async def test_end_to_end_no_good_credentials_are_401() -> None:
    """As the server's own tests have it."""
    rig = delta_rig(vendors_own, auth_token=inline("wrong"))
    with pytest.raises(errors.CredentialRefused):
        await rig.run()


@virtual
async def test_end_to_end_the_full_list_has_the_cat() -> None:
    """`full: true`, and rocket.cat is in it."""
    assert await pulls(delta_rig(vendors_own), 1) == [NOBODY | {"online": 1}]


@virtual
async def test_end_to_end_from_now_is_an_empty_delta() -> None:
    """`full: false` and nobody: what was known stays."""
    rig = delta_rig(vendors_own)
    assert await pulls(rig, 2, every=1.0) == [NOBODY | {"online": 1}] * 2
    assert froms(rig) == [None, 0.0]


@virtual
async def test_end_to_end_from_eleven_minutes_ago_is_the_full_list() -> None:
    """`full: true` although a delta was asked, and it counts as a full list."""
    rig = delta_rig(vendors_own, full_every=3600.0)
    await pulls(rig, 1, every=660.0)
    facts = await rig.facts(ChatPresence)
    assert (facts.users, facts.resolution) == (NOBODY | {"online": 1}, 660.0)
    assert froms(rig) == [None, 0.0]
