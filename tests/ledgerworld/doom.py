"""Where an exporter of a campaign dies: at a named point, at its n-th time there; and nothing of it lives on.

Nothing is patched: requests pass through a transport, transactions through an executor and the listeners of
the database's engine, pages through an ASGI application. Once it is dead, none of these lets anything
through any more, so whatever the dead code still does while it is taken down has no effect.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec, TypeVar

import httpx
from sqlalchemy import Engine, event

from exporter.ledger.engine import _begin_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from exporter.ledger import Ledger

T = TypeVar("T")
P = ParamSpec("P")

REQUEST: Final = "request"
ANSWER: Final = "answer"
STATEMENT: Final = "statement"
HALFWAY: Final = "halfway"
COMMIT: Final = "commit"
COMMITTED: Final = "committed"
EXPOSITION: Final = "exposition"

POINTS: Final = (REQUEST, ANSWER, STATEMENT, HALFWAY, COMMIT, COMMITTED, EXPOSITION)
"""Before a request leaves; when its answer is there; before a statement that writes, and one that writes
after ids were entered; before the commit; after it, with the run lost; before a page is given away.
"""


class Killed(BaseException):
    """The process is no more; no handler of ours may take this for an error."""


@dataclass(slots=True)
class Doom:
    """How one exporter ends; `hits` counts for all of a campaign where it happened."""

    hits: Counter[str] = field(default_factory=Counter)
    dead: bool = False
    _point: str | None = None
    _left: int = 0

    @property
    def armed(self) -> bool:
        """Whether a point is chosen."""
        return self._point is not None

    def arm(self, point: str, *, after: int) -> None:
        """Die at that point, after it was passed so many times."""
        self._point, self._left = point, after

    def reach(self, point: str) -> None:
        """Come to a point, and perhaps no further."""
        if self.dead:
            raise Killed
        if point == self._point:
            self._left -= 1
            if self._left < 0:
                self._die(point)

    def _die(self, point: str) -> NoReturn:
        self.dead = True
        self.hits[point] += 1
        raise Killed(point)


class DoomedTransport(httpx.AsyncBaseTransport):
    """The way to the vendor of an exporter that dies."""

    def __init__(self, behind: httpx.AsyncBaseTransport, doom: Doom) -> None:
        self._behind = behind
        self._doom = doom

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._doom.reach(REQUEST)
        response = await self._behind.handle_async_request(request)
        self._doom.reach(ANSWER)
        return response


class DoomedThreads(Executor):
    """Runs transactions at once, in no thread; knows of each whether it wrote."""

    def __init__(self, doom: Doom) -> None:
        self._doom = doom
        self._wrote = False
        self._entered = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        self._wrote = self._entered = False
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to whoever asked
            done.set_exception(error)
        if self._wrote:
            self._doom.reach(COMMITTED)
        return done

    def watch(self, ledger: Ledger, *, transactions: bool = True) -> None:
        """Listen to the ledger's database; without `transactions` each statement commits itself (SQLite)."""
        engine = engine_of(ledger)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _hurry)
        event.listen(engine, "before_cursor_execute", self._before_statement)
        event.listen(engine, "commit", self._before_commit)
        if not transactions:
            event.remove(engine, "begin", _begin_sqlite)

    def _before_statement(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if self._doom.dead:
            raise Killed
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            self._wrote = True
            self._doom.reach(STATEMENT)
            if self._entered:
                self._doom.reach(HALFWAY)
        self._entered = self._entered or statement.startswith("INSERT INTO presence_seen")

    def _before_commit(self, _connection: object) -> None:
        if self._wrote:
            self._doom.reach(COMMIT)


class DoomedFront:
    """The exporter's application; its pages may get lost."""

    def __init__(self, behind: ASGIApp, doom: Doom) -> None:
        self._behind = behind
        self._doom = doom

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def give(message: Message) -> None:
            self._doom.reach(EXPOSITION)
            await send(message)

        await self._behind(scope, receive, give)


def engine_of(ledger: Ledger) -> Engine:
    """The engine behind a ledger, which is not connected by this."""
    return ledger.open()._database._engine


def _hurry(connection: Any, _record: object) -> None:
    """The machine lives on, so what was written need not reach the disk at once."""
    connection.execute("PRAGMA synchronous=OFF")
