"""Everything meets in one place: how vendors are reached, what is shared, and what the status page tells."""

from __future__ import annotations

import asyncio
import random
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import trustme

from exporter import __version__
from exporter.app import Application, Surroundings, build
from exporter.config import (
    BucketSettings,
    CollectSettings,
    Config,
    HttpSettings,
    LedgerSettings,
    SourceSettings,
)
from exporter.demo import DemoTransport, World
from exporter.errors import ConfigError
from exporter.model import Reason
from exporter.web.routes import WebSettings
from tests.demo_client import MORNING
from tests.kit.logs import caught_log
from tests.kit.rig import chat_settings, daily_settings, inline
from tests.kit.scraping import BUILD, daily_source

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Catch what is logged."""
    with caught_log():
        yield


@dataclass
class Door:
    """A server on loopback that knows one answer; it keeps the heads of the requests."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    open: int = 0
    empty: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.empty.clear()
        with suppress(asyncio.IncompleteReadError):
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                writer.write(ANSWER)
        writer.close()
        self.open -= 1
        if not self.open:
            self.empty.set()


@asynccontextmanager
async def door(context: ssl.SSLContext | None = None) -> AsyncIterator[Door]:
    """Open one for as long as the block lasts."""
    here = Door()
    server = await asyncio.start_server(here, "127.0.0.1", 0, ssl=context)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
        # Whoever came in has to leave by itself.
        await asyncio.wait_for(here.empty.wait(), 60)
    finally:
        server.close()


def application(*settings: SourceSettings, transport: httpx.AsyncBaseTransport | None = None) -> Application:
    """An application of these sources."""
    config = Config(CollectSettings(), BucketSettings(), settings)
    around = Surroundings(transport, rng=random.Random(7))
    return build(config, build_info=BUILD, web=WebSettings(), surroundings=around)


async def reasons(*settings: SourceSettings) -> list[Reason | None]:
    """What each source's first collector fails for, over real connections."""
    app = application(*settings)
    snapshot = await app.collection.pull(asyncio.get_running_loop().time() + 60)
    await app.aclose()
    return [source.collectors[0].answer.reason for source in snapshot.sources]


def test_a_request_says_who_asks() -> None:
    """The version is in the User-Agent, JSON is what is wanted, and the key is where it belongs."""

    async def run() -> None:
        async with door() as vendor:
            settings = daily_settings(base_url=f"http://127.0.0.1:{vendor.port}/v1")
            assert await reasons(settings) == [None]
            [head] = vendor.heads

        assert head.startswith("GET /v1/presence HTTP/1.1\r\n")
        assert f"User-Agent: presence-exporter/{__version__}\r\n" in head
        assert "Accept: application/json\r\n" in head
        assert "Authorization: Bearer daily-key\r\n" in head

    asyncio.run(run())


