"""A real HTTP server on loopback that serves an httpx transport, or ready bodies, bad connections included.

What a transport raises becomes what a client on a network would see: a reset connection. It records each
request and knows nothing of the exporter. A refused connection needs a closed port: `down()`, and `up()` to
come back on the same one.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came over the wire; names of header fields in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Exchange: TypeAlias = Callable[[Seen], Awaitable[httpx.Response]]


@dataclass(frozen=True, slots=True)
class Canned:
    """A ready answer; without a content type of its own it is JSON."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Bodies: TypeAlias = Mapping[str, bytes | Canned]
"""Path (without the query) → the answer; any other path is answered with 404."""


class CannedTransport(httpx.AsyncBaseTransport):
    """Answers by path; the bodies may be exchanged while it runs."""

    def __init__(self, bodies: Bodies) -> None:
        self.bodies = bodies

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        found = self.bodies.get(request.url.path, Canned(b'{"error":"not-found"}', status=404))
        canned = Canned(found) if isinstance(found, bytes) else found
        headers = {"Content-Type": "application/json", **canned.headers}
        return httpx.Response(canned.status, headers=headers, content=canned.content)


class Upstream:
    """A running server: its address, and what it was asked so far."""

    def __init__(self, transport: httpx.AsyncBaseTransport, *, origin: str | None) -> None:
        self.requests: list[Seen] = []
        self.faults: list[Exception] = []
        self.port = 0
        self._transport = transport
        self._origin = origin
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def asked(self, path: str) -> list[Seen]:
        """Give the requests for a path, whatever their queries."""
        return [seen for seen in self.requests if seen.path == path]

    async def up(self) -> None:
        """Accept connections, on the same port as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, "127.0.0.1", self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse new connections and reset those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await asyncio.gather(*(connection.abort() for connection in list(self._connections)))

    def _connection(self) -> "_Connection":
        return _Connection(self._exchange, self._connections)

    async def _exchange(self, seen: Seen) -> httpx.Response:
        """Ask the transport; what it raises that no network would is a fault: the test fails at its end."""
        self.requests.append(seen)
        request = httpx.Request(seen.method, (self._origin or self.url) + seen.target, headers=seen.headers)
        try:
            return await self._transport.handle_async_request(request)
        except httpx.TransportError:
            raise
        except Exception as fault:
            self.faults.append(fault)
            raise httpx.ReadError("fault in the transport") from fault


def reset(connection: asyncio.WriteTransport) -> None:
    """End a connection by RST, which is what a lingering time of zero does."""
    with suppress(OSError):
        raw = connection.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.abort()


class _Connection(asyncio.Protocol):
    """One client's connection: requests one after the other, until the client or a failure ends it."""

    def __init__(self, exchange: Exchange, everybody: set["_Connection"]) -> None:
        self._exchange = exchange
        self._everybody = everybody
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        # Nothing may wait in our own buffer: a reset throws it away, so the client would see less of it.
        transport.set_write_buffer_limits(high=0)
        self._transport = transport
        self._everybody.add(self)
        self._talking = asyncio.get_running_loop().create_task(self._talk())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._everybody.discard(self)
        self._talking.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def abort(self) -> None:
        """Reset the connection."""
        reset(self._transport)
        if asyncio.current_task() is not self._talking:
            self._talking.cancel()
            await asyncio.gather(self._talking, return_exceptions=True)

    async def _talk(self) -> None:
        try:
            while True:
                await self._answer(await self._request())
        except httpx.TransportError:
            await self.abort()

    async def _request(self) -> Seen:
        while b"\r\n\r\n" not in self._buffer:
            self._arrived.clear()
            await self._arrived.wait()
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        fields = (line.partition(":") for line in lines)
        return Seen(method, target, {name.lower(): value.strip() for name, _, value in fields})

    async def _answer(self, seen: Seen) -> None:
        response = await self._exchange(seen)
        chunked = "content-length" not in response.headers
        if chunked:
            response.headers["transfer-encoding"] = "chunked"
        head = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}".encode()]
        head += [name + b": " + value for name, value in response.headers.raw]
        await self._send(b"\r\n".join([*head, b"", b""]))
        assert isinstance(response.stream, httpx.AsyncByteStream)
        try:
            async for chunk in response.stream:
                await self._send(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
        finally:
            await response.aclose()
        if chunked:
            await self._send(b"0\r\n\r\n")

    async def _send(self, data: bytes) -> None:
        self._transport.write(data)
        await self._writable.wait()


@asynccontextmanager
async def serve(
    answer: httpx.AsyncBaseTransport | Bodies, *, origin: str | None = None
) -> AsyncIterator[Upstream]:
    """Serve a transport, or bodies by path, until the block ends.

    The transport sees requests to this server's own address, or to `origin` (scheme and host) where it tells
    hosts apart.
    """
    transport = answer if isinstance(answer, httpx.AsyncBaseTransport) else CannedTransport(answer)
    upstream = Upstream(transport, origin=origin)
    await upstream.up()
    try:
        yield upstream
    finally:
        await upstream.down()
    if upstream.faults:
        raise upstream.faults[0]


class Running:
    """A server in a thread of its own, for tests that have no event loop."""

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        self._upstream = upstream
        self._loop = loop

    @property
    def url(self) -> str:
        return self._upstream.url

    @property
    def port(self) -> int:
        return self._upstream.port

    @property
    def requests(self) -> list[Seen]:
        return self._upstream.requests

    def asked(self, path: str) -> list[Seen]:
        return self._upstream.asked(path)

    def up(self) -> None:
        asyncio.run_coroutine_threadsafe(self._upstream.up(), self._loop).result(60)

    def down(self) -> None:
        asyncio.run_coroutine_threadsafe(self._upstream.down(), self._loop).result(60)


@contextmanager
def run_server(answer: httpx.AsyncBaseTransport | Bodies, *, origin: str | None = None) -> Iterator[Running]:
    """Do as `serve` does, in a thread."""
    started: Future[tuple[Upstream, asyncio.AbstractEventLoop]] = Future()
    ended = asyncio.Event()

    async def run() -> None:
        async with serve(answer, origin=origin) as upstream:
            started.set_result((upstream, asyncio.get_running_loop()))
            await ended.wait()

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(lambda: asyncio.run(run()))
        upstream, loop = started.result(60)
        try:
            yield Running(upstream, loop)
        finally:
            loop.call_soon_threadsafe(ended.set)
            running.result(60)
