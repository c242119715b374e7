"""The one place where everything meets: configuration, network and clock become an application.

Knows every room and does nothing itself. `transport` is the seam for all that answers like a vendor without
being one: the demo, and the tests.
"""

import random
import ssl
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from exporter import __version__
from exporter.collect import Collection
from exporter.config import Config, DailySettings, HttpSettings, SourceSettings
from exporter.errors import ConfigError
from exporter.fetch import Fetcher, Vendor
from exporter.ledger import IN_MEMORY, Layout, Ledger
from exporter.metrics import families
from exporter.model import Source, SourceObserver
from exporter.sources import daily, rocketchat
from exporter.telemetry import BuildInfo, Telemetry
from exporter.web.routes import Front, WebSettings, build_routes
from exporter.web.status import CollectorLine, Overview, SourceLine

USER_AGENT = f"presence-exporter/{__version__}"

KEPT_SECONDS = 55.0
"""How long an idle connection is kept.

Longer than any usual time between scrapes, or each would connect anew (httpx closes after 5 s); shorter than
the 60 s after which balancers commonly drop one, some in silence.
"""

_PROXY_FAULT = (
    "http.proxy: the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) cannot be used; "
    "an http:// or https:// URL with a host, or proxy: none"
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the application finds around it: the network (None = the real one), the clock and chance.

    `ledger_threads` is where the ledger's transactions run; None means threads of its own.
    """

    transport: httpx.AsyncBaseTransport | None = None
    wall: Callable[[], float] = time.time
    rng: random.Random = field(default_factory=random.Random)  # noqa: S311 - spreads retries, guards nothing
    ledger_threads: Executor | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """The web application, and what the commands need of it."""

    web: Starlette
    sources: tuple[Source, ...]
    collection: Collection
    telemetry: Telemetry
    ledger: Ledger

    async def aclose(self) -> None:
        """Give all connections back."""
        for source in self.sources:
            await source.aclose()
        self.ledger.close()


def build(
    config: Config,
    *,
    build_info: BuildInfo,
    web: WebSettings,
    process_metrics: bool = True,
    notes: tuple[str, ...] = (),
    surroundings: Surroundings | None = None,
) -> Application:
    """Put everything together; `notes` stand on the status page.

    Raises `ConfigError` for an unusable CA file.
    """
    around = surroundings or Surroundings()
    telemetry = Telemetry(
        build_info,
        request_buckets=config.buckets.of("upstream_request_duration_seconds"),
        process_metrics=process_metrics,
        wall=around.wall,
    )
    url = config.ledger.url.reveal() if config.ledger.url else IN_MEMORY
    ledger = Ledger(url, threads=around.ledger_threads)
    sources = tuple(
        build_source(settings, config, telemetry=telemetry, around=around, ledger=ledger)
        for settings in config.sources
    )
    telemetry.announce(*sources)
    collection = Collection(
        sources, min_interval=config.collect.min_interval, observer=telemetry, wall=around.wall
    )
    front = Front(
        collect=collection.pull,
        families=lambda snapshot, openmetrics: families(snapshot, openmetrics=openmetrics),
        own_families=telemetry.families,
        overview=partial(_overview, sources, collection, wall=around.wall, notes=notes),
        ready=lambda: True,
        reserve=telemetry.decode_seconds,
        settings=web,
        observe=telemetry.served,
    )
    app = build_routes(front)
    telemetry.announce_handlers(route.path for route in app.routes if isinstance(route, Route))
    return Application(app, sources, collection, telemetry, ledger)


def build_source(
    settings: SourceSettings, config: Config, *, telemetry: Telemetry, around: Surroundings, ledger: Ledger
) -> Source:
    """One configured account as a source."""
    observer = telemetry.observer(settings.name)
    fetcher = partial(
        build_fetcher,
        settings.http,
        max_bytes=config.collect.max_response_bytes,
        observer=observer,
        around=around,
    )
    if isinstance(settings, DailySettings):
        return daily.DailySource(
            settings,
            fetcher(daily.vendor(settings)),
            buckets=config.buckets,
            observer=observer,
            ledger=ledger.of(settings.name, _layout(config), since=config.ledger.since),
            ledger_settings=config.ledger,
        )
    return rocketchat.RocketChatSource(
        settings,
        fetcher(rocketchat.vendor(settings)),
        buckets=config.buckets,
        observer=observer,
        wall=around.wall,
    )


def build_fetcher(
    http: HttpSettings, vendor: Vendor, *, max_bytes: int, observer: SourceObserver, around: Surroundings
) -> Fetcher:
    """What asks one account's vendor, with a client of its own."""
    return Fetcher(
        _client(http, around.transport),
        vendor,
        observer=observer,
        max_bytes=max_bytes,
        wall=around.wall,
        rng=around.rng,
    )


def _layout(config: Config) -> Layout:
    """How the ledger's figures are shown."""
    return Layout(
        stays=config.buckets.of("join_duration_seconds"),
        durations=config.buckets.of("meeting_duration_seconds"),
        peaks=config.buckets.of("meeting_peak_participants"),
        exemplars=config.exemplars,
    )


def _client(
    http: HttpSettings, transport: httpx.AsyncBaseTransport | None, *, kept: float = KEPT_SECONDS
) -> httpx.AsyncClient:
    """A client of its own for each source; they share the TLS context, which costs 20 ms to make."""
    from_environment = http.proxy == "environment"
    proxy = None if isinstance(http.proxy, str) else http.proxy.reveal()
    try:
        return httpx.AsyncClient(
            transport=transport,
            verify=_tls_context(http.ca_file),
            proxy=proxy if transport is None else None,
            trust_env=from_environment and transport is None,
            limits=httpx.Limits(
                max_connections=http.max_connections,
                max_keepalive_connections=http.max_connections,
                keepalive_expiry=kept,
            ),
            # Only the connect has a time of its own: what else stalls or drips meets the collection's wall.
            timeout=httpx.Timeout(None, connect=http.connect_timeout),
            follow_redirects=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        # All else was checked when it was read; what httpx says may hold the proxy's password.
        raise ConfigError(_PROXY_FAULT) from error


@lru_cache
def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"http.ca_file: {ca_file} cannot be used; a readable file of PEM certificates"
        ) from error


def _overview(
    sources: tuple[Source, ...], collection: Collection, *, wall: Callable[[], float], notes: tuple[str, ...]
) -> Overview:
    """What the status page tells: every configured collector, with what its last run gave."""
    now = wall()
    known = {
        (source.source, seen.collector): seen
        for source in collection.known().sources
        for seen in source.collectors
    }

    def line(source: str, collector: str) -> CollectorLine:
        seen = known.get((source, collector))
        if seen is None:
            return CollectorLine(collector)
        answer = seen.answer
        age = None if seen.last_success is None else max(0.0, now - seen.last_success)
        return CollectorLine(collector, answer.success, str(answer.reason or ""), answer.detail, age)

    lines = tuple(
        SourceLine(
            source.name, source.kind, tuple(line(source.name, each.name) for each in source.collectors)
        )
        for source in sources
    )
    return Overview("Presence exporter", __version__, lines, notes)
