"""Counters of the requests to the vendors; knows their documented paths as words only.

It logs one thing, since nobody else hears of it: that a vendor's answers begin to differ from what is
documented.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from exporter.model import Reason, Source, Unconcerned
from exporter.telemetry.activity import EndpointActivity, Recent
from exporter.telemetry.series import SourceSeries

log = structlog.get_logger(__name__)

FIRST_CODES: Final = ("200", "error")
"""The values of the label `code` that stand at 0 from the start; others appear when a server gives them."""

RETRY_REASONS: Final = (Reason.CONNECT, Reason.SERVER_ERROR, Reason.RATE_LIMITED)

QUIET: Final = 3600.0
"""Seconds without drift in a field after which more of it is news; pages and pulls may take turns."""

SINCE_START: Final = "since the start of this process"

_ENDPOINT: Final = ("source", "endpoint")


class UpstreamCounters:
    """The families about requests to the vendors."""

    def __init__(
        self, registry: CollectorRegistry, *, buckets: tuple[float, ...], wall: Callable[[], float]
    ) -> None:
        self.wall = wall
        self._registry = registry
        self.drift = self._counter(
            "presence_schema_drift_total",
            "Rows in which a field was missing, of another type or of an unknown value, and that were used"
            " all the same",
            labels=("source", "field"),
        )
        self.requests = self._counter(
            "presence_upstream_requests_total",
            "Requests to the vendor's documented path, by HTTP status, or error where there was none",
            labels=(*_ENDPOINT, "code"),
        )
        self.bytes = self._counter(
            "presence_upstream_response_bytes_total", "Bytes of the vendor's answers, decompressed"
        )
        self.retries = self._counter(
            "presence_upstream_retries_total",
            "Requests sent again within one collection, by the reason of the failure before",
            labels=(*_ENDPOINT, "reason"),
        )
        self.durations = Histogram(
            "presence_upstream_request_duration_seconds",
            f"Time of one request to the vendor, its body included, retries apart, {SINCE_START}.",
            _ENDPOINT,
            buckets=buckets,
            registry=registry,
        )
        self.remaining, self.pauses = self._limits()

    def _counter(self, name: str, text: str, *, labels: tuple[str, ...] = _ENDPOINT) -> Counter:
        return Counter(name, f"{text}, {SINCE_START}.", labels, registry=self._registry)

    def _limits(self) -> tuple[Gauge, Gauge]:
        remaining = Gauge(
            "presence_upstream_rate_limit_remaining",
            "Requests left in the present window of the vendor's limit, as its last answer said; absent where"
            " it says nothing.",
            _ENDPOINT,
            registry=self._registry,
        )
        pauses = Gauge(
            "presence_upstream_pause_until_timestamp_seconds",
            "End of the present pause that the vendor asked for; 0 = none. A pause of the whole source shows"
            " on each of its endpoints.",
            _ENDPOINT,
            registry=self._registry,
        )
        return remaining, pauses


class UpstreamObserver(Unconcerned):
    """What the requests of the source of one name are counted by, whatever form of it makes them."""

    def __init__(self, counters: UpstreamCounters, source: str) -> None:
        self.series = SourceSeries(source)
        self._counters = counters
        self._source = source
        self._endpoints: tuple[str, ...] = ()
        self._pauses: dict[str, float] = {}
        self._decoding: dict[str, float] = {}
        self._drifting: dict[str, float] = {}
        self._recent: dict[str, Recent] = {}
        self._remaining: dict[str, int] = {}
        self._shown: frozenset[str] = frozenset()

    @property
    def decode_seconds(self) -> float:
        """How long the last answers of all endpoints kept everything else waiting."""
        return sum(self._decoding.values())

    def activity(self) -> tuple[EndpointActivity, ...]:
        """What every path of the source was asked lately, and what the vendor asks of us there."""
        now = self._counters.wall()
        return tuple(
            EndpointActivity(
                endpoint,
                self._recent[endpoint].count(now) if endpoint in self._recent else 0,
                self._remaining.get(endpoint),
                self._pause(endpoint) - now if self._pause(endpoint) else None,
            )
            for endpoint in dict.fromkeys((*self._endpoints, *self._recent))
        )

    def shows(self, label: str) -> bool:
        """Whether there are series of that endpoint or field, in advance of anything that happens."""
        return label in self._shown

    def forget(self) -> None:
        """Drop what a vendor last said: another form of the source may be about another account."""
        self._pauses.clear()
        self._remaining.clear()
        self._decoding.clear()
        self._shown = frozenset()

    def announce(self, source: Source) -> None:
        """Set every series that is known in advance to 0."""
        self._endpoints = tuple(source.endpoints)
        self._shown = frozenset((*source.endpoints, *source.drift_fields))
        self._recent = {each: recent for each, recent in self._recent.items() if each in self._shown}
        for field in source.drift_fields:
            self.series.of(self._counters.drift, field)
        for endpoint in source.endpoints:
            for code in FIRST_CODES:
                self.series.of(self._counters.requests, endpoint, code)
            for reason in RETRY_REASONS:
                self.series.of(self._counters.retries, endpoint, reason)
            self.series.of(self._counters.durations, endpoint)
            self.series.of(self._counters.bytes, endpoint)
            self.series.of(self._counters.pauses, endpoint).set_function(partial(self._pause, endpoint))

    def responded(self, endpoint: str, *, code: str, seconds: float, size: int) -> None:
        """One request is over."""
        self.series.of(self._counters.requests, endpoint, code).inc()
        self.series.of(self._counters.durations, endpoint).observe(seconds)
        self.series.of(self._counters.bytes, endpoint).inc(size)
        self._recent.setdefault(endpoint, Recent()).add(self._counters.wall())

    def retried(self, endpoint: str, reason: Reason) -> None:
        """The same request will be sent again."""
        self.series.of(self._counters.retries, endpoint, reason).inc()

    def remaining(self, endpoint: str, requests: float) -> None:
        """The vendor said how many requests are left."""
        self.series.of(self._counters.remaining, endpoint).set(requests)
        self._remaining[endpoint] = int(requests)

    def paused(self, scope: str, *, until: float) -> None:
        """Nothing is asked until then."""
        for endpoint in [scope] if scope else self._endpoints:
            self._pauses[endpoint] = until

    def decoded(self, endpoint: str, *, seconds: float) -> None:
        """One answer was decoded."""
        self._decoding[endpoint] = seconds

    def drifted(self, field: str, rows: int) -> None:
        """Rows were used although a field was not as documented."""
        if not rows:
            return
        self.series.of(self._counters.drift, field).inc(rows)
        now = self._counters.wall()
        if now - self._drifting.get(field, 0.0) > QUIET:
            log.warning("schema drift begins", source=self._source, field=field, rows=int(rows))
        self._drifting[field] = now

    def _pause(self, endpoint: str) -> float:
        until = self._pauses.get(endpoint, 0.0)
        return until if until > self._counters.wall() else 0.0
