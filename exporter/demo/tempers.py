"""What each mood does to a reply or to the connection; knows no schedule and no vendor's own words."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import httpx

from exporter.demo.clock import http_date
from exporter.demo.wire import Reply, Vendor, json_reply

ELSEWHERE: Final = "https://elsewhere.invalid"
"""Where a redirect leads; the transport connects nowhere but to its vendors."""

_OPTIONAL: Final = frozenset({
    "mtgSessionId", "max_participants", "participants",
    "username", "name", "utcOffset", "avatarETag", "statusSource", "statusText", "statusExpiresAt",
})  # fmt: skip

_WRONG_SHAPES: Final = (b'["maintenance"]', b'"maintenance"', b"null")
_CHUNK: Final = b"x" * 65536

Sleep: TypeAlias = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request at one vendor; `turn` counts the requests in this mood's transport."""

    vendor: Vendor
    request: httpx.Request
    now: float
    sleep: Sleep
    turn: int = 0


Temper: TypeAlias = Callable[[Exchange], Awaitable[httpx.Response]]


class _Body(httpx.AsyncByteStream):
    """A body that is sent while it is made."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


def response(reply: Reply, *, body: AsyncIterator[bytes] | None = None) -> httpx.Response:
    """Give the reply as an httpx response; a `body` is sent under the reply's header in place of its own."""
    headers = {**reply.headers, "Content-Length": str(len(reply.content))}
    if body is None:
        return httpx.Response(reply.status, headers=headers, content=reply.content)
    return httpx.Response(
        reply.status, headers=headers if reply.content else reply.headers, stream=_Body(body)
    )


async def act(mood: str | None, exchange: Exchange) -> httpx.Response:
    """Answer in this mood; raises what a client's library raises when a connection fails."""
    if mood is None:
        return response(exchange.vendor.answer(exchange.request))
    if mood in _CONNECTIONS:
        return await _CONNECTIONS[mood](exchange)
    if mood in _REPLIES:
        return response(_REPLIES[mood](exchange))
    return response(exchange.vendor.specials[mood](exchange.request))


def _page(status: int, title: str) -> Callable[[Exchange], Reply]:
    content = (
        f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>\n".encode()
    )
    return lambda exchange: Reply(
        status, content, {"Date": http_date(exchange.now), "Content-Type": "text/html; charset=utf-8"}
    )


def _unavailable(exchange: Exchange) -> Reply:
    return json_reply(503, {"error": "service-unavailable", "info": "back in a moment"}, now=exchange.now)


def _truncated(exchange: Exchange) -> Reply:
    reply = exchange.vendor.answer(exchange.request)
    return replace(reply, content=reply.content[: len(reply.content) // 2])


def _changed(change: Callable[[Any], Any]) -> Callable[[Exchange], Reply]:
    def changed(exchange: Exchange) -> Reply:
        reply = exchange.vendor.answer(exchange.request)
        return replace(reply, content=json.dumps(change(json.loads(reply.content))).encode())

    return changed


def _retyped(value: Any) -> Any:
    match value:
        case dict():
            return {key: _retyped(inner) for key, inner in value.items()}
        case list():
            return [_retyped(inner) for inner in value]
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return str(value)
        case str():
            return len(value)
    return value


def _sparse(value: Any) -> Any:
    match value:
        case dict():
            return {key: _sparse(inner) for key, inner in value.items() if key not in _OPTIONAL}
        case list():
            return [_sparse(inner) for inner in value]
        case bool():
            return value
        case int():
            return float(value)
    return value


def _wrong_shape(exchange: Exchange) -> Reply:
    content = _WRONG_SHAPES[exchange.turn % len(_WRONG_SHAPES)]
    return replace(json_reply(200, None, now=exchange.now), content=content)


def _empty_body(exchange: Exchange) -> Reply:
    return replace(json_reply(200, None, now=exchange.now), content=b"")


def _redirect(exchange: Exchange) -> Reply:
    target = ELSEWHERE + exchange.request.url.raw_path.decode("ascii")
    return Reply(302, b"", {"Date": http_date(exchange.now), "Location": target})


def _clock_ahead(exchange: Exchange) -> Reply:
    return exchange.vendor.answer(exchange.request).with_headers(Date=http_date(exchange.now + 3600))


async def _stall(exchange: Exchange) -> httpx.Response:
    """A client that bounds its reading gives up, as it does on a network."""
    patience = exchange.request.extensions.get("timeout", {}).get("read")
    if patience is not None:
        await exchange.sleep(patience)
        raise httpx.ReadTimeout("no answer", request=exchange.request)
    while True:
        await exchange.sleep(3600)


async def _drip(exchange: Exchange) -> httpx.Response:
    reply = exchange.vendor.answer(exchange.request)

    async def drops() -> AsyncIterator[bytes]:
        for byte in reply.content:
            yield bytes([byte])
            await exchange.sleep(1)

    return response(reply, body=drops())


async def _reset(exchange: Exchange) -> httpx.Response:
    raise httpx.ReadError("connection reset", request=exchange.request)


async def _refuse(exchange: Exchange) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=exchange.request)


async def _reset_in_body(exchange: Exchange) -> httpx.Response:
    reply = exchange.vendor.answer(exchange.request)

    async def half() -> AsyncIterator[bytes]:
        yield reply.content[: len(reply.content) // 2]
        raise httpx.ReadError("connection reset", request=exchange.request)

    return response(reply, body=half())


async def _oversized(exchange: Exchange) -> httpx.Response:
    async def flood() -> AsyncIterator[bytes]:
        yield b'{"data":"'
        while True:
            yield _CHUNK
            # A network would let others run here; without it no deadline of the reader could ever fall.
            await asyncio.sleep(0)

    return response(replace(json_reply(200, None, now=exchange.now), content=b""), body=flood())


_REPLIES: Final[Mapping[str, Callable[[Exchange], Reply]]] = {
    "server_error": _page(500, "Internal Server Error"),
    "bad_gateway": _page(502, "Bad Gateway"),
    "unavailable": _unavailable,
    "truncated": _truncated,
    "retyped": _changed(_retyped),
    "sparse": _changed(_sparse),
    "wrong_shape": _wrong_shape,
    "empty_body": _empty_body,
    "redirect": _redirect,
    "clock_ahead": _clock_ahead,
}

_CONNECTIONS: Final[Mapping[str, Temper]] = {
    "stall": _stall,
    "drip": _drip,
    "reset": _reset,
    "reset_in_body": _reset_in_body,
    "refuse": _refuse,
    "oversized": _oversized,
}
