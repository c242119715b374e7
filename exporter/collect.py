"""Asks all collectors at once, a wall around each, and shares their runs between pulls.

A pull that overlaps a run joins it; a pull within `min_interval` of the start of the last good run gets
that result. A run lives to the deadline of its latest waiter and is cancelled when all have gone. It knows
no vendor and no metric: sources come in as a Protocol, and what happens is told to an observer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

import structlog

from exporter import errors
from exporter.log import frames
from exporter.model import (
    EVERYTHING,
    Answer,
    Collector,
    CollectorSnapshot,
    Deadline,
    Facts,
    Offer,
    Partial,
    Reason,
    Selection,
    Snapshot,
    Source,
    SourceSnapshot,
)

log = structlog.get_logger(__name__)

GRACE: Final = 0.02
"""Seconds that a waiter stays beyond its deadline, so that a run that ends on it still gives its own
answer."""

KEPT_GRACE: Final = 0.1
"""Seconds to fetch what a collector keeps where its run took all the time: counters stay when a vendor
stalls."""

LATE: Final = "no answer before the scrape's deadline"
LEDGER_LATE: Final = "ledger: no answer before the scrape's deadline"


class CollectionObserver(Protocol):
    """Hears of the runs of collectors and of the pulls that they answer; must not raise and must not wait."""

    def ran(self, source: str, collector: str, *, answer: Answer[Facts]) -> None:
        """One run is over."""

    def pulled(self, source: str, *, shared: bool) -> None:
        """One pull was answered for a source; `shared` where it began no run of its own."""


class Collection:
    """All sources, asked together; one pull is one call."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        min_interval: float,
        observer: CollectionObserver,
        wall: Callable[[], float],
    ) -> None:
        self._observer = observer
        self._sources = [
            (
                source,
                [
                    _SharedRuns(source.name, each, min_interval=min_interval, observer=observer, wall=wall)
                    for each in source.collectors
                ],
            )
            for source in sources
        ]

    async def pull(self, until: float, selection: Selection = EVERYTHING) -> Snapshot:
        """What the selected collectors answer by `until` (the event loop's time); never raises for a failure.

        A source of which none is selected is left out. Runs are shared between pulls of any selection.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [
                (source, [group.create_task(runs.answer(until)) for runs in asked])
                for source, asked in self._selected(selection)
            ]
        return Snapshot(
            tuple(self._seen(source, [task.result() for task in asked]) for source, asked in tasks)
        )

    def _selected(self, selection: Selection) -> Iterator[tuple[Source, Sequence["_SharedRuns"]]]:
        for source, shared in self._sources:
            asked = [runs for runs in shared if selection.has_collector(runs.name)]
            if selection.has_source(source.name) and (asked or selection.collectors is None):
                yield source, asked

    def offers(self) -> tuple[Offer, ...]:
        """What a pull can be about, in the order of the configuration."""
        return tuple(
            Offer(source.name, source.kind, tuple(runs.name for runs in shared))
            for source, shared in self._sources
        )

    def known(self) -> Snapshot:
        """What the last runs gave, without asking anybody; a collector that has not run yet is left out."""
        return Snapshot(
            tuple(
                SourceSnapshot(
                    source.name, source.kind, tuple(seen for runs in shared if (seen := runs.known()))
                )
                for source, shared in self._sources
            )
        )

    def _seen(self, source: Source, pulls: Sequence[tuple[CollectorSnapshot, bool]]) -> SourceSnapshot:
        self._observer.pulled(source.name, shared=not any(began for _, began in pulls))
        whole = len(pulls) == len(source.collectors)
        return SourceSnapshot(source.name, source.kind, tuple(seen for seen, _ in pulls), whole)


class _SharedRuns:
    """The runs of one collector: the present one, and the last good answer while it may be shared."""

    def __init__(
        self,
        source: str,
        collector: Collector,
        *,
        min_interval: float,
        observer: CollectionObserver,
        wall: Callable[[], float],
    ) -> None:
        self._source = source
        self._collector = collector
        self._min_interval = min_interval if collector.interval is None else collector.interval
        self._observer = observer
        self._wall = wall
        self._run: _Run | None = None
        self._good: tuple[float, Answer[Facts]] | None = None
        self._last: tuple[float, Answer[Facts]] | None = None
        self._kept: Facts | None = None
        self._last_success: float | None = None
        self._told: set[str] = set()

    @property
    def name(self) -> str:
        """The collector's name."""
        return self._collector.name

    async def answer(self, until: float) -> tuple[CollectorSnapshot, bool]:
        """The answer for one pull, and whether it began a run."""
        if self._good is not None and _now() - self._good[0] < self._min_interval:
            return await self._seen(self._good[1], until), False
        began = self._run is None or self._run.over
        if self._run is None or began:
            self._run = _Run(self._collect, until)
        return await self._seen(await self._run.wait(until), until), began

    def known(self) -> CollectorSnapshot | None:
        """What the last run gave, and what the last pull was shown of the kept; None before the first."""
        if self._last is None:
            return None
        ran_at, answer = self._last
        return CollectorSnapshot(self._collector.name, answer, self._last_success, self._kept, ran_at)

    async def _seen(self, answer: Answer[Facts], until: float) -> CollectorSnapshot:
        """The answer, and what the collector keeps; where that cannot be had, the answer is a failure."""
        kept: Facts | None = None
        try:
            async with asyncio.timeout_at(max(until, _now()) + KEPT_GRACE):
                kept = await self._collector.kept()
        except TimeoutError:
            answer = self._without_kept(answer, errors.LedgerUnavailable(LEDGER_LATE))
        except Exception as error:  # noqa: BLE001 - the wall: a bug fails its own collector
            answer = self._without_kept(answer, error)
        self._kept = kept
        return CollectorSnapshot(self._collector.name, answer, self._last_success, kept)

    def _without_kept(self, answer: Answer[Facts], error: Exception) -> Answer[Facts]:
        """The same answer as a failure; the next pull begins a run, so that it is counted what is wrong."""
        self._good = None
        reason = _reason(error)
        self._tell(reason, error)
        failed = replace(answer, reason=answer.reason or reason, detail=answer.detail or _detail(error))
        self._last = (self._wall(), failed)
        return failed

    async def _collect(self, run: "_Run") -> Answer[Facts]:
        """One run: the one place where an error that nobody foresaw becomes the reason `internal`."""
        facts: Facts | None = None
        error: Exception | None
        try:
            part = await run.inside_wall(self._collector.collect)
            facts, error = part.facts, part.error
        except TimeoutError:
            error = errors.DeadlinePassed(LATE)
        except Exception as surprise:  # noqa: BLE001 - the wall: a bug fails its own collector
            error = surprise
        answer: Answer[Facts] = Answer(facts, _reason(error), _now() - run.started, _detail(error))
        self._last = (self._wall(), answer)
        self._observer.ran(self._source, self._collector.name, answer=answer)
        if error is None:
            self._good = (run.started, answer)
            self._last_success = self._wall()
        self._tell(answer.reason, error)
        return answer

    def _tell(self, reason: Reason | None, error: Exception | None) -> None:
        """Log what is new: a recovery, the first failure for a reason, or the first bug at a place."""
        who = {"source": self._source, "collector": self._collector.name}
        if error is None:
            if self._told:
                log.info("collector recovered", **who)
            self._told.clear()
            return
        bug = frames(error) if reason is Reason.INTERNAL else ""
        news = bug or str(reason)
        if news in self._told:
            return
        self._told.add(news)
        if bug:
            log.error("collector failed by a bug", **who, traceback=bug)
        else:
            log.warning("collector failed", **who, reason=str(reason), detail=_detail(error))


