"""The one place where everything meets: configuration, network and clock become an application.

Knows every room and does nothing itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import Route

from exporter.app.fleet import Fleet
from exporter.app.members import Maker
from exporter.app.network import Surroundings
from exporter.app.overview import overview
from exporter.app.reload import Reloads
from exporter.collect import Collection
from exporter.config import Config, Loaded, redacted
from exporter.journal import Journal
from exporter.ledger import IN_MEMORY, Ledger
from exporter.metrics import families
from exporter.model import Source
from exporter.telemetry import BuildInfo, Telemetry
from exporter.web.routes import Front, WebSettings, build_routes
from exporter.web.status import Overview


@dataclass(frozen=True, slots=True)
class Application:
    """The web application, and what the commands need of it."""

    web: Starlette
    fleet: Fleet
    collection: Collection
    telemetry: Telemetry
    ledger: Ledger
    reloads: Reloads

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources in force."""
        return self.fleet.sources

    async def aclose(self) -> None:
        """Give all connections back."""
        await self.fleet.aclose()
        self.ledger.close()


def build(
    config: Config,
    *,
    build_info: BuildInfo,
    web: WebSettings,
    process_metrics: bool = True,
    notes: tuple[str, ...] = (),
    surroundings: Surroundings | None = None,
    read: Callable[[], Loaded] | None = None,
) -> Application:
    """Put everything together; `notes` stand on the status page.

    `read` gives the configuration as it is now, for a reload; without it a reload finds the one in force.
    Raises `ConfigError` for an unusable CA file.
    """
    around = surroundings or Surroundings()
    core = _core(config, build_info=build_info, process_metrics=process_metrics, around=around, read=read)

    def told() -> Overview:
        return overview(
            core.fleet.config,
            core.fleet.sources,
            known=core.collection.known(),
            activity=core.telemetry.activity,
            now=around.wall(),
            version=build_info.version,
            notes=notes,
            reload_fault=core.reloads.fault,
        )

    app = build_routes(_front(core, web=web, told=told))
    core.telemetry.announce_handlers(route.path for route in app.routes if isinstance(route, Route))
    return Application(app, core.fleet, core.collection, core.telemetry, core.ledger, core.reloads)


@dataclass(frozen=True, slots=True)
class _Core:
    """All that is behind the front."""

    fleet: Fleet
    collection: Collection
    telemetry: Telemetry
    ledger: Ledger
    reloads: Reloads
    journal: Journal


def _core(
    config: Config,
    *,
    build_info: BuildInfo,
    process_metrics: bool,
    around: Surroundings,
    read: Callable[[], Loaded] | None,
) -> _Core:
    telemetry = Telemetry(
        build_info,
        request_buckets=config.buckets.of("upstream_request_duration_seconds"),
        process_metrics=process_metrics,
        wall=around.wall,
    )
    url = config.ledger.url.reveal() if config.ledger.url else IN_MEMORY
    ledger = Ledger(url, threads=around.ledger_threads)
    interval = config.collect.min_interval
    journal = Journal(wall=around.wall)
    collection = Collection((), min_interval=interval, observer=telemetry, wall=around.wall, journal=journal)
    maker = Maker(
        config,
        telemetry=telemetry,
        ledger=ledger,
        around=around,
        max_bytes=lambda: fleet.config.collect.max_response_bytes,
    )
    fleet = Fleet(config, maker=maker, collection=collection, telemetry=telemetry, wall=around.wall)
    reloads = Reloads(read or (lambda: Loaded(fleet.config, ())), fleet=fleet, telemetry=telemetry)
    return _Core(fleet, collection, telemetry, ledger, reloads, journal)


def _front(core: _Core, *, web: WebSettings, told: Callable[[], Overview]) -> Front:
    return Front(
        collect=core.collection.pull,
        offers=core.collection.offers,
        families=lambda snapshot, openmetrics: families(snapshot, openmetrics=openmetrics),
        own_families=core.telemetry.families,
        overview=told,
        configuration=lambda: redacted(core.fleet.config),
        journal=core.journal.view,
        ready=lambda: True,
        reload=core.reloads.reload,
        reserve=core.telemetry.decode_seconds,
        default_timeout=lambda: core.fleet.config.collect.timeout,
        settings=web,
        observe=core.telemetry.served,
    )
