"""Our server with a web configuration file, on a loopback port and in a thread of its own; and who asks it.

The client is of sockets and `ssl`, since what is refused, and what was agreed on, is what tests look at.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.web.guard import DEFAULTS, Limits
from exporter.web.listen import Address, listen
from exporter.web.security import WebSecurity
from exporter.web.security.passwords import Passwords
from exporter.web.security.shield import shield
from exporter.web.server import Server

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client got: a status, or `REFUSED` where the connection ended without one."""

    status: int | str
    headers: dict[str, str] = field(default_factory=dict)
    cipher: str = ""


def plain_context(
    *, version: ssl.TLSVersion | None = None, cert: Path | None = None, alpn: Sequence[str] = ()
) -> ssl.SSLContext:
    """A client that believes every server; `cert` has its key beside it, as `.key`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if cert is not None:
        context.load_cert_chain(cert, cert.with_suffix(".key"))
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def basic(name: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def ask_at(
    port: int, path: str = "/metrics", *, tls: ssl.SSLContext | None = None, authorization: str | None = None
) -> Reply:
    """Ask once, on a connection of its own."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    if authorization is not None:
        lines.append(f"Authorization: {authorization}")
    request = "\r\n".join([*lines, "", ""]).encode("latin-1")
    data, cipher = b"", ""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        speaking = raw if tls is None else tls.wrap_socket(raw, server_hostname="localhost")
        with speaking:
            if isinstance(speaking, ssl.SSLSocket):
                agreed = speaking.cipher()
                cipher = agreed[0] if agreed else ""
            speaking.sendall(request)
            while piece := speaking.recv(65536):
                data += piece
    if not data.startswith(b"HTTP/1."):
        return Reply(REFUSED)
    head = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
    return Reply(int(head[0].split()[1]), headers, cipher)


async def served(_request: Request) -> Response:
    """Answer any path."""
    return PlainTextResponse("served\n")


@dataclass
class Serving:
    """A loop in a thread, in which servers run until the end."""

    loop: asyncio.AbstractEventLoop
    limits: Limits
    running: list[tuple[Server, asyncio.Task[None]]] = field(default_factory=list)

    def start(self, security: WebSecurity, *, passwords: Passwords | None = None) -> int:
        """Serve with these; return the port."""
        app = Starlette(routes=[Route("/{path:path}", served)])
        shield(app, security, passwords=passwords)
        return asyncio.run_coroutine_threadsafe(self._start(app, security), self.loop).result(60)

    async def _start(self, app: Starlette, security: WebSecurity) -> int:
        sockets = listen([Address("127.0.0.1", 0)])
        ready = asyncio.Event()
        handshake = security.handshake if security.encrypted else None
        server = Server(app, on_ready=lambda _: ready.set(), limits=self.limits, handshake=handshake)
        task = asyncio.create_task(server.serve(sockets=sockets))
        self.running.append((server, task))
        await ready.wait()
        port: int = sockets[0].getsockname()[1]
        return port

    def open_connections(self) -> int:
        """How many connections the servers count."""
        return sum(len(server.server_state.connections) for server, _ in self.running)

    async def end(self) -> None:
        """Stop all servers in order."""
        for server, _ in self.running:
            server.stop()
        await asyncio.gather(*(task for _, task in self.running))


@contextmanager
def serving(limits: Limits = DEFAULTS) -> Iterator[Serving]:
    """A place where servers run, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    here = Serving(loop, limits)
    try:
        yield here
    finally:
        asyncio.run_coroutine_threadsafe(here.end(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
