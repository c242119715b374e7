"""The documentation in a real browser, from a server that has nothing but its files."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

import pytest

from tests.system.browser import beside, browsing, looking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.system

WIDTHS: Final = (360, 1280)
PAGES: Final = ("", "metrics/", "runbooks/PresenceStale/", "source/grafana/")
FOUND: Final = "a.md-search-result__link"


class Files(ThreadingHTTPServer):
    """A server that says nothing, also where the browser does not wait for an answer."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Be quiet about it: what is missing then is seen on the page."""


class Quiet(SimpleHTTPRequestHandler):
    """Files, without a line for each."""

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; give its address."""
    with Files(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="site")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_it_is_read_and_searched_without_anybody_else(site: Path) -> None:
    """Every request goes to the site, no page is wider than its window, and what one looks for is found."""

    async def play(url: str) -> None:
        async with browsing() as browser:
            for page in PAGES:
                for width in WIDTHS:
                    async with looking(browser, url + page, width=width) as look:
                        seen = await look.ask("[document.documentElement.scrollWidth, innerWidth]")
                        assert seen == [width, width], page
                        assert [each for each in look.requests if not each.startswith((url, "data:"))] == []
                        assert look.complaints == []
            async with looking(browser, url) as look:
                await look.page.click("input.md-search__input")
                await look.page.keyboard.type("watermark")
                await look.page.wait_for_selector(FOUND, state="attached")
                links = await look.ask(f"Array.from(document.querySelectorAll('{FOUND}'), each => each.href)")
                assert any(link.startswith(f"{url}ledger/") for link in links)
                assert [each for each in look.requests if not each.startswith((url, "data:", "blob:"))] == []

    with served(site) as url, beside() as run:
        run(play(url))
