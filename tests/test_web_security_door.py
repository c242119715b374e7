"""TLS on real connections: handshakes that are good, slow, silent, broken or too many."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
import trustme
from starlette.applications import Starlette
from starlette.routing import Route

from exporter.web.guard import DEFAULTS, Limits
from exporter.web.listen import Address, listen
from exporter.web.security import WebSecurity
from exporter.web.security.context import Handshake
from exporter.web.server import Server
from tests.kit.certificates import write_issued, write_self_signed
from tests.kit.logs import caught_log
from tests.kit.secured import REFUSED, Serving, ask_at, plain_context, served, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

QUICK: Final = replace(DEFAULTS, header_seconds=1.0, shutdown_seconds=2)
GET: Final = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A web configuration file for TLS."""
    write_issued(tmp_path / "server.crt", trustme.CA().issue_cert("server.example.org"))
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}")
    return path


@contextmanager
def secured(file: Path, *, limits: Limits = QUICK) -> Iterator[tuple[Serving, int]]:
    """A server with that file, and its port."""
    with serving(limits) as here:
        yield here, here.start(WebSecurity(file))


def wait_for_the_end(connection: socket.socket) -> None:
    """Read until the server closes."""
    connection.settimeout(60)
    with suppress(ConnectionError), connection.makefile("rb") as incoming:
        incoming.read()


def opened(port: int) -> socket.socket:
    """A connection on which nothing has been said."""
    return socket.create_connection(("127.0.0.1", port), timeout=60)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_are_answered_over_tls(file: Path, version: ssl.TLSVersion) -> None:
    """One after another on one connection, and as many as come at once."""
    context = plain_context(version=version)
    with secured(file) as (here, port), context.wrap_socket(opened(port)) as speaking:
        speaking.sendall(GET)
        answer = speaking.recv(65536)
        while answer.count(b"served\n") < 1:
            answer += speaking.recv(65536)
        speaking.sendall(GET * 3)
        while answer.count(b"served\n") < 4:
            answer += speaking.recv(65536)
        assert here.open_connections() == 1
    assert answer.count(b"HTTP/1.1 200 ") == 4


def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered(file: Path) -> None:
    """In one packet, as TLS 1.3 has it; through a client that sends when it likes."""
    with secured(file) as (_, port), opened(port) as raw:
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = plain_context(version=ssl.TLSVersion.TLSv1_3).wrap_bio(to_client, to_server)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        raw.sendall(to_server.read())
        while True:
            to_client.write(raw.recv(65536))
            with suppress(ssl.SSLWantReadError):
                client.do_handshake()
                break
        client.write(GET)
        raw.sendall(to_server.read())
        answer = b""
        while b"served" not in answer:
            to_client.write(raw.recv(65536))
            # Head and body may have come together, each in a record of its own.
            with suppress(ssl.SSLWantReadError):
                while True:
                    answer += client.read(65536)
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "said", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"], ids=["silent", "a byte", "half"]
)
def test_a_handshake_that_does_not_end_is_closed(file: Path, said: bytes) -> None:
    """After the time for headers, and so before one that came later and ended its own; both are counted."""
    with secured(file) as (here, port), opened(port) as raw:
        raw.sendall(said)
        time.sleep(QUICK.header_seconds / 4)
        with plain_context(version=ssl.TLSVersion.TLSv1_2).wrap_socket(opened(port)) as second:
            assert raw in select.select([raw, second], [], [], 60)[0]
        assert ask_at(port, tls=plain_context()).status == 200
        wait_until(lambda: here.open_connections() == 0)


def test_the_time_for_headers_begins_with_the_connection(file: Path) -> None:
    """A slow handshake leaves less for them: who came first goes first."""
    limits = replace(DEFAULTS, header_seconds=2.0)
    with secured(file, limits=limits) as (_, port), opened(port) as first:
        time.sleep(limits.header_seconds / 4)
        with opened(port) as second:
            time.sleep(limits.header_seconds / 2)
            with plain_context(version=ssl.TLSVersion.TLSv1_2).wrap_socket(first) as speaking:
                assert speaking in select.select([speaking, second], [], [], 60)[0]


def test_what_is_not_tls_is_closed(file: Path) -> None:
    """Plain words, for one; with a line for whoever looks for the reason, and for nobody else."""
    with caught_log() as lines, secured(file) as (here, port):
        assert ask_at(port).status == REFUSED
        wait_until(lambda: here.open_connections() == 0)
    said = lines.events("a TLS handshake failed")
    assert [(line["level"], line["why"]) for line in said] == [("debug", "HTTP_REQUEST")]


