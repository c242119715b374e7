"""While a vendor wants a pause nothing is asked, whoever pulls; and a 429 is tried again once at most."""

import asyncio

import pytest

from exporter import errors
from exporter.model import Reason
from exporter.pauses import Pace
from tests.kit.asking import Desk, desk
from tests.kit.clock import WALL_START, loop_time, virtual
from tests.kit.logs import caught_log
from tests.kit.vendor import Always, Reply, Step, http_date

GOOD = Reply({"n": 1})


def refused(**headers: str) -> Reply:
    """A 429 with these headers, `_` for `-`."""
    return Reply(b"", 429, {name.replace("_", "-"): value for name, value in headers.items()})


async def fails(
    asked: Desk, path: str = "/a", *, scope: str = "", seconds: float = 9.5
) -> errors.UpstreamError:
    """The error of a question that must fail, and must not take longer than its answers do."""
    with pytest.raises(errors.UpstreamError) as caught:
        await asked.ask(path, scope=scope, seconds=seconds)
    return caught.value


@pytest.mark.parametrize(
    "headers, pause",
    [
        ({"Retry-After": "40"}, 40.0),
        ({"Retry-After": "Fri, 15 Jan 2027 08:00:40 GMT"}, 40.0),
        ({"X-RateLimit-Reset": f"{WALL_START * 1000 + 40_000:.0f}"}, 40.0),
        ({"X-RateLimit-Reset": f"{WALL_START + 40:.0f}"}, 40.0),
        ({"X-RateLimit-Reset": f"{WALL_START * 1000 - 40_000:.0f}"}, 15.0),
        ({"Retry-After": "Fri, 15 Jan 2027 07:00:00 GMT"}, 15.0),
        ({"Retry-After": "86400"}, 300.0),
        ({}, 15.0),
    ],
    ids=["seconds", "date", "ms", "s", "past reset", "past date", "a day", "unnamed"],
)
@virtual
async def test_after_a_429_nothing_is_asked_until_the_named_moment(
    headers: dict[str, str], pause: float
) -> None:
    """At most for 5 min, and for 15 s where none is named; each question meanwhile fails at once."""
    asked = desk({"/a": [Reply(b"", 429, headers), GOOD], "/b": [GOOD]})
    first = await fails(asked)
    assert str(first) == f"/a: answered 429, a pause of {pause:.0f} s"
    assert asked.heard.pauses == [("", WALL_START + pause)]
    await asyncio.sleep(pause - 0.01)
    before = loop_time()
    for path in ("/a", "/b"):
        again = await fails(asked, path)
        assert (again.reason, str(again)) == (
            Reason.RATE_LIMITED,
            f"{path}: not asked; the server wants a pause of another 0 s",
        )
    assert (loop_time(), len(asked.script.asked)) == (before, 1)
    told = [(path, reason, round(left, 3)) for path, reason, left in asked.heard.refusals]
    assert told == [(path, Reason.RATE_LIMITED, 0.01) for path in ("/a", "/b")]
    await asyncio.sleep(0.01)
    assert await asked.ask() == await asked.ask("/b") == {"n": 1}


@virtual
async def test_a_body_names_the_wait_where_no_header_does() -> None:
    """The header counts first; a body that names none leaves the pause unnamed."""
    steps: list[Step] = [Reply("20", 429), Reply("20", 429, {"Retry-After": "30"}), Reply("x", 429)]
    asked = desk({"/a": steps}, wait_in_body=lambda body: 20.0 if body == b'"20"' else None)
    for pause in (20.0, 30.0, 15.0):
        assert str(await fails(asked)).endswith(f"a pause of {pause:.0f} s")
        await asyncio.sleep(pause)


@virtual
async def test_a_429_is_tried_again_when_the_named_wait_fits() -> None:
    """Just after the moment, and not before it; the observer hears of it."""
    asked = desk({"/a": [refused(Retry_After="3"), GOOD]})
    assert await asked.ask() == {"n": 1}
    first, second = asked.script.asked
    assert second.at - first.at == pytest.approx(3.05)
    assert asked.heard.retries == [("/a", Reason.RATE_LIMITED)]


@virtual
async def test_a_429_is_tried_again_once_at_most_within_a_pull() -> None:
    """However well the next wait would fit; 5xx between them do not make it a new chance."""
    steps = [refused(Retry_After="1"), Reply(b"", 503), refused(Retry_After="1")]
    asked = desk({"/a": steps}, share=0.0)
    assert (await fails(asked)).reason is Reason.RATE_LIMITED
    assert asked.script.left() == 0
    assert asked.heard.retries == [("/a", Reason.RATE_LIMITED), ("/a", Reason.SERVER_ERROR)]


