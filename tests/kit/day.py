"""Simulated days of an exporter on a virtual clock: scrapes, every bad mood in turn, a reload an hour.

What an operator would notice is held at each step: a recovery takes one scrape, and nothing withheld is 0.
"""

import asyncio
import ctypes
import gc
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Final

from exporter.demo import CHAT, DAILY, MOODS, ChatWorkspace, DailyDomain, World, home
from tests.kit.clock import loop_time
from tests.kit.scraping import MOVING, SEED, Exporter, Page, chat_source, daily_source

EVERY: Final = 15.0
"""Seconds between two scrapes."""

SCRAPES: Final = 6
"""For how many scrapes a mood lasts, and a calm after it."""

HOUR: Final = 3600.0

ENDPOINTS: Final = {
    "video": (DAILY, ("presence", "meetings", "ended_meetings")),
    "chat": (CHAT, ("presence", "connections")),
}

PAUSE: Final = "presence_upstream_pause_until_timestamp_seconds"
COUNTS: Final = {"video": "presence_participants", "chat": "presence_users"}


@dataclass(frozen=True, slots=True)
class State:
    """What the process holds at one moment: bytes in memory, open files, tasks of the loop."""

    resident: int
    descriptors: int
    tasks: int


@dataclass(slots=True)
class Day:
    """The exporter whose day it is, and what was seen of it."""

    exporter: Exporter
    scrapes: int = 0
    failed: int = 0
    reloads: int = 0
    moods: list[str] = field(default_factory=list)
    hours: list[State] = field(default_factory=list)

    async def live(self, hours: float) -> None:
        """Scrape for so many hours, mood after mood, and reload at each full hour."""
        began = loop_time()
        moods = cycle(MOODS)
        while (passed := loop_time() - began) < hours * HOUR:
            if passed >= (self.reloads + 1) * HOUR:
                await self._reload()
            await self._suffer(next(moods))
        self.hours.append(state())

    async def _suffer(self, mood: str) -> None:
        """One mood at both vendors; then calm, in which the first scrape that may ask is a good one."""
        self.moods.append(mood)
        for vendor in (DAILY, CHAT):
            if (endpoint := home(mood, vendor)) is not None:
                self.exporter.moods.set(vendor, endpoint, mood)
        for _ in range(SCRAPES):
            await self._scrape()
        self.exporter.moods.clear()
        await asyncio.sleep(self._pause())
        for _ in range(SCRAPES):
            page = await self._scrape()
            down = [source for source in ENDPOINTS if page.value("presence_up", source=source) != 1.0]
            assert not down, f"{down} did not recover from {mood} within one scrape"

    async def _scrape(self) -> Page:
        await asyncio.sleep(EVERY)
        page = await self.exporter.scrape()
        # What was sent to the vendors is not looked at here, and would only grow.
        self.exporter.wire.sent.clear()
        assert page.status == 200
        assert page.seconds <= 10.0
        self.scrapes += 1
        for source, (_, collectors) in ENDPOINTS.items():
            good = {
                each: page.value("presence_collector_success", source=source, collector=each)
                for each in collectors
            }
            self.failed += not all(good.values())
            counted = page.of(COUNTS[source] + "{")
            assert bool(counted) is (good["presence"] == 1.0), "a count is there exactly where it is known"
        return page

    def _pause(self) -> float:
        """Seconds until no vendor wants a pause any more."""
        ends = [
            endpoint.pause or 0.0
            for source in ENDPOINTS
            for endpoint in self.exporter.app.telemetry.activity(source).endpoints
        ]
        return max(ends)

    async def _reload(self) -> None:
        """Add a source or take it away, and change another, in turn; what was there stays good."""
        # What leaves is closed a moment after the reload.
        self.hours.append(state())
        self.reloads += 1
        odd = self.reloads % 2 == 1
        video = daily_source()
        rooms = replace(video.rooms, limit=100 if odd else 500)
        second = [replace(video, name="second", meetings=False)] if odd else []
        answer = await self.exporter.reload(replace(video, rooms=rooms), chat_source(), *second)
        assert answer.status_code == 200, answer.text


def new_day() -> Day:
    """A day that begins now, with a world of its own; to be called in the loop."""
    world = World(
        SEED,
        MOVING,
        daily=DailyDomain(SEED, clock=MOVING, calls=None),
        chat=ChatWorkspace(SEED, clock=MOVING, calls=None),
    )
    # All of the day is drawn now: what the world remembers of itself is not the exporter's.
    now = MOVING()
    for hour in range(-24, 30):
        world.daily.meetings(now + hour * HOUR)
        world.chat.statuses(now + hour * HOUR)
    return Day(Exporter(daily_source(), chat_source(), clock=MOVING, world=world))


async def lived(hours: float) -> Day:
    """A day of so many hours, from its start to the end of the exporter."""
    day = new_day()
    try:
        await day.live(hours)
    finally:
        await day.exporter.app.aclose()
    return day


def state() -> State:
    """What this process holds now, garbage apart, and what the allocator keeps for later."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    descriptors = sum(1 for _ in _descriptors())
    return State(pages * 4096, descriptors, len(asyncio.all_tasks()))


def _descriptors() -> Iterator[Path]:
    return Path("/proc/self/fd").iterdir()
