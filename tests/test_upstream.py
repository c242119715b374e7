"""The loopback server of the tests does to a real client what its name says."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from exporter.demo import CHAT_TOKEN, CHAT_URL, CHAT_USER_ID, DemoTransport, World
from tests.upstream import Bodies, Canned, CannedTransport, run_server, serve


class Stream(httpx.AsyncByteStream):
    """A body made of chunks, then an exception if one is given; remembers that it was closed."""

    def __init__(self, *chunks: bytes, error: Exception | None = None, endless: bool = False) -> None:
        self.chunks = chunks
        self.error = error
        self.endless = endless
        self.sent = 0
        self.closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        while self.endless:
            self.sent += len(self.chunks[0])
            yield self.chunks[0]
        if self.error is not None:
            raise self.error

    async def aclose(self) -> None:
        self.closed.set()


class Fake(httpx.AsyncBaseTransport):
    """Answers with a stream or raises; tells when it was begun and when it was cancelled."""

    def __init__(self, *, stream: Stream | None = None, error: Exception | None = None) -> None:
        self.stream = stream
        self.error = error
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.begun.set()
        if self.error is not None:
            raise self.error
        if self.stream is not None:
            return httpx.Response(200, stream=self.stream)
        try:
            return await asyncio.Future()
        finally:
            self.cancelled.set()


def test_it_serves_ready_bodies_by_path_and_records_what_was_asked() -> None:
    """Bytes are JSON with 200, anything else is said by `Canned`, unknown paths are 404."""

    async def run() -> None:
        bodies: Bodies = {
            "/presence": b"{}",
            "/broken": Canned(b"<html>", status=502, headers={"Content-Type": "text/html"}),
        }
        async with serve(bodies) as upstream, httpx.AsyncClient(base_url=upstream.url) as client:
            good = await client.get("/presence", params={"a": "1"}, headers={"X-Token": "t"})
            bad = await client.get("/broken")
            missing = await client.get("/else")
            posted = await client.post("/presence")
        assert (good.status_code, good.text, good.headers["content-type"]) == (200, "{}", "application/json")
        assert (bad.status_code, bad.text, bad.headers["content-type"]) == (502, "<html>", "text/html")
        assert (missing.status_code, posted.status_code) == (404, 200)
        seen = upstream.asked("/presence")
        assert [(one.method, one.target) for one in seen] == [("GET", "/presence?a=1"), ("POST", "/presence")]
        assert seen[0].headers["x-token"] == "t"
        assert len(upstream.requests) == 4

    asyncio.run(run())


def test_bodies_may_change_while_it_runs() -> None:
    """A test can give the vendor another state between two requests."""

    async def run() -> None:
        canned = CannedTransport({"/": b"1"})
        async with serve(canned) as upstream, httpx.AsyncClient(base_url=upstream.url) as client:
            before = await client.get("/")
            canned.bodies = {"/": b"2"}
            after = await client.get("/")
        assert (before.text, after.text) == ("1", "2")

    asyncio.run(run())


def test_a_body_without_a_length_is_sent_in_chunks() -> None:
    """A stream of the transport reaches the client whole, and is closed."""

    async def run() -> None:
        stream = Stream(b"one,", b"two")
        async with serve(Fake(stream=stream)) as upstream, httpx.AsyncClient(base_url=upstream.url) as client:
            answer = await client.get("/")
        assert answer.text == "one,two"
        assert answer.headers["transfer-encoding"] == "chunked"
        assert stream.closed.is_set()

    asyncio.run(run())


def test_a_request_may_come_in_pieces_and_two_may_come_at_once() -> None:
    """A connection stays open between answers and takes the bytes as a network gives them."""
    with (
        run_server({"/a": b"first", "/b": b"second"}) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as client,
    ):
        client.sendall(b"GET /a HTTP/1.1\r\nHo")
        client.sendall(b"st: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while b"second" not in received:
            received += client.recv(4096)
        assert received.index(b"first") < received.index(b"second")
        assert received.count(b"HTTP/1.1 200 OK\r\n") == 2


def test_a_failure_before_the_answer_resets_the_connection() -> None:
    """The client sees no byte, and the errno of a reset."""
    error = httpx.ConnectError("refused")
    with (
        run_server(Fake(error=error)) as server,
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_failure_within_the_body_resets_the_connection_there() -> None:
    """What was sent before arrives, then the reset."""
    stream = Stream(b"half", error=httpx.ReadError("reset"))
    with run_server(Fake(stream=stream)) as server:
        received: list[bytes] = []
        with httpx.Client() as client, client.stream("GET", server.url) as answer:
            with pytest.raises(httpx.ReadError):
                received.extend(answer.iter_bytes())
            assert answer.status_code == 200
        assert received == [b"half"]


def test_a_server_that_is_down_refuses_and_comes_back_on_its_port() -> None:
    """Open connections are reset, new ones refused, until it is up again."""
    with run_server({"/": b"{}"}) as server, httpx.Client(base_url=server.url) as client:
        url = server.url
        assert client.get("/").status_code == 200
        server.down()
        with pytest.raises((httpx.ConnectError, httpx.ReadError, httpx.WriteError)):
            client.get("/")
        with pytest.raises(httpx.ConnectError):
            client.get("/")
        server.down()
        server.up()
        assert server.url == url
        assert client.get("/").status_code == 200
        assert len(server.asked("/")) == len(server.requests) == 2


def test_going_down_resets_an_answer_that_is_under_way() -> None:
    """A client that waits is not left waiting."""

    async def run() -> None:
        fake = Fake()
        async with serve(fake) as upstream, httpx.AsyncClient() as client:
            waiting = asyncio.ensure_future(client.get(upstream.url))
            await fake.begun.wait()
            await upstream.down()
            with pytest.raises(httpx.ReadError):
                await waiting
        assert fake.cancelled.is_set()

    asyncio.run(run())


def test_a_client_that_leaves_ends_the_answer() -> None:
    """Nothing keeps stalling for somebody who has gone."""

    async def run() -> None:
        fake = Fake()
        async with serve(fake) as upstream, httpx.AsyncClient(timeout=None) as client:
            asking = asyncio.create_task(client.get(upstream.url))
            await asyncio.wait_for(fake.begun.wait(), 60)
            asking.cancel()
            await asyncio.wait_for(fake.cancelled.wait(), 60)

    asyncio.run(run())


def test_an_endless_body_is_sent_only_as_fast_as_it_is_read() -> None:
    """A reader that stops holds it, and one that leaves ends it."""

    async def run() -> None:
        stream = Stream(b"x" * 65536, endless=True)
        async with serve(Fake(stream=stream)) as upstream, httpx.AsyncClient() as client:
            async with client.stream("GET", upstream.url) as answer:
                body = answer.aiter_bytes()
                received = 0
                while received < 8_000_000:
                    received += len(await anext(body))
                sent = stream.sent
                await asyncio.sleep(0.05)
                assert stream.sent - sent < 20_000_000
                assert not stream.closed.is_set()
            await asyncio.wait_for(stream.closed.wait(), 60)

    asyncio.run(run())


def test_a_transport_that_breaks_fails_the_test() -> None:
    """A fault in a fake is not taken for the weather on the network."""

    async def run() -> None:
        async with serve(Fake(error=ValueError("a bug"))) as upstream, httpx.AsyncClient() as client:
            with pytest.raises(httpx.ReadError):
                await client.get(upstream.url)

    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(run())


def test_the_simulated_world_can_be_served() -> None:
    """Both vendors behind one address, told apart by path, or one of them by its own host."""
    login = {"X-User-Id": CHAT_USER_ID, "X-Auth-Token": CHAT_TOKEN}
    world = World("served", lambda: 1_800_000_000)
    with run_server(DemoTransport(world)) as both, run_server(DemoTransport(world), origin=CHAT_URL) as chat:
        assert httpx.get(f"{both.url}/v1/presence").json()["error"] == "authorization-header-error"
        assert httpx.get(f"{both.url}/api/v1/me", headers=login).json()["username"] == "exporter"
        assert httpx.get(f"{chat.url}/api/v1/me", headers=login).json()["username"] == "exporter"
