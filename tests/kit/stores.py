"""Ended meetings and ledgers by plain values, for the tests of the ledger's database."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.counting import Addition
from exporter.ledger.engine import open_database
from exporter.ledger.store import Store
from exporter.model import LedgerEntry, ListedMeeting
from tests.kit.clock import WALL_START

T0: Final = WALL_START
"""When counting begins, where a test does not say."""

DAY: Final = 86400.0


def meeting(name: str, *stays: float, start: float = T0 + 60.0, duration: float = 600.0) -> ListedMeeting:
    """An ended meeting with these stays."""
    peak = len(stays) or None
    return ListedMeeting(name, "lobby", start, ongoing=False, duration=duration, peak=peak, stays=stays)


def ongoing(name: str, *, start: float = T0 + 60.0, room: str | None = "lobby") -> ListedMeeting:
    """A meeting that goes on."""
    return ListedMeeting(name, room, start, ongoing=True)


def drawn(number: int, *, seed: int = 1) -> list[ListedMeeting]:
    """So many meetings of a seed."""
    chance = random.Random(seed)
    return [
        meeting(
            f"{chance.getrandbits(64):016x}",
            *(chance.lognormvariate(6, 1) for _ in range(chance.randrange(6))),
            start=T0 + each,
            duration=chance.lognormvariate(7, 1),
        )
        for each in range(number)
    ]


def open_store(url: str, *sources: str) -> Store:
    """The ledger at that address, in which these sources have begun to count at `T0`."""
    store = Store(open_database(url))
    for source in sources:
        store.state(source, now=T0, since=None)
    return store


def count(store: Store, *meetings: ListedMeeting, source: str = "acme", now: float = T0 + 700.0) -> int:
    """Record them as counted."""
    return store.record(source, LedgerEntry(now, count=meetings))


@dataclass(frozen=True, slots=True)
class Totals:
    """What a source's histograms show: (family, value) → number, and the sums."""

    numbers: Counter[tuple[str, int]]
    sums: tuple[int, int, int]


def truth(meetings: Iterable[ListedMeeting]) -> Totals:
    """What these meetings must add up to, each counted once."""
    added = Addition()
    for each in meetings:
        added.add(each)
    sums = (added.join_milliseconds, added.meeting_milliseconds, added.peak_participants)
    return Totals(added.numbers, sums)


def totals(store: Store, source: str = "acme") -> Totals:
    """What the ledger has."""
    figures = store.figures(source)
    assert figures is not None
    numbers = figures.counted.numbers
    sums = figures.sums
    return Totals(
        Counter({(family, value): n for family, values in numbers.items() for value, n in values.items()}),
        (sums.join_milliseconds, sums.meeting_milliseconds, sums.peak_participants),
    )


def in_parts(meetings: Sequence[ListedMeeting], *, size: int) -> list[tuple[ListedMeeting, ...]]:
    """The meetings in readings of that size."""
    return [tuple(meetings[start : start + size]) for start in range(0, len(meetings), size)]
