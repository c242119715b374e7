"""`GET /rooms/{room}/presence`: watched rooms one by one; one that fails costs itself alone."""

import asyncio
from itertools import pairwise
from typing import Any

import httpx
import pytest

from exporter import errors
from exporter.config import HttpSettings, PresenceMode, RoomLabel
from exporter.model import Deadline, Finding, Partial, Reason, WatchedRooms
from tests.kit.clock import START, loop_time, virtual
from tests.kit.rig import MEETINGS, Rig, daily_rig, daily_settings, inline, room_path, watching
from tests.kit.rows import meeting, page, people
from tests.kit.vendor import STALL, Always, Body, Reply, Step, example

SIXTY = tuple(f"room-{n}" for n in range(60))


def rooms_rig(steps: dict[str, Any], *, http: HttpSettings | None = None, **changes: Any) -> Rig:
    """A source that watches the rooms of the script: a step comes each time, those of a list in turn."""
    settings = daily_settings(
        presence=PresenceMode.ROOMS, rooms=watching(*steps, **changes), http=http or HttpSettings()
    )
    script = {
        room_path(room): step if isinstance(step, list) else Always(step) for room, step in steps.items()
    }
    return daily_rig(script, settings)


def holding(people_inside: object) -> Reply:
    """An answer about a room with so many people."""
    return Reply({"total_count": people_inside, "data": []})


async def run(rig: Rig, seconds: float = 9.5) -> tuple[dict[str, int], Exception | None]:
    """The rooms that are known after a run, and its error."""
    part = await rig.run("room_presence", seconds=seconds)
    assert isinstance(part.facts, WatchedRooms)
    return dict(part.facts.participants), part.error


@virtual
async def test_the_documented_example_is_one_person_in_its_room() -> None:
    """As Daily's documentation shows it."""
    rig = rooms_rig({"w2pp2cf4kltgFACPKXmX": Reply(example("daily-room-presence"))})
    assert await run(rig) == ({"w2pp2cf4kltgFACPKXmX": 1}, None)
    (request,) = rig.script.asked
    assert str(request.url) == "https://daily.test/v1/rooms/w2pp2cf4kltgFACPKXmX/presence"


@virtual
async def test_the_count_is_the_total_and_not_the_rows() -> None:
    """Daily may list fewer people than it counts; an empty room is 0; numbers may be floats."""
    rig = rooms_rig({
        "full": Reply({"total_count": 12, "data": people("full", 60.0)}),
        "empty": holding(0),
        "float": holding(3.0),
    })  # fmt: skip
    assert await run(rig) == ({"full": 12, "empty": 0, "float": 3}, None)


@pytest.mark.parametrize("odd", [None, "3", -1, 2.5, True, 10**30, [3], ...], ids=repr)
@virtual
async def test_a_count_that_is_none_is_never_a_number(odd: object) -> None:
    """That room is absent with the reason `schema`, the others stand."""
    body = {"data": []} if odd is ... else {"total_count": odd, "data": []}
    known, error = await run(rooms_rig({"odd": Reply(body), "good": holding(2)}))
    assert known == {"good": 2}
    assert isinstance(error, errors.AnswerMisshapen)


@pytest.mark.parametrize("status, reason", [(404, Reason.NOT_FOUND), (400, Reason.BAD_REQUEST)])
@virtual
async def test_an_unknown_room_is_absent_and_fails_the_run(status: int, reason: Reason) -> None:
    """The others are shown, and the reason is that of the unknown one."""
    rig = rooms_rig({"a": holding(1), "gone": Reply({"error": "not-found"}, status), "b": holding(2)})
    answer = (await rig.pull())["room_presence"]
    assert answer.value == WatchedRooms({"a": 1, "b": 2})
    assert answer.reason is reason
    assert answer.detail == f"/rooms/{{room}}/presence: answered {status}"


