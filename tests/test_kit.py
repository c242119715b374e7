"""Virtual time and the scripted vendor do what the other tests take for granted."""

import asyncio
import socket
import time

import httpx
import pytest

from tests.kit.clock import START, WALL_START, Stuck, WallClock, loop_time, run_virtual
from tests.kit.vendor import STALL, Always, Body, Reply, Script, example, example_bytes, http_date

URL = "https://vendor.test/a"


def test_an_hour_of_waiting_takes_no_time() -> None:
    """Both clocks move on by what was waited for, in the order of the timers."""

    async def run() -> list[str]:
        order: list[str] = []

        async def note(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            order.append(name)

        await asyncio.gather(note("late", 3600.0), note("early", 0.25))
        assert loop_time() == pytest.approx(START + 3600.0)
        assert WallClock(ahead=5.0)() == pytest.approx(WALL_START + 3605.0)
        return order

    began = time.monotonic()
    assert run_virtual(run()) == ["early", "late"]
    assert time.monotonic() - began < 600.0


def test_waiting_for_nobody_is_an_error() -> None:
    """A test that would hang for ever fails at once."""

    async def run() -> None:
        await asyncio.Future()

    with pytest.raises(Stuck):
        run_virtual(run())


def test_files_that_are_ready_come_before_timers() -> None:
    """Real input is not overtaken by virtual time."""

    async def run() -> bytes:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.sendall(b"x")
            async with asyncio.timeout(60):
                got = await loop.sock_recv(ours, 1)
        assert loop_time() == START
        return got

    assert run_virtual(run()) == b"x"


def test_a_script_is_followed_path_by_path() -> None:
    """Answers come in their order and after their time, requests are recorded with it."""

    async def run() -> None:
        script = Script(
            {
                "/a": [
                    Reply({"n": 1}, after=2.0),
                    Reply(b"<", status=502, headers={"X": "y"}),
                    httpx.ReadError("r"),
                ],
                "/b": Always(lambda request: Reply({"asked": request.url.params["q"]})),
            }
        )
        async with httpx.AsyncClient(transport=script) as client:
            first = await client.get(URL, headers={"X-Token": "t"})
            second = await client.get(URL)
            with pytest.raises(httpx.ReadError):
                await client.get(URL)
            third = [(await client.get("https://vendor.test/b", params={"q": n})).json() for n in (1, 2)]
        assert (first.json(), second.status_code, second.content) == ({"n": 1}, 502, b"<")
        assert (first.headers["content-type"], second.headers["x"]) == ("application/json", "y")
        assert third == [{"asked": "1"}, {"asked": "2"}]
        assert [one.at - START for one in script.requests("/a")] == [0.0, 2.0, 2.0]
        assert script.asked[0].headers["x-token"] == "t"
        assert script.asked[-1].query == [("q", "2")]
        assert script.left() == 0

    run_virtual(run())


def test_a_request_that_the_script_does_not_foresee_is_a_failure() -> None:
    """Neither an unknown path nor one request too many goes unnoticed."""

    async def run() -> None:
        script = Script({"/a": [Reply()]})
        async with httpx.AsyncClient(transport=script) as client:
            await client.get(URL)
            for path in ("a", "b"):
                with pytest.raises(AssertionError, match=f"no request to /{path}"):
                    await client.get(f"https://vendor.test/{path}")

    run_virtual(run())


def test_silence_lasts_until_somebody_gives_up() -> None:
    """A stall before the headers, and one within the body."""

    async def run() -> None:
        body = Body([b"[", b"1"], every=1.0, stall=True)
        script = Script({"/a": [STALL, Reply(body)]})
        async with httpx.AsyncClient(transport=script) as client:
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(5.0):
                        await client.get(URL)
        assert loop_time() == START + 10.0
        assert (body.sent, body.closed) == (2, True)

    run_virtual(run())


def test_a_body_may_break_or_never_end() -> None:
    """What was sent before the break is known, and an endless body is cut by its reader."""

    async def run() -> None:
        broken, endless = Body([b"half"], error=httpx.ReadError("reset")), Body([b"ab"], endless=True)
        script = Script({"/a": [Reply(broken), Reply(endless)]})
        async with httpx.AsyncClient(transport=script) as client:
            with pytest.raises(httpx.ReadError):
                await client.get(URL)
            async with client.stream("GET", URL) as answer:
                async for _ in answer.aiter_raw():
                    if endless.sent >= 10:
                        break
        assert (broken.sent, endless.sent, endless.closed) == (4, 10, True)

    run_virtual(run())


def test_the_documented_bodies_are_at_hand() -> None:
    """Decoded and as bytes; and a moment as HTTP writes it."""
    assert example("rocketchat-presence-disabled") == {"users": [], "full": True, "success": True}
    assert b'"full": true' in example_bytes("rocketchat-presence-disabled")
    assert http_date(WALL_START) == "Fri, 15 Jan 2027 08:00:00 GMT"
