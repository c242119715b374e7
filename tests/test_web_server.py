"""What the server does to real connections: clocks, limits, signals."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.model import Selection
from exporter.web.guard import DEFAULTS, Limits
from exporter.web.listen import Address, listen, place
from exporter.web.routes import build_routes
from exporter.web.server import Server, serve
from tests.kit.front import FRONT
from tests.kit.threads import run_connected
from tests.programs import PROJECT

HEADER_SECONDS = 0.4

QUICK = Limits(
    header_seconds=HEADER_SECONDS,
    header_bytes=2048,
    idle_seconds=1,
    send_seconds=0.4,
    connections=40,
    shutdown_seconds=1,
)

GET = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Connection:
    """A client that sends and reads bytes as it likes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[bytes, bytes]:
        """Read one answer with a length: its head and its body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        return head, await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """Read until the server closes."""
        data = b""
        with suppress(ConnectionError):
            data = await self.reader.read()
        return data

    async def closed_after(self) -> float:
        """Wait until the server closes, and say how many seconds that took."""
        began = asyncio.get_running_loop().time()
        await self.rest()
        return asyncio.get_running_loop().time() - began


@dataclass
class Running:
    """A server in this loop."""

    server: Server
    port: int
    connections: list[Connection] = field(default_factory=list)

    async def connect(self) -> Connection:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", self.port))
        self.connections.append(connection)
        return connection

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=60, trust_env=False)


@asynccontextmanager
async def running(app: ASGIApp | None = None, *, limits: Limits = QUICK) -> AsyncIterator[Running]:
    """Serve on a free port, and stop in order."""
    sockets = listen([Address("127.0.0.1", 0)])
    ready = asyncio.Event()
    server = Server(app or build_routes(FRONT), on_ready=lambda _places: ready.set(), limits=limits)
    port = sockets[0].getsockname()[1]
    serving = asyncio.create_task(server.serve(sockets=sockets))
    await ready.wait()
    here = Running(server, port)
    try:
        yield here
    finally:
        server.stop()
        async with asyncio.timeout(60):
            await serving
        for each in here.connections:
            each.writer.close()


def timed(work: Callable[[], Coroutine[Any, Any, None]], *, seconds: float = 60) -> None:
    """Run a coroutine, for so many seconds of virtual time at most."""

    async def go() -> None:
        async with asyncio.timeout(seconds):
            await work()

    run_connected(go())


# Answers over a real connection


def test_a_scrape_over_a_real_connection() -> None:
    """Type, compression and date as they should be; the name of the server is nobody's business."""

    async def go() -> None:
        async with running() as here, here.client() as client:
            response = await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})

        assert response.status_code == 200
        assert response.http_version == "HTTP/1.1"
        assert response.headers["content-encoding"] == "gzip"
        assert response.text.endswith("# EOF\n")
        assert "server" not in response.headers
        assert response.headers["date"].endswith(" GMT")

    timed(go)


def test_a_head_over_a_real_connection_has_no_body_and_keeps_the_connection() -> None:
    """The next request on the same connection is answered."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            await connection.send(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await connection.reader.readuntil(b"\r\n\r\n")
            await connection.send(GET)
            second, body = await connection.answer()

        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"content-type: text/plain; version=0.0.4; charset=utf-8\r\n" in head.lower()
        assert b"content-length" not in head.lower()
        assert second.startswith(b"HTTP/1.1 200 ")
        assert body == b"healthy\n"

    timed(go)


def test_a_connection_serves_many_requests() -> None:
    """Keep-alive, also when the next requests come before the first answer."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            await connection.send(GET * 3)
            for _ in range(3):
                head, body = await connection.answer()
                assert head.startswith(b"HTTP/1.1 200 ")
                assert body == b"healthy\n"
            await connection.send(GET)
            assert (await connection.answer())[1] == b"healthy\n"

    timed(go)


