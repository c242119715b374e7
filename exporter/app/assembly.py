"""The one place where everything meets: configuration, network and clock become an application.

Knows every room and does nothing itself.
"""

from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.routing import Route

from exporter.app.network import Surroundings, build_fetcher
from exporter.app.overview import overview
from exporter.collect import Collection
from exporter.config import Config, DailySettings, RocketChatSettings, SourceSettings
from exporter.ledger import IN_MEMORY, Layout, Ledger
from exporter.metrics import families
from exporter.model import Source
from exporter.sources import daily, rocketchat
from exporter.telemetry import BuildInfo, Telemetry
from exporter.web.routes import Front, WebSettings, build_routes


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
        offers=collection.offers,
        families=lambda snapshot, openmetrics: families(snapshot, openmetrics=openmetrics),
        own_families=telemetry.families,
        overview=lambda: overview(
            config,
            sources,
            known=collection.known(),
            activity=telemetry.activity,
            now=around.wall(),
            version=build_info.version,
            notes=notes,
        ),
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
        max_bytes=lambda: config.collect.max_response_bytes,
        observer=observer,
        around=around,
    )
    match settings:
        case DailySettings():
            return daily.DailySource(
                settings,
                fetcher(daily.vendor(settings)),
                buckets=config.buckets,
                observer=observer,
                ledger=ledger.of(settings.name, _layout(config), since=config.ledger.since),
                ledger_settings=config.ledger,
            )
        case RocketChatSettings():
            return rocketchat.RocketChatSource(
                settings,
                fetcher(rocketchat.vendor(settings)),
                buckets=config.buckets,
                observer=observer,
                wall=around.wall,
            )


def _layout(config: Config) -> Layout:
    """How the ledger's figures are shown."""
    return Layout(
        stays=config.buckets.of("join_duration_seconds"),
        durations=config.buckets.of("meeting_duration_seconds"),
        peaks=config.buckets.of("meeting_peak_participants"),
        exemplars=config.exemplars,
    )
