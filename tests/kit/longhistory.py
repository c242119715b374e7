"""A simulated Daily with a long history, to count what it is asked: tens of thousands of meetings are cheap.

An httpx transport that gives `/meetings`, `/presence` and `/` as Daily does: meetings by start, newest first,
listed some seconds late, told to have ended some seconds late. It moves with its clock, forward only. It
knows the wire and no exporter. The demo's world is the one for all that Daily tells oddly.
"""

import asyncio
import random
from array import array
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple

import httpx
import msgspec

from tests.kit.clock import loop_time
from tests.kit.vendor import http_date

PAGE: Final = 100
MINUTE: Final = 60.0
ROOMS: Final = 1000

USUAL: Final = (0.04, 0.12)
"""Seconds that an answer takes, from and to."""

LISTED_AFTER: Final = 10
"""Seconds after its start when a meeting is listed at the soonest: a join is written so late."""

GRANULARITY: Final = 15
"""Seconds within which Daily writes."""


class Drawn(NamedTuple):
    """When a meeting begins (Unix seconds), and how many seconds it lasts."""

    start: float
    seconds: float


class Row(NamedTuple):
    """What is told of an ended meeting: its length and all stays in it, in seconds."""

    id: str
    start: float
    seconds: float
    stays: tuple[float, ...]

    @property
    def end(self) -> float:
        return self.start + self.seconds


def meetings(begin: float, end: float, *, per_hour: float, seed: int = 7) -> Iterator[Drawn]:
    """Meetings that begin in that time as chance has it.

    Two of three take 10 to 30 minutes, one of eight is longer, one of ninety takes hours; one of ten is
    hardly begun before it is over.
    """
    rng = random.Random(seed)
    at = begin
    while (at := at + rng.expovariate(per_hour / 3600)) < end:
        kind = rng.random()
        if kind < 0.1:
            seconds = rng.randint(1, 300)
        elif kind < 0.105:
            seconds = rng.randint(3600, 4 * 3600)
        else:
            seconds = 1 + int(rng.lognormvariate(6.95, 0.5))
        yield Drawn(at // 1, float(seconds))


@dataclass(slots=True)
class Asked:
    """When what was asked (the loop's time): the gauges' own lists of what is on, the history, all else."""

    ongoing: list[float] = field(default_factory=list)
    history: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)

    def all(self) -> list[float]:
        """All of them together."""
        return sorted((*self.ongoing, *self.history, *self.other))


def most_within(moments: Sequence[float], seconds: float = MINUTE) -> int:
    """How many of the moments, which are in order, fell into any stretch of that length at most.

    A microsecond is left out, since sums of seconds are not exact.
    """
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds + 1e-6:
            first += 1
        most = max(most, last - first + 1)
    return most


