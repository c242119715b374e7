"""The path that reloads: only by POST or PUT, and with the reason where it did not work."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tests.kit.front import FRONT, ask


@dataclass
class Reloads:
    """Reloads that all come to the same."""

    fault: str | None = None
    times: int = 0

    async def __call__(self) -> str | None:
        self.times += 1
        return self.fault


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    "fault, status, text",
    [(None, 200, "reloaded\n"), ("sources[0].kind: is missing", 500, "sources[0].kind: is missing\n")],
)
def test_a_reload_says_what_came_of_it(method: str, fault: str | None, status: int, text: str) -> None:
    """As plain text, whatever the request has as its body."""
    reloads = Reloads(fault)
    answer = ask(replace(FRONT, reload=reloads), "/-/reload", method=method, content=b"x" * 200_000)

    assert (answer.status_code, answer.text) == (status, text)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert reloads.times == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_nothing_else_begins_a_reload(method: str) -> None:
    """Browsers and crawlers follow links; they are told which methods there are."""
    reloads = Reloads()
    answer = ask(replace(FRONT, reload=reloads), "/-/reload", method=method)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, PUT")
    assert reloads.times == 0