def test_a_client_that_wants_to_close_is_closed() -> None:
    """`Connection: close` and HTTP/1.0 end after the answer."""

    async def go() -> None:
        async with running() as here:
            for request in (
                b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                b"GET /-/healthy HTTP/1.0\r\n\r\n",
            ):
                connection = await here.connect()
                await connection.send(request)
                assert (await connection.rest()).endswith(b"healthy\n")

    timed(go)


def test_the_body_of_a_get_is_ignored_harmlessly() -> None:
    """A small one, a chunked one and one larger than any buffer: the connection goes on after each."""
    chunked = b"5\r\nhello\r\n0\r\n\r\n"
    large = b"x" * 500_000

    async def go() -> None:
        async with running() as here:
            for path in (b"/-/healthy", b"/metrics"):
                connection = await here.connect()
                start = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n"
                for request in (
                    start + b"Content-Length: 5\r\n\r\nhello",
                    start + b"Transfer-Encoding: chunked\r\n\r\n" + chunked,
                    start + b"Content-Length: %d\r\n\r\n" % len(large) + large,
                    GET,
                ):
                    await connection.send(request)
                    assert (await connection.answer())[0].startswith(b"HTTP/1.1 200 ")

    timed(go)


def test_a_wish_to_speak_another_protocol_is_ignored() -> None:
    """There are no web sockets here, and no line in the log for each who asks."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
            await connection.send(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n" + upgrade)
            assert (await connection.answer())[1] == b"healthy\n"

    timed(go)


# The clock on headers


def test_a_silent_connection_is_closed() -> None:
    """Who connects and says nothing has the time of the headers, no more."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            assert HEADER_SECONDS * 0.8 < await connection.closed_after() < HEADER_SECONDS + 0.6

    timed(go)


@pytest.mark.parametrize("first", [b"", GET], ids=["first request", "further request"])
def test_a_client_that_drips_its_headers_is_closed(first: bytes) -> None:
    """A byte now and then does not stop the clock, on a new connection or a kept one."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            if first:
                await connection.send(first)
                await connection.answer()
            closed = asyncio.create_task(connection.closed_after())
            connection.writer.write(b"GET /-/healthy HTTP/1.1\r\nX: ")
            while not closed.done():
                connection.writer.write(b"x")
                await asyncio.sleep(0.05)
            assert HEADER_SECONDS * 0.8 < await closed < HEADER_SECONDS + 0.6

    timed(go)


def test_headers_in_pieces_are_read_when_they_come_in_time() -> None:
    """A slow line is no fault."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            for piece in (GET[:7], GET[7:20], GET[20:]):
                await connection.send(piece)
                await asyncio.sleep(HEADER_SECONDS / 4)
            assert (await connection.answer())[1] == b"healthy\n"

    timed(go)


def test_an_answer_may_take_longer_than_headers_may() -> None:
    """The clock stops once the headers are there; a body that is announced and never comes is no matter."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(HEADER_SECONDS * 2)
        await PlainTextResponse("late\n")(scope, receive, send)

    async def go() -> None:
        async with running(slow) as here:
            connection = await here.connect()
            await connection.send(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
            assert (await connection.answer())[1] == b"late\n"
            assert HEADER_SECONDS * 0.8 < await connection.closed_after() < HEADER_SECONDS + 0.6

    timed(go)


def test_a_body_that_drips_after_the_answer_is_cut_off() -> None:
    """Bytes that nobody waits for do not keep a connection open."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            await connection.send(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
            await connection.answer()
            closed = asyncio.create_task(connection.closed_after())
            while not closed.done():
                connection.writer.write(b"x")
                await asyncio.sleep(0.05)
            assert await closed < HEADER_SECONDS + 0.6

    timed(go)


def test_an_idle_connection_is_kept_for_its_time() -> None:
    """Between requests a connection may be silent for longer than within one, but not for ever."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            await connection.send(GET)
            await connection.answer()
            assert 0.8 < await connection.closed_after() < 1.6

    timed(go)


def test_the_late_end_of_a_body_does_not_keep_a_connection_open_for_ever() -> None:
    """The idle clock runs also when the rest of a body came after the answer."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            await connection.send(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
            await connection.answer()
            await connection.send(b"llo")
            assert 0.8 < await connection.closed_after() < 1.6

    timed(go)


