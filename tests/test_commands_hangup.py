"""SIGHUP asks for a reload, whenever it comes, and ends nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import suppress

from exporter.commands.hangup import HANGUP, Hangups, caught_hangups


class Reloads:
    """Counts reloads; while the first is going on, the signals of `meanwhile` come."""

    def __init__(self) -> None:
        self.number = 0
        self.meanwhile: list[signal.Signals] = []
        self.done = asyncio.Event()

    async def reload(self) -> str | None:
        self.number += 1
        for each in self.meanwhile:
            os.kill(os.getpid(), each)
        self.meanwhile.clear()
        await asyncio.sleep(0)
        self.done.set()
        return None

    async def wait(self, number: int) -> None:
        """Wait until there were so many, and for those that nobody asked for."""
        async with asyncio.timeout(60):
            while self.number < number:
                self.done.clear()
                await self.done.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        assert self.number == number


def hang_up(number: int = 1) -> None:
    """Send the signal to this process."""
    assert HANGUP is not None
    for _ in range(number):
        os.kill(os.getpid(), HANGUP)


async def hearing(hangups: Hangups, reloads: Reloads) -> asyncio.Task[None]:
    """Have the reloads done in a task."""
    return asyncio.create_task(hangups.each(reloads.reload))


async def ended(task: asyncio.Task[None]) -> None:
    """Stop it."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_a_signal_that_comes_before_anybody_serves_is_remembered() -> None:
    """Three of them are one reload: what they ask for is what is read then."""

    async def run(hangups: Hangups) -> None:
        reloads = Reloads()
        task = await hearing(hangups, reloads)
        await reloads.wait(1)
        await ended(task)

    with caught_hangups() as hangups:
        hang_up(3)
        asyncio.run(run(hangups))


def test_each_signal_is_heard_while_the_loop_sleeps() -> None:
    """Nothing else need happen for it to wake: the signal comes from a thread that it does not know."""

    async def run(hangups: Hangups) -> None:
        reloads = Reloads()
        task = await hearing(hangups, reloads)
        for number in (1, 2, 3):
            threading.Timer(0.01, hang_up).start()
            await reloads.wait(number)
        await ended(task)

    with caught_hangups() as hangups:
        asyncio.run(run(hangups))


def test_a_signal_during_a_reload_asks_for_another_one() -> None:
    """The file may have changed after it was read."""

    async def run(hangups: Hangups) -> None:
        reloads = Reloads()
        assert HANGUP is not None
        reloads.meanwhile = [HANGUP, HANGUP]
        task = await hearing(hangups, reloads)
        hang_up()
        await reloads.wait(2)
        await ended(task)

    with caught_hangups() as hangups:
        asyncio.run(run(hangups))


def test_a_signal_after_the_end_is_nobodys() -> None:
    """The loop is closed, and the process goes on to its end; then the signal is what it was before."""

    async def run(hangups: Hangups) -> None:
        task = await hearing(hangups, Reloads())
        await asyncio.sleep(0)
        await ended(task)

    before = signal.getsignal(signal.SIGHUP)
    with caught_hangups() as hangups:
        asyncio.run(run(hangups))
        hang_up()
    assert signal.getsignal(signal.SIGHUP) == before


def test_where_there_is_no_such_signal_nothing_is_caught() -> None:
    """As on Windows."""
    before = signal.getsignal(signal.SIGHUP)
    with caught_hangups(None) as hangups:
        assert isinstance(hangups, Hangups)
        assert signal.getsignal(signal.SIGHUP) == before
