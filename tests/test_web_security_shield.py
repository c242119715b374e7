"""What stands before the application: who is let through, who is not, and what is added to answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.web.edge import ClientGoneError
from exporter.web.security import WebSecurity
from exporter.web.security.bucket import Bucket
from exporter.web.security.passwords import Passwords
from exporter.web.security.settings import RateLimit, Settings
from exporter.web.security.shield import Shield, shield
from tests.kit.secured import basic

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Message, Receive, Scope, Send

USERS: Final = {"alice": b"right"}
"""Here a hash is the password itself."""


async def page(_request: Request) -> Response:
    """A page with a policy of its own."""
    return PlainTextResponse("page\n", headers={"Content-Security-Policy": "default-src 'none'"})


def application() -> Starlette:
    """Two pages, and health."""
    paths = ("/", "/metrics", "/-/healthy", "/-/ready")
    return Starlette(routes=[Route(path, page) for path in paths])


def same(password: bytes, hashed: bytes) -> bool:
    """Stands for bcrypt."""
    return password == hashed


@dataclass
class Guarded:
    """An application behind a shield, whose settings a test changes."""

    settings: Settings = field(default_factory=Settings)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.app = Shield(
            application(),
            settings=lambda: self.settings,
            passwords=Passwords(matches=same),
            clock=lambda: self.now,
        )

    def ask(self, path: str = "/metrics", **headers: str) -> httpx.Response:
        """Ask once."""

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(go())


def test_without_settings_everybody_comes_in_and_nothing_is_added() -> None:
    """As without a file."""
    answer = Guarded().ask()
    assert (answer.status_code, answer.text) == (200, "page\n")
    assert "x-frame-options" not in answer.headers


def test_the_password_is_asked_for_everywhere_but_at_health() -> None:
    """With a realm, as RFC 7617 wants it; container probes have no password."""
    guarded = Guarded(Settings(users=USERS))
    for path in ("/", "/metrics", "/nowhere", "/-/reload", "/-/healthy/", "/-/Healthy"):
        answer = guarded.ask(path)
        assert (answer.status_code, answer.text) == (401, "unauthorized\n")
        assert answer.headers["www-authenticate"] == 'Basic realm="presence-exporter", charset="UTF-8"'
    for path in ("/-/healthy", "/-/ready", "/metrics?a", "/"):
        known = guarded.ask(path, authorization=basic("alice", "right"))
        assert known.status_code == 200
    for path in ("/-/healthy", "/-/ready"):
        assert guarded.ask(path).status_code == 200
    assert guarded.ask(authorization=basic("alice", "wrong")).status_code == 401


def test_headers_are_on_every_answer_and_an_answers_own_wins() -> None:
    """On refusals too."""
    added = (("X-Frame-Options", "deny"), ("Content-Security-Policy", "default-src 'self'"))
    guarded = Guarded(Settings(headers=added, users=USERS))
    refused, good = guarded.ask(), guarded.ask("/-/ready")
    assert [each.headers["x-frame-options"] for each in (refused, good)] == ["deny", "deny"]
    assert refused.headers["content-security-policy"] == "default-src 'self'"
    assert good.headers["content-security-policy"] == "default-src 'none'"


def test_more_requests_than_the_limit_are_refused_until_time_has_passed() -> None:
    """With the seconds to wait; health is answered all along and takes nothing."""
    guarded = Guarded(Settings(rate_limit=RateLimit(10.0, 2)))
    assert [guarded.ask().status_code for _ in range(3)] == [200, 200, 429]
    refused = guarded.ask()
    assert (refused.text, refused.headers["retry-after"]) == ("too many requests\n", "10")
    assert [guarded.ask("/-/healthy").status_code for _ in range(3)] == [200] * 3
    guarded.now = 7.5
    assert guarded.ask().headers["retry-after"] == "3"
    guarded.now = 10.0
    assert [guarded.ask().status_code for _ in range(2)] == [200, 429]


def test_the_limit_comes_before_the_password() -> None:
    """A flood costs no comparison."""
    guarded = Guarded(Settings(rate_limit=RateLimit(1.0, 1), users=USERS))
    assert [guarded.ask().status_code for _ in range(2)] == [401, 429]


def test_a_limit_that_changes_begins_anew() -> None:
    """As does one that goes and comes back."""
    guarded = Guarded(Settings(rate_limit=RateLimit(10.0, 1)))
    assert [guarded.ask().status_code for _ in range(2)] == [200, 429]
    for limit in (RateLimit(10.0, 2), None, RateLimit(10.0, 2)):
        guarded.settings = Settings(rate_limit=limit)
        assert guarded.ask().status_code == 200


def test_a_bucket_is_never_fuller_than_at_first() -> None:
    """However long nobody asks."""
    bucket = Bucket(RateLimit(2.0, 2), now=0.0)
    assert [bucket.take(1000.0) for _ in range(3)] == [0.0, 0.0, 2.0]
    assert bucket.take(1001.0) == pytest.approx(1.0)


def test_what_is_not_http_passes() -> None:
    """A server's life cycle, for one."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        raise AssertionError("nobody reads or writes here")

    guarding = Shield(app, settings=Settings, passwords=Passwords(matches=same))
    asyncio.run(guarding({"type": "lifespan"}, nothing, nothing))
    assert seen == ["lifespan"]


def test_a_client_that_leaves_is_not_waited_for() -> None:
    """The next password in the queue has its turn."""

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def unsent(_message: Message) -> None:
        raise AssertionError("nobody reads this")

    async def go() -> None:
        passwords = Passwords(matches=same)
        guarding = Shield(application(), settings=lambda: Settings(users=USERS), passwords=passwords)
        async with passwords._turn:
            headers = [(b"authorization", basic("alice", "right").encode())]
            scope = {"type": "http", "path": "/metrics", "headers": headers}
            with pytest.raises(ClientGoneError):
                await guarding(scope, gone, unsent)

    asyncio.run(go())


def test_a_shield_stands_inside_the_middleware_that_is_there(tmp_path: Path) -> None:
    """So what it refuses is told to whoever watches requests."""
    file = tmp_path / "web.yml"
    file.write_text("rate_limit: {interval: 1h, burst: 1}")
    app = application()
    shield(app, WebSecurity(file))
    inner = app.user_middleware[-1]
    assert inner.kwargs.keys() == {"settings", "passwords"}
    shield(app, WebSecurity(file), passwords=Passwords(matches=same))
    assert app.user_middleware[0] is inner