@pytest.mark.parametrize("silent", [STALL, Reply(Body([b"{"], stall=True))], ids=["headers", "body"])
@virtual
async def test_a_room_that_stalls_costs_itself_alone(silent: Step) -> None:
    """The others are handed over just before the deadline, with the reason `timeout`."""
    rig = rooms_rig({"slow": silent, "a": holding(1), "b": holding(2)})
    answer = (await rig.pull(5.0))["room_presence"]
    assert (answer.value, answer.reason) == (WatchedRooms({"a": 1, "b": 2}), Reason.TIMEOUT)
    assert START + 4.9 < loop_time() < START + 5.0
    assert sorted(rig.heard.codes) == ["200", "200", "error"]


@virtual
async def test_the_error_of_the_first_room_in_the_settings_is_the_one_that_is_told() -> None:
    """Whichever came first: the reason does not flap between pulls."""
    slow_404 = Reply(b"", 404, after=1.0)
    _, error = await run(rooms_rig({"a": slow_404, "b": Reply(b"", 403), "c": STALL}))
    assert isinstance(error, errors.NotFound)


@virtual
async def test_a_refused_key_ends_the_asking() -> None:
    """It is refused for every room: of sixty only those that left together are asked."""
    rig = rooms_rig(dict.fromkeys(SIXTY, Reply(example("daily-error-401"), 401, after=0.01)))
    known, error = await run(rig)
    assert (known, type(error)) == ({}, errors.CredentialRefused)
    assert len(rig.script.asked) <= 10
    await asyncio.sleep(60.0)
    assert len(rig.script.asked) <= 10


@virtual
async def test_a_refused_key_is_the_reason_whatever_else_failed() -> None:
    """And the rooms that were known before are shown."""
    steps = {"gone": Reply(b"", 404), "a": holding(1), "b": Reply(b"", 401, after=0.5), "slow": STALL}
    known, error = await run(rooms_rig(steps))
    assert (known, type(error)) == ({"a": 1}, errors.CredentialRefused)
    assert loop_time() == START + 0.5


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "60"}])
@virtual
async def test_a_429_ends_the_asking_of_the_whole_source(headers: dict[str, str]) -> None:
    """What was answered before is shown, what waits its turn is not sent."""
    steps: dict[str, Any] = dict.fromkeys(SIXTY, Reply({"total_count": 1}, after=0.05))
    steps["room-3"] = Reply(b"", 429, headers, after=0.2)
    rig = rooms_rig(steps)
    known, error = await run(rig)
    assert isinstance(error, errors.RateLimited)
    assert len(known) < 20
    assert "room-3" not in known
    asked = len(rig.script.asked)
    await asyncio.sleep(10.0)
    assert len(rig.script.asked) == asked < 20


@pytest.mark.parametrize("answers_after", [0.0, 0.03, 0.4])
@virtual
async def test_sixty_rooms_stay_below_dailys_limit(answers_after: float) -> None:
    """20 requests a second, 100 in five seconds, and the customer's app wants its part; all are known."""
    rig = rooms_rig(dict.fromkeys(SIXTY, Reply({"total_count": 1}, after=answers_after)))
    for _ in range(3):
        known, error = await run(rig)
        assert (len(known), error) == (60, None)
    assert most_within(1.0, rig) <= 20
    assert most_within(5.0, rig) <= 60


def most_within(seconds: float, rig: Rig) -> int:
    """The most requests in any stretch of that length."""
    times = [request.at for request in rig.script.asked]
    assert all(sooner <= later for sooner, later in pairwise(times))
    return max(sum(begin <= at <= begin + seconds + 1e-6 for at in times) for begin in times)


@virtual
async def test_more_rooms_than_fit_do_not_slow_the_next_pull() -> None:
    """Three hundred rooms and three seconds: each pull shows as many as the limit lets it."""
    rig = rooms_rig(dict.fromkeys((f"r{n}" for n in range(300)), holding(1)))
    for _ in range(5):
        known, error = await run(rig, 3.0)
        assert isinstance(error, errors.DeadlinePassed)
        assert 25 <= len(known) <= 45
        await asyncio.sleep(3.0)


