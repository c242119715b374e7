"""Requests that nobody would write: whatever comes, no answer but the known ones, no traceback, no growth."""

from __future__ import annotations

import re
import socket
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from tests.campaigns import campaign
from tests.commandline import start_process
from tests.system.processes import Process, eventually, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE: Final = 60.0

GIVEN_UP: Final = 0.3
"""Seconds for which an answer is waited for: the fuzzer sends many halves of requests."""

SPARE: Final = 2
"""Open files more than before: of a connection that is closed at this moment."""

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
"""Bytes: the journal, the templates and the world's plans fill up first."""

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


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[tuple[Process, int]]:
    """The demo as a process of its own, since the generator grows as well, and its port."""
    port = free_port()
    process = start_process("--demo", "--web.listen-address", f"127.0.0.1:{port}", folder=tmp_path)
    try:
        process.wait_until_answers(f"http://127.0.0.1:{port}/-/ready", seconds=PATIENCE)
        yield process, port
    finally:
        code = process.stop()
    assert code == 0


def status_of(request: bytes, *, port: int) -> int | None:
    """What the answer's first line says; None where the connection ended without one."""
    data = b""
    with (
        suppress(ConnectionError, TimeoutError),
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client,
    ):
        client.sendall(request)
        # What is not whole waits for the rest, and nobody here waits with it.
        client.settimeout(PATIENCE if request == PLAIN else GIVEN_UP)
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
def test_whatever_is_sent_is_answered_with_a_known_status(exporter: tuple[Process, int]) -> None:
    """No 5xx, no traceback, no connection left, no growth."""
    process, port = exporter
    examples = campaign(sample=200, full=20_000)
    seen: Counter[int | None] = Counter()

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

    for path in PATHS:
        status_of(PLAIN.replace(b"/metrics", path.encode()), port=port)
    before = held_by(process)
    send()
    assert status_of(PLAIN, port=port) == 200
    eventually(lambda: held_by(process)[1] <= before[1] + SPARE, what="all closed", seconds=PATIENCE)
    assert held_by(process)[0] < before[0] + GROWTH
    assert "traceback" not in process.stderr
    assert sum(seen.values()) >= examples
    assert seen[200] > examples / 10
    assert seen[400] > examples / 20


def held_by(process: Process) -> tuple[int, int]:
    """Bytes in memory, and open files."""
    about = Path(f"/proc/{process.popen.pid}")
    pages = int((about / "statm").read_text(encoding="ascii").split()[1])
    return pages * 4096, len(list((about / "fd").iterdir()))
