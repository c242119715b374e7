"""The whole exporter in front of the simulated world: its application, asked in-process, in virtual time.

An `Exporter` is made inside the running loop (`run_threaded`), and a scrape is what Prometheus does.
"""

import asyncio
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

import httpx

from exporter.app import Surroundings, build
from exporter.config import (
    BucketSettings,
    CollectSettings,
    Config,
    DailySettings,
    Loaded,
    RocketChatSettings,
    RoomGroup,
    RoomSettings,
    SourceSettings,
    UserGroup,
)
from exporter.demo import (
    CHAT_ON_CALL,
    CHAT_TOKEN,
    CHAT_URL,
    CHAT_USER_ID,
    DAILY_KEY,
    DAILY_URL,
    ChatWorkspace,
    DailyDomain,
    DemoTransport,
    Moods,
    World,
)
from exporter.demo.clock import Clock
from exporter.errors import ConfigError
from exporter.telemetry import BuildInfo
from exporter.web.deadline import HEADER
from exporter.web.routes import WebSettings
from tests.demo_client import MORNING
from tests.kit.clock import START, WallClock, loop_time
from tests.kit.rig import inline
from tests.kit.threads import Inline

SEED: Final = "scraping"
BUILD: Final = BuildInfo(version="1.2.3", revision="abc", python="3.11.0")
GROUPS: Final = (RoomGroup("support", re.compile("support-.*")), RoomGroup("nobody", re.compile("none")))


def daily_source(**changes: Any) -> DailySettings:
    """The simulated domain with all that can be shown of it, but for what is changed."""
    rooms = RoomSettings(watch=("all-hands", "bridge-east"), groups=GROUPS)
    given: dict[str, Any] = {
        "name": "video",
        "base_url": DAILY_URL,
        "api_key": inline(DAILY_KEY),
        "rooms": rooms,
    }
    return DailySettings(**given | changes)


def chat_source(**changes: Any) -> RocketChatSettings:
    """The simulated workspace with all that can be shown of it, but for what is changed."""
    given: dict[str, Any] = {
        "name": "chat",
        "base_url": CHAT_URL,
        "user_id": inline(CHAT_USER_ID),
        "auth_token": inline(CHAT_TOKEN),
        "groups": (UserGroup("oncall", CHAT_ON_CALL),),
        "connections": True,
    }
    return RocketChatSettings(**given | changes)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request to a vendor: when it left (the loop's time), and the status that came back."""

    at: float
    url: httpx.URL
    headers: httpx.Headers
    status: int | None


class Wire(httpx.AsyncBaseTransport):
    """Passes requests on and writes them down; `instead` says for a path what happens instead."""

    def __init__(self, behind: httpx.AsyncBaseTransport) -> None:
        self._behind = behind
        self.sent: list[Sent] = []
        self.instead: dict[str, Callable[[httpx.Request], httpx.Response]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        at, status = loop_time(), None
        try:
            instead = self.instead.get(request.url.path)
            response = instead(request) if instead else await self._behind.handle_async_request(request)
            status = response.status_code
        finally:
            self.sent.append(Sent(at, request.url, request.headers, status))
        return response

    def paths(self) -> list[str]:
        """The paths asked so far, in their order."""
        return [sent.url.path for sent in self.sent]


@dataclass(frozen=True, slots=True)
class Page:
    """What a scrape was answered, when it was asked, and how many seconds it took."""

    at: float
    seconds: float
    status: int
    text: str
    series: Mapping[str, float] = field(repr=False)
    """The samples of a text page, by name and labels as they are written."""

    def value(self, name: str, **labels: str) -> float | None:
        """One sample; None where it is absent."""
        written = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
        return self.series.get(f"{name}{{{written}}}")

    def of(self, *prefixes: str) -> dict[str, float]:
        """The samples whose names and labels begin like that."""
        return {name: value for name, value in self.series.items() if name.startswith(prefixes)}


@cache
def _world(clock: Clock) -> tuple[DailyDomain, ChatWorkspace]:
    """Simulated vendors without limits, which remember nothing of who asked: drawn once for each clock."""
    return DailyDomain(SEED, clock=clock, calls=None), ChatWorkspace(SEED, clock=clock, calls=None)


MOVING: Final = WallClock(MORNING)
"""The clock of a world that lives."""


def limited_world() -> World:
    """A world with the vendors' default limits, which nobody has used yet."""
    daily = DailyDomain(SEED, clock=MOVING)
    return World(SEED, MOVING, daily=daily, chat=ChatWorkspace(SEED, clock=MOVING))


class Exporter:
    """The application with these sources, and the world behind it."""

    def __init__(
        self,
        *sources: SourceSettings,
        clock: Clock = MOVING,
        min_interval: float = 10.0,
        world: World | None = None,
        moods: Moods | None = None,
        process_metrics: bool = False,
        exemplars: bool = False,
    ) -> None:
        """Make it; `clock` is the world's, and `world` another world than the one without limits.

        All endpoints are in a good mood, unless `moods` are given.
        """
        if world is None:
            daily, chat = _world(clock)
            world = World(SEED, clock, daily=daily, chat=chat)
        self.moods = Moods() if moods is None else moods
        self.wire = Wire(DemoTransport(world, moods=self.moods))
        self.config = Config(
            CollectSettings(min_interval=min_interval, max_response_bytes=2**20),
            BucketSettings(),
            sources,
            exemplars=exemplars,
        )
        self.fault: str | None = None
        self.app = build(
            self.config,
            build_info=BUILD,
            web=WebSettings(),
            process_metrics=process_metrics,
            surroundings=Surroundings(self.wire, _wall(), random.Random(7), ledger_threads=Inline()),
            read=self._read,
        )

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask the application; underscores stand for hyphens in the names of headers."""
        return await self._ask(
            "GET", path, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    async def reload(self, *sources: SourceSettings, **changes: Any) -> httpx.Response:
        """Have the application read a configuration with these sources and changes."""
        self.config = replace(self.config, sources=sources, **changes)
        return await self._ask("POST", "/-/reload", {})

    async def scrape(
        self, seconds: float = 10.0, *, at: float | None = None, accept: str = "*/*", path: str = "/metrics"
    ) -> Page:
        """Scrape as Prometheus does with that timeout, at that moment of the loop's time, or now."""
        if at is not None:
            await asyncio.sleep(at - loop_time())
        began = loop_time()
        answer = await self.get(path, **{HEADER: str(seconds), "Accept": accept})
        return Page(began, loop_time() - began, answer.status_code, answer.text, _series(answer.text))

    def _read(self) -> Loaded:
        if self.fault is not None:
            raise ConfigError(self.fault)
        return Loaded(self.config, ())

    async def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app.web)
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter", timeout=None) as client:
            return await client.request(method, path, headers=headers)


def _wall() -> Clock:
    """Unix seconds by the running loop, from any thread: pauses are looked at while a page is rendered."""
    loop = asyncio.get_running_loop()
    return lambda: MORNING + loop.time() - START


def _series(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
