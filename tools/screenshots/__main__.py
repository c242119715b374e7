"""Takes the pictures in docs/images: the demo's status page, always at the same moment of the same world.

The page is written in virtual time, so that nothing in it depends on this machine, and shown by Debian's
Chromium, which is given the page and no network. Pixels may differ with the machine's fonts.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import httpx
from playwright.sync_api import Browser, Route, sync_playwright

from exporter.app import Surroundings, build
from exporter.commands.demonstration import NOTE, SEED, demonstration
from exporter.demo import DailyDomain, DemoTransport, World, mildly
from exporter.telemetry import BuildInfo
from exporter.web.routes import WebSettings
from tests.kit.clock import START
from tests.kit.threads import Inline, run_threaded
from tests.programs import require_tool

IMAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "images"

MOMENT: Final = 1_800_437_400.0
"""Unix seconds: a Wednesday in 2027, 09:30 UTC, when every kind of thing goes on in the simulated world."""

COUNTED: Final = 4 * 3600.0
"""Seconds before, from which on the ledger counts."""

SCRAPES: Final = 20
INTERVAL: Final = 15.0
LOOKED: Final = 9.0
"""Seconds after the last scrape."""

LARGEST: Final = 200_000
"""Bytes that a picture may have: whoever clones the project takes all of them."""

ADDRESS: Final = "http://exporter.test/"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its name, the window's width and height, and the reader's taste."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]


PICTURES: Final = (
    Picture("status-light", 1280, 958, "light"),
    Picture("status-dark", 1280, 958, "dark"),
    Picture("status-phone", 390, 1500, "light"),
)


class Distance(httpx.AsyncBaseTransport):
    """Vendors answer at once in virtual time; real ones are far away."""

    def __init__(self, behind: httpx.AsyncBaseTransport) -> None:
        self._behind = behind
        self._rng = random.Random(SEED)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the vendor does, some tenths of a second later."""
        await asyncio.sleep(self._rng.uniform(0.08, 0.4))
        return await self._behind.handle_async_request(request)


async def written() -> httpx.Response:
    """The demo's page after some minutes of scrapes."""
    loop = asyncio.get_running_loop()
    begin = MOMENT - SCRAPES * INTERVAL

    def clock() -> float:
        return begin + loop.time() - START

    loaded, _ = demonstration()
    config = replace(loaded.config, ledger=replace(loaded.config.ledger, since=COUNTED))
    world = World(SEED, clock, daily=DailyDomain(SEED, clock=clock, teller=mildly(SEED)))
    transport = Distance(DemoTransport(world))
    around = Surroundings(transport, clock, random.Random(SEED), ledger_threads=Inline())
    app = build(
        config,
        build_info=BuildInfo("0.1.0", "", ""),
        web=WebSettings(),
        process_metrics=False,
        notes=(NOTE,),
        surroundings=around,
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app.web), base_url=ADDRESS, timeout=None
    ) as client:
        for _ in range(SCRAPES):
            await asyncio.sleep(INTERVAL)
            await client.get("/metrics")
        await asyncio.sleep(LOOKED)
        page = await client.get("/")
    await app.aclose()
    return page


def take(browser: Browser, picture: Picture, *, page: httpx.Response) -> Path:
    """Show the page as it came, with its headers, and store what is to be seen."""

    def answer(route: Route) -> None:
        route.fulfill(status=page.status_code, headers=dict(page.headers), body=page.text)

    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height}, color_scheme=picture.scheme
    )
    window = context.new_page()
    window.route("**/*", answer)
    window.goto(ADDRESS)
    path = IMAGES / f"{picture.name}.png"
    window.screenshot(path=path)
    context.close()
    return path


def main(say: Callable[[str], None] = print) -> int:
    """Take all pictures; 1 where one of them is too large."""
    page = run_threaded(written())
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        program = require_tool("chromium", hint="Debian's package `chromium`")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        paths = [take(browser, each, page=page) for each in PICTURES]
        browser.close()
    sizes = {path: path.stat().st_size for path in paths}
    for path, size in sizes.items():
        say(f"{path.name}: {size:,} bytes")
    return int(max(sizes.values()) > LARGEST)


if __name__ == "__main__":
    sys.exit(main())
