"""A source in front of a scripted vendor: the real source, fetcher and collection, without a network.

A rig is made inside the running (virtual) loop. `pull` is what a scrape does; `run` is one collector alone,
with its errors coming out.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import httpx

from exporter.collect import Collection
from exporter.config import (
    BucketSettings,
    DailySettings,
    LedgerSettings,
    Origin,
    RocketChatSettings,
    RoomSettings,
    Secret,
)
from exporter.fetch import Fetcher, Vendor
from exporter.journal import Journal, NotingObserver
from exporter.model import Answer, Deadline, Facts, Partial, Source, SourceObserver
from exporter.sources import daily, rocketchat
from tests.kit.clock import WallClock, loop_time
from tests.kit.ledger import MemoryLedger
from tests.kit.observer import Heard, Runs
from tests.kit.vendor import Always, Script, Step

F = TypeVar("F")

SECONDS: Final = 9.5
"""What Prometheus's default timeout leaves to the collectors."""

MAX_BYTES: Final = 64 * 2**20

DAILY_URL: Final = "https://daily.test/v1"
PRESENCE: Final = "/v1/presence"
MEETINGS: Final = "/v1/meetings"
ENDED: Final = "ended_meetings"

CHAT_URL: Final = "https://chat.test"
USERS: Final = "/api/v1/users.presence"
SETTING: Final = "/api/v1/settings.public"
CONNECTIONS: Final = "/api/v1/presence.getConnections"


def room_path(room: str) -> str:
    """Where one room's presence is asked."""
    return f"/v1/rooms/{room}/presence"


def inline(value: str) -> Secret:
    """A secret that stands in the configuration."""
    return Secret(value, origin=Origin.INLINE)


def daily_settings(**changes: Any) -> DailySettings:
    """A Daily domain that asks for everybody's presence and no meetings, but for what is changed."""
    given: dict[str, Any] = {
        "name": "video",
        "base_url": DAILY_URL,
        "api_key": inline("daily-key"),
        "meetings": False,
    }
    return DailySettings(**given | changes)


def watching(*rooms: str, **changes: Any) -> RoomSettings:
    """Room settings that watch these rooms."""
    return RoomSettings(watch=rooms, **changes)


def chat_settings(**changes: Any) -> RocketChatSettings:
    """A Rocket.Chat workspace of which nobody is left out, but for what is changed."""
    given: dict[str, Any] = {
        "name": "chat",
        "base_url": CHAT_URL,
        "user_id": inline("chat-user"),
        "auth_token": inline("chat-token"),
        "exclude_ids": (),
    }
    return RocketChatSettings(**given | changes)


def make_fetcher(
    transport: httpx.AsyncBaseTransport,
    vendor: Vendor,
    *,
    observer: SourceObserver | None = None,
    max_bytes: int = MAX_BYTES,
    wall: Callable[[], float] | None = None,
    rng: random.Random | None = None,
) -> Fetcher:
    """A real fetcher with seeded chance; that no redirect is followed is its own doing, not the client's."""
    return Fetcher(
        httpx.AsyncClient(transport=transport, timeout=None, follow_redirects=True),
        vendor,
        observer=observer or Heard(),
        max_bytes=lambda: max_bytes,
        wall=wall or WallClock(),
        rng=rng or random.Random(7),
    )


@dataclass(slots=True)
class Rig:
    """One source, what its vendor was asked, what its observer heard, and what was noted."""

    source: Source
    script: Script
    heard: Heard
    runs: Runs
    wall: WallClock
    journal: Journal
    collection: Collection

    async def pull(self, seconds: float = SECONDS) -> dict[str, Answer[Facts]]:
        """One scrape: each collector's answer."""
        snapshot = await self.collection.pull(loop_time() + seconds)
        return {seen.collector: seen.answer for seen in snapshot.sources[0].collectors}

    async def run(self, name: str = "presence", *, seconds: float = SECONDS) -> Partial:
        """One run of one collector, up to the wall (`TimeoutError`)."""
        collector = next(each for each in self.source.collectors if each.name == name)
        deadline = Deadline(loop_time() + seconds)
        async with asyncio.timeout_at(deadline.at):
            return await collector.collect(deadline)

    async def facts(self, kind: type[F], name: str = "presence", *, seconds: float = SECONDS) -> F:
        """The facts of a run that must succeed, and be of that kind."""
        part = await self.run(name, seconds=seconds)
        assert part.error is None
        assert isinstance(part.facts, kind)
        return part.facts


def daily_rig(
    steps: Mapping[str, Sequence[Step] | Always],
    settings: DailySettings | None = None,
    *,
    ahead: float = 0.0,
    max_bytes: int = MAX_BYTES,
) -> Rig:
    """A Daily source in front of a script; our clock is fast by `ahead` seconds.

    Ended meetings are left out: they ask at `/meetings` as well, and have tests of their own.
    """
    settings = settings or daily_settings()
    script, heard, wall = Script(steps), Heard(), WallClock(ahead=ahead)
    observer = NotingObserver(heard)
    fetcher = make_fetcher(script, daily.vendor(settings), observer=observer, max_bytes=max_bytes, wall=wall)
    source = daily.DailySource(
        settings,
        fetcher,
        buckets=BucketSettings(),
        observer=observer,
        ledger=MemoryLedger(),
        ledger_settings=LedgerSettings(),
    )
    source.collectors = tuple(each for each in source.collectors if each.name != ENDED)
    return _rig(source, script, heard=heard, wall=wall)


def chat_rig(
    steps: Mapping[str, Sequence[Step] | Always],
    settings: RocketChatSettings | None = None,
    *,
    ahead: float = 0.0,
    max_bytes: int = MAX_BYTES,
) -> Rig:
    """A Rocket.Chat source in front of a script; our clock is fast by `ahead` seconds."""
    settings = settings or chat_settings()
    script, heard, wall = Script(steps), Heard(), WallClock(ahead=ahead)
    observer = NotingObserver(heard)
    fetcher = make_fetcher(
        script, rocketchat.vendor(settings), observer=observer, max_bytes=max_bytes, wall=wall
    )
    source = rocketchat.RocketChatSource(
        settings, fetcher, buckets=BucketSettings(), observer=observer, wall=wall
    )
    return _rig(source, script, heard=heard, wall=wall)


def _rig(source: Source, script: Script, *, heard: Heard, wall: WallClock) -> Rig:
    runs, journal = Runs(), Journal(wall=wall)
    collection = Collection([source], min_interval=0.0, observer=runs, wall=wall, journal=journal)
    return Rig(source, script, heard, runs, wall, journal, collection)
