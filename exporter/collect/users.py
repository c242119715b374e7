"""Counts who uses one source at this moment, so that it is closed when nobody does; knows no source."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Users:
    """The pulls that are about one source, and its runs: one that is cancelled may take a while to end."""

    def __init__(self) -> None:
        self._number = 0
        self._gone = asyncio.Event()

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count a user for as long as the block lasts."""
        self._number += 1
        try:
            yield
        finally:
            self._leave()

    def until_done(self, task: asyncio.Task[Any]) -> None:
        """Count a user for as long as the task lasts."""
        self._number += 1
        task.add_done_callback(lambda _: self._leave())

    async def none(self) -> None:
        """Wait until there is no user."""
        while self._number:
            self._gone.clear()
            await self._gone.wait()

    def _leave(self) -> None:
        self._number -= 1
        self._gone.set()
