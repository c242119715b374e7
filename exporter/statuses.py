"""Watches how long chat users stay in a status, from one full list to the next, in memory.

Pure: it is handed each full list with its moment and knows no vendor, clock or metric. The ids of people
stay in here; only counts leave. A stay is counted when it ends, once, and only where both ends were seen;
all else is void.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.distribution import Tally, distribute
from exporter.model import Distribution

WATCHED_STATUSES = ("online", "away", "busy")
"""The statuses whose stays are timed; users in no full list are offline, deactivated or hidden: not told
apart."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A present status: since when it was seen, and whether its beginning was; users may share one."""

    status: str
    since: float
    whole: bool


class StatusWatch:
    """The stays of one workspace's users; its owner calls `saw` with each full list."""

    def __init__(self, *, completed: Sequence[float], current: Sequence[float], gap: float) -> None:
        """Count into buckets with these ends; over `gap` seconds without a list void what was running."""
        self._current = tuple(current)
        self._gap = gap
        self._stays: dict[str, Stay] = {}
        self._completed = {status: Tally(completed) for status in WATCHED_STATUSES}
        self._last: float | None = None
        self.resolution: float | None = None

    def saw(self, statuses: Mapping[str, str], *, now: float) -> None:
        """Take in a full list, user id → status, that was true at `now` (Unix seconds)."""
        unseen = None if self._last is None else now - self._last
        blind = unseen is None or unseen > self._gap or unseen < 0
        before = {} if blind else self._stays
        # Whoever is seen in a status first in this list shares its stay: of 100,000 users few ever differ.
        fresh = {status: Stay(status, now, not blind) for status in self._completed}
        stays: dict[str, Stay] = {}
        for user, status in statuses.items():
            if status not in fresh:
                continue
            stay = before.get(user)
            stays[user] = stay if stay is not None and stay.status == status else fresh[status]
        for user, stay in before.items():
            if stay.whole and stays.get(user) is not stay:
                self._completed[stay.status].add(now - stay.since)
        self._stays = stays
        self._last = now
        self.resolution = None if unseen is None or unseen < 0 else unseen

    def current(self, *, now: float) -> dict[str, Distribution]:
        """Users by status, and for how long, at least, they have been seen in it."""
        ages: dict[str, list[float]] = {status: [] for status in WATCHED_STATUSES}
        for stay in self._stays.values():
            ages[stay.status].append(now - stay.since)
        return {status: distribute(values, self._current) for status, values in ages.items()}

    def completed(self) -> dict[str, Distribution]:
        """Every stay counted since the watch began, by status."""
        return {status: tally.snapshot() for status, tally in self._completed.items()}
