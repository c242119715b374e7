"""Figures of speed and memory on other pages are those that `make bench` and the ledger's page have."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.programs import PROJECT

DOCS: Final = PROJECT / "docs"
MEASURED: Final = ("performance.md", "ledger.md")

FIGURE: Final = re.compile(r"(?<![\w.])(\d[\d,]*(?:\.\d+)?) (MB|kB|ms|s)\b")

NOT_OURS: Final = {(2.2, "s"), (450.0, "MB")}
"""Of json_exporter, in the comparison."""

NO_MEASUREMENT: Final = {(15.0, "s")}
"""The interval of an example."""


def figures(*pages: str) -> set[tuple[float, str]]:
    """Every number with a unit."""
    texts = ((DOCS / page).read_text(encoding="utf-8") for page in pages)
    found = {(number, unit) for text in texts for number, unit in FIGURE.findall(text)}
    return {(float(number.replace(",", "")), unit) for number, unit in found}


@pytest.mark.parametrize("page", ["sizing.md", "comparison.md"])
def test_no_figure_is_invented(page: str) -> None:
    """Whoever measures anew and writes down other figures finds those that quote them."""
    quoted = figures(page) - NOT_OURS - NO_MEASUREMENT
    assert quoted
    assert quoted - figures(*MEASURED) == set()


def test_the_bound_is_said_as_it_is_measured() -> None:
    """Three times the answer and 80 MB, which is what the bench holds."""
    for page in ("sizing.md", "performance.md"):
        text = " ".join((DOCS / page).read_text(encoding="utf-8").split())
        assert re.search(r"3 × the vendor's answer \+ 80 MB", text), page
