"""What the front is told and what it asks of the rest: settings as values, all else as functions.

It knows neither paths beyond their names nor how any of the functions does its work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from prometheus_client import Metric

from exporter.model import Snapshot
from exporter.web.edge import Observe
from exporter.web.status import Overview

HEALTHY = "/-/healthy"
READY = "/-/ready"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the flags say about the front; times in seconds.

    `link_prefix` is the path of the external URL, without a slash at its end: it stands before each link.
    """

    telemetry_path: str = "/metrics"
    max_requests: int = 40
    timeout_offset: float = 0.5
    default_timeout: float = 10.0
    disable_source_metrics: bool = False
    link_prefix: str = ""

    def __post_init__(self) -> None:
        """Refuse a telemetry path that could not be served (ValueError)."""
        path = self.telemetry_path
        if not path.startswith("/") or path in {HEALTHY, READY} or not _PLAIN.issuperset(path):
            raise ValueError(f"{path!r} is not a path to serve metrics at; write one like /metrics")


_PLAIN = frozenset("/-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def _unobserved(handler: str, *, code: int, seconds: float) -> None:  # noqa: ARG001 - it is `Observe`
    return None


@dataclass(frozen=True, slots=True)
class Front:
    """Everything that the front asks of the rest.

    `collect` gets a moment in the event loop's time and answers by then; it is cancelled if the client goes.
    `families` (with True for OpenMetrics) and `own_families` are called in a worker thread, beside the loop.
    `reserve` is the seconds that the last collection spent decoding. `observe` hears of each request.
    """

    collect: Callable[[float], Awaitable[Snapshot]]
    families: Callable[[Snapshot, bool], Iterable[Metric]]
    own_families: Callable[[], Iterable[Metric]]
    overview: Callable[[], Overview]
    ready: Callable[[], bool]
    reserve: Callable[[], float]
    settings: WebSettings = WebSettings()
    observe: Observe = _unobserved
