"""The page for people in a real browser: wide and narrow, light and dark, by keyboard, without script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.async_api import Browser

from exporter.web.guard import DEFAULTS
from exporter.web.routes import build_routes
from exporter.web.status import Overview
from tests.kit import overviews
from tests.kit.front import FRONT
from tests.system.browser import PATIENCE, Look, Scheme, beside, browsing, looking
from tests.system.conftest import StartExporter
from tests.test_web_server import running

pytestmark = pytest.mark.system

WIDTHS: Final = (360, 1280, 1920)
SCHEMES: Final[tuple[Scheme, ...]] = get_args(Scheme)

# Every piece of text with the boxes that it takes, of which no two may lie over each other, and none outside.
TEXTS: Final = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, words = node.textContent.trim(), parent = node.parentElement;
    if (!words || parent.closest("script, style, .hidden") || !parent.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 0) found.push([words, box.left, box.top, box.right, box.bottom]);
  }
  return found;
}"""

OPEN: Final = "document.querySelectorAll('details').forEach(each => { each.open = true })"

FOCUSED: Final = """() => {
  const at = document.activeElement, words = at.textContent.trim().split("\\n")[0];
  return [at.tagName, words, getComputedStyle(at).outlineStyle, at.matches(":focus-visible")];
}"""


@dataclass(slots=True)
class Scene:
    """A browser, and a server that shows one overview."""

    browser: Browser
    url: str
    overview: Overview = overviews.EMPTY

    @asynccontextmanager
    async def look(self, path: str = "/", **how: Any) -> AsyncIterator[Look]:
        """Open the page; afterwards it must have loaded nothing but itself, and complained of nothing."""
        async with looking(self.browser, self.url + path, **how) as look:
            yield look
            assert set(look.requests) <= {f"{self.url}{path}"}
            assert look.complaints == []


Play = Callable[[Overview, Callable[[Scene], Coroutine[Any, Any, None]]], None]
"""Has a play before an overview."""


@asynccontextmanager
async def prepared() -> AsyncIterator[Scene]:
    """The server and the browser."""
    scene: list[Scene] = []
    front = replace(FRONT, overview=lambda: scene[0].overview)
    async with running(build_routes(front), limits=DEFAULTS) as here, browsing() as browser:
        scene.append(Scene(browser, f"http://127.0.0.1:{here.port}"))
        yield scene[0]