class _Run:
    """One run of one collector, for as long as somebody waits for it."""

    def __init__(
        self, collect: Callable[["_Run"], Coroutine[None, None, Answer[Facts]]], until: float
    ) -> None:
        self.started = _now()
        self.deadline = Deadline(until)
        self._wall: asyncio.Timeout | None = None
        self._waiting = 0
        self._abandoned = False
        self._task = asyncio.create_task(collect(self))

    @property
    def over(self) -> bool:
        """True where nobody can join any more."""
        return self._abandoned or self._task.done() or (self._wall is not None and self._wall.expired())

    async def inside_wall(self, collect: Callable[[Deadline], Awaitable[Partial]]) -> Partial:
        """Run `collect` to the deadline of the latest waiter; raises `TimeoutError` there."""
        async with asyncio.timeout_at(self.deadline.at) as self._wall:
            return await collect(self.deadline)

    async def wait(self, until: float) -> Answer[Facts]:
        """Wait for the answer, at most to this waiter's own deadline; the last one to leave ends the run."""
        self._waiting += 1
        self.deadline.extend(until)
        if self._wall is not None:
            self._wall.reschedule(self.deadline.at)
        try:
            async with asyncio.timeout_at(until + GRACE):
                return await asyncio.shield(self._task)
        except TimeoutError:
            # Where decoding kept the loop past this moment, the answer is there all the same.
            if self._task.done():
                return self._task.result()
            return Answer(None, Reason.TIMEOUT, _now() - self.started, LATE)
        finally:
            self._waiting -= 1
            # A run whose time is up ends by itself, and counts as failed.
            if not self._waiting and not self.over:
                self._abandoned = True
                self._task.cancel()


def _reason(error: Exception | None) -> Reason | None:
    if error is None:
        return None
    return error.reason if isinstance(error, errors.CollectorError) else Reason.INTERNAL


def _detail(error: Exception | None) -> str:
    """Our own words; those of an error that nobody foresaw may hold anything."""
    return str(error) if isinstance(error, errors.CollectorError) else ""


def _now() -> float:
    return asyncio.get_running_loop().time()
