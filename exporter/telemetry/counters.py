"""Every counter of this process, and who may count on it; decides nothing."""

from collections import Counter as Counts
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
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
        self._pulls: Counts[tuple[str, bool]] = Counts()
        self._upstream = UpstreamCounters(registry, buckets=request_buckets, wall=wall)
        self._count_collections(registry)
        self._count_requests(registry, request_buckets)
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

    def observer(self, source: str) -> UpstreamObserver:
        """What the requests of that source are told to."""
        return self._observers.setdefault(source, UpstreamObserver(self._upstream, source))

    def announce(self, *sources: Source) -> None:
        """Set every series of these sources that is known in advance to 0."""
        for source in sources:
            self.observer(source.name).announce(source)
            self._collections.labels(source.name)
            self._shared.labels(source.name)
            for collector in source.collectors:
                self._runs.labels(source.name, collector.name)
                for reason in Reason:
                    self._failures.labels(source.name, collector.name, reason)

    def announce_handlers(self, handlers: Iterable[str]) -> None:
        """Set the series of every path that is served to 0."""
        for handler in handlers:
            self._requests.labels(handler, "200")
            self._durations.labels(handler)

    def ran(self, source: str, collector: str, *, answer: Answer[Facts]) -> None:
        """One run of a collector is over."""
        self._runs.labels(source, collector).inc()
        if answer.reason is not None:
            self._failures.labels(source, collector, answer.reason).inc()

    def pulled(self, source: str, *, shared: bool) -> None:
        """One pull was answered for a source."""
        (self._shared if shared else self._collections).labels(source).inc()
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