@virtual
async def test_no_more_rooms_are_asked_at_once_than_connections_are_allowed() -> None:
    """The next one leaves when one is answered."""
    rooms = dict.fromkeys("abcdef", Reply({"total_count": 1}, after=1.0))
    rig = rooms_rig(rooms, http=HttpSettings(max_connections=2))
    known, _ = await run(rig)
    assert len(known) == 6
    assert [round(request.at - START) for request in rig.script.asked] == [0, 0, 1, 1, 2, 2]


@virtual
async def test_a_broken_connection_of_one_room_is_mended_within_the_run() -> None:
    """Each room is tried again by itself."""
    rig = rooms_rig({"a": [httpx.ReadError("reset"), holding(1)], "b": [Reply(b"", 502), holding(2)]})
    assert await run(rig) == ({"a": 1, "b": 2}, None)


@virtual
async def test_a_bug_in_one_room_is_a_bug_of_the_run() -> None:
    """It is not hidden behind the rooms that answered."""
    rig = rooms_rig({"a": holding(1), "b": ZeroDivisionError("a bug")})
    with pytest.raises(ZeroDivisionError):
        await run(rig)
    assert (await rig.pull())["room_presence"].reason is Reason.INTERNAL


@virtual
async def test_a_run_whose_deadline_moves_waits_for_the_later_one() -> None:
    """Somebody joined it who has more time."""
    rig = rooms_rig({"a": Reply({"total_count": 1}, after=4.0)})
    (collector,) = rig.source.collectors
    deadline = Deadline(loop_time() + 2.0)
    running: asyncio.Task[Partial] = asyncio.ensure_future(collector.collect(deadline))
    await asyncio.sleep(1.0)
    deadline.extend(loop_time() + 9.0)
    assert await running == Partial(WatchedRooms({"a": 1}))


@pytest.mark.parametrize("label, shown", [(RoomLabel.PLAIN, {"a": 1, "b": 2}), (RoomLabel.OFF, {})])
@virtual
async def test_labels_follow_the_settings(label: RoomLabel, shown: dict[str, int]) -> None:
    """`off` shows no room, and its failures all the same."""
    known, error = await run(rooms_rig({"a": holding(1), "b": holding(2), "c": Reply(b"", 404)}, label=label))
    assert known == shown
    assert isinstance(error, errors.NotFound)


@virtual
async def test_a_hash_hides_the_names_of_rooms() -> None:
    """16 hexadecimal digits, the same at each pull."""
    rig = rooms_rig({"desk": holding(1)}, label=RoomLabel.HASH, hash_key=inline("k" * 16))
    first, second = [(await run(rig))[0] for _ in range(2)]
    assert first == second
    (name,) = first
    assert (len(name), int(name, 16) > 0) == (16, True)


@virtual
async def test_meetings_are_not_held_up_by_many_rooms() -> None:
    """Their request takes its turn with the first ones."""
    script = {room_path(room): Always(holding(1)) for room in SIXTY} | {
        MEETINGS: Always(Reply(page([meeting("m")])))
    }
    settings = daily_settings(presence=PresenceMode.ROOMS, rooms=watching(*SIXTY), meetings=True)
    rig = daily_rig(script, settings)
    answers = await rig.pull()
    assert all(answer.success for answer in answers.values())
    assert rig.script.requests(MEETINGS)[0].at == START


@virtual
async def test_the_doctor_names_the_domain_and_each_watched_room() -> None:
    """A room that fails has its reason, and the others their people."""
    rig = daily_rig(
        {
            "/v1/": [Reply({"domain_name": "acme", "config": {}})],
            room_path("a"): [holding(2)],
            room_path("gone"): [Reply(b"", 404)],
        },
        daily_settings(rooms=watching("a", "gone")),
    )
    assert await rig.source.examine(Deadline(loop_time() + 9.5)) == [
        Finding("video", "key", None, "domain acme"),
        Finding("video", "room a", None, "2 in the room"),
        Finding("video", "room gone", Reason.NOT_FOUND, "/rooms/{room}/presence: answered 404"),
    ]


@virtual
async def test_a_source_closes_its_connections() -> None:
    """Nothing can be asked afterwards."""
    rig = rooms_rig({"a": holding(1)})
    await rig.source.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await run(rig)
