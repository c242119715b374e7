"""A stretch of an exporter's life on a virtual clock, written down as Prometheus would have stored its pages.

The exporter is the real application in front of the simulated world of the demo; its vendors have bad moods
now and then. What comes out is OpenMetrics with a moment for each sample, for `promtool tsdb
create-blocks-from openmetrics`. It knows nothing of promtool or of a server.

One thing cannot be written down: that a series ended. A server that scrapes marks it, and in these blocks it
lingers for the five minutes of Prometheus's lookback.
"""

import asyncio
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final, TextIO

import httpx

from exporter.app import Application, Surroundings, build
from exporter.commands.demonstration import SEED, demonstration
from exporter.config import Config, LedgerSettings, Loaded, RocketChatSettings
from exporter.demo import CHAT, DAILY, MOODS, ChatWorkspace, DailyDomain, DemoTransport, Moods, World, home
from exporter.demo import mildly as told_mildly
from exporter.errors import ConfigError
from exporter.telemetry import BuildInfo
from exporter.web.deadline import HEADER
from exporter.web.routes import WebSettings
from tests.kit.clock import START, WallClock
from tests.kit.threads import Inline

EVERY: Final = 240.0
"""Seconds between two scrapes: less than the five minutes after which Prometheus takes a series for gone."""

HOUR: Final = 3600.0

MOODY: Final = 5 * HOUR
"""Seconds from the beginning of one bad mood to that of the next; the last begins so long before the end."""

BAD: Final = 960.0
"""Seconds that a bad mood lasts."""

LAST_MOODS: Final = ("unavailable", "presence_disabled", "retyped", "rate_limited")
"""Those that come last, the very last one first; before them come all others in their order, in turns."""

UNREADABLE: Final = 0.75 * MOODY
"""Seconds after a bad mood's beginning after which the configuration's file is bad, and is read again."""

REPAIRED: Final = UNREADABLE + 1800
"""The same until it is good again."""

JOB: Final = "presence"
INSTANCE: Final = "exporter:10458"

OPENMETRICS: Final = "application/openmetrics-text;version=1.0.0"

BUILD: Final = BuildInfo(version="1.2.3", revision="abc", python="3.11.0")


@dataclass(frozen=True, slots=True)
class Life:
    """From the start of an exporter to its end, and the end of the story that it is part of (Unix seconds).

    It is scraped every so many seconds. With `deltas` every other list of users is one of changes only.
    """

    start: float
    end: float
    story: float
    every: float = EVERY
    deltas: bool = True

    def mood(self, moment: float) -> str | None:
        """The bad mood of the vendors at that moment; None for a good one."""
        number, since = self._turn(moment)
        if since >= BAD or number < 1:
            return None
        order = (*LAST_MOODS, *(mood for mood in MOODS if mood not in LAST_MOODS))
        return order[(number - 1) % len(order)]

    def edits(self, moment: float) -> bool | None:
        """Whether somebody writes a good (or bad) configuration at that moment and has it read; else None."""
        _, since = self._turn(moment)
        for after, good in ((UNREADABLE, False), (REPAIRED, True)):
            if after <= since < after + self.every:
                return good
        return None

    def _turn(self, moment: float) -> tuple[int, float]:
        """How many bad moods begin from here on, this one too, and the seconds since its beginning."""
        number = math.ceil((self.story - moment) / MOODY)
        return number, moment - (self.story - number * MOODY)

    def moments(self) -> Iterator[float]:
        """When it is scraped."""
        for number in count():
            moment = self.start + number * self.every
            if moment >= self.end:
                return
            yield moment


