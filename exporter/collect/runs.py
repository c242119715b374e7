"""The runs of one collector, shared between the pulls that come together.

A pull that overlaps a run joins it; a pull within `min_interval` of the start of the last good run gets
that result. Here is the wall: what a collector raises fails that collector, and nothing else.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

import structlog

from exporter import errors
from exporter.collect.run import LATE, Run, now
from exporter.collect.users import Users
from exporter.journal import Event, Journal, Pull, Recording, Way
from exporter.log import frames
from exporter.model import (
    Answer,
    Collector,
    CollectorSnapshot,
    Facts,
    Reason,
)

log = structlog.get_logger(__name__)

KEPT_GRACE: Final = 0.1
"""Seconds to fetch what a collector keeps where its run took all the time: counters stay when a vendor
stalls."""

LEDGER_LATE: Final = "ledger: no answer before the scrape's deadline"


class CollectionObserver(Protocol):
    """Hears of the runs of collectors and of the pulls that they answer; must not raise and must not wait."""

    def ran(self, source: str, collector: str, *, answer: Answer[Facts]) -> None:
        """One run is over."""

    def pulled(self, source: str, *, shared: bool) -> None:
        """One pull was answered for a source; `shared` where it began no run of its own."""


class SharedRuns:
    """The runs of one collector: the present one, and the last good answer while it may be shared."""

    def __init__(
        self,
        source: str,
        collector: Collector,
        *,
        min_interval: Callable[[], float],
        observer: CollectionObserver,
        journal: Journal,
        users: Users,
        wall: Callable[[], float],
    ) -> None:
        """`min_interval` is asked at each pull; `users` hears of every run, to its very end."""
        self._source = source
        self._collector = collector
        self._min_interval = min_interval
        self._observer = observer
        self._journal = journal
        self._users = users
        self._wall = wall
        self._run: Run | None = None
        self._good: tuple[Run, Answer[Facts]] | None = None
        self._last: tuple[float, Answer[Facts]] | None = None
        self._kept: Facts | None = None
        self._last_success: float | None = None
        self._told: set[str] = set()

    @property
    def name(self) -> str:
        """The collector's name."""
        return self._collector.name

    async def answer(self, until: float, *, pull: Pull) -> tuple[CollectorSnapshot, bool]:
        """The answer for one pull, and whether it began a run."""
        if self._good is not None and now() - self._good[0].started < self._shared_for():
            run, way = self._good[0], Way.SHARED
        elif self._run is None or self._run.over:
            run, way = self._begin(until), Way.BEGAN
        else:
            run, way = self._run, Way.JOINED
            run.note.note(Event.JOINED)
        line = pull.asked(run.note, way, shared_for=self._shared_for())
        answer = self._good[1] if self._good and way is Way.SHARED else await run.wait(until)
        seen = await self._seen(answer, until)
        line.answered(seen.answer)
        return seen, way is Way.BEGAN

    def _begin(self, until: float) -> Run:
        note = self._journal.begin(self._source, self._collector.name)
        self._run = run = Run(self._collect, until, note=note)
        self._users.until_done(run.task)
        run.task.add_done_callback(partial(self._cut_off, note))
        return run

    def _cut_off(self, note: Recording, task: asyncio.Task[Answer[Facts]]) -> None:
        """Note that a run was cancelled; it may not even have come to its first line."""
        if task.cancelled():
            note.note(Event.CANCELLED)
            self._journal.end(note, None)

    def known(self) -> CollectorSnapshot | None:
        """What the last run gave, and what the last pull was shown of the kept; None before the first."""
        if self._last is None:
            return None
        ran_at, answer = self._last
        return CollectorSnapshot(self._collector.name, answer, self._last_success, self._kept, ran_at)

    def _shared_for(self) -> float:
        interval = self._collector.interval
        return self._min_interval() if interval is None else interval

    async def _seen(self, answer: Answer[Facts], until: float) -> CollectorSnapshot:
        """The answer, and what the collector keeps; where that cannot be had, the answer is a failure."""
        kept: Facts | None = None
        try:
            async with asyncio.timeout_at(max(until, now()) + KEPT_GRACE):
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
        if answer.success:
            note = self._journal.begin(self._source, self._collector.name)
            note.note(Event.KEPT)
            self._journal.end(note, replace(failed, seconds=0.0))
        return failed

    async def _collect(self, run: Run) -> Answer[Facts]:
        """One run: the one place where an error that nobody foresaw becomes the reason `internal`."""
        run.note.attach()
        facts: Facts | None = None
        error: Exception | None
        try:
            part = await run.inside_wall(self._collector.collect)
            facts, error = part.facts, part.error
        except TimeoutError:
            run.note.note(Event.DEADLINE)
            error = errors.DeadlinePassed(LATE)
        except Exception as surprise:  # noqa: BLE001 - the wall: a bug fails its own collector
            error = surprise
        answer: Answer[Facts] = Answer(facts, _reason(error), now() - run.started, _detail(error))
        self._last = (self._wall(), answer)
        self._journal.end(run.note, answer)
        self._observer.ran(self._source, self._collector.name, answer=answer)
        if error is None:
            self._good = (run, answer)
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


def _reason(error: Exception | None) -> Reason | None:
    if error is None:
        return None
    return error.reason if isinstance(error, errors.CollectorError) else Reason.INTERNAL


def _detail(error: Exception | None) -> str:
    """Our own words; those of an error that nobody foresaw may hold anything."""
    return str(error) if isinstance(error, errors.CollectorError) else ""
