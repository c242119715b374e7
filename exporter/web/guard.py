"""One connection: uvicorn's HTTP/1.1, with the limits that it lacks.

It knows bytes and moments, and no path: a client that is silent, slow, long-winded or not to be understood
gets no further than this. Limits and answers: docs/http.md, "Limits".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Protocol

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

# uvicorn warns of each request that it cannot read: anybody could fill the log. Its errors stay.
_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.ERROR)

# How long a refused client may go on sending before it is cut off. Closed at once, the kernel would answer
# what it still sends with a reset, and the client might never read why it was refused.
_LINGER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how much, how many; times in seconds.

    `header_seconds` run from the connection, or the first byte of a further request, to the end of the
    headers; `idle_seconds` between two requests; `send_seconds` is how long an answer may wait for a reader.
    """

    header_seconds: float = 10.0
    header_bytes: int = 16 * 1024
    idle_seconds: int = 60
    send_seconds: float = 60.0
    connections: int = 800
    shutdown_seconds: int = 5


DEFAULTS = Limits()


class Guest(Protocol):
    """Somebody at the other end of a connection, as far as making room is concerned."""

    @property
    def waiting(self) -> bool:
        """True where no answer is being made: cutting it off costs nobody anything."""

    @property
    def waiting_since(self) -> float:
        """When the last answer was complete, or else the connection was opened, in the loop's time."""

    def drop(self) -> None:
        """Cut the connection off."""


def make_room(connections: Iterable[Any], *, limit: int) -> None:
    """Where there are too many, drop who has waited longest; a scrape under way is never dropped."""
    guests: list[Guest] = list(connections)
    if len(guests) > limit:
        min((each for each in guests if each.waiting), key=lambda each: each.waiting_since).drop()


class _Clock:
    """One alarm, which runs or not."""

    def __init__(self, loop: asyncio.AbstractEventLoop, alarm: Callable[[], None]) -> None:
        self._loop = loop
        self._alarm = alarm
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> None:
        """Have it ring in so many seconds, unless it runs already."""
        if self._handle is None:
            self._handle = self._loop.call_later(seconds, self._alarm)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class _Conversation(h11.Connection):
    """h11's connection, which also refuses long headers that come in one piece, and says why it refused."""

    def __init__(self, header_bytes: int) -> None:
        super().__init__(h11.SERVER, header_bytes)
        self._header_bytes = header_bytes
        self.fault = HTTPStatus.BAD_REQUEST

    @property
    def unread(self) -> int:
        """How many received bytes are not understood yet."""
        return len(self.trailing_data[0])

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Give the next event, as h11 does."""
        before = self.unread
        try:
            event = super().next_event()
            if isinstance(event, h11.Request) and before - self.unread > self._header_bytes:
                raise h11.RemoteProtocolError("headers too long", error_status_hint=431)
        except h11.RemoteProtocolError as exc:
            # To h11 an unknown encoding is a 501; no alert on 5xx is to fire for a fault of the client.
            hint = HTTPStatus(exc.error_status_hint)
            ours = hint >= HTTPStatus.INTERNAL_SERVER_ERROR
            self.fault = HTTPStatus.BAD_REQUEST if ours else hint
            raise
        return event


class GuardedProtocol(H11Protocol):
    """uvicorn's protocol with clocks for headers and answers, and a limit to the number of connections."""

    limits: ClassVar[Limits] = DEFAULTS
    cycle: RequestResponseCycle | None  # type: ignore[assignment]  # None before the first request

    def __init__(  # noqa: PLR0917 - uvicorn's shape
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = _LOG
        self.conn: _Conversation = _Conversation(self.limits.header_bytes)
        self.waiting_since = self.loop.time()
        self._refused = False
        self._header_clock = _Clock(self.loop, self.drop)
        self._send_clock = _Clock(self.loop, self.drop)

    @property
    def waiting(self) -> bool:
        """True where no answer is being made: cutting it off costs nobody anything."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Start the clock of the first request, and make room where there are too many."""
        super().connection_made(transport)
        make_room(self.connections, limit=self.limits.connections)
        self._tend_clocks()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        super().connection_lost(exc)
        self._header_clock.stop()
        self._send_clock.stop()

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the client was refused already."""
        if self._refused:
            return
        super().data_received(data)
        self._tend_clocks()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self.waiting_since = self.loop.time()
        super().on_response_complete()
        self._tend_clocks()

    def pause_writing(self) -> None:
        """Start the clock of an answer whose reader is slow."""
        super().pause_writing()
        self._send_clock.start(self.limits.send_seconds)

    def resume_writing(self) -> None:
        """Stop it."""
        super().resume_writing()
        self._send_clock.stop()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, also one whose last answer was never read."""
        self.drop()

    def drop(self) -> None:
        """Cut the connection off, whatever is still to be sent."""
        # At once, so that it is not counted, nor chosen again, until the loop has closed it.
        self.connections.discard(self)
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn has one message for all
        """Refuse a request that cannot be read: 400, or what h11 says of it, as 431 for long headers."""
        self._refused = True
        self._header_clock.stop()
        self._header_clock.start(_LINGER_SECONDS)
        if self.cycle is not None and not self.cycle.response_complete:
            # The fault is in the body of a request that is being answered: the answer is not sent any more.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.drop()
            return
        fault = self.conn.fault
        body = f"{fault.phrase.lower()}\n".encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        response = h11.Response(status_code=fault, headers=headers, reason=fault.phrase.encode())
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")

    def _tend_clocks(self) -> None:
        """Have the header clock run exactly while a request has begun and not been read."""
        if self._refused or self.transport.is_closing():
            return
        begun = self.cycle is None or self.conn.unread > 0 or self.conn.their_state is h11.SEND_BODY
        if not (self.waiting and begun):
            self._header_clock.stop()
        elif self.cycle is None:
            # From the connection on: a TLS handshake has taken some of it.
            spent = self.loop.time() - self.waiting_since
            self._header_clock.start(max(0.0, self.limits.header_seconds - spent))
        else:
            self._header_clock.start(self.limits.header_seconds)
        if self.waiting and not begun and self.timeout_keep_alive_task is None:
            # uvicorn stops its idle clock at any byte, also at the rest of a body that nobody waited for.
            self.timeout_keep_alive_task = self.loop.call_later(self.limits.idle_seconds, self.drop)


def protocol_with(limits: Limits) -> type[GuardedProtocol]:
    """Make the protocol class with these limits: uvicorn makes an object of it for each connection."""
    return type("LimitedProtocol", (GuardedProtocol,), {"limits": limits})
