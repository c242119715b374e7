"""The door to the simulated world: an httpx transport that leads to either vendor, and nowhere else."""

import asyncio
import time

import httpx

from exporter.demo.chat_wire import CHAT, CHAT_URL, PRESENCE, SETTINGS, ChatWire
from exporter.demo.chat_world import ChatWorkspace
from exporter.demo.clock import Clock
from exporter.demo.daily_wire import DAILY_URL, DailyWire
from exporter.demo.daily_world import DailyDomain
from exporter.demo.moods import Moods
from exporter.demo.tempers import Exchange, Sleep, act
from exporter.demo.wire import Vendor


class World:
    """A Daily domain and a Rocket.Chat workspace under one clock; either can be given ready-made."""

    def __init__(
        self,
        seed: object,
        clock: Clock = time.time,
        *,
        daily: DailyDomain | None = None,
        chat: ChatWorkspace | None = None,
    ) -> None:
        """Make the world of this seed; `clock` (Unix seconds) may begin anywhere and run at any speed."""
        self.clock = clock
        self.daily = daily or DailyDomain(seed, clock=clock)
        self.chat = chat or ChatWorkspace(seed, clock=clock)


class DemoTransport(httpx.AsyncBaseTransport):
    """Carries requests to the world's vendors, each endpoint in its present mood."""

    def __init__(self, world: World, *, moods: Moods | None = None, sleep: Sleep = asyncio.sleep) -> None:
        """Lead to this world; `sleep` is how stalls and drips pass the time."""
        self.moods = Moods() if moods is None else moods
        self._clock = world.clock
        self._sleep = sleep
        self._daily = DailyWire(world.daily)
        self._chat = ChatWire(world.chat)
        self._by_host: dict[str, Vendor] = {
            httpx.URL(DAILY_URL).host: self._daily,
            httpx.URL(CHAT_URL).host: self._chat,
        }
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the vendor behind the host would; any other host cannot be reached."""
        # A network always lets others run; a client that never had to wait would outlive its own deadline.
        await asyncio.sleep(0)
        vendor = self._by_host.get(request.url.host) or self._behind_loopback(request)
        now = self._clock()
        mood = self._mood(vendor, vendor.endpoint(request.url.path), now=now)
        exchange = Exchange(vendor, request, now, self._sleep, self._turn)
        self._turn += 1
        return await act(mood, exchange)

    def _behind_loopback(self, request: httpx.Request) -> Vendor:
        """Behind a real server on this machine both vendors share a host; their paths tell them apart."""
        if request.url.host not in {"127.0.0.1", "::1", "localhost"}:
            raise httpx.ConnectError("no such host in the simulated world", request=request)
        return self._chat if request.url.path.startswith("/api/") else self._daily

    def _mood(self, vendor: Vendor, endpoint: str, *, now: float) -> str | None:
        """The setting agrees with the mood of the endpoint that it is about."""
        mood = self.moods.at(vendor.name, endpoint, now=now)
        if mood is None and (vendor.name, endpoint) == (CHAT, SETTINGS):
            about = self.moods.at(CHAT, PRESENCE, now=now)
            return about if about in {"presence_disabled", "presence_disabled_unconfirmed"} else None
        return mood
