"""Connections to a vendor are kept between scrapes, and one that was closed meanwhile fails none of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from exporter.app import Surroundings, build
from exporter.app.network import KEPT_SECONDS, _client
from exporter.config import BucketSettings, CollectSettings, Config, HttpSettings
from exporter.web.routes import WebSettings
from tests.kit.logs import caught_log
from tests.kit.rig import daily_settings
from tests.kit.scraping import BUILD
from tests.programs import PROJECT
from tests.upstream import reset

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CEILING = 60.0
"""Seconds that anything here may take; none of it needs one."""

DIRECT = HttpSettings(proxy="none")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Catch what is logged."""
    with caught_log():
        yield


@dataclass
class Vendor:
    """A server on loopback; what it does about each request in turn is in `script`, and then it answers.

    "leave" closes the connection after the answer, as is anyone's right; "reset" resets it instead of one.
    """

    script: list[str] = field(default_factory=list)
    port: int = 0
    opened: int = 0
    asked: int = 0
    present: int = 0
    empty: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.present += 1
        self.empty.clear()
        with suppress(asyncio.IncompleteReadError):
            while await self._answered(reader, writer):
                pass
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self.present -= 1
        if not self.present:
            self.empty.set()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Deal with one request; False where the connection ends with it."""
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        step = self.script.pop(0) if self.script else "answer"
        if step == "reset":
            reset(writer.transport)
            return False
        writer.write(ANSWER)
        return step != "leave"


@asynccontextmanager
async def vendor(*script: str) -> AsyncIterator[Vendor]:
    """Serve as long as the block lasts, and until everybody has left."""
    here = Vendor(list(script))
    server = await asyncio.start_server(here, "127.0.0.1", 0)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
        await asyncio.wait_for(here.empty.wait(), CEILING)
    finally:
        server.close()


async def scrape_twice(here: Vendor) -> list[bool]:
    """Whether the vendor was up, each time; between the two it has time to leave."""
    settings = daily_settings(base_url=f"http://127.0.0.1:{here.port}/v1", http=DIRECT)
    config = Config(CollectSettings(min_interval=0.0), BucketSettings(), (settings,))
    leaves = "leave" in here.script
    app = build(config, build_info=BUILD, web=WebSettings(), surroundings=Surroundings(rng=random.Random(7)))
    first = await app.collection.pull(asyncio.get_running_loop().time() + CEILING)
    if leaves:
        await asyncio.wait_for(here.empty.wait(), CEILING)
    second = await app.collection.pull(asyncio.get_running_loop().time() + CEILING)
    await app.aclose()
    return [bool(source.up) for snapshot in (first, second) for source in snapshot.sources]


@pytest.mark.parametrize(
    "script, asked, opened",
    [((), 2, 1), (("leave",), 2, 2), (("answer", "reset"), 3, 2)],
    ids=["it stays open", "it was closed meanwhile", "it is reset under the next request"],
)
def test_a_scrape_goes_over_the_connection_of_the_last_one_or_over_a_new_one(
    script: tuple[str, ...], asked: int, opened: int
) -> None:
    """Whatever became of it: a request that was lost with its connection is sent again, on another."""

    async def run() -> None:
        async with vendor(*script) as here:
            assert await scrape_twice(here) == [True, True]
            assert (here.asked, here.opened) == (asked, opened)

    asyncio.run(run())


def test_a_connection_is_kept_for_as_long_as_is_said() -> None:
    """One that may not be idle at all is closed before the next request."""

    async def opened(kept: float) -> int:
        async with vendor() as here:
            async with _client(DIRECT, None, kept=kept) as client:
                for _ in range(2):
                    assert (await client.get(f"http://127.0.0.1:{here.port}/")).status_code == 200
            return here.opened

    assert (asyncio.run(opened(KEPT_SECONDS)), asyncio.run(opened(0.0))) == (1, 2)


def test_it_is_kept_over_usual_scrape_intervals_and_given_up_before_a_balancer_does() -> None:
    """Those are 15 and 30 s, and 60 s; the documentation says how long."""
    assert 30 + 10 < KEPT_SECONDS < 60
    page = " ".join((PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8").split())
    assert f"A connection is kept for {KEPT_SECONDS:g} seconds after its last answer" in page
