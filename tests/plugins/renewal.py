"""`--renew-pages`: stores the pages anew as the exporter shows them now, to be read in the diff."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import pytest

PAGES = Path(__file__).parent.parent / "data" / "pages"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the flag."""
    parser.addoption("--renew-pages", action="store_true", help="store the pages as they are now")


@pytest.fixture
def as_stored(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Give what holds a page against the stored one of that name: each line, in both directions."""
    renewing = bool(request.config.getoption("--renew-pages"))
    return lambda name, page: compare(PAGES / name, page, renewing=renewing)


def compare(stored: Path, page: str, *, renewing: bool) -> None:
    """Fail with the lines that are gone and those that are new; or store the page first."""
    if renewing:
        stored.parent.mkdir(exist_ok=True)
        stored.write_text(page, encoding="utf-8")
    before = stored.read_text(encoding="utf-8").splitlines()
    differing = list(difflib.unified_diff(before, page.splitlines(), "stored", "now", n=0, lineterm=""))
    if differing:
        pytest.fail("\n".join([f"{stored.name} (renew it with --renew-pages)", *differing]), pytrace=False)