@pytest.mark.parametrize("wait, attempts", [(3.0, 2), (4.0, 1), (60.0, 1)])
@virtual
async def test_a_429_is_not_tried_again_where_the_wait_does_not_fit(wait: float, attempts: int) -> None:
    """With 4 s left, 3 s and a typical request fit, 4 s do not; the refusal comes at once then."""
    asked = desk({"/a": Always(refused(Retry_After=f"{wait:.0f}"))})
    began = loop_time()
    await fails(asked, seconds=4.0)
    assert len(asked.script.asked) == attempts
    assert loop_time() == pytest.approx(began + (wait + 0.05 if attempts == 2 else 0.0))


@virtual
async def test_a_429_that_names_no_wait_is_not_tried_again() -> None:
    """However long the deadline is."""
    asked = desk({"/a": [refused()]})
    began = loop_time()
    await fails(asked, seconds=3600.0)
    assert loop_time() == began


@virtual
async def test_unnamed_pauses_double_and_a_success_sets_them_back() -> None:
    """15, 30, 60 s while the refusals go on; after an answer 15 s again."""
    asked = desk({"/a": [refused(), refused(), refused(), GOOD, refused()]})
    for pause in (15.0, 30.0, 60.0):
        assert str(await fails(asked)).endswith(f"a pause of {pause:.0f} s")
        await asyncio.sleep(pause)
    await asked.ask()
    assert str(await fails(asked)).endswith("a pause of 15 s")


@virtual
async def test_refusals_that_come_together_begin_one_pause() -> None:
    """Five under way at once are one refusal, logged once, and the next pause is 30 s, not eight minutes."""
    asked = desk({"/a": Always(Reply(b"", 429, after=0.5))})
    with caught_log() as lines:
        errors_ = await asyncio.gather(*(fails(asked) for _ in range(5)))
    assert {str(error) for error in errors_} == {"/a: answered 429, a pause of 15 s"}
    (line,) = lines.events("pause begins")
    assert (line["level"], line["endpoint"], line["seconds"]) == ("warn", "all", 15.0)
    await asyncio.sleep(15.0)
    assert str(await fails(asked)).endswith("a pause of 30 s")


@virtual
async def test_an_answer_that_overtakes_a_refusal_does_not_end_the_doubling() -> None:
    """It was asked before the pause, and says nothing about what comes after it."""
    asked = desk({"/a": [refused(), refused()], "/b": [Reply({"n": 1}, after=1.0)]})
    await asyncio.gather(fails(asked), asked.ask("/b"))
    await asyncio.sleep(15.0)
    assert str(await fails(asked)).endswith("a pause of 30 s")


@virtual
async def test_an_answer_that_comes_after_a_pause_it_knows_nothing_of_does_not_end_the_doubling() -> None:
    """What counts is when it was asked."""
    asked = desk({"/a": [refused(), refused()], "/b": [Reply({"n": 1}, after=20.0)]})
    await asyncio.gather(fails(asked), asked.ask("/b", seconds=60.0))
    assert str(await fails(asked)).endswith("a pause of 30 s")


@virtual
async def test_the_scope_of_a_question_is_what_pauses() -> None:
    """Routes with limits of their own pause apart, and are told apart."""
    asked = desk({"/a": [refused(Retry_After="60")], "/b": [GOOD]})
    await fails(asked, scope="/a")
    assert await asked.ask("/b", scope="/b") == {"n": 1}
    assert (await fails(asked, scope="/a")).reason is Reason.RATE_LIMITED
    assert asked.heard.pauses == [("/a", WALL_START + 60.0)]


@pytest.mark.parametrize(
    "headers, pause",
    [
        ({"X-RateLimit-Reset": f"{WALL_START * 1000 + 20_000:.0f}"}, 20.0),
        ({"Retry-After": "20"}, 20.0),
        ({}, 15.0),
        ({"X-RateLimit-Reset": f"{WALL_START * 1000 - 20_000:.0f}"}, 15.0),
    ],
)
@pytest.mark.parametrize("status", [200, 404])
@virtual
async def test_the_last_request_of_a_window_begins_a_pause(
    headers: dict[str, str], pause: float, status: int
) -> None:
    """`Remaining: 0` pauses before a 429 has to, whatever came of that last request."""
    asked = desk({"/a": [Reply({"n": 1}, status, {"X-RateLimit-Remaining": "0", **headers}), GOOD]})
    await asyncio.gather(asked.ask(), return_exceptions=True)
    assert asked.heard.remainders == [("/a", 0.0)]
    assert asked.heard.pauses == [("", WALL_START + pause)]
    await asyncio.sleep(pause - 0.01)
    assert (await fails(asked)).reason is Reason.RATE_LIMITED
    await asyncio.sleep(0.01)
    assert await asked.ask() == {"n": 1}


