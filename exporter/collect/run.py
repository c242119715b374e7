"""One run of one collector, for as long as somebody waits for it.

It lives to the deadline of its latest waiter, each waiter leaves at its own, and it is cancelled when all
have gone. It knows no source, and nothing of what is collected.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

from exporter.journal import Event, Recording
from exporter.model import Answer, Deadline, Facts, Partial, Reason

GRACE: Final = 0.02
"""Seconds that a waiter stays beyond its deadline, so that a run that ends on it still gives its own
answer."""

LATE: Final = "no answer before the scrape's deadline"


class Run:
    """One run of one collector, for as long as somebody waits for it."""

    def __init__(
        self,
        collect: Callable[["Run"], Coroutine[None, None, Answer[Facts]]],
        until: float,
        *,
        note: Recording,
    ) -> None:
        self.note = note
        self.started = now()
        self.deadline = Deadline(until)
        self._wall: asyncio.Timeout | None = None
        self._waiting = 0
        self._abandoned = False
        self.task = asyncio.create_task(collect(self))

    @property
    def over(self) -> bool:
        """True where nobody can join any more."""
        return self._abandoned or self.task.done() or (self._wall is not None and self._wall.expired())

    async def inside_wall(self, collect: Callable[[Deadline], Awaitable[Partial]]) -> Partial:
        """Run `collect` to the deadline of the latest waiter; raises `TimeoutError` there."""
        async with asyncio.timeout_at(self.deadline.at) as self._wall:
            return await collect(self.deadline)

    async def wait(self, until: float) -> Answer[Facts]:
        """Wait for the answer, at most to this waiter's own deadline; the last one to leave ends the run."""
        self._waiting += 1
        self.deadline.extend(until)
        if self._wall is not None:
            self._wall.reschedule(self.deadline.at)
        try:
            async with asyncio.timeout_at(until + GRACE):
                return await asyncio.shield(self.task)
        except TimeoutError:
            # Where decoding kept the loop past this moment, the answer is there all the same.
            if self.task.done():
                return self.task.result()
            return Answer(None, Reason.TIMEOUT, now() - self.started, LATE)
        finally:
            self._waiting -= 1
            if not self.task.done():
                self.note.note(Event.LEFT)
            # A run whose time is up ends by itself, and counts as failed.
            if not self._waiting and not self.over:
                self._abandoned = True
                self.task.cancel()


def now() -> float:
    """The running loop's time."""
    return asyncio.get_running_loop().time()
