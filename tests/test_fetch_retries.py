"""A request is sent again only where that can help, only a few times, and only while it fits the deadline."""

from itertools import pairwise

import httpx
import pytest

from exporter import errors
from exporter.fetch.patience import ATTEMPTS
from exporter.model import Reason
from tests.kit.asking import desk
from tests.kit.clock import START, loop_time, virtual
from tests.kit.vendor import STALL, Always, Body, Reply, Step

BROKEN = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("closed without an answer"),
]


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
@virtual
async def test_a_connection_that_fails_or_breaks_is_tried_again(error: Exception) -> None:
    """The next attempt may find the server; the observer hears of the failure and of the retry."""
    asked = desk({"/a": [error, Reply({"n": 1})]})
    assert await asked.ask() == {"n": 1}
    assert asked.heard.codes == ["error", "200"]
    assert asked.heard.retries == [("/a", Reason.CONNECT)]


@virtual
async def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    """Half a body is nothing; what had come of it is counted."""
    asked = desk({"/a": [Reply(Body([b'{"n"'], error=httpx.ReadError("reset"))), Reply({"n": 1})]})
    assert await asked.ask() == {"n": 1}
    assert [(code, size) for _, code, _, size in asked.heard.responses] == [("error", 4), ("200", 8)]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@virtual
async def test_a_server_that_fails_is_asked_again(status: int) -> None:
    """These four may pass."""
    asked = desk({"/a": [Reply(b"<html>", status), Reply({"n": 1})]})
    assert await asked.ask() == {"n": 1}
    assert asked.heard.codes == [str(status), "200"]
    assert asked.heard.retries == [("/a", Reason.SERVER_ERROR)]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 409, 425, 501, 505])
@virtual
async def test_what_a_second_request_cannot_change_is_not_asked_again(status: int) -> None:
    """No 4xx, and no 5xx but those four."""
    asked = desk({"/a": [Reply(b"", status)]})
    with pytest.raises(errors.UpstreamError):
        await asked.ask()
    assert (len(asked.script.asked), asked.heard.retries) == (1, [])


@pytest.mark.parametrize(
    "reply", [Reply(b"<html>"), Reply(b'{"n":'), Reply(b"x", headers={"Content-Encoding": "gzip"})]
)
@virtual
async def test_an_answer_that_cannot_be_read_is_not_asked_for_again(reply: Reply) -> None:
    """A proxy's page would come again."""
    asked = desk({"/a": [reply]})
    with pytest.raises(errors.AnswerMisshapen):
        await asked.ask()
    assert asked.heard.retries == []


@virtual
async def test_no_request_is_sent_more_than_four_times() -> None:
    """However much time is left, an ailing server is not hammered; the last error is the one that is told."""
    steps: list[Step] = [Reply(b"", 500), httpx.ReadError("reset"), Reply(b"", 502), Reply(b"", 503)]
    asked = desk({"/a": steps})
    with pytest.raises(errors.ServerFailed, match="answered 503"):
        await asked.ask(seconds=3600.0)
    assert len(asked.script.asked) == len(steps) == ATTEMPTS
    reasons = [reason for _, reason in asked.heard.retries]
    assert reasons == [Reason.SERVER_ERROR, Reason.CONNECT, Reason.SERVER_ERROR]


@pytest.mark.parametrize(
    "share, waits", [(0.0, [0.0, 0.0, 0.0]), (0.5, [0.25, 0.5, 1.0]), (1.0, [0.5, 1.0, 2.0])]
)
@virtual
async def test_waits_are_drawn_from_windows_that_double(share: float, waits: list[float]) -> None:
    """Full jitter: from nothing at all up to half a second, one, two."""
    asked = desk({"/a": Always(Reply(b"", 500))}, share=share)
    with pytest.raises(errors.ServerFailed):
        await asked.ask(seconds=60.0)
    times = [request.at for request in asked.script.asked]
    assert [later - sooner for sooner, later in pairwise(times)] == waits
    assert asked.heard.waits == [("/a", Reason.SERVER_ERROR, wait) for wait in waits]
    assert asked.heard.surrenders == [("/a", Reason.SERVER_ERROR, None)]
    assert asked.chance.windows[:3] == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0)]


@pytest.mark.parametrize("seconds, attempts", [(1.0, 2), (0.99, 1), (1.99, 2), (2.0, 3)])
@virtual
async def test_a_retry_needs_room_for_the_wait_and_a_typical_request(seconds: float, attempts: int) -> None:
    """Waits of 0.5 s and 1 s, and 0.5 s for a request of which nothing is known yet."""
    asked = desk({"/a": Always(Reply(b"", 500))}, share=1.0)
    with pytest.raises(errors.ServerFailed):
        await asked.ask(seconds=seconds)
    assert len(asked.script.asked) == attempts
    assert loop_time() - START < seconds
    assert asked.heard.surrenders == [("/a", Reason.SERVER_ERROR, 0.5 * 2 ** (attempts - 1))]


@virtual
async def test_what_is_typical_is_learnt_from_the_last_answer() -> None:
    """Where answers take 4 s, a retry with 3 s left is not begun; of another endpoint nothing is known."""
    steps: list[Step] = [Reply([], after=4.0), Reply(b"", 500)]
    asked = desk({"/a": steps, "/b": [Reply(b"", 500), Reply({"n": 1})]})
    await asked.ask(seconds=10.0)
    with pytest.raises(errors.ServerFailed):
        await asked.ask(seconds=3.0)
    assert await asked.ask("/b", seconds=3.0) == {"n": 1}
    assert len(asked.script.requests("/a")) == 2


@virtual
async def test_a_retry_that_stalls_ends_at_the_wall() -> None:
    """The request that was cut off is told as an error; nothing is left waiting."""
    asked = desk({"/a": [Reply(b"", 500), STALL]})
    with pytest.raises(TimeoutError):
        await asked.ask(seconds=5.0)
    assert loop_time() == START + 5.0
    assert asked.heard.codes == ["500", "error"]


@virtual
async def test_the_first_attempt_is_made_however_little_time_is_left() -> None:
    """Only the wall can stop it: a typical request need not be this one."""
    asked = desk({"/a": [Reply({"n": 1}, after=0.05)]})
    assert await asked.ask(seconds=0.1) == {"n": 1}