# Limits of size and number


@pytest.mark.parametrize("pieces", [1, 5], ids=["at once", "in pieces"])
def test_headers_up_to_the_limit_are_read(pieces: int) -> None:
    """All bytes from the method to the empty line count."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            request = padded(QUICK.header_bytes)
            step = len(request) // pieces
            for at in range(0, len(request), step):
                await connection.send(request[at : at + step])
            assert (await connection.answer())[1] == b"healthy\n"

    timed(go)


@pytest.mark.parametrize("size", [2049, 16_384, 100_000, 1_000_000])
@pytest.mark.parametrize("complete", [True, False])
def test_longer_headers_are_refused(size: int, complete: bool) -> None:
    """431 and closed, whether they ever end or not; the client can read why."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            connection.writer.write(padded(size) if complete else padded(size + 4)[:-4])
            head, body = await connection.answer()
            assert await connection.rest() == b""

        assert head.startswith(b"HTTP/1.1 431 ")
        assert b"connection: close\r\n" in head.lower()
        assert body == b"request header fields too large\n"

    timed(go)


def padded(size: int) -> bytes:
    """Make a request with headers of exactly so many bytes."""
    start, end = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nX-Padding: ", b"\r\n\r\n"
    return start + b"x" * (size - len(start) - len(end)) + end


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\nX: a\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
    ],
    ids=["empty lines", "one word", "a TLS greeting", "no host", "a zero byte"],
)
@pytest.mark.parametrize("first", [b"", GET], ids=["first request", "further request"])
def test_what_is_not_http_is_refused(
    request_bytes: bytes, first: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """400 and closed, and no line in the log: anybody could fill it."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            if first:
                await connection.send(first)
                await connection.answer()
            await connection.send(request_bytes)
            head, body = await connection.answer()
            await connection.send(b"more")
            assert await connection.rest() == b""

        assert head.startswith(b"HTTP/1.1 400 ")
        assert body == b"bad request\n"

    timed(go)
    assert caplog.records == []


BROKEN_BODY = b"GET /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n"


def test_a_broken_body_ends_the_request_that_it_belongs_to(caplog: pytest.LogCaptureFixture) -> None:
    """The one who waits is told that the client is gone; the client is told why; nothing is logged."""

    async def go() -> None:
        gone = asyncio.Event()

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            assert (await receive())["type"] == "http.disconnect"
            gone.set()
            await PlainTextResponse("nobody reads this\n")(scope, receive, send)

        async with running(waiting) as here:
            connection = await here.connect()
            await connection.send(BROKEN_BODY)
            assert (await connection.rest()).startswith(b"HTTP/1.1 400 ")
            await gone.wait()

    timed(go)
    assert caplog.records == []


def test_a_broken_body_after_the_answer_closes_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """The answer is out, so there is nothing more to say."""

    async def go() -> None:
        async with running() as here:
            connection = await here.connect()
            head, _, broken = BROKEN_BODY.partition(b"not")
            await connection.send(head)
            assert (await connection.answer())[0].startswith(b"HTTP/1.1 404 ")
            await connection.send(b"not" + broken)
            assert await connection.closed_after() < HEADER_SECONDS * 0.8

    timed(go)
    assert caplog.records == []


def test_idle_and_dripping_connections_delay_no_scrape() -> None:
    """With more connections than are kept, those that wait longest go, and a scrape is answered at once."""

    async def go() -> None:
        limits = Limits(header_seconds=60, connections=300)
        async with running(limits=limits) as here:
            idle = [await here.connect() for _ in range(500)]
            dripping = [await here.connect() for _ in range(200)]
            for each in dripping:
                await each.send(b"G")
            began = asyncio.get_running_loop().time()
            async with here.client() as client:
                assert (await client.get("/metrics")).status_code == 200
            assert asyncio.get_running_loop().time() - began < limits.header_seconds / 2
            assert len(here.server.server_state.connections) <= limits.connections
            assert await idle[0].rest() == b""
            assert not dripping[-1].reader.at_eof()

    # In real time: who waits longest is told by a clock that never stands still.
    asyncio.run(asyncio.wait_for(go(), 300))


def test_a_scrape_under_way_is_never_the_one_that_makes_room() -> None:
    """Whoever comes when all are being answered is the one to go."""

    async def go() -> None:
        release = asyncio.Event()

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            await release.wait()
            await PlainTextResponse("done\n")(scope, receive, send)

        async with running(waiting, limits=Limits(connections=2)) as here:
            busy = [await here.connect() for _ in range(2)]
            for each in busy:
                await each.send(GET)
            await asyncio.sleep(0.1)
            assert await (await here.connect()).rest() == b""
            release.set()
            assert [(await each.answer())[1] for each in busy] == [b"done\n", b"done\n"]

    timed(go)


def test_many_connections_at_one_moment_are_not_too_many_either() -> None:
    """Each that comes makes one go, also when none of those that go is closed yet."""

    async def go() -> None:
        async with running(limits=Limits(connections=10)) as here:
            # Without giving the loop a turn, so that it takes all of them in one.
            sockets = [socket.create_connection(("127.0.0.1", here.port)) for _ in range(50)]
            await asyncio.sleep(0.2)
            assert len(here.server.server_state.connections) == 10
            for each in sockets:
                each.close()

    timed(go)


@pytest.mark.parametrize(
    "limits",
    [replace(QUICK, idle_seconds=60), replace(QUICK, send_seconds=60.0)],
    ids=["its clock", "the clock of idle connections"],
)
def test_an_answer_that_nobody_reads_is_dropped(limits: Limits) -> None:
    """A client that takes nothing holds neither the memory nor the connection for ever."""
    size = 32 * 1024 * 1024

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(bytes(size))(scope, receive, send)

    async def go() -> None:
        async with running(large, limits=limits) as here:
            with closing(socket.create_connection(("127.0.0.1", here.port))) as deaf:
                deaf.sendall(GET)
                await until(lambda: len(here.server.server_state.connections) == 1)
                await until(lambda: len(here.server.server_state.connections) == 0)

            connection = await here.connect()
            await connection.send(GET)
            assert len((await connection.answer())[1]) == size

    timed(go)


async def until(true: Callable[[], bool]) -> None:
    """Wait until something has come true."""
    while not true():  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.02)


def test_the_limits_are_those_of_the_documentation() -> None:
    """What people are told is what is built in."""
    text = (PROJECT / "docs" / "http.md").read_text(encoding="utf-8")

    for sentence in (
        f"{DEFAULTS.header_seconds:g} s from the connection",
        f"{DEFAULTS.header_bytes // 1024} KiB of headers",
        f"{DEFAULTS.idle_seconds} s between two requests",
        f"{DEFAULTS.send_seconds:g} s for a client to take an answer",
        f"{DEFAULTS.connections} connections",
        f"{DEFAULTS.shutdown_seconds} s for what is under way",
    ):
        assert sentence in text


# Clients that go, and the end


def test_a_client_that_hangs_up_cancels_its_collection() -> None:
    """Through a real connection: the collection ends with the one who asked for it."""

    async def go() -> None:
        cancelled = asyncio.Event()

        async def endless(_deadline: float, _selection: Selection) -> Any:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        async with running(build_routes(replace(FRONT, collect=endless))) as here:
            connection = await here.connect()
            await connection.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(0.1)
            assert not cancelled.is_set()
            connection.writer.close()
            await cancelled.wait()

    timed(go)


@dataclass
class Slow:
    """An application whose answers take their time."""

    seconds: float
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.entered.set()
        await asyncio.sleep(self.seconds)
        await PlainTextResponse("done\n")(scope, receive, send)


def test_a_server_that_stops_finishes_what_is_under_way() -> None:
    """Nothing new is accepted, idle and refused connections are closed, running requests get their answer."""

    async def go() -> None:
        slow = Slow(0.6)
        async with running(slow, limits=Limits()) as here:
            idle, refused, busy = [await here.connect() for _ in range(3)]
            await refused.send(b"nonsense\r\n\r\n")
            await busy.send(GET)
            await slow.entered.wait()
            here.server.stop()
            assert await idle.rest() == b""
            assert (await refused.rest()).startswith(b"HTTP/1.1 400 ")
            with pytest.raises(ConnectionRefusedError):
                await here.connect()
            _, body = await busy.answer()
            assert body == b"done\n"
            assert await busy.rest() == b""

    timed(go)


def test_a_scrape_that_does_not_end_is_told_that_the_server_does(caplog: pytest.LogCaptureFixture) -> None:
    """After its time it gets a 503 in place of an answer, and no traceback is written."""

    async def go() -> None:
        entered = asyncio.Event()

        async def endless(_deadline: float, _selection: Selection) -> Any:
            entered.set()
            await asyncio.Event().wait()

        async with running(build_routes(replace(FRONT, collect=endless))) as here:
            connection = await here.connect()
            await connection.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            await entered.wait()
            here.server.stop()
            head, body = await connection.answer()

        assert head.startswith(b"HTTP/1.1 503 ")
        assert body == b"shutting down\n"

    timed(go)
    assert [record.exc_info for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_nothing_else(number: signal.Signals) -> None:
    """`serve` comes back, and whoever handled the signal before handles it again."""
    places: list[str] = []
    before = signal.getsignal(number)

    async def go() -> None:
        sockets = listen([Address("127.0.0.1", 0)])
        expected = place(sockets[0])

        def ready(listening: Any) -> None:
            places.extend(listening)
            asyncio.get_running_loop().call_later(0.05, signal.raise_signal, number)

        await serve(build_routes(FRONT), sockets=sockets, on_ready=ready)
        assert places == [expected]
        assert sockets[0].fileno() == -1

    asyncio.run(go())
    assert signal.getsignal(number) == before


def test_a_server_beside_the_main_thread_is_stopped_by_hand() -> None:
    """Signals belong to the main thread; elsewhere there is `stop`."""
    ready = threading.Event()
    server = Server(build_routes(FRONT), on_ready=lambda _places: ready.set())
    sockets = listen([Address("127.0.0.1", 0)])
    port = sockets[0].getsockname()[1]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=sockets)))
    thread.start()

    assert ready.wait(60)
    assert httpx.get(f"http://127.0.0.1:{port}/-/healthy", trust_env=False).text == "healthy\n"
    server.stop()
    thread.join(60)

    assert not thread.is_alive()


PROGRAM = """
import asyncio
from dataclasses import replace
from exporter.web.listen import Address, listen
from exporter.web.routes import build_routes
from exporter.web.server import serve
from tests.kit.front import FRONT, SNAPSHOT

async def slowly(_deadline, _selection):
    print("asked", flush=True)
    await asyncio.sleep(0.5)
    return SNAPSHOT

def ready(places):
    print(places[0], flush=True)

front = replace(FRONT, collect=slowly)
asyncio.run(serve(build_routes(front), sockets=listen([Address("127.0.0.1", 0)]), on_ready=ready))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signalled_process_answers_the_running_scrape_and_exits_with_0(number: signal.Signals) -> None:
    """As a supervisor sees it: no error, no traceback, and no scrape lost."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().strip()
        answers: list[int] = []
        scrape = threading.Thread(
            target=lambda: answers.append(
                httpx.get(f"http://{address}/metrics", trust_env=False, timeout=60).status_code
            )
        )
        scrape.start()
        assert process.stdout.readline() == "asked\n"
        process.send_signal(number)
        scrape.join(60)
        code = process.wait(60)
        errors = process.stderr.read()

    assert answers == [200]
    assert (code, errors) == (0, "")
