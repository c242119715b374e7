"""The page of the last collections in a real browser: every width, light and dark, without script."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, get_args

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.async_api import Browser

from exporter.journal import Notes
from exporter.web.guard import DEFAULTS
from exporter.web.routes import build_routes
from tests.kit.front import FRONT
from tests.system.browser import Scheme, beside, browsing, looking
from tests.test_web_inside import NOTES
from tests.test_web_server import running

pytestmark = pytest.mark.system

WIDTHS: Final = (360, 768, 1280, 1920)
OPEN: Final = "document.querySelectorAll('details').forEach(each => { each.open = true })"

Play = Callable[[Callable[[Browser, str], Coroutine[Any, Any, None]]], None]


@asynccontextmanager
async def prepared() -> Any:
    """A browser, and a server whose journal has everything in it."""
    front = replace(FRONT, journal=lambda: NOTES)
    async with running(build_routes(front), limits=DEFAULTS) as here, browsing() as browser:
        yield browser, f"http://127.0.0.1:{here.port}"


@pytest.fixture(scope="module")
def playing() -> Iterator[Play]:
    """One browser and one server for all plays here."""
    with beside() as run:
        preparing = prepared()
        browser, url = run(preparing.__aenter__())
        yield lambda play: run(play(browser, url))
        run(preparing.__aexit__(None, None, None))


def test_it_fits_every_screen(playing: Play) -> None:
    """Nothing is beside the window, also with all details open; it loads nothing and complains of nothing."""

    async def play(browser: Browser, url: str) -> None:
        for width in WIDTHS:
            page = f"{url}/debug/collections"
            async with looking(browser, page, width=width) as look:
                await look.ask(OPEN)
                seen = await look.ask("[document.documentElement.scrollWidth, innerWidth]")
                assert seen == [width, width]
                assert set(look.requests) == {page}
                assert look.complaints == []

    playing(play)


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_everybody_can_read_it(scheme: Scheme, playing: Play) -> None:
    """No fault of contrast, names, roles or order (WCAG 2 A and AA, by axe)."""

    async def play(browser: Browser, url: str) -> None:
        for width in (360, 1280):
            async with looking(browser, f"{url}/debug/collections", width=width, scheme=scheme) as look:
                await look.ask(OPEN)
                found = await Axe().run(look.page)
                assert found.violations_count == 0, found.generate_report()

    playing(play)


def test_without_script_it_is_the_same(playing: Play) -> None:
    """What is closed opens all the same, and the way back is there."""

    async def play(browser: Browser, url: str) -> None:
        async with looking(browser, f"{url}/debug/collections", javascript=False) as look:
            closed = look.page.locator("details:not([open]) summary").first
            words = look.page.locator(".run h4")
            before = await words.locator("visible=true").count()
            await closed.click()
            assert await words.locator("visible=true").count() > before
            await look.page.get_by_role("link", name="status").click()
            assert look.page.url == f"{url}/"

    playing(play)


def test_the_configuration_is_shown_as_text(playing: Play) -> None:
    """A browser shows it, and offers no file."""

    async def play(browser: Browser, url: str) -> None:
        async with looking(browser, f"{url}/config") as look:
            assert await look.page.locator("body").inner_text() == "sources: []\n"

    playing(play)


def test_the_empty_page_is_a_page(playing: Play) -> None:
    """An exporter that nobody has asked yet."""

    async def play(browser: Browser, url: str) -> None:
        del url
        app = build_routes(replace(FRONT, journal=lambda: Notes(0.0, (), ())))
        async with (
            running(app, limits=DEFAULTS) as here,
            looking(browser, f"http://127.0.0.1:{here.port}/debug/collections") as look,
        ):
            assert await look.page.get_by_text("Nobody has asked yet.").count() == 1
            found = await Axe().run(look.page)
            assert found.violations_count == 0, found.generate_report()

    playing(play)
