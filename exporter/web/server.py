"""The server: uvicorn, listening on sockets that are open already, and ending as a service should.

It knows an ASGI application and sockets, and nothing of what the application does.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from exporter.web.guard import DEFAULTS, Limits, protocol_with
from exporter.web.listen import BACKLOG, place
from exporter.web.security.context import Handshake
from exporter.web.security.door import door_before

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Ready = Callable[[Sequence[str]], None]


class Server(uvicorn.Server):
    """A server that a signal, or `stop`, ends in order.

    `on_ready` gets the places it listens on, as `127.0.0.1:10458`, once requests are answered. `handshake`
    gives the terms of each connection's TLS; without it there is none.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        on_ready: Ready,
        limits: Limits = DEFAULTS,
        handshake: Callable[[], Handshake] | None = None,
    ) -> None:
        protocol = protocol_with(limits)
        config = uvicorn.Config(
            app,
            interface="asgi3",
            # uvicorn's own TLS counts no connection, and closes none, before its handshake is over.
            http=protocol if handshake is None else door_before(protocol, handshake=handshake),
            ws="none",
            lifespan="off",
            # Whoever starts the exporter decides how logs look; its own life is told by us.
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            # The address of a client is shown nowhere, so nobody's word for it is needed.
            proxy_headers=False,
            # Else read from the environment (WEB_CONCURRENCY).
            workers=1,
            backlog=BACKLOG,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=limits.shutdown_seconds,
        )
        super().__init__(config)
        self._on_ready = on_ready

    def stop(self) -> None:
        """End as by a signal: nothing more is accepted, and requests under way have `shutdown_seconds`."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer on the sockets, and say so."""
        await super().startup(sockets=sockets)
        self._on_ready([place(each) for each in sockets or ()])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let signals end the server; uvicorn would raise them again after that, and spoil the exit code."""
        # Python lets only the main thread have signals; elsewhere there is `stop`.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


async def serve(
    app: ASGIApp,
    *,
    sockets: Sequence[socket.socket],
    on_ready: Ready,
    limits: Limits = DEFAULTS,
    handshake: Callable[[], Handshake] | None = None,
) -> None:
    """Answer requests on the sockets until SIGTERM or SIGINT, and close them; by TLS with a `handshake`."""
    server = Server(app, on_ready=on_ready, limits=limits, handshake=handshake)
    await server.serve(sockets=list(sockets))
