"""One campaign in one process, in virtual time: exporters come and die before a script, one ledger stays."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from exporter.app import Application, Surroundings, build
from exporter.config import BucketSettings, CollectSettings, Config, LedgerSettings, PresenceMode
from exporter.demo import DemoTransport, World
from exporter.telemetry import BuildInfo
from exporter.web.routes import WebSettings
from tests.kit.clock import START
from tests.kit.rig import inline
from tests.kit.scraping import daily_source
from tests.kit.threads import run_threaded
from tests.ledgerworld.doom import POINTS, Doom, DoomedFront, DoomedThreads, DoomedTransport
from tests.ledgerworld.pages import BOUNDS, Scraped, differences
from tests.ledgerworld.script import BASE, ENDS, HOUR, MINUTE, Script, ScriptedDomain

if TYPE_CHECKING:
    from collections.abc import Callable

CALM_FROM: Final = ENDS
"""Seconds after `BASE` when nobody dies any more."""

CALM_FOR: Final = 4 * HOUR
"""Long enough for all that waits: an audit goes round in one, look-ups come back within one."""

OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0"


@dataclass(slots=True)
class Outcome:
    """What a campaign came to: all that was scraped, the last page's samples, and where exporters died."""

    script: Script
    scraped: Scraped = field(default_factory=Scraped)
    final: dict[str, float] = field(default_factory=dict)
    created: set[float] = field(default_factory=set)
    hits: Counter[str] = field(default_factory=Counter)

    def add(self, page: str) -> None:
        """Take in the next page."""
        self.final = self.scraped.add(page)
        self.created |= {value for name, value in self.final.items() if name.endswith("_created")}

    def faults(self) -> list[str]:
        """What is not as it must be: figures that fell, starts of counting, differences from the truth."""
        truth = self.script.truth(min(self.created)).series(BOUNDS)
        starts = [] if len(self.created) == 1 else [f"counting since {sorted(self.created)}"]
        return [*self.scraped.fallen, *starts, *differences(self.final, truth)]


@dataclass(slots=True)
class Life:
    """One exporter from its start to its death."""

    application: Application
    doom: Doom

    async def scrape(self) -> str | None:
        """Scrape as Prometheus does; None where nothing came back, since it died."""
        transport = httpx.ASGITransport(DoomedFront(self.application.web, self.doom))
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter", timeout=None) as client:
            try:
                answer = await client.get("/metrics", headers={"Accept": OPENMETRICS})
            except BaseException:
                if self.doom.dead:
                    return None
                raise
        # Whoever died beside the scrape, as in a run that it did not wait for, is dead all the same.
        assert answer.status_code == 200
        return None if self.doom.dead else answer.text

    async def bury(self) -> None:
        """Take away what a dead process leaves to the system: tasks, open files."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.application.ledger.close()


@dataclass(slots=True)
class Campaign:
    """What is the same for all exporters of a campaign, and chance."""

    seed: int
    url: str
    transactions: bool = True
    points: tuple[str, ...] = POINTS

    def run(self) -> Outcome:
        """Play it to the end."""
        return run_threaded(self._play())

    async def _play(self) -> Outcome:
        rng = random.Random(self.seed)
        outcome = Outcome(Script(self.seed))
        loop = asyncio.get_running_loop()
        # Half of them come when much is over, and are told to count from the beginning all the same.
        since = rng.choice((None, 8 * HOUR))
        interval = rng.choice((0.0, 60.0))
        begin = since or 0

        def wall() -> float:
            return BASE + begin + loop.time() - START

        world = World(self.seed, wall, daily=ScriptedDomain(outcome.script, wall))
        settings = LedgerSettings(url=inline(self.url), interval=interval, since=since)

        def start() -> Life:
            return self._start(settings, world, wall=wall, hits=outcome.hits)

        life, seen = start(), 0
        while wall() < BASE + CALM_FROM + CALM_FOR:
            calm = wall() >= BASE + CALM_FROM
            if not calm and not life.doom.armed:
                life.doom.arm(rng.choice(self.points), after=rng.randrange(40))
            page = await life.scrape()
            if page is None:
                await life.bury()
                # Nobody is away for long twice without having looked in between.
                away = (1, 20, 10 * MINUTE, 2 * HOUR) if outcome.scraped.pages > seen else (1, 20)
                await asyncio.sleep(rng.choice(away))
                life, seen = start(), outcome.scraped.pages
                continue
            outcome.add(page)
            await asyncio.sleep(5 * MINUTE if calm else self._gap(rng, wall() - BASE))
        await life.bury()
        return outcome

    def _gap(self, rng: random.Random, now: float) -> float:
        """Seconds to the next scrape: often while there is much, else as it comes."""
        if 10 * HOUR <= now <= 11 * HOUR:
            return rng.choice((15, 30, 60))
        return rng.choice((15, 60, 60, 5 * MINUTE, 10 * MINUTE, 25 * MINUTE))

    def _start(
        self, settings: LedgerSettings, world: World, *, wall: Callable[[], float], hits: Counter[str]
    ) -> Life:
        doom = Doom(hits)
        threads = DoomedThreads(doom)
        application = build(
            Config(
                CollectSettings(min_interval=0.0),
                BucketSettings(),
                (daily_source(presence=PresenceMode.OFF),),
                ledger=settings,
            ),
            build_info=BuildInfo("1", "r", "3"),
            web=WebSettings(),
            process_metrics=False,
            surroundings=Surroundings(
                DoomedTransport(DemoTransport(world), doom), wall, random.Random(7), ledger_threads=threads
            ),
        )
        threads.watch(application.ledger, transactions=self.transactions)
        return Life(application, doom)
