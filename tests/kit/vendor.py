"""A vendor that follows a script: for each path the answers in their order, as an httpx transport.

A path that is asked more often than its script foresees fails the test. Each request is recorded with the
loop's time. Knows httpx, and nothing of the exporter.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx

EXAMPLES: Final = Path(__file__).parent.parent / "data" / "examples"
"""The vendors' own documented example bodies."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the vendor saw it, and the loop's time then."""

    at: float
    url: httpx.URL
    headers: httpx.Headers

    @property
    def path(self) -> str:
        return self.url.path

    @property
    def query(self) -> list[tuple[str, str]]:
        return list(self.url.params.multi_items())


class Body(httpx.AsyncByteStream):
    """A body in chunks, `every` seconds before each; then an `error` or a stall where the script has one."""

    def __init__(
        self,
        chunks: Sequence[bytes],
        *,
        every: float = 0.0,
        error: Exception | None = None,
        stall: bool = False,
        endless: bool = False,
    ) -> None:
        self.chunks = chunks
        self.every = every
        self.error = error
        self.stall = stall
        self.endless = endless
        self.sent = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield await self._next(chunk)
        while self.endless:
            yield await self._next(self.chunks[-1])
        if self.stall:
            await asyncio.Future()
        if self.error is not None:
            raise self.error

    async def aclose(self) -> None:
        self.closed = True

    async def _next(self, chunk: bytes) -> bytes:
        await asyncio.sleep(self.every)
        self.sent += len(chunk)
        return chunk


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `content` is JSON unless it is bytes or a `Body`; its headers come after `after` seconds."""

    content: Any = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0

    def response(self) -> httpx.Response:
        """The answer as httpx gives it; the body is only read when somebody reads it."""
        content = (
            self.content if isinstance(self.content, bytes | Body) else json.dumps(self.content).encode()
        )
        stream = content if isinstance(content, Body) else Body([content])
        headers = {"Content-Type": "application/json", **self.headers}
        return httpx.Response(self.status, headers=headers, stream=stream)


@dataclass(frozen=True, slots=True)
class Stall:
    """No answer, ever."""


STALL: Final = Stall()

Step: TypeAlias = Reply | Stall | Exception | Callable[[httpx.Request], Reply | Exception]
"""What happens to one request: an answer, silence, an error of the network, or whatever a function says."""


@dataclass(frozen=True, slots=True)
class Always:
    """The same for every request, however many come."""

    step: Step


class Script(httpx.AsyncBaseTransport):
    """Answers by path (without the query); records every request."""

    def __init__(self, steps: Mapping[str, Sequence[Step] | Always]) -> None:
        self.asked: list[Asked] = []
        self._always = {path: known.step for path, known in steps.items() if isinstance(known, Always)}
        self._left = {path: list(known) for path, known in steps.items() if not isinstance(known, Always)}

    def requests(self, path: str) -> list[Asked]:
        """The requests for one path, in their order."""
        return [one for one in self.asked if one.path == path]

    def left(self) -> int:
        """How many steps have not come up; those for every request do not count."""
        return sum(map(len, self._left.values()))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(Asked(asyncio.get_running_loop().time(), request.url, request.headers))
        step = self._step(request)
        if isinstance(step, Stall):
            return await asyncio.Future()
        answer = step if isinstance(step, Reply | Exception) else step(request)
        if isinstance(answer, Exception):
            raise answer
        await asyncio.sleep(answer.after)
        return answer.response()

    def _step(self, request: httpx.Request) -> Step:
        path = request.url.path
        if path in self._always:
            return self._always[path]
        if not self._left.get(path):
            raise AssertionError(
                f"the script foresees no request to {path}, number {len(self.requests(path))}"
            )
        return self._left[path].pop(0)


def example(name: str) -> Any:
    """One of the vendors' documented bodies, decoded; `name` without `.json`."""
    return json.loads((EXAMPLES / f"{name}.json").read_bytes())


def example_bytes(name: str) -> bytes:
    """The same, as it travels."""
    return (EXAMPLES / f"{name}.json").read_bytes()


def http_date(moment: float) -> str:
    """Unix seconds as HTTP writes them, to the second."""
    return formatdate(moment, usegmt=True)
