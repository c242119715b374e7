"""A crowd of bad clients on loopback: idle, slow, at the start of a handshake, or reading nothing.

Bounded in number; all of them end with the block. Knows TLS and bytes, and nothing of the exporter.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

DRIP: Final = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 600

WHOLE: Final = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"

PAGE: Final = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"

AGAIN: Final = 0.5
"""Seconds before a client that was closed comes back."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many of each kind."""

    idle: int
    slow: int
    handshakes: int
    deaf: int


@dataclass(slots=True)
class Crowd:
    """Who is there; `slow_seconds` are how long each slow sender was suffered."""

    port: int
    tls: ssl.SSLContext | None
    sizes: Sizes
    slow_seconds: list[float] = field(default_factory=list)
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def idle(self) -> None:
        """Ask once, and stay for as long as the server lets it."""
        reader, writer = await self._enter()
        writer.write(WHOLE)
        await self._until_closed(reader, writer)

    async def slow(self) -> None:
        """Send a byte a second."""
        loop = asyncio.get_running_loop()
        reader, writer = await self._enter()
        began = loop.time()
        closed = asyncio.ensure_future(self._until_closed(reader, writer))
        try:
            for place in range(len(DRIP)):
                writer.write(DRIP[place : place + 1])
                done, _ = await asyncio.wait([closed], timeout=1.0)
                if done:
                    break
            self.slow_seconds.append(loop.time() - began)
        finally:
            closed.cancel()
            await asyncio.gather(closed, return_exceptions=True)

    async def half_shaken(self) -> None:
        """Open a connection, and begin no TLS on it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.add(writer)
        await self._until_closed(reader, writer)

    async def deaf(self) -> None:
        """Ask for pages without end, and read none."""
        _, writer = await self._enter()
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # of every real transport
        with suppress(OSError):
            while not writer.is_closing():
                writer.write(PAGE)
                await asyncio.sleep(1.0)
        self._leave(writer)

    async def _enter(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        entered = await asyncio.open_connection("127.0.0.1", self.port, **self._secured())
        self.writers.add(entered[1])
        if len(self.writers) >= self.sizes.idle + self.sizes.slow + self.sizes.deaf:
            self.complete.set()
        return entered

    def _secured(self) -> dict[str, Any]:
        if self.tls is None:
            return {}
        return {"ssl": self.tls, "server_hostname": "localhost", "ssl_handshake_timeout": 60.0}

    async def _until_closed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                while await reader.read(65536):
                    pass
        finally:
            self._leave(writer)

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        self.writers.discard(writer)
        writer.transport.abort()


@asynccontextmanager
async def crowd(port: int, tls: ssl.SSLContext | None, *, sizes: Sizes) -> AsyncIterator[Crowd]:
    """Have them all there, and again whenever they are closed, until the block ends."""
    everybody = Crowd(port, tls, sizes)
    tasks = [
        asyncio.create_task(_over_and_over(each))
        for each, number in (
            (everybody.idle, sizes.idle),
            (everybody.slow, sizes.slow),
            (everybody.half_shaken, sizes.handshakes),
            (everybody.deaf, sizes.deaf),
        )
        for _ in range(number)
    ]
    try:
        yield everybody
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in everybody.writers:
            writer.transport.abort()
        # The loop closes what was cut off at its next turns.
        await asyncio.sleep(0.1)


async def _over_and_over(visit: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(OSError):
            await visit()
        await asyncio.sleep(AGAIN)
