"""Who is in the rooms now: `GET /presence` for a domain, `GET /rooms/{room}/presence` for watched rooms.

Both are up to 15 s old when Daily gives them. The totals count everybody; the room settings choose only who
gets a series.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from exporter import errors
from exporter.config import BucketSettings
from exporter.distribution import distribute, distribute_known
from exporter.fetch import Fetcher, Question
from exporter.model import Collector, Deadline, DomainPresence, Partial, SourceObserver, WatchedRooms
from exporter.rooms import ROOM_NAME, RoomLabel, RoomRules, choose_rooms, group_occupancy, room_series
from exporter.sources.daily import wire

WRAP_UP: Final = 0.05
"""Seconds kept from a run's deadline to hand over the rooms that did answer."""


class PresenceCollector(Collector):
    """Everybody in the domain, with one request; remembers which rooms it showed."""

    name = "presence"
    endpoint = "/presence"

    def __init__(
        self, fetcher: Fetcher, rules: RoomRules, *, buckets: BucketSettings, observer: SourceObserver
    ) -> None:
        self._fetcher = fetcher
        self._rules = rules
        self._buckets = buckets
        self._observer = observer
        self._shown: frozenset[str] = frozenset()

    async def collect(self, deadline: Deadline) -> Partial:
        """Ask for the whole domain."""
        question = Question(self.endpoint, "/presence")
        reply = await self._fetcher.get(question, self._tally, deadline=deadline)
        return Partial(reply.value)

    def _tally(self, body: bytearray, now: float) -> DomainPresence:
        joins = wire.presence(body, self._observer.drifted)
        occupied = {room: len(times) for room, times in joins.items() if times}
        odd_names = sum(ROOM_NAME.fullmatch(room) is None for room in occupied)
        self._observer.drifted(wire.ROOM, odd_names)
        self._shown = choose_rooms(occupied, self._rules, shown_before=self._shown)
        stays = [now - join for times in joins.values() for join in times if join is not None]
        lone = [now - times[0] for times in joins.values() if len(times) == 1 and times[0] is not None]
        people, alone = sum(occupied.values()), sum(size == 1 for size in occupied.values())
        return DomainPresence(
            participants=people,
            rooms_occupied=len(occupied),
            rooms=room_series(occupied, self._rules, shown=self._shown),
            groups=group_occupancy(occupied, self._rules),
            room_sizes=distribute(occupied.values(), self._buckets.of("room_size_participants")),
            current_stays=distribute_known(stays, self._buckets.of("current_stay_seconds"), of=people),
            lone_stays=distribute_known(lone, self._buckets.of("lone_stay_seconds"), of=alone),
        )


class RoomPresenceCollector(Collector):
    """Each watched room on its own; one that cannot be read fails the run and leaves the others."""

    name = "room_presence"
    endpoint = "/rooms/{room}/presence"

    def __init__(self, fetcher: Fetcher, rules: RoomRules) -> None:
        self._fetcher = fetcher
        self._rules = rules

    async def collect(self, deadline: Deadline) -> Partial:
        """Ask for all watched rooms at once, as fast as the vendor's limit lets us."""
        asked = {
            room: asyncio.create_task(ask_room(self._fetcher, room, deadline=deadline))
            for room in self._rules.watch
        }
        try:
            await _until(deadline, set(asked.values()))
        finally:
            for task in asked.values():
                task.cancel()
        known: dict[str, int] = {}
        failures: dict[str, errors.UpstreamError] = {}
        for room, task in asked.items():
            try:
                known[room] = _outcome(task)
            except errors.UpstreamError as error:
                failures[room] = error
        return Partial(self._labelled(known), _first(failures))

    def _labelled(self, known: Mapping[str, int]) -> WatchedRooms:
        if self._rules.label is RoomLabel.OFF:
            return WatchedRooms({})
        return WatchedRooms({self._rules.label_of(room): people for room, people in known.items()})


async def ask_room(fetcher: Fetcher, room: str, *, deadline: Deadline) -> int:
    """People in one room; a room that Daily does not know raises `NotFound`."""
    question = Question(RoomPresenceCollector.endpoint, f"/rooms/{room}/presence")
    reply = await fetcher.get(question, lambda body, _: wire.participants(body), deadline=deadline)
    return reply.value


async def _until(deadline: Deadline, tasks: set[asyncio.Task[int]]) -> None:
    """Wait for the tasks, and no longer than to just before the deadline, which may move meanwhile.

    A refused key is refused for every room: the first such answer ends the waiting.
    """
    loop = asyncio.get_running_loop()
    while tasks and (left := deadline.at - WRAP_UP - loop.time()) > 0:
        done, tasks = await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if any(isinstance(task.exception(), errors.CredentialRefused) for task in done):
            return


def _outcome(task: asyncio.Task[int]) -> int:
    if not task.done() or task.cancelled():
        raise errors.DeadlinePassed(f"{RoomPresenceCollector.endpoint}: no answer in time")
    return task.result()


def _first(failures: Mapping[str, errors.UpstreamError]) -> errors.UpstreamError | None:
    """The failure that names the run's reason: a refused key, or else the first room's."""
    refused = [error for error in failures.values() if isinstance(error, errors.CredentialRefused)]
    return next(iter((*refused, *failures.values())), None)