@virtual
async def test_a_window_that_is_always_empty_pauses_evenly() -> None:
    """Answers are no refusals: their pauses do not double."""
    asked = desk({"/a": Always(Reply({"n": 1}, headers={"X-RateLimit-Remaining": "0"}))})
    for _ in range(4):
        assert await asked.ask() == {"n": 1}
        await asyncio.sleep(15.0)


@virtual
async def test_the_requests_that_are_left_are_told_and_pause_nothing() -> None:
    """As long as there is one; a refusal tells them too, and its own wait counts."""
    left = {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "50"}
    none = {"X-RateLimit-Remaining": "0", "Retry-After": "2"}
    asked = desk({"/a": [Reply([], headers=left), Reply(b"", 429, none), Reply([], headers=left)]})
    await asked.ask()
    await asked.ask()
    assert asked.heard.remainders == [("/a", 1.0), ("/a", 0.0), ("/a", 1.0)]
    assert [until - WALL_START for _, until in asked.heard.pauses] == [2.0]


@pytest.mark.parametrize("retry_after", ["3", http_date(WALL_START + 3)])
@virtual
async def test_a_503_may_name_a_wait_and_is_tried_again_after_it(retry_after: str) -> None:
    """Nobody else asks meanwhile, and what fails for it is a failure of the server."""
    asked = desk({"/a": [Reply(b"", 503, {"Retry-After": retry_after}), GOOD]})
    waiting = asyncio.ensure_future(asked.ask())
    await asyncio.sleep(1.0)
    meanwhile = await fails(asked)
    assert (meanwhile.reason, len(asked.script.asked)) == (Reason.SERVER_ERROR, 1)
    assert await waiting == {"n": 1}
    assert asked.script.asked[1].at - asked.script.asked[0].at == pytest.approx(3.05)


@virtual
async def test_the_window_of_the_limit_beside_a_500_pauses_nothing() -> None:
    """Rocket.Chat's answers all carry it: the failure is tried again as any other."""
    asked = desk({"/a": [Reply(b"", 500, {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "50"}), GOOD]})
    assert await asked.ask() == {"n": 1}
    assert asked.heard.pauses == []


@pytest.mark.parametrize("pace", [None, Pace(rate=2.0, burst=2)], ids=["unpaced", "paced"])
@virtual
async def test_what_waits_for_its_turn_is_not_sent_into_a_pause(pace: Pace | None) -> None:
    """Of ten questions at once two are under way when the refusal comes: the other eight are never asked."""
    asked = desk({"/a": Always(Reply(b"", 429, after=0.25))}, at_once=2, pace=pace)
    refusals = await asyncio.gather(*(fails(asked) for _ in range(10)))
    assert {error.reason for error in refusals} == {Reason.RATE_LIMITED}
    assert len(asked.script.asked) == 2


@virtual
async def test_a_pause_that_begins_while_the_pace_is_awaited_holds_too() -> None:
    """A third request has its turn and waits for its place when the first is refused."""
    asked = desk({"/a": [Reply(b"", 429, after=0.1)]}, pace=Pace(rate=1.0, burst=1))
    await asyncio.gather(*(fails(asked) for _ in range(3)))
    assert len(asked.script.asked) == 1


@virtual
async def test_the_time_in_the_queue_is_told() -> None:
    """Two at once, one a second: who asks first waits for nobody."""
    asked = desk({"/a": Always(GOOD)}, at_once=2, pace=Pace(rate=1.0, burst=1))
    await asyncio.gather(*(asked.ask() for _ in range(4)))
    assert asked.heard.queues == [("/a", seconds) for seconds in (0.0, 1.0, 2.0, 3.0)]


@virtual
async def test_those_who_give_up_in_the_queue_do_not_slow_the_next() -> None:
    """Fifty questions that the wall cut off took no places in the pace but those whose turn it was."""
    asked = desk({"/a": Always(GOOD)}, at_once=2, pace=Pace(rate=1.0, burst=1))
    many = await asyncio.gather(*(asked.ask(seconds=3.5) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(one, TimeoutError) for one in many) == 46
    began = loop_time()
    assert await asked.ask() == {"n": 1}
    assert loop_time() - began <= 2.5


@virtual
async def test_a_pause_of_no_time_is_not_logged() -> None:
    """`Retry-After: 0` lets the one retry go at once, and begins nothing."""
    asked = desk({"/a": [refused(Retry_After="0"), GOOD, refused(Retry_After="5")]})
    with caught_log() as lines:
        assert await asked.ask() == {"n": 1}
        assert lines.events("pause begins") == []
        await fails(asked, seconds=5.0)
    assert [line["seconds"] for line in lines.events("pause begins")] == [5.0]