def test_a_proxy_that_is_named_is_the_way() -> None:
    """It is asked for the vendor's whole address, and is told its own password."""

    async def run() -> list[str]:
        async with door() as proxy:
            http = HttpSettings(proxy=inline(f"http://user:secret@127.0.0.1:{proxy.port}"))
            assert await reasons(daily_settings(base_url="http://daily.test/v1", http=http)) == [None]
            return proxy.heads

    [head] = asyncio.run(run())
    assert head.startswith("GET http://daily.test/v1/presence HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic " in head


def test_the_environment_names_the_proxy_unless_it_must_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """`environment` is the default, `none` goes directly."""

    async def run() -> tuple[list[str], list[str]]:
        async with door() as proxy, door() as vendor:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.delenv(name, raising=False)
            url = f"http://127.0.0.1:{vendor.port}"
            through = daily_settings(name="through", base_url=f"{url}/through")
            direct = daily_settings(name="direct", base_url=f"{url}/direct", http=HttpSettings(proxy="none"))
            assert await reasons(through, direct) == [None, None]
            return proxy.heads, vendor.heads

    through, direct = asyncio.run(run())
    assert [re.sub(r":\d+", "", head.partition("\r")[0]) for head in through] == [
        "GET http://127.0.0.1/through/presence HTTP/1.1"
    ]
    assert [head.partition("\r")[0] for head in direct] == ["GET /direct/presence HTTP/1.1"]


def test_an_unusable_proxy_of_the_environment_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is a fault of the configuration, told by the key that can switch it off."""
    monkeypatch.setenv("ALL_PROXY", "ftp://user:secret@proxy.test")

    async def run() -> None:
        with pytest.raises(ConfigError, match=r"http\.proxy: the proxy that the environment names") as told:
            application(daily_settings())
        assert "secret" not in str(told.value)

    asyncio.run(run())


def test_a_ca_file_replaces_the_authorities_of_the_system(tmp_path: Path) -> None:
    """A private authority is trusted where it is named, and nowhere else."""
    authority, other = trustme.CA(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    for name, each in (("ca", authority), ("other", other)):
        each.cert_pem.write_to_path(str(tmp_path / f"{name}.pem"))

    async def run() -> list[Reason | None]:
        async with door(context) as vendor:
            files = (tmp_path / "ca.pem", tmp_path / "other.pem", None)
            return await reasons(
                *(
                    daily_settings(
                        name=str(number),
                        base_url=f"https://127.0.0.1:{vendor.port}",
                        http=HttpSettings(ca_file=ca_file, proxy="none"),
                    )
                    for number, ca_file in enumerate(files)
                )
            )

    assert asyncio.run(run()) == [None, Reason.TLS, Reason.TLS]


def test_a_reload_sees_that_a_ca_file_has_other_authorities(tmp_path: Path) -> None:
    """Under the same name; a file that is the same changes nothing, and one that is gone is a fault."""
    authority, other = trustme.CA(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = tmp_path / "ca.pem"

    async def run() -> None:
        async with door(context) as vendor:
            http = HttpSettings(ca_file=ca_file, proxy="none")
            app = application(daily_settings(base_url=f"https://127.0.0.1:{vendor.port}", http=http))
            reasons: list[Reason | None] = []
            for each in (other, authority, authority):
                each.cert_pem.write_to_path(str(ca_file))
                before = app.sources
                assert await app.reloads.reload() is None
                assert (app.sources == before) is (len(reasons) in {0, 2})
                snapshot = await app.collection.pull(asyncio.get_running_loop().time() + 5)
                reasons.append(snapshot.sources[0].collectors[0].answer.reason)
            ca_file.unlink()
            fault = await app.reloads.reload()
            await app.aclose()
        assert reasons == [Reason.TLS, None, None]
        assert fault == f"http.ca_file: {ca_file} cannot be used; a readable file of PEM certificates"

    other.cert_pem.write_to_path(str(ca_file))
    asyncio.run(run())


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_unusable_ca_file_is_named(content: str | None, tmp_path: Path) -> None:
    """Whether it is absent or holds something else; what the library says of it is not repeated."""
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)

    async def run() -> None:
        with pytest.raises(ConfigError, match=re.escape(f"http.ca_file: {ca_file} cannot be used; ")):
            application(daily_settings(http=HttpSettings(ca_file=ca_file)))

    asyncio.run(run())


def test_a_transport_that_is_given_is_the_only_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo goes through no proxy, whoever names one, and leads nowhere else."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def run() -> list[bool | None]:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"{}"))
        named = HttpSettings(proxy=inline("http://127.0.0.1:9"))
        app = application(daily_settings(http=named), daily_settings(name="other"), transport=transport)
        snapshot = await app.collection.pull(asyncio.get_running_loop().time() + 60)
        return [source.up for source in snapshot.sources]

    assert asyncio.run(run()) == [True, True]


def test_closing_gives_the_connections_back() -> None:
    """Of every source; until then they are kept for the next pull."""

    async def run() -> tuple[int, int]:
        async with door() as vendor:
            url = f"http://127.0.0.1:{vendor.port}"
            app = application(daily_settings(base_url=url), chat_settings(base_url=url))
            await app.collection.pull(asyncio.get_running_loop().time() + 60)
            kept = vendor.open
            await app.aclose()
            await asyncio.wait_for(vendor.empty.wait(), 60)
            return kept, vendor.open

    assert asyncio.run(run()) == (2, 0)


# The ledger


def test_sources_share_the_configured_ledger(tmp_path: Path) -> None:
    """Each counts by itself, from when it is told to, into the buckets it is told; closing puts it away."""
    sources = (daily_source(name="one"), daily_source(name="two"), daily_source(name="none", meetings=False))
    config = Config(
        CollectSettings(),
        BucketSettings(join_duration_seconds=(600.0, 3600.0)),
        sources,
        LedgerSettings(inline(f"sqlite:///{tmp_path}/ledger.db"), since=7200.0),
        exemplars=True,
    )

    async def run() -> str:
        around = Surroundings(DemoTransport(World("ledger", lambda: MORNING)), wall=lambda: MORNING)
        app = build(config, build_info=BUILD, web=WebSettings(), surroundings=around)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app.web), base_url="http://here", timeout=None
        ) as client:
            accept = {"Accept": "application/openmetrics-text", "X-Prometheus-Scrape-Timeout-Seconds": "30"}
            page = (await client.get("/metrics", headers=accept)).text
        await app.aclose()
        return page

    lines = [line for line in asyncio.run(run()).splitlines() if line.startswith("presence_join_duration_")]
    of_one, of_two, of_none = (
        [float(line.split(" ")[1]) for line in lines if f'source="{source}"' in line]
        for source in ("one", "two", "none")
    )
    *buckets, counted, _, created = of_one
    assert len(buckets) == 3
    assert buckets[-1] == counted > 50
    assert created == pytest.approx(MORNING - 7200, abs=1)
    assert (of_two[:-1], of_none) == (of_one[:-1], [])
    assert any(" # {meeting_id=" in line for line in lines)
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.db"]
