"""`GET /presence`: everybody in the domain, counted from whatever Daily is known to answer."""

import re
from typing import Any

import pytest

from exporter import errors
from exporter.config import RoomGroup, RoomLabel, RoomSettings
from exporter.model import DomainPresence, Reason
from tests.kit.clock import WALL_START, virtual
from tests.kit.known import known
from tests.kit.rig import PRESENCE, Rig, daily_rig, daily_settings, inline, watching
from tests.kit.rows import iso, people, person
from tests.kit.vendor import Always, Reply, example, http_date


async def presence_of(
    content: Any, rooms: RoomSettings | None = None, **headers: str
) -> tuple[DomainPresence, Rig]:
    """What one answer of `/presence` comes to."""
    settings = daily_settings(rooms=rooms or RoomSettings())
    rig = daily_rig({PRESENCE: [Reply(content, headers=headers)]}, settings)
    return await rig.facts(DomainPresence), rig


@virtual
async def test_the_documented_example_is_two_people_in_one_room() -> None:
    """As Daily's documentation shows it."""
    facts, rig = await presence_of(example("daily-presence"))
    assert (facts.participants, facts.rooms_occupied) == (2, 1)
    assert facts.rooms.shown == {"my-room": 2}
    assert (facts.room_sizes.count, facts.room_sizes.total) == (1, 2.0)
    assert rig.heard.drift == {}
    assert str(rig.script.asked[0].url) == "https://daily.test/v1/presence"
    assert rig.script.asked[0].headers["authorization"] == "Bearer daily-key"


@virtual
async def test_an_empty_domain_is_nobody() -> None:
    """`{}` is an answer, and its zeros are true."""
    facts, _ = await presence_of({})
    assert (facts.participants, facts.rooms_occupied, facts.rooms.shown) == (0, 0, {})
    assert facts.room_sizes.count == known(facts.current_stays).count == known(facts.lone_stays).count == 0


@virtual
async def test_one_room_with_null_names_is_counted() -> None:
    """People need no name and no user id."""
    facts, rig = await presence_of({"a": [person("a", userName=None, userId=None)]})
    assert (facts.participants, rig.heard.drift) == (1, {})


@virtual
async def test_a_room_with_an_empty_list_is_not_occupied() -> None:
    """A key with `[]` is a room with nobody."""
    facts, rig = await presence_of({"a": [], "b": people("b", 60.0)})
    assert (facts.participants, facts.rooms_occupied, facts.rooms.shown) == (1, 1, {"b": 1})
    assert (facts.room_sizes.count, rig.heard.drift) == (1, {})


@virtual
async def test_a_row_without_a_meeting_session_is_whole() -> None:
    """Older replies lack `mtgSessionId`, and nothing here needs it."""
    facts, rig = await presence_of({"a": [person("a", mtgSessionId=...)]})
    assert (facts.participants, known(facts.current_stays).count, rig.heard.drift) == (1, 1, {})


@pytest.mark.parametrize("name", ["error", "data", "info", "total_count", "__proto__", "constructor"])
@virtual
async def test_a_room_may_be_named_like_a_key_of_an_error(name: str) -> None:
    """Users name rooms: success is judged by status and types alone."""
    facts, _ = await presence_of({name: people(name, 60.0, 60.0), "b": people("b", 60.0)})
    assert (facts.participants, facts.rooms.shown) == (3, {name: 2, "b": 1})


@virtual
async def test_ten_thousand_rooms_are_counted_to_the_last_one() -> None:
    """The limit folds the smaller ones, and folded and shown are all."""
    body = {f"room-{n}": people(f"room-{n}", *[60.0] * (n % 3 + 1)) for n in range(10_000)}
    facts, _ = await presence_of(body)
    assert (facts.participants, facts.rooms_occupied, facts.room_sizes.count) == (19_999, 10_000, 10_000)
    assert len(facts.rooms.shown) == 500
    assert set(facts.rooms.shown.values()) == {3}
    assert (facts.rooms.folded_rooms, facts.rooms.folded_participants) == (9_500, 18_499)


@pytest.mark.parametrize("limit, shown", [(0, {}), (1, {"big": 2}), (2, {"big": 2, "a": 1})])
@virtual
async def test_limits_change_what_is_shown_and_never_the_totals(limit: int, shown: dict[str, int]) -> None:
    """Whoever is not shown is folded."""
    body = {"a": people("a", 60.0), "big": people("big", 60.0, 60.0)}
    facts, _ = await presence_of(body, RoomSettings(limit=limit))
    assert (facts.participants, facts.rooms_occupied, facts.rooms.shown) == (3, 2, shown)
    assert facts.rooms.folded_participants == 3 - sum(shown.values())
    assert facts.rooms.folded_rooms == 2 - len(shown)


@virtual
async def test_rooms_that_were_shown_stay_while_others_are_about_as_big() -> None:
    """The source remembers from pull to pull which ones it showed."""
    sizes = [(4, 3), (3, 3), (3, 4), (1, 4)]
    replies = [Reply({"a": people("a", *[9.0] * a), "b": people("b", *[9.0] * b)}) for a, b in sizes]
    rig = daily_rig({PRESENCE: replies}, daily_settings(rooms=RoomSettings(limit=1)))
    shown = [list((await rig.facts(DomainPresence)).rooms.shown) for _ in sizes]
    assert shown == [["a"], ["a"], ["b"], ["b"]]


