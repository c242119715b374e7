"""The collector of ended meetings before a small Daily, told by hand what it shows of which meeting and when.

`Held` is a meeting and how it is told, `Domain` the vendor, `Ended` the real collector with a ledger in
memory. Moments are seconds from the start of the clocks (`WALL_START`). It knows Daily's wire, and of the
exporter no more than how a source is made; tens of thousands of meetings are the matter of `longhistory`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from exporter.collect import Collection
from exporter.config import BucketSettings, LedgerSettings, PresenceMode
from exporter.model import Deadline, Partial
from exporter.sources import daily
from exporter.sources.daily.ended import EndedMeetingsCollector
from tests.kit.clock import START, WALL_START, WallClock, loop_time
from tests.kit.ledger import MemoryLedger
from tests.kit.observer import Heard, Runs
from tests.kit.rig import ENDED, SECONDS, daily_settings, make_fetcher
from tests.kit.rows import meeting, page
from tests.kit.vendor import STALL, Reply, Stall, http_date

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting, and how it is told: as it is, where nothing is changed.

    It begins at `start` and lasts `seconds`; `stays` (one, as long as the meeting) end with it. It is listed
    from `listed`, or its start, to `gone`, and told to go on until `over` (its end). `unlisted` keeps it out
    of the list of ongoing meetings. `odd` are fields that are told otherwise; `...` leaves one out.
    """

    id: str
    start: float
    seconds: float
    stays: tuple[float, ...] | None = None
    room: str = "my-room"
    listed: float = -1e9
    gone: float = 1e9
    over: float | None = None
    unlisted: bool = False
    odd: Mapping[str, Any] = field(default_factory=dict)

    @property
    def end(self) -> float:
        return self.start + self.seconds

    def ongoing(self, now: float) -> bool:
        """Whether it is told to go on."""
        return now < (self.end if self.over is None else self.over)

    def row(self, now: float, *, bare: bool) -> dict[str, Any]:
        """As Daily tells of it; while it goes on its durations say nothing."""
        ongoing = self.ongoing(now)
        stays = (self.seconds,) if self.stays is None else self.stays
        people = [
            {
                "user_id": None,
                "participant_id": f"person-{number}",
                "user_name": "Somebody",
                "join_time": WALL_START + self.end - stay,
                "duration": 0 if ongoing else stay,
            }
            for number, stay in enumerate(stays)
        ]
        told: dict[str, Any] = {
            "room": self.room,
            "start_time": WALL_START + self.start,
            "duration": 0 if ongoing else self.seconds,
            "ongoing": ongoing,
            "max_participants": len(people),
            "participants": ... if bare else people,
        }
        return meeting(self.id, **told | dict(self.odd))


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of `/meetings`, and when; without a named time, from `start` -inf to `end` inf."""

    at: float
    start: float
    end: float
    room: str | None
    limit: int
    after: str | None
    ongoing: bool
    bare: bool

    @property
    def counts(self) -> bool:
        """Whether it asks how many there are, and for no row."""
        return self.limit == 1


Instead = Callable[[Request], Reply | Stall | None]
"""What is answered instead; None for the truth."""


@dataclass
class Domain(httpx.AsyncBaseTransport):
    """A Daily domain; its clock is fast by `ahead` seconds, and an answer takes it `seconds`.

    Whose key it is it tells by `named`, or not at all; `instead` answers otherwise about meetings.
    """

    held: list[Held] = field(default_factory=list)
    ahead: float = 0.0
    seconds: float = 0.05
    named: object = "acme-video"
    instead: Instead = field(default=lambda _: None)
    asked: list[Request] = field(default_factory=list)
    whose: list[float] = field(default_factory=list)

    @property
    def history(self) -> list[Request]:
        """What was asked of the history, without the lists of what goes on."""
        return [each for each in self.asked if not each.ongoing]

    def change(self, name: str, other: Held) -> None:
        """Tell of the meeting of that id in another way from now on."""
        (place,) = (place for place, each in enumerate(self.held) if each.id == name)
        self.held[place] = other

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        at, path = passed(), request.url.path
        reply: Reply | Stall | None
        if path == "/v1/":
            self.whose.append(at)
            reply = STALL if self.named is STALL else Reply({"domain_name": self.named}, after=self.seconds)
        else:
            assert path == "/v1/meetings", path
            asked = _read(at, request.url.params)
            self.asked.append(asked)
            reply = self.instead(asked) or Reply(self.page(asked), after=self.seconds)
        if isinstance(reply, Stall):
            return await asyncio.Future()
        await asyncio.sleep(reply.after)
        response = reply.response()
        response.headers.setdefault("Date", http_date(WALL_START + self.ahead + passed()))
        return response

    def page(self, asked: Request, *, without: int = 0) -> dict[str, Any]:
        """What is true; `without` so many rows at its front, which are counted all the same."""
        now = passed()
        begun = (each for each in self.held if asked.start <= each.start < asked.end)
        found = [each for each in begun if max(each.start, each.listed) <= now < each.gone]
        if asked.room:
            found = [each for each in found if each.room == asked.room]
        if asked.ongoing:
            found = [each for each in found if each.ongoing(now) and not each.unlisted]
        found.sort(key=lambda each: (-each.start, each.id))
        ids = [each.id for each in found]
        begin = ids.index(asked.after) + 1 if asked.after in ids else 0
        rows = [each.row(now, bare=asked.bare) for each in found[begin : begin + asked.limit]]
        return page(rows[without:], len(found))


@dataclass(slots=True)
class Ended:
    """The collector, what it was told, and its ledger; a restart is another one with the same ledger."""

    domain: Domain
    ledger: MemoryLedger
    heard: Heard
    collector: EndedMeetingsCollector
    collection: Collection

    async def run(self, seconds: float = SECONDS) -> Partial:
        """One run, with its errors coming out."""
        deadline = Deadline(loop_time() + seconds)
        async with asyncio.timeout_at(deadline.at):
            return await self.collector.collect(deadline)

    async def runs(self, until: float, *, every: float = MINUTE) -> None:
        """Run now and so often, and at that moment for the last time."""
        moment = passed()
        while moment < until:
            await asyncio.sleep(moment - passed())
            await self.run()
            moment += every
        await asyncio.sleep(until - passed())
        await self.run()

    @property
    def counted(self) -> list[str]:
        """The meetings that were counted."""
        return sorted(self.ledger.counted_at)

    def counted_at(self, name: str) -> float:
        """When a meeting was counted, to the second."""
        return (self.ledger.counted_at[name] - START) // 1

    @property
    def watermark(self) -> float:
        return self.ledger.begun.watermark - WALL_START

    @property
    def following(self) -> list[str]:
        return sorted(self.ledger.following)


def ended(
    domain: Domain, ledger: MemoryLedger | None = None, *, ahead: float = 0.0, **settings: Any
) -> Ended:
    """A collector with these settings of the ledger; our clock is fast by `ahead` seconds."""
    source = daily_settings(presence=PresenceMode.OFF, meetings=True)
    memory, heard, wall = ledger or MemoryLedger(), Heard(), WallClock(ahead=ahead)
    made = daily.DailySource(
        source,
        make_fetcher(domain, daily.vendor(source), observer=heard, wall=wall),
        buckets=BucketSettings(),
        observer=heard,
        ledger=memory,
        ledger_settings=LedgerSettings(**settings),
    )
    (collector,) = (each for each in made.collectors if each.name == ENDED)
    assert isinstance(collector, EndedMeetingsCollector)
    collection = Collection([made], min_interval=0.0, observer=Runs(), wall=wall)
    return Ended(domain, memory, heard, collector, collection)


def passed() -> float:
    """Seconds since the start of the clocks."""
    return loop_time() - START


def at(moment: float) -> float:
    """The Unix time of a moment."""
    return WALL_START + moment


def _read(at: float, params: httpx.QueryParams) -> Request:
    return Request(
        at,
        float(params.get("timeframe_start", "-inf")) - WALL_START,
        float(params.get("timeframe_end", "inf")) - WALL_START,
        room=params.get("room"),
        limit=int(params["limit"]),
        after=params.get("starting_after"),
        ongoing=params.get("ongoing") == "true",
        bare=params.get("no_participants") == "true",
    )
