"""All sources, asked together: one pull is one call; sources come and go, and a pull ends as it began."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from exporter.collect.runs import CollectionObserver, SharedRuns
from exporter.collect.users import Users
from exporter.journal import Journal
from exporter.model import EVERYTHING, CollectorSnapshot, Offer, Selection, Snapshot, Source, SourceSnapshot


@dataclass(frozen=True, slots=True)
class SharedSource:
    """One source, the runs of its collectors, and who uses it."""

    source: Source
    runs: Sequence[SharedRuns]
    users: Users


class Collection:
    """All sources, asked together; one pull is one call."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        min_interval: float,
        observer: CollectionObserver,
        wall: Callable[[], float],
        journal: Journal | None = None,
    ) -> None:
        self._min_interval = min_interval
        self._observer = observer
        self._wall = wall
        self._journal = journal or Journal(wall=wall)
        self._shared: tuple[SharedSource, ...] = ()
        self.replace(sources, min_interval=min_interval)

    def replace(self, sources: Sequence[Source], *, min_interval: float) -> tuple[SharedSource, ...]:
        """Ask these sources from now on, in this order; gives those that are asked no more.

        A source that was asked before keeps its runs. Pulls that are under way end as they began.
        """
        before = {id(each.source): each for each in self._shared}
        self._min_interval = min_interval
        self._shared = tuple(
            before.pop(id(source)) if id(source) in before else self._share(source) for source in sources
        )
        self._journal.asks_only(source.name for source in sources)
        return tuple(before.values())

    def _share(self, source: Source) -> SharedSource:
        users = Users()
        runs = [
            SharedRuns(
                source.name,
                each,
                min_interval=lambda: self._min_interval,
                observer=self._observer,
                journal=self._journal,
                users=users,
                wall=self._wall,
            )
            for each in source.collectors
        ]
        return SharedSource(source, runs, users)

    async def pull(self, until: float, selection: Selection = EVERYTHING) -> Snapshot:
        """What the selected collectors answer by `until` (the event loop's time); never raises for a failure.

        A source of which none is selected is left out. Runs are shared between pulls of any selection.
        """
        allowed = until - asyncio.get_running_loop().time()
        with self._journal.pull(allowed=allowed) as pull, ExitStack() as users:
            async with asyncio.TaskGroup() as group:
                tasks = []
                for shared, asked in self._selected(selection):
                    users.enter_context(shared.users.one_more())
                    answers = [group.create_task(runs.answer(until, pull=pull)) for runs in asked]
                    tasks.append((shared.source, answers))
            return Snapshot(
                tuple(self._seen(source, [task.result() for task in asked]) for source, asked in tasks)
            )

    def _selected(self, selection: Selection) -> Iterator[tuple[SharedSource, Sequence[SharedRuns]]]:
        for shared in self._shared:
            asked = [runs for runs in shared.runs if selection.has_collector(runs.name)]
            if selection.has_source(shared.source.name) and (asked or selection.collectors is None):
                yield shared, asked

    def offers(self) -> tuple[Offer, ...]:
        """What a pull can be about, in the order of the configuration."""
        return tuple(
            Offer(shared.source.name, shared.source.kind, tuple(runs.name for runs in shared.runs))
            for shared in self._shared
        )

    def known(self) -> Snapshot:
        """What the last runs gave, without asking anybody; a collector that has not run yet is left out."""
        return Snapshot(
            tuple(
                SourceSnapshot(
                    shared.source.name,
                    shared.source.kind,
                    tuple(seen for runs in shared.runs if (seen := runs.known())),
                )
                for shared in self._shared
            )
        )

    def _seen(self, source: Source, pulls: Sequence[tuple[CollectorSnapshot, bool]]) -> SourceSnapshot:
        self._observer.pulled(source.name, shared=not any(began for _, began in pulls))
        whole = len(pulls) == len(source.collectors)
        return SourceSnapshot(source.name, source.kind, tuple(seen for seen, _ in pulls), whole)
