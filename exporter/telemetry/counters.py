"""Every counter of this process, and who may count on it; decides nothing."""

from collections import Counter as Counts
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    Metric,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from exporter.model import EVERYTHING, Answer, Facts, Reason, Selection, Source
from exporter.telemetry.activity import SourceActivity
from exporter.telemetry.line import Line
from exporter.telemetry.series import Family, SourceSeries
from exporter.telemetry.upstream import SINCE_START, UpstreamCounters, UpstreamObserver


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """What is running."""

    version: str
    revision: str
    python: str


class Telemetry:
    """The counters of this process; one for its whole life."""

    def __init__(
        self,
        build: BuildInfo,
        *,
        request_buckets: tuple[float, ...],
        process_metrics: bool,
        wall: Callable[[], float],
    ) -> None:
        """`process_metrics` adds prometheus_client's own collectors; `wall` gives Unix seconds."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self._observers: dict[str, UpstreamObserver] = {}
        self._lines: dict[str, tuple[Source, Line]] = {}
        self._collectors: dict[str, frozenset[str]] = {}
        self._pulls: Counts[tuple[str, bool]] = Counts()
        self._upstream = UpstreamCounters(registry, buckets=request_buckets, wall=wall)
        self._count_collections(registry)
        self._count_requests(registry, request_buckets)
        self._wall = wall
        self._tell_of_reloads(registry)
        info = Info("presence_exporter_build", "The running version.", registry=registry)
        info.info({"version": build.version, "revision": build.revision, "pythonversion": build.python})
        if process_metrics:
            ProcessCollector(registry=registry)
            PlatformCollector(registry=registry)
            GCCollector(registry=registry)

    def _count_collections(self, registry: CollectorRegistry) -> None:
        self._runs = Counter(
            "presence_collector_runs_total",
            f"Collections done, failed ones too, {SINCE_START}.",
            ("source", "collector"),
            registry=registry,
        )
        self._failures = Counter(
            "presence_collector_failures_total",
            f"Collections that failed, by reason, {SINCE_START}; what to do about each reason is in the"
            " documentation.",
            ("source", "collector", "reason"),
            registry=registry,
        )
        self._collections = Counter(
            "presence_exporter_collections_total",
            f"Scrapes for which the source was asked, {SINCE_START}.",
            ("source",),
            registry=registry,
        )
        self._shared = Counter(
            "presence_exporter_collections_shared_total",
            f"Scrapes answered from another one's collection, {SINCE_START}.",
            ("source",),
            registry=registry,
        )

    def _count_requests(self, registry: CollectorRegistry, buckets: tuple[float, ...]) -> None:
        self._requests = Counter(
            "presence_exporter_http_requests_total",
            f"Requests to this exporter, by path and HTTP status, {SINCE_START}; unknown paths are `other`.",
            ("handler", "code"),
            registry=registry,
        )
        self._durations = Histogram(
            "presence_exporter_http_request_duration_seconds",
            f"Time from the request to the end of its answer, {SINCE_START}.",
            ("handler",),
            buckets=buckets,
            registry=registry,
        )

    def _tell_of_reloads(self, registry: CollectorRegistry) -> None:
        self._reload_worked = Gauge(
            "presence_exporter_config_last_reload_successful",
            "1 where the configuration was good when it was last read; 0 where it was not, and the one before"
            " stays in force.",
            registry=registry,
        )
        self._reloaded_at = Gauge(
            "presence_exporter_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was last read, at the start or by a reload.",
            registry=registry,
        )
        self.reloaded(successful=True)

    def reloaded(self, *, successful: bool) -> None:
        """The configuration was read, at the start or again; where it could be used, it is in force."""
        self._reload_worked.set(successful)
        if successful:
            self._reloaded_at.set(self._wall())

    def observer(self, source: str) -> UpstreamObserver:
        """What the requests of that source are told to."""
        return self._observers.setdefault(source, UpstreamObserver(self._upstream, source))

    def announce(self, *sources: Source) -> None:
        """Set every series of these sources that is known in advance to 0."""
        for source in sources:
            self._collectors[source.name] = frozenset(each.name for each in source.collectors)
            observer = self.observer(source.name)
            observer.announce(source)
            observer.series.of(self._collections)
            observer.series.of(self._shared)
            for collector in source.collectors:
                observer.series.of(self._runs, collector.name)
                for reason in Reason:
                    observer.series.of(self._failures, collector.name, reason)

    def line(self, source: str, *, kind: str) -> Line:
        """What a new form of that source tells its observer through, once it is put in force."""
        before = self._lines.get(source)
        if before is None or before[0].kind != kind:
            return Line(UpstreamObserver(self._upstream, source))
        return Line(before[1].observer)

    def put_in_force(self, members: Iterable[tuple[Source, Line]]) -> None:
        """From now on there are these sources, and no others.

        What was counted for a source goes on where it is of the same name and kind, as far as it has such
        series still; those of all others vanish, and what is new stands at 0.
        """
        before, self._lines = self._lines, {source.name: (source, line) for source, line in members}
        self._observers = {name: line.observer for name, (_, line) in self._lines.items()}
        self._collectors = {name: self._collectors.get(name, frozenset()) for name in self._lines}
        kept = {id(line) for _, line in self._lines.values()} & {id(line) for _, line in before.values()}
        ending = [(source, line) for source, line in before.values() if id(line) not in kept]
        for source, line in ending:
            line.cut()
            line.observer.forget()
            self._drop(source, self._lines.get(source.name, (None,))[0], series=line.observer.series)
        self.announce(*(source for source, line in self._lines.values() if id(line) not in kept))

    def _drop(self, before: Source, now: Source | None, *, series: SourceSeries) -> None:
        """Take off the page what a source has no more: all of it, or what its new form is not asked."""
        if now is None or now.kind != before.kind:
            series.drop(lambda _family, _labels: True)
            for shared in (False, True):
                self._pulls.pop((before.name, shared), None)
            return
        collectors, now_collectors = ([each.name for each in form.collectors] for form in (before, now))
        endpoints = frozenset(before.endpoints).difference(now.endpoints)
        lost: dict[Family, frozenset[str]] = {
            self._upstream.drift: frozenset(before.drift_fields).difference(now.drift_fields)
        }
        lost |= dict.fromkeys((self._runs, self._failures), frozenset(collectors).difference(now_collectors))

        def gone(family: Family, labels: tuple[str, ...]) -> bool:
            # It may be another account, whose vendor has not said anything yet.
            said_before = family is self._upstream.remaining
            return said_before or not lost.get(family, endpoints).isdisjoint(labels[:1])

        series.drop(gone)

    def announce_handlers(self, handlers: Iterable[str]) -> None:
        """Set the series of every path that is served to 0."""
        for handler in handlers:
            self._requests.labels(handler, "200")
            self._durations.labels(handler)

    def ran(self, source: str, collector: str, *, answer: Answer[Facts]) -> None:
        """One run of a collector is over."""
        if collector not in self._collectors.get(source, ()):
            # It began before a reload that left it out.
            return
        series = self.observer(source).series
        series.of(self._runs, collector).inc()
        if answer.reason is not None:
            series.of(self._failures, collector, answer.reason).inc()

    def pulled(self, source: str, *, shared: bool) -> None:
        """One pull was answered for a source."""
        if source not in self._collectors:
            return
        self.observer(source).series.of(self._shared if shared else self._collections).inc()
        self._pulls[source, shared] += 1

    def served(self, handler: str, code: int, *, seconds: float) -> None:
        """One request to us is over."""
        self._requests.labels(handler, str(code)).inc()
        self._durations.labels(handler).observe(seconds)

    def decode_seconds(self, selection: Selection = EVERYTHING) -> float:
        """How long decoding the last answers of the selected sources kept everything else waiting."""
        return sum(
            observer.decode_seconds
            for source, observer in self._observers.items()
            if selection.has_source(source)
        )

    def activity(self, source: str) -> SourceActivity:
        """What that source's vendor was asked lately, and how its pulls were answered."""
        endpoints = self.observer(source).activity()
        return SourceActivity(endpoints, self._pulls[source, False], self._pulls[source, True])

    def families(self) -> Iterable[Metric]:
        """The families of this process, for the page."""
        return self._registry.collect()