@virtual
async def test_watched_rooms_groups_and_hashes_follow_the_settings() -> None:
    """A watched room shows 0 when empty, groups count by name, and a hash hides the name."""
    rooms = RoomSettings(
        watch=("desk",),
        groups=(RoomGroup("calls", re.compile("call-.*")), RoomGroup("none", re.compile("x"))),
    )
    body = {"call-1": people("call-1", 60.0, 60.0), "call-2": people("call-2", 60.0)}
    facts, _ = await presence_of(body, rooms)
    assert facts.rooms.shown == {"desk": 0, "call-1": 2, "call-2": 1}
    assert [(one.group, one.participants, one.rooms) for one in facts.groups] == [
        ("calls", 3, 2),
        ("none", 0, 0),
    ]
    hashed = watching("desk", label=RoomLabel.HASH, hash_key=inline("k" * 16))
    facts, _ = await presence_of(body, hashed)
    assert len(facts.rooms.shown) == 3
    assert not {"desk", "call-1", "call-2"} & set(facts.rooms.shown)


@virtual
async def test_stays_are_counted_from_the_join_to_the_moment_of_the_answer() -> None:
    """Everybody's, and apart those of people who are alone; the vendor's own `duration` is not used."""
    body = {"a": people("a", 10.0, 100.0), "b": [person("b", here_for=1000.0, duration=1)]}
    facts, _ = await presence_of(body, Date=http_date(WALL_START))
    assert (known(facts.current_stays).count, known(facts.current_stays).total) == (3, 1110.0)
    assert (known(facts.lone_stays).count, known(facts.lone_stays).total) == (1, 1000.0)


@pytest.mark.parametrize("ahead, theirs", [(600.0, 0.0), (0.0, 600.0)], ids=["ours ahead", "theirs ahead"])
@virtual
async def test_a_clock_that_runs_ahead_on_either_side_lengthens_no_stay(ahead: float, theirs: float) -> None:
    """The earlier of the two clocks counts."""
    reply = Reply({"a": people("a", 30.0)}, headers={"Date": http_date(WALL_START + theirs)})
    facts = await daily_rig({PRESENCE: [reply]}, ahead=ahead).facts(DomainPresence)
    assert known(facts.current_stays).total == known(facts.lone_stays).total == 30.0


@virtual
async def test_a_join_in_the_future_is_a_stay_of_nothing() -> None:
    """Never below 0, and still somebody."""
    facts, _ = await presence_of({"a": people("a", -45.0)})
    stays = known(facts.current_stays)
    assert (facts.participants, stays.count, stays.total) == (1, 1, 0.0)


@pytest.mark.parametrize(
    "odd", [..., None, 1800000000, "yesterday", "2027-01-15T07:00:00", ["canary"]], ids=str
)
@virtual
async def test_a_join_time_that_cannot_be_read_costs_that_stay_and_no_count(odd: object) -> None:
    """The row is counted, its stay is not, and the drift is told; where no stay is known, none is shown."""
    body = {"a": [person("a", joinTime=odd), *people("a", 50.0)], "b": [person("b", joinTime=odd)]}
    facts, rig = await presence_of(body)
    assert (facts.participants, facts.rooms_occupied) == (3, 2)
    assert (known(facts.current_stays).count, known(facts.current_stays).total) == (1, 50.0)
    assert facts.lone_stays is None
    assert rig.heard.drift == {"joinTime": 2}


@pytest.mark.parametrize(
    "when", ["2027-01-15T08:59:00+01:00", "2027-01-15T07:59:00.000Z", iso(WALL_START - 60)]
)
@virtual
async def test_a_join_time_may_have_any_zone_but_must_have_one(when: str) -> None:
    """All of these are a minute ago."""
    facts, rig = await presence_of({"a": [person("a", joinTime=when)]})
    assert (known(facts.current_stays).total, rig.heard.drift) == (60.0, {})


@pytest.mark.parametrize("name", ["Büro", "two words", "", "x" * 129, 'quote"', "new\nline"])
@virtual
async def test_a_name_that_daily_does_not_allow_is_counted_and_never_shown(name: str) -> None:
    """It is folded, and the drift is told."""
    facts, rig = await presence_of({name: people("x", 60.0, 60.0), "b": people("b", 60.0)})
    assert (facts.participants, facts.rooms.shown) == (3, {"b": 1})
    assert (facts.rooms.folded_rooms, facts.rooms.folded_participants) == (1, 2)
    assert rig.heard.drift == {"room": 1}


@pytest.mark.parametrize(
    "content",
    [[], [[]], "canary", None, 7, True, {"a": None}, {"a": {}}, {"a": [1]}, {"a": 1}, {"error": "canary"}],
    ids=repr,
)
@virtual
async def test_a_200_of_another_shape_is_never_a_number(content: object) -> None:
    """A list, a string, `null`, an error's body: the reason is `schema`, and no facts are shown."""
    rig = daily_rig({PRESENCE: Always(Reply(content))})
    with pytest.raises(errors.AnswerMisshapen, match=r"^/presence: not the documented shape"):
        await rig.run()
    answer = (await rig.pull())["presence"]
    assert (answer.value, answer.reason) == (None, Reason.SCHEMA)
    assert "canary" not in answer.detail
