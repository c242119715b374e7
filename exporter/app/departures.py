"""Sources that are asked no more: each is closed when nobody uses it, and its pauses are remembered.

It knows nothing of those in force.
"""

import asyncio
from collections.abc import Callable, Iterator

import structlog

from exporter.app.members import Member
from exporter.collect import Users
from exporter.log import frames
from exporter.model import Source

log = structlog.get_logger(__name__)


class Departures:
    """The sources that left, for as long as anything of them is left."""

    def __init__(self) -> None:
        self._closing: dict[Member, asyncio.Task[None]] = {}
        self._closed: list[Member] = []

    def add(self, member: Member, users: Users, *, unused: Callable[[Member], None]) -> None:
        """Close it when its last user is gone, which `unused` is told just before."""
        self._closing[member] = asyncio.create_task(self._close(member, users, unused=unused))

    def remembered(self, *, now: float) -> Iterator[Member]:
        """Those that may still learn of a pause, or that know of one in force (`now` in the loop's time)."""
        self._closed = [each for each in self._closed if each.pauses.in_force(now=now)]
        return iter((*self._closing, *self._closed))

    async def aclose(self) -> None:
        """Close all that are not closed yet, whoever uses them."""
        left = dict(self._closing)
        for task in left.values():
            task.cancel()
        await asyncio.gather(*left.values(), return_exceptions=True)
        for member in left:
            await close(member.source)

    async def _close(self, member: Member, users: Users, *, unused: Callable[[Member], None]) -> None:
        await users.none()
        unused(member)
        await close(member.source)
        if member.pauses.in_force(now=asyncio.get_running_loop().time()):
            self._closed.append(member)
        del self._closing[member]


async def close(source: Source) -> None:
    """Close a source; where a bug prevents that, the others are closed all the same."""
    try:
        await source.aclose()
    except Exception as bug:  # noqa: BLE001 - the wall: it is of no use any more, and its words may hold anything
        log.error("a source could not be closed", source=source.name, traceback=frames(bug))
