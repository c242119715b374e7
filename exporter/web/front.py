"""What the front is told and what it asks of the rest: settings as values, all else as functions.

It knows neither paths beyond their names nor how any of the functions does its work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import Metric

from exporter.journal import Notes
from exporter.model import Offer, Selection, Snapshot
from exporter.web.edge import Observe
from exporter.web.status import Overview

HEALTHY = "/-/healthy"
READY = "/-/ready"
RELOAD = "/-/reload"
PROBE = "/probe"
DISCOVERY = "/sd"
CONFIGURATION = "/config"
COLLECTIONS = "/debug/collections"

TAKEN = frozenset({HEALTHY, READY, RELOAD, PROBE, DISCOVERY, CONFIGURATION, COLLECTIONS})
"""Where the metrics cannot lie."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the exporter is reached: `http` or `https`, and the host with its port, where one is named.

    An empty scheme is one that nobody knows.
    """

    scheme: str
    host: str


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the flags say about the front; times in seconds.

    `origin` and `link_prefix` are the two parts of the external URL: where it leads, None where nobody said,
    and its path, without a slash at its end, which stands before each link.
    """

    telemetry_path: str = "/metrics"
    max_requests: int = 40
    timeout_offset: float = 0.5
    disable_source_metrics: bool = False
    link_prefix: str = ""
    origin: Origin | None = None

    def __post_init__(self) -> None:
        """Refuse a telemetry path that could not be served (ValueError)."""
        path = self.telemetry_path
        if not path.startswith("/") or path in TAKEN or not _PLAIN.issuperset(path):
            raise ValueError(f"{path!r} is not a path to serve metrics at; write one like /metrics")


_PLAIN = frozenset("/-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def _unobserved(handler: str, *, code: int, seconds: float) -> None:  # noqa: ARG001 - it is `Observe`
    return None


@dataclass(frozen=True, slots=True)
class Front:
    """Everything that the front asks of the rest.

    `collect` gets a moment in the event loop's time and answers by then; it is cancelled if the client goes.
    `offers` says what it can be asked about. `families` (with True for OpenMetrics) and `own_families` are
    called in a worker thread, beside the loop. `reserve` is the seconds that the last collections of such a
    selection spent decoding, `default_timeout` those of a scrape that names no timeout. `reload` reads the
    configuration again and gives what is wrong with it, None for nothing. `configuration` is the text of the
    one in force, without its secrets, called in a worker thread; `journal` is what was noted of the last
    collections. `observe` hears of each request.
    """

    collect: Callable[[float, Selection], Awaitable[Snapshot]]
    offers: Callable[[], Sequence[Offer]]
    families: Callable[[Snapshot, bool], Iterable[Metric]]
    own_families: Callable[[], Iterable[Metric]]
    overview: Callable[[], Overview]
    configuration: Callable[[], str]
    journal: Callable[[], Notes]
    ready: Callable[[], bool]
    reload: Callable[[], Awaitable[str | None]]
    reserve: Callable[[Selection], float]
    default_timeout: Callable[[], float]
    settings: WebSettings = WebSettings()
    observe: Observe = _unobserved
