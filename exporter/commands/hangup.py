"""SIGHUP asks for a reload: one that comes before anybody serves is remembered and ends no process.

It knows signals and an event loop, and not what a reload does. Windows has no such signal.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import FrameType

HANGUP: Final[signal.Signals | None] = getattr(signal, "SIGHUP", None)


class Hangups:
    """The signals that came and were not heard yet: however many, they ask for one reload."""

    def __init__(self) -> None:
        self._came = False
        self._wake: Callable[[], object] | None = None

    def heard(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Take in a signal; whatever the process is doing is interrupted by this."""
        self._came = True
        if self._wake is not None:
            # A loop that is closed serves nobody any more.
            with suppress(RuntimeError):
                self._wake()

    async def each(self, reload: Callable[[], Awaitable[Any]]) -> None:
        """Reload once for all signals that came before, and again for those that come later, for ever."""
        # Not at the top: the command line needs this file before it knows whether anything will be served.
        import asyncio  # noqa: PLC0415

        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        while True:
            woken.clear()
            if self._came:
                self._came = False
                await reload()
            else:
                await woken.wait()


@contextmanager
def caught_hangups(number: signal.Signals | None = HANGUP) -> Iterator[Hangups]:
    """Have the signal heard from now on, for as long as the block lasts."""
    hangups = Hangups()
    if number is None:
        yield hangups
        return
    before = signal.signal(number, hangups.heard)
    try:
        yield hangups
    finally:
        signal.signal(number, before)