class LongHistory(httpx.AsyncBaseTransport):
    """The domain; a meeting's number is its place by start, and all else of it follows from that."""

    def __init__(
        self,
        drawn: Iterable[Drawn],
        *,
        clock: Callable[[], float],
        takes: tuple[float, float] = USUAL,
        seed: int = 7,
    ) -> None:
        """`takes` is how many seconds an answer takes, from and to."""
        found = sorted(drawn)
        self.asked = Asked()
        self._starts = array("d", (each.start for each in found))
        self._lengths = array("d", (each.seconds for each in found))
        self._clock = clock
        self._takes = takes
        self._rng = random.Random(seed)
        self._begun = 0
        # Those that are to be listed and to be told as ended, with the moment.
        self._unlisted: list[tuple[float, int]] = []
        self._ending: list[tuple[float, int]] = []
        self._ongoing: list[int] = []
        # What is told of those that go on, without people, is asked for most, and does not change.
        self._bare: dict[int, bytes] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer after a while, with what is true then."""
        query, path = request.url.params, request.url.path.removeprefix("/v1")
        asked = self.asked
        kind = asked.other if path != "/meetings" else asked.ongoing if "ongoing" in query else asked.history
        kind.append(loop_time())
        await asyncio.sleep(self._rng.uniform(*self._takes))
        now = self._clock()
        self._advance(now)
        answers = {"/": self._domain, "/presence": self._presence, "/meetings": self._meetings}
        headers = {"Date": http_date(now), "Content-Type": "application/json"}
        return httpx.Response(200, headers=headers, content=answers[path](query))

    def ended(self, begin: float, *, end: float) -> dict[str, Row]:
        """All that ended in [begin, end), as it is told at last, by id."""
        starts, lengths = self._starts, self._lengths
        numbers = (n for n in range(len(starts)) if begin <= starts[n] + lengths[n] < end)
        return {row.id: row for row in map(self._row, numbers)}

    def ongoing(self) -> int:
        """How many meetings are told to go on."""
        return len(self._ongoing)

    def _advance(self, now: float) -> None:
        while self._begun < len(self._starts) and self._starts[self._begun] <= now:
            number, self._begun = self._begun, self._begun + 1
            listed = self._starts[number] + LISTED_AFTER + number % GRANULARITY
            heappush(self._unlisted, (listed, number))
        while self._unlisted and self._unlisted[0][0] <= now:
            listed, number = heappop(self._unlisted)
            end = self._starts[number] + self._lengths[number] + number * 7 % GRANULARITY
            if end > now:
                insort(self._ongoing, number)
                heappush(self._ending, (end, number))
        while self._ending and self._ending[0][0] <= now:
            _, number = heappop(self._ending)
            del self._ongoing[bisect_left(self._ongoing, number)]
            self._bare.pop(number, None)

    def _domain(self, _query: httpx.QueryParams) -> bytes:
        return b'{"domain_name":"long"}'

    def _presence(self, _query: httpx.QueryParams) -> bytes:
        """Somebody is in some room; who else is would be a list as long as that of meetings."""
        return b'{"lobby":[{"room":"lobby","joinTime":"2026-01-01T00:00:00.000Z"}]}'

    def _meetings(self, query: httpx.QueryParams) -> bytes:
        """One page: the numbers that the filters let through, without those above the cursor's."""
        numbers = self._filtered(query)
        last = len(numbers)
        if after := query.get("starting_after"):
            last = bisect_left(numbers, int(after[:8], 16))
        page = [numbers[place] for place in range(last - 1, max(-1, last - 1 - int(query["limit"])), -1)]
        rows = b",".join(self._told(number, bare="no_participants" in query) for number in page)
        return b'{"total_count":%d,"data":[%b]}' % (len(numbers), rows)

    def _filtered(self, query: httpx.QueryParams) -> Sequence[int]:
        """Numbers in their order; tests start times alone."""
        first = bisect_left(self._starts, float(query.get("timeframe_start", "-inf")), hi=self._begun)
        last = bisect_left(self._starts, float(query.get("timeframe_end", "inf")), hi=self._begun)
        if "ongoing" in query:
            return self._ongoing[bisect_left(self._ongoing, first) : bisect_left(self._ongoing, last)]
        hidden = {number for _, number in self._unlisted if first <= number < last}
        if "room" not in query and not hidden:
            return range(first, last)
        room = query.get("room")
        return [n for n in range(first, last) if n not in hidden and room in {None, _room(n)}]

    def _is_on(self, number: int) -> bool:
        place = bisect_left(self._ongoing, number)
        return place < len(self._ongoing) and self._ongoing[place] == number

    def _row(self, number: int) -> Row:
        """One was there to the end, others for a part of it."""
        seconds = self._lengths[number]
        stays = (seconds, *(seconds // part for part in range(1, 2 + number % 3)))
        return Row(f"{number:08x}-0000-4000-8000-000000000000", self._starts[number], seconds, stays)

    def _told(self, number: int, *, bare: bool) -> bytes:
        if bare and number in self._bare:
            return self._bare[number]
        row, on = self._row(number), self._is_on(number)
        told: dict[str, Any] = {
            "id": row.id,
            "room": _room(number),
            "start_time": int(row.start),
            "duration": 0 if on else row.seconds,
            "ongoing": on,
            "max_participants": len(row.stays),
        }
        if not bare:
            told["participants"] = [_person(row, stay, on=on) for stay in row.stays]
        body = msgspec.json.encode(told)
        if bare and on:
            self._bare[number] = body
        return body


def _person(row: Row, stay: float, *, on: bool) -> dict[str, Any]:
    return {
        "user_id": None,
        "participant_id": row.id,
        "user_name": "Ada",
        "join_time": int(row.start),
        "duration": 0 if on else stay,
    }


def _room(number: int) -> str:
    return f"room-{number * 7919 % ROOMS}"
