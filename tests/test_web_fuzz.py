"""Requests that nobody would write: whatever comes, no answer but the known ones, no traceback, no growth."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from exporter.app import Surroundings
from exporter.commands.demonstration import demonstration
from exporter.commands.setup import Setup, assemble
from exporter.web.guard import Limits
from exporter.web.listen import Address, listen
from exporter.web.routes import WebSettings
from exporter.web.server import Server
from tests.campaigns import campaign
from tests.kit.logs import caught_log
from tests.system.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE: Final = 60.0

LIMITS: Final = Limits(header_seconds=0.1, idle_seconds=1, send_seconds=5.0, shutdown_seconds=1)
"""Half a request is given up soon: the fuzzer sends many."""

PATHS: Final = (
    "/", "/metrics", "/probe", "/sd", "/config", "/debug/collections", "/-/healthy", "/-/ready", "/-/reload",
    "/metrics/", "//", "*", "/favicon.ico",
)  # fmt: skip
NAMES: Final = (
    "Host", "Accept", "Accept-Encoding", "Authorization", "Content-Length", "Transfer-Encoding", "Expect",
    "X-Prometheus-Scrape-Timeout-Seconds", "Connection", "Cookie", "Range", "Upgrade",
)  # fmt: skip
VALUES: Final = (
    "text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=abc", "gzip;q=0",
    "chunked", "100-continue", "0", "-1", "1e9", "nan", "10", "keep-alive", "h2c", "bytes=0-",
    "application/json",
)  # fmt: skip
QUERIES: Final = (
    "",
    "?collect[]=presence",
    "?source=demo-daily",
    "?source=",
    "?format=json",
    "?collect[]=exporter",
)

KNOWN: Final = frozenset({200, 400, 404, 405, 431})
"""Of the contract's own two, 503 needs more scrapes at once and 500 a configuration that cannot be read."""

PLAIN: Final = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

PATIENT: Final = b"GET /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n\r\nbody"

CONTINUE: Final = b"HTTP/1.1 100 "

GROWTH: Final = 50 * 2**20
"""Bytes; the generator's own growth is in it."""

T = TypeVar("T")

text = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=40)


def mostly(good: st.SearchStrategy[T], odd: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """One in ten is odd, so that not every request is refused for its first line."""
    return st.integers(0, 9).flatmap(lambda number: good if number else odd)


word = mostly(
    st.sampled_from(("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get")), text
)
path = mostly(st.sampled_from(PATHS), text)
query = mostly(st.sampled_from(QUERIES), text)
version = mostly(st.sampled_from((" HTTP/1.1", " HTTP/1.0")), st.sampled_from((" HTTP/2", " HTTP/1.10", "")))
name = mostly(st.sampled_from(NAMES), text)
value = mostly(st.sampled_from(VALUES), text)
host = mostly(st.just("Host: localhost\r\n"), st.sampled_from(("", "Host: a\r\nHost: b\r\n")))
ending = mostly(st.just("\r\n\r\n"), st.sampled_from(("\n\n", "\r\n", "")))
body = mostly(st.just(b""), st.binary(max_size=60))


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One request as bytes: mostly right, somewhere wrong."""
    head = f"{draw(word)} {draw(path)}{draw(query)}{draw(version)}\r\n{draw(host)}"
    for _ in range(draw(st.integers(0, 3))):
        head += f"{draw(name)}: {draw(value)}\r\n"
    return f"{head}Connection: close{draw(ending)}".encode("latin-1") + draw(body)


@contextmanager
def serving() -> Iterator[tuple[int, Server]]:
    """The demo on a loopback port, in a thread; gives the port and the server."""
    loaded, transport = demonstration()
    application = assemble(Setup(loaded, Surroundings(transport)), web=WebSettings())
    sockets = listen([Address("127.0.0.1", 0)])
    ready = threading.Event()
    server = Server(application.web, on_ready=lambda _: ready.set(), limits=LIMITS)

    async def live() -> None:
        await server.serve(sockets=sockets)
        await application.aclose()

    port: int = sockets[0].getsockname()[1]
    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield port, server
    finally:
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def status_of(request: bytes, *, port: int) -> int | None:
    """What the answer's first line says; None where the connection ended without one."""
    data = b""
    with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(request)
        while not is_whole(data) and (piece := client.recv(65536)):
            data += piece
            # Who asks for it is told to go on, before the answer.
            while data.startswith(CONTINUE) and b"\r\n\r\n" in data:
                data = data.partition(b"\r\n\r\n")[2]
    return int(data.split(b" ", 2)[1]) if data else None


def is_whole(data: bytes) -> bool:
    """True where all of an answer is there: nobody waits for the server to close after a refusal."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return bool(end) and length is not None and len(body) >= int(length[1])


@pytest.mark.soak
def test_whatever_is_sent_is_answered_with_a_known_status() -> None:
    """No 5xx, no line in the log, no connection left, no growth."""
    examples = campaign(sample=200, full=20_000)
    seen: Counter[int | None] = Counter()
    with serving() as (port, server), caught_log("warn") as log:

        @seed(20270120)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(request=requests())
        @example(request=PATIENT)
        def send(request: bytes) -> None:
            status = status_of(request, port=port)
            seen[status] += 1
            assert status is None or status in KNOWN

        assert status_of(PLAIN, port=port) == 200
        before = resident()
        send()
        assert status_of(PLAIN, port=port) == 200
        state = server.server_state
        eventually(lambda: not (state.connections or state.tasks), what="all closed", seconds=PATIENCE)
        assert resident() < before + GROWTH
    assert log.text == ""
    assert sum(seen.values()) >= examples
    assert seen[200] > examples / 10
    assert seen[400] > examples / 20


def resident() -> int:
    """Bytes of this process in memory, garbage apart."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
