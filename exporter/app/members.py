"""One configured account becomes a source: with a client, a way to its vendor, its pauses and its observer.

It knows the vendors by their kinds, and not which sources there are.
"""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.app.network import Surroundings, authorities, build_fetcher
from exporter.config import Config, DailySettings, RocketChatSettings, SourceSettings
from exporter.fetch import Fetcher, Vendor
from exporter.journal import NotingObserver
from exporter.ledger import Layout, Ledger
from exporter.model import Source, SourceObserver
from exporter.pauses import Pauses
from exporter.sources import daily, rocketchat
from exporter.telemetry import Line, Telemetry

PausesOf = Callable[[Vendor], Pauses]
"""Gives the pauses that a vendor is known to want, for a source of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One source, and what of it outlives a change; `authorities` are those that its CA file held."""

    settings: SourceSettings
    authorities: str
    source: Source
    vendor: Vendor
    pauses: Pauses
    line: Line


class Maker:
    """Makes members; what holds for the life of the process is taken from the first configuration."""

    def __init__(
        self,
        config: Config,
        *,
        telemetry: Telemetry,
        ledger: Ledger,
        around: Surroundings,
        max_bytes: Callable[[], int],
    ) -> None:
        """`max_bytes` is asked at each answer of a vendor."""
        self._config = config
        self._telemetry = telemetry
        self._ledger = ledger
        self._around = around
        self._max_bytes = max_bytes

    def fits(self, member: Member, settings: SourceSettings) -> bool:
        """Whether these settings would make the same source again, values of secrets included."""
        return member.settings == settings and member.authorities == authorities(settings.http)

    def make(self, settings: SourceSettings, pauses_of: PausesOf) -> Member:
        """Make a source that nobody asks yet; raises `ConfigError`."""
        vendor = _vendor(settings)
        pauses = pauses_of(vendor)
        line = self._telemetry.line(settings.name, kind=settings.kind)
        observer = NotingObserver(line)
        fetcher = build_fetcher(
            settings.http,
            vendor,
            max_bytes=self._max_bytes,
            observer=observer,
            around=self._around,
            pauses=pauses,
        )
        source = self._source(settings, fetcher, observer=observer)
        return Member(settings, authorities(settings.http), source, vendor, pauses, line)

    def _source(self, settings: SourceSettings, fetcher: Fetcher, *, observer: SourceObserver) -> Source:
        config = self._config
        match settings:
            case DailySettings():
                return daily.DailySource(
                    settings,
                    fetcher,
                    buckets=config.buckets,
                    observer=observer,
                    ledger=self._ledger.of(settings.name, _layout(config), since=config.ledger.since),
                    ledger_settings=config.ledger,
                )
            case RocketChatSettings():
                return rocketchat.RocketChatSource(
                    settings, fetcher, buckets=config.buckets, observer=observer, wall=self._around.wall
                )


def _vendor(settings: SourceSettings) -> Vendor:
    match settings:
        case DailySettings():
            return daily.vendor(settings)
        case RocketChatSettings():
            return rocketchat.vendor(settings)


def _layout(config: Config) -> Layout:
    """How the ledger's figures are shown."""
    return Layout(
        stays=config.buckets.of("join_duration_seconds"),
        durations=config.buckets.of("meeting_duration_seconds"),
        peaks=config.buckets.of("meeting_peak_participants"),
        exemplars=config.exemplars,
    )
