"""A real Chromium, headless, that looks at pages and writes down whatever goes wrong in them.

Knows no page. It is Debian's own: nothing is downloaded. `beside` keeps a loop in a thread, where a browser
and a server may stay for many tests, since starting one takes a second or more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from playwright.async_api import Browser, Page, async_playwright

from tests.programs import require_tool

T = TypeVar("T")

Scheme = Literal["light", "dark"]

_QUIETLY: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PATIENCE: Final = 60_000
"""Milliseconds that anything may take on a busy machine."""


@dataclass(slots=True)
class Look:
    """A page, and what it did besides being shown: requests, and whatever it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def ask(self, question: str, given: Any = None) -> Any:
        """What a script says of the page; the page's own policy does not bind it."""
        return await self.page.evaluate(question, given)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Start a browser of the test's own, which talks to nobody by itself."""
    program = require_tool("chromium", hint="Debian's package `chromium`")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*_QUIETLY])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def looking(
    browser: Browser,
    url: str,
    *,
    width: int = 1280,
    scheme: Scheme = "light",
    javascript: bool = True,
) -> AsyncIterator[Look]:
    """Open the page in a window of that width, as a reader with that taste would."""
    context = await browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=javascript,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    look = Look(await context.new_page())
    look.page.on("request", lambda request: look.requests.append(request.url))
    look.page.on("console", lambda message: look.complaints.append(message.text))
    look.page.on("pageerror", lambda error: look.complaints.append(str(error)))
    try:
        await look.page.goto(url)
        yield look
    finally:
        await context.close()


@contextmanager
def beside() -> Iterator[Callable[[Coroutine[Any, Any, T]], T]]:
    """Run coroutines in the loop of a thread of its own, one after the other, each to its end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="browser")
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
