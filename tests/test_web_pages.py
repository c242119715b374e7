"""The status page as an answer: where it leads, and when it is loaded again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.web.status import Overview, SourceLine
from tests.kit.front import FRONT, ask, settings
from tests.kit.page import parse

SHOWN = replace(
    FRONT, overview=lambda: Overview("Presence exporter", "1.2.3", sources=(SourceLine("a", "b"),))
)


def test_it_leads_to_every_page_that_is_served() -> None:
    """Under the path of the external URL; what is no page to look at, as a reload, is left out."""
    front = replace(SHOWN, settings=settings(link_prefix="/presence", telemetry_path="/numbers"))
    root = parse(ask(front, "/").text)

    assert {link.text: link.attributes["href"] for link in root.all("a")} == {
        "metrics": "/presence/numbers",
        "targets": "/presence/sd",
        "configuration": "/presence/config",
        "collections": "/presence/debug/collections",
        "healthy": "/presence/-/healthy",
        "ready": "/presence/-/ready",
        "5 s": "/presence/?refresh=5",
        "15 s": "/presence/?refresh=15",
        "60 s": "/presence/?refresh=60",
        "probe a now": "/presence/probe?source=a",
    }


@pytest.mark.parametrize(
    "query, header", [("", None), ("?refresh=15", "15"), ("?refresh=5&refresh=60", "60")]
)
def test_it_is_loaded_again_as_often_as_the_reader_chose(query: str, header: str | None) -> None:
    """The browser is told by a header."""
    assert ask(SHOWN, f"/{query}").headers.get("refresh") == header


@pytest.mark.parametrize("wish", ["0", "1", "15s", "015", "-5", "15;url=//x", "", "1e1"])
def test_other_wishes_for_loading_it_again_are_none(wish: str) -> None:
    """Neither a flood nor another address can be asked for by a link."""
    response = ask(SHOWN, "/", params={"refresh": wish})

    assert response.status_code == 200
    assert "refresh" not in response.headers
