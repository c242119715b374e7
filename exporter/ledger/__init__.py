"""Ended meetings and stays, each counted once: SQL behind it, SQLite or PostgreSQL by the same statements.

`schema` has the tables, `engine` opens the database, `store` has the transactions with the statements of
`rows` and `figures`, `shown` makes a page's figures of them; here they become what a source knows as its
`MeetingLedger`. Nothing in here knows a vendor or a metric.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from exporter.errors import LedgerUnavailable
from exporter.ledger.shown import Layout, Shown, show

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from exporter.ledger.store import Store
    from exporter.model import EndedMeetings, LedgerEntry, LedgerState

__all__ = ["IN_MEMORY", "Layout", "Ledger", "SourceLedger"]

T = TypeVar("T")

IN_MEMORY: Final = "sqlite://"
"""The address of a ledger that a restart forgets."""

THREADS: Final = 4
"""How many transactions may run at once on PostgreSQL; SQLite has one writer anyway."""

PATIENCE: Final = 4.0
"""Seconds that one question may take: longer than any wait for a lock or a connection, and short enough that
a database that hangs is told as that, and not as a scrape's timeout."""

WORTH_WAITING: Final = 0.5
"""A failure that took longer answers all questions of the next second: the many of one scrape must not each
wait for the same database."""

_NO_ANSWER: Final = "ledger: the database does not answer; look at its load, and at who holds its locks"


class Ledger:
    """One database and the threads that speak with it; opened at the first question, which takes a while."""

    def __init__(
        self, url: str = IN_MEMORY, *, threads: Executor | None = None, patience: float = PATIENCE
    ) -> None:
        """`url` may hold a password and is never shown; `threads` is where transactions run."""
        self._url = url
        self._patience = patience
        at_once = 1 if url.startswith("sqlite") else THREADS
        self._threads = threads or ThreadPoolExecutor(at_once, thread_name_prefix="ledger")
        self._store: Store | None = None
        self._fault: tuple[float, LedgerUnavailable] | None = None

    def of(self, source: str, layout: Layout, *, since: float | None = None) -> SourceLedger:
        """The ledger of one source; `since` is how many seconds back a first start begins to count."""
        return SourceLedger(self, source, layout=layout, since=since)

    async def ask(self, question: Callable[[Store], T]) -> T:
        """Run one transaction in a thread: one that began is finished even if whoever asked is cancelled.

        Raises `LedgerUnavailable`, also where there is no answer in time.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self._fault is not None and began < self._fault[0]:
            raise LedgerUnavailable(str(self._fault[1])) from self._fault[1]
        try:
            return await self._answer(question)
        except LedgerUnavailable as fault:
            if loop.time() - began > WORTH_WAITING:
                self._fault = loop.time() + 1.0, fault
            raise

    async def _answer(self, question: Callable[[Store], T]) -> T:
        work = self._threads.submit(lambda: question(self.open()))
        answer = asyncio.wrap_future(work)
        answer.add_done_callback(_looked_at)
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(answer)
        except TimeoutError as error:
            # What waits behind a database that hangs must not pile up.
            work.cancel()
            raise LedgerUnavailable(_NO_ANSWER) from error

    def open(self) -> Store:
        """The database's questions; raises `LedgerUnavailable` for an address that cannot be one."""
        if self._store is None:
            # SQLAlchemy takes longer to import than all the rest; nobody should wait for it before /-/ready.
            from exporter.ledger.engine import open_database  # noqa: PLC0415
            from exporter.ledger.store import Store  # noqa: PLC0415

            self._store = Store(open_database(self._url))
        return self._store

    def close(self) -> None:
        """Finish what is under way, and give the connections back."""
        self._threads.shutdown(cancel_futures=True)
        if self._store is not None:
            self._store.close()


class SourceLedger:
    """The memory of one source's ended meetings: the `MeetingLedger` of the rules."""

    def __init__(self, ledger: Ledger, source: str, *, layout: Layout, since: float | None) -> None:
        self._ledger = ledger
        self._source = source
        self._layout = layout
        self._since = since
        self._counting_since: float | None = None
        self._unwritten: LedgerUnavailable | None = None
        self._shown: Shown | None = None

    async def state(self, *, now: float) -> LedgerState:
        """What there is to go on with; the first call ever starts the counting."""
        state = await self._ledger.ask(lambda store: store.state(self._source, now=now, since=self._since))
        self._counting_since = state.counting_since
        if self._unwritten is not None:
            # This run may have nothing to record, and the counters should not wait for one that has.
            await self._ledger.ask(lambda store: store.try_to_write(self._source))
            self._unwritten = None
        return state

    async def known(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the ids that were decided on."""
        return await self._ledger.ask(lambda store: store.known(self._source, ids))

    async def known_between(self, start: float, *, end: float) -> int:
        """How many meetings that began in [start, end) are decided on or followed."""
        return await self._ledger.ask(lambda store: store.known_between(self._source, start, end=end))

    async def name_domain(self, domain: str) -> str:
        """Remember the vendor's name of the account, unless one is remembered; gives the one that is."""
        return await self._ledger.ask(lambda store: store.name_domain(self._source, domain))

    async def record(self, entry: LedgerEntry) -> int:
        """Write down what was found, all or nothing, cancelled or not; gives how many were counted."""
        since, exemplars = self._counting_since, self._layout.exemplars
        try:
            counted = await self._ledger.ask(
                lambda store: store.record(self._source, entry, since=since, exemplars=exemplars)
            )
        except LedgerUnavailable as fault:
            self._unwritten = fault
            raise
        self._unwritten = None
        return counted

    async def figures(self) -> EndedMeetings | None:
        """What was counted, as it is committed; None before the first state.

        Counters that stand still because nothing can be written would look like a domain where nobody meets:
        until something could be, `LedgerUnavailable` is raised.
        """
        if self._unwritten is not None:
            raise LedgerUnavailable(str(self._unwritten)) from self._unwritten
        self._shown = await self._ledger.ask(self._show)
        return None if self._shown is None else self._shown.page

    def _show(self, store: Store) -> Shown | None:
        """In the thread, since many values take a while to become buckets."""
        before = self._shown
        figures = store.figures(self._source, known=before.figures if before else None)
        if figures is None:
            return None
        return show(figures, self._layout, persistent=store.persistent, before=before)


def _looked_at(answer: asyncio.Future[Any]) -> None:
    """An answer that nobody waits for any more must not be reported as an error that nobody saw."""
    if not answer.cancelled():
        answer.exception()