def test_half_open_handshakes_count_as_connections(file: Path) -> None:
    """The ones that wait longest make room, so that a scrape is answered at once."""
    with secured(file, limits=replace(DEFAULTS, connections=20)) as (here, port):
        silent = [opened(port) for _ in range(60)]
        assert ask_at(port, tls=plain_context()).status == 200
        assert here.open_connections() <= 20
        wait_for_the_end(silent[0])
        for each in silent:
            each.close()


def test_a_handshake_under_way_does_not_hold_up_the_end(file: Path) -> None:
    """It is dropped, as nothing was asked."""
    with secured(file, limits=replace(DEFAULTS, shutdown_seconds=30)) as (here, port):
        raw = opened(port)
        wait_until(lambda: here.open_connections() == 1)
    wait_for_the_end(raw)
    raw.close()


def test_an_idle_client_does_not_hold_up_the_end(file: Path) -> None:
    """One that never says farewell is not waited for."""
    with secured(file) as (here, port):
        raw = plain_context().wrap_socket(opened(port))
        raw.sendall(GET)
        while b"served" not in raw.recv(65536):
            pass
        assert here.open_connections() == 1
    raw.close()


def test_a_client_that_leaves_within_the_handshake_is_forgotten(file: Path) -> None:
    """At any moment of it."""
    with secured(file) as (here, port):
        for said in (b"", b"\x16\x03\x01"):
            with opened(port) as raw:
                raw.sendall(said)
        wait_until(lambda: here.open_connections() == 0)
        assert ask_at(port, tls=plain_context()).status == 200


def test_a_certificate_without_an_allowed_name_is_refused_after_the_handshake(file: Path) -> None:
    """And the connection is not counted any more."""
    file.write_text(
        "tls_server_config: {cert_file: server.crt, key_file: server.key,"
        " client_auth_type: RequireAnyClientCert, client_allowed_sans: [good.example.org]}"
    )
    good = write_issued(file.with_name("good.pem"), trustme.CA().issue_cert("good.example.org"))
    bad = write_self_signed(file.with_name("bad.pem"))
    with secured(file) as (here, port):
        assert ask_at(port, tls=plain_context(cert=good)).status == 200
        assert ask_at(port, tls=plain_context(cert=bad)).status == REFUSED
        wait_until(lambda: here.open_connections() == 0)


def test_a_replaced_authority_lets_nobody_in_any_more(file: Path) -> None:
    """Without a restart; who was in the old one alone is refused, who is in the new one comes in."""
    file.write_text(
        "tls_server_config: {cert_file: server.crt, key_file: server.key,"
        " client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}"
    )
    old, new = trustme.CA(), trustme.CA()
    certificates = [
        write_issued(file.with_name(f"{number}.pem"), authority.issue_cert("client.example.org"))
        for number, authority in enumerate((old, new))
    ]
    file.with_name("ca.pem").write_bytes(old.cert_pem.bytes())
    with secured(file) as (_, port):
        for authority, expected in ((old, [200, REFUSED]), (new, [REFUSED, 200])):
            file.with_name("ca.pem").write_bytes(authority.cert_pem.bytes())
            assert [ask_at(port, tls=plain_context(cert=each)).status for each in certificates] == expected


def _no_handshake() -> Handshake:
    raise RuntimeError("made-up")


def test_a_bug_in_a_handshake_costs_one_connection() -> None:
    """It is told with its place, and the server goes on."""

    async def go() -> None:
        sockets = listen([Address("127.0.0.1", 0)])
        ready = asyncio.Event()
        app = Starlette(routes=[Route("/", served)])
        server = Server(app, on_ready=lambda _: ready.set(), limits=QUICK, handshake=_no_handshake)
        task = asyncio.create_task(server.serve(sockets=sockets))
        await ready.wait()
        reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
        async with asyncio.timeout(60):
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
        server.stop()
        await task

    with caught_log() as lines:
        asyncio.run(go())
    (line,) = lines.events("a TLS handshake failed by a bug")
    assert "RuntimeError" in line["traceback"]
    assert "made-up" not in lines.text


def wait_until(true: Callable[[], bool]) -> None:
    """Return once it is true; a minute at most."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
