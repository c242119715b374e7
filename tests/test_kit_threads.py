"""Virtual time does not pass while a thread works, and passes at once when it is done."""

from __future__ import annotations

import asyncio
import time

import httpx
from anyio import to_thread

from tests.kit.clock import START, loop_time
from tests.kit.threads import run_connected, run_threaded
from tests.upstream import serve


def test_work_in_threads_takes_no_time() -> None:
    """However many work at once, and although a timer is set."""

    async def run() -> list[float]:
        ticking = asyncio.create_task(asyncio.sleep(1.0))
        await asyncio.sleep(0.5)
        moments = []
        for threads in (1, 3):
            await asyncio.gather(*(to_thread.run_sync(time.sleep, 0.02) for _ in range(threads)))
            moments.append(loop_time())
        await ticking
        return [*moments, loop_time()]

    assert run_threaded(run()) == [START + 0.5, START + 0.5, START + 1.0]


def test_a_thread_that_worked_before_holds_nobody_up() -> None:
    """An hour passes at once, and idle threads are let go meanwhile."""

    async def run() -> float:
        for _ in range(3):
            await to_thread.run_sync(time.sleep, 0.001)
            await asyncio.sleep(1200.0)
        return loop_time()

    began = time.monotonic()
    assert run_threaded(run()) == START + 3600.0
    assert time.monotonic() - began < 600.0


def test_what_travels_over_loopback_takes_no_time() -> None:
    """Neither does what is to be read of a thread; a timer is due all the same."""

    async def run() -> tuple[str, list[float]]:
        async with serve({"/a": b"x" * 1_000_000}) as upstream, httpx.AsyncClient(trust_env=False) as client:
            moments = [loop_time()]
            text = (await client.get(f"{upstream.url}/a")).text
            await to_thread.run_sync(time.sleep, 0.05)
            moments.append(loop_time())
            await asyncio.sleep(600.0)
            return text, [*moments, loop_time()]

    assert run_connected(run()) == ("x" * 1_000_000, [START, START, START + 600.0])
