"""An httpx transport as an ASGI application: what it raises becomes what a client on a network would see.

It knows requests and connections, and nothing of what is asked.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, cast

import httpx

from exporter.web.edge import ClientGoneError, unless_gone
from exporter.web.guard import GuardedProtocol, Limits, protocol_with
from exporter.web.server import Ready, Server

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_CONNECTION: ContextVar[asyncio.Transport] = ContextVar("connection")

_HERE: Final = "http://127.0.0.1"
"""Whatever name this server is reached by: paths alone tell the vendors apart."""

_RESET: Final = struct.pack("ii", 1, 0)
"""A lingering time of zero: the connection ends with a reset (RST)."""


class Bridge:
    """The application: asks the transport, and sends what it answers, or breaks the connection."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        """Answer as this transport does."""
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: PLR0917 - ASGI's shape
        """Answer one request, unless its client goes before."""
        with suppress(ClientGoneError):
            try:
                await unless_gone(self._answer(scope, send), receive)
            except httpx.TransportError:
                await _reset(receive)

    async def _answer(self, scope: Scope, send: Send) -> None:
        target = scope["raw_path"].decode("latin-1")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("latin-1")
        request = httpx.Request(scope["method"], _HERE + target, headers=scope["headers"])
        response = await self._transport.handle_async_request(request)
        headers = [(name.lower(), value) for name, value in response.headers.raw]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        stream = cast("httpx.AsyncByteStream", response.stream)
        async for chunk in stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class BridgeServer(Server):
    """The exporter's own server, whose connections the application can break."""

    def __init__(self, app: ASGIApp, *, on_ready: Ready, limits: Limits) -> None:
        """Serve the application; `on_ready` hears where."""
        super().__init__(app, on_ready=on_ready, limits=limits)
        self.config.http = _breakable(protocol_with(limits))
        # Each vendor says itself what time it is.
        self.config.date_header = False


def _breakable(protocol: type[GuardedProtocol]) -> type[asyncio.Protocol]:
    class Breakable(protocol):  # type: ignore[misc, valid-type]  # the class is made at run time
        """The same, whose requests know the connection that they came by."""

        def data_received(self, data: bytes) -> None:
            """Read on; requests that begin in here inherit the variable."""
            _CONNECTION.set(self.transport)
            super().data_received(data)

    return Breakable


async def _reset(receive: Receive) -> None:
    connection = _CONNECTION.get()
    with suppress(OSError):
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.abort()
    # The server counts it as the client's leaving, once it has noticed.
    await receive()