@dataclass(slots=True)
class Tape:
    """Writes down what a server with this job and instance would have stored."""

    file: TextIO
    job: str = JOB
    instance: str = INSTANCE
    samples: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def page(self, text: str, *, moment: float, instead: dict[str, float] | None = None) -> None:
        """The samples of a page, scraped at that moment; `instead` gives other values by the series."""
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        for series, _, value in lines:
            self.sample(series, (instead or {}).get(series, value), moment=moment)
        self._scraped(moment, up=1, samples=len(lines))

    def silence(self, moment: float) -> None:
        """Nobody answered."""
        self._scraped(moment, up=0, samples=0)

    def _scraped(self, moment: float, *, up: int, samples: int) -> None:
        self.sample("up", up, moment=moment)
        self.sample("scrape_duration_seconds", 0.02, moment=moment)
        self.sample("scrape_samples_scraped", samples, moment=moment)
        self.sample("scrape_samples_post_metric_relabeling", samples, moment=moment)

    def sample(self, series: str, value: float | str, *, moment: float) -> None:
        """One sample of a series, as a page writes it."""
        named = self.names.get(series)
        if named is None:
            named = self.names[series] = _labelled(series, job=self.job, instance=self.instance)
        self.file.write(f"{named} {value} {moment:.3f}\n")
        self.samples += 1


def _labelled(series: str, **labels: str) -> str:
    written = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{series[:-1]},{written}}}" if series.endswith("}") else f"{series}{{{written}}}"


class Exporter:
    """The application of the demo, in the running loop, from that moment on (Unix seconds)."""

    def __init__(
        self,
        start: float,
        *,
        full_every: float | None,
        world: World | None = None,
        ledger: LedgerSettings | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.wall: Callable[[], float] = lambda: start + loop.time() - START
        self.moods = Moods()
        self.good_file = True
        self.config = _configuration(full_every, ledger=ledger or LedgerSettings(interval=900.0))
        transport = DemoTransport(world or demo_world(start), moods=self.moods)
        self.app: Application = build(
            self.config,
            build_info=BUILD,
            web=WebSettings(),
            surroundings=Surroundings(transport, self.wall, random.Random(7), ledger_threads=Inline()),
            read=self._read,
        )
        behind = httpx.ASGITransport(self.app.web)
        self._client = httpx.AsyncClient(transport=behind, base_url="http://exporter", timeout=None)

    async def scrape(self) -> str:
        """What Prometheus gets now."""
        answer = await self.ask("GET", "/metrics")
        return answer.text

    async def ask(self, method: str, path: str) -> httpx.Response:
        """What anybody gets who asks for that path."""
        return await self._client.request(method, path, headers={HEADER: "10", "Accept": OPENMETRICS})

    async def aclose(self) -> None:
        """End it."""
        await self._client.aclose()
        await self.app.aclose()

    def _read(self) -> Loaded:
        if not self.good_file:
            raise ConfigError("sources: nothing is left of them")
        return Loaded(self.config, ())


def demo_world(start: float) -> World:
    """The world that the demo shows, at the moment of the running loop."""
    clock = WallClock(start)
    daily = DailyDomain(SEED, clock=clock, teller=told_mildly(SEED))
    return World(SEED, clock, daily=daily, chat=ChatWorkspace(SEED, clock=clock))


def _configuration(full_every: float | None, *, ledger: LedgerSettings) -> Config:
    """The demo's sources, with all that is to be seen of them, and full lists of users so often."""
    loaded, _ = demonstration()
    sources = tuple(
        replace(source, full_every=full_every) if isinstance(source, RocketChatSettings) else source
        for source in loaded.config.sources
    )
    return replace(loaded.config, sources=sources, ledger=ledger)


async def live(life: Life, file: TextIO) -> int:
    """Live through it and write it down; returns the number of samples."""
    tape = Tape(file)
    exporter = Exporter(life.start, full_every=2 * life.every if life.deltas else None)
    try:
        for number, moment in enumerate(life.moments()):
            await asyncio.sleep(moment - exporter.wall())
            exporter.moods.clear()
            if (mood := life.mood(moment)) is not None:
                _sour(exporter, mood)
            if (good := life.edits(moment)) is not None:
                exporter.good_file = good
                await exporter.ask("POST", "/-/reload")
            if number % 15 == 5:
                # Somebody asks beside Prometheus, and what he makes us ask is shared with it.
                await exporter.ask("GET", "/-/ready")
                await exporter.ask("GET", "/metrics")
            page = await exporter.scrape()
            tape.page(page, moment=moment, instead={"process_start_time_seconds": life.start})
    finally:
        await exporter.aclose()
    return tape.samples


def _sour(exporter: Exporter, mood: str) -> None:
    for vendor in (DAILY, CHAT):
        if (endpoint := home(mood, vendor)) is not None:
            exporter.moods.set(vendor, endpoint, mood)
