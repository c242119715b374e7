"""The door of a connection that speaks TLS: the handshake, within the time and the number of all connections.

It knows bytes and moments. uvicorn would not see a connection before its handshake is over, so that whoever
never ends one would neither be counted nor, for a minute, be closed.
"""

from __future__ import annotations

import asyncio
from asyncio import sslproto
from collections.abc import Callable
from typing import Any, Final, cast

import structlog

from exporter.log import frames
from exporter.web.guard import GuardedProtocol, make_room
from exporter.web.security.context import Handshake

log = structlog.get_logger(__name__)

# How long a client may take to say that it has heard the end of a connection.
_FAREWELL_SECONDS: Final = 1.0

# asyncio keeps 256 KiB for each TLS connection to read into: 800 of them would take 200 MB for requests
# of a few hundred bytes. No other code of this process speaks TLS through asyncio.
_READ_BYTES: Final = 4 * 1024


class Door(asyncio.Protocol):
    """Leads a connection through its handshake, and hands it over to the protocol behind it."""

    waiting = True
    _raw: asyncio.Transport

    def __init__(self, behind: GuardedProtocol, *, handshake: Callable[[], Handshake]) -> None:
        """`behind` has the limits; `handshake` is asked once for each connection."""
        self._behind = behind
        self._handshake = handshake
        self._connections = behind.server_state.connections
        self._early = bytearray()
        self._entering: asyncio.Task[None] | None = None

    @property
    def waiting_since(self) -> float:
        """When it was opened, in the loop's time."""
        return self._behind.waiting_since

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake; nothing is read before it is ready."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream socket has no other
        transport.pause_reading()
        self._raw = transport
        self._connections.add(self)  # type: ignore[arg-type]  # uvicorn only counts and closes what is there
        make_room(self._connections, limit=self._behind.limits.connections)
        self._entering = self._behind.loop.create_task(self._enter(transport))

    def data_received(self, data: bytes) -> None:
        """Keep what came together with the end of the handshake."""
        self._early += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's shape
        """Count it no more."""
        self._leave()

    def drop(self) -> None:
        """Cut the connection off."""
        self._leave()
        self._raw.abort()

    # What uvicorn calls when it stops: nothing has been asked here yet.
    shutdown = drop

    async def _enter(self, raw: asyncio.Transport) -> None:
        """Do the handshake, and hand over; whoever does not come through is cut off."""
        try:
            terms = self._handshake()
            if raw.is_closing():
                return
            secured = await self._behind.loop.start_tls(
                raw,
                self,
                terms.context,
                server_side=True,
                ssl_handshake_timeout=self._behind.limits.header_seconds,
                ssl_shutdown_timeout=_FAREWELL_SECONDS,
            )
        except OSError as failure:
            # Anybody could fill the log; who looks for the reason of one that fails finds it.
            why = getattr(failure, "reason", None) or type(failure).__name__
            log.debug("a TLS handshake failed", why=why)
            self.drop()
        except Exception as bug:  # noqa: BLE001 - nobody waits for this task, who could be told
            log.error("a TLS handshake failed by a bug", traceback=frames(bug))
            self.drop()
        else:
            self._hand_over(secured, terms)

    def _hand_over(self, secured: asyncio.Transport | None, terms: Handshake) -> None:
        self._leave()
        # None where the client left with the last of its handshake.
        if secured is None:
            return
        if secured.is_closing() or not terms.admits(secured.get_extra_info("peercert")):
            secured.abort()
            return
        secured.set_protocol(self._behind)
        self._behind.connection_made(secured)
        if self._early:
            self._behind.data_received(bytes(self._early))

    def _leave(self) -> None:
        self._connections.discard(self)


def door_before(
    protocol: type[GuardedProtocol], *, handshake: Callable[[], Handshake]
) -> type[asyncio.Protocol]:
    """Make what uvicorn takes for a protocol class: a door before each connection."""
    sslproto.SSLProtocol.max_size = _READ_BYTES

    def opened(**settings: Any) -> Door:
        return Door(protocol(**settings), handshake=handshake)

    return cast(type[asyncio.Protocol], opened)