@pytest.fixture(scope="module")
def playing() -> Iterator[Play]:
    """One browser and one server for all plays here."""
    with beside() as run:
        preparing = prepared()
        scene = run(preparing.__aenter__())

        def play(overview: Overview, play: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
            scene.overview = overview
            run(play(scene))

        yield play
        run(preparing.__aexit__(None, None, None))


@pytest.mark.parametrize("name", overviews.ALL)
def test_it_fits_every_screen(name: str, playing: Play) -> None:
    """Nothing is beside the window, and no text lies over another, also with all details open."""

    async def play(scene: Scene) -> None:
        for width in WIDTHS:
            async with scene.look(width=width) as look:
                await look.ask(OPEN)
                wide, window = await look.ask("[document.documentElement.scrollWidth, innerWidth]")
                texts = await look.ask(TEXTS)

                assert (wide, window) == (width, width)
                assert [text for text, left, _, right, _ in texts if left < 0 or right > width] == []
                assert overlapping(texts) == []
                assert len(texts) > 10

    playing(overviews.ALL[name], play)


def overlapping(texts: list[tuple[str, float, float, float, float]]) -> list[tuple[str, str]]:
    """The pairs of texts whose boxes share more than a pixel."""
    texts = sorted(texts, key=lambda each: each[2])
    found = []
    for number, (one, left, _, right, bottom) in enumerate(texts):
        for other, left2, top2, right2, bottom2 in texts[number + 1 :]:
            if top2 >= bottom - 2:
                break
            if min(right, right2) - max(left, left2) > 1 and min(bottom, bottom2) - top2 > 2:
                found.append((one, other))
    return found


def test_texts_that_lie_over_each_other_are_found() -> None:
    """Or the check before would say nothing."""
    beside, over = ("b", 11.0, 0.0, 20.0, 10.0), ("c", 5.0, 5.0, 15.0, 15.0)

    assert overlapping([("a", 0.0, 0.0, 10.0, 10.0), beside]) == []
    assert overlapping([("a", 0.0, 0.0, 10.0, 10.0), over, ("d", 0.0, 14.0, 9.0, 20.0)]) == [("a", "c")]


@pytest.mark.parametrize("name", overviews.ALL)
def test_everybody_can_read_it(name: str, playing: Play) -> None:
    """No fault of contrast, names, roles or order, light or dark (WCAG 2 A and AA, by axe)."""

    async def play(scene: Scene) -> None:
        for scheme in SCHEMES:
            async with scene.look(scheme=scheme) as look:
                if name != "many":
                    await look.ask(OPEN)
                found = await Axe().run(look.page)
                assert found.violations_count == 0, found.generate_report()

    playing(overviews.ALL[name], play)


def test_light_and_dark_differ(playing: Play) -> None:
    """The page follows what the reader's system says."""

    async def play(scene: Scene) -> None:
        seen = []
        for scheme in SCHEMES:
            async with scene.look(scheme=scheme) as look:
                seen.append(await look.ask("getComputedStyle(document.body).backgroundColor"))
        assert len(set(seen)) == 2

    playing(overviews.HEALTHY, play)


def test_every_link_and_detail_is_reached_by_keyboard(playing: Play) -> None:
    """In the order of the page, with a ring that shows where one is; a key opens and closes the details."""

    async def play(scene: Scene) -> None:
        async with scene.look() as look:
            expected = await look.ask("document.querySelectorAll('a, summary').length")
            reached = []
            for _ in range(expected):
                await look.page.keyboard.press("Tab")
                reached.append(await look.ask(FOCUSED))
            assert {tag for tag, *_ in reached} == {"A", "SUMMARY"}
            assert {(outline, visible) for _, _, outline, visible in reached} == {("solid", True)}
            assert [text for _, text, *_ in reached][:2] == ["metrics", "targets"]

            await look.ask("document.querySelector('summary').focus()")
            for is_open in (False, True):
                await look.page.keyboard.press("Enter")
                assert await look.ask("document.querySelector('details').open") is is_open

    playing(overviews.HEALTHY, play)


def test_without_script_the_page_is_whole(playing: Play) -> None:
    """The same words, and the pauses as they were when it was written."""

    async def play(scene: Scene) -> None:
        words = []
        for javascript in (True, False):
            async with scene.look(javascript=javascript) as look:
                body = look.page.locator("main")
                words.append(await body.inner_text())
                details = await look.page.locator("details").count()
                assert details == 2
        assert words[1].replace("42 s", "…").split() == words[0].replace("42 s", "…").split()
        assert "42 s" in words[1]

    playing(overviews.FAILING, play)


def test_pauses_count_down(playing: Play) -> None:
    """To nothing, and no further."""

    async def play(scene: Scene) -> None:
        async with looking(scene.browser, "about:blank") as look:
            await look.page.clock.install()
            await look.page.goto(scene.url)
            first = look.page.locator(".countdown").first
            await look.page.clock.run_for(2_000)
            assert await first.inner_text() == "40 s"
            await look.page.clock.run_for(600_000)
            assert set(await look.page.locator(".countdown").all_inner_texts()) == {"0 s"}

    playing(overviews.FAILING, play)


def test_nothing_foreign_runs(playing: Play) -> None:
    """The policy lets the page's own style and script work, and no other."""

    async def play(scene: Scene) -> None:
        async with looking(scene.browser, scene.url) as look:
            await look.ask(
                """() => {
                  const script = document.createElement("script");
                  script.textContent = "document.title = 'taken'";
                  document.body.append(script);
                  const styled = "<p id=x style='color: red' onclick='x()'>x</p>";
                  document.body.insertAdjacentHTML("beforeend", styled);
                }"""
            )
            assert await look.page.title() != "taken"
            assert await look.ask("getComputedStyle(document.getElementById('x')).color") != "rgb(255, 0, 0)"
            assert len([each for each in look.complaints if "Content Security Policy" in each]) >= 2

    playing(overviews.HEALTHY, play)


def test_the_page_is_loaded_again_where_the_reader_chose_so(playing: Play) -> None:
    """And not where nobody did."""

    async def play(scene: Scene) -> None:
        async with scene.look("/?refresh=5") as look, scene.look() as other:
            async with look.page.expect_navigation(timeout=PATIENCE):
                pass
            assert look.requests[:2] == [f"{scene.url}/?refresh=5"] * 2
            assert len(other.requests) == 1

    playing(overviews.HEALTHY, play)


def test_the_page_of_a_real_exporter(exporter_process: StartExporter) -> None:
    """After a scrape everything is told; the links lead where they say."""
    exporter = exporter_process("--demo")

    async def run() -> None:
        async with browsing() as browser, looking(browser, f"{exporter.url}/") as look:
            assert "none asked yet" in await look.page.title()
            async with httpx.AsyncClient(trust_env=False, timeout=60) as prometheus:
                await prometheus.get(f"{exporter.url}/metrics")
            await look.page.reload()
            assert "5 collectors succeeded" in await look.page.title()
            assert await look.page.locator(".bar").count() > 5
            assert look.complaints == []
            await look.page.get_by_role("link", name="probe demo-daily now").click()
            assert look.page.url == f"{exporter.url}/probe?source=demo-daily"
            assert "presence_participants" in await look.page.locator("body").inner_text()

    asyncio.run(run())
