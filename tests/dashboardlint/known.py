"""What the rules know of metrics: which there are, of which type, and whose facts they are.

Taken from the exporter's own catalogue, so that nothing is said twice.
"""

from __future__ import annotations

from typing import Final

from exporter.metrics.catalogue import FAMILIES
from tests.kit.families import ABOUT_COLLECTING, FACTS
from tests.test_telemetry import PROMISED

TYPES: Final = {family.name: family.type for family in FAMILIES} | {
    name: kind for name, (kind, _) in PROMISED.items()
}

LABELS: Final = {family.name: frozenset(family.labels) for family in FAMILIES} | {
    name: frozenset(labels) for name, (_, labels) in PROMISED.items()
}

PARTS: Final = {
    "histogram": ("_bucket", "_count", "_sum"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
}

SERIES: Final = {name + part: name for name, kind in TYPES.items() for part in PARTS.get(kind, ("",))}
"""What Prometheus stores of us: each series' name with its family."""

EMITS_EXEMPLARS: Final = frozenset({"presence_join_duration_seconds"})

FOREIGN_PREFIXES: Final = ("process_", "python_")
"""Metrics of the client library, which many programs have."""

PROMETHEUS_OWN: Final = frozenset({"up", "ALERTS", "scrape_duration_seconds", "scrape_samples_scraped"})


def family(series: str) -> str | None:
    """The family of one of our series, as `x` of `x_bucket`; None where it is none of ours."""
    return SERIES.get(series)


def labels(series: str) -> frozenset[str]:
    """The labels of one of our series, without those that Prometheus gives it."""
    return LABELS.get(family(series) or "", frozenset())


def is_fact(name: str) -> bool:
    """Whether replicas show the same of it: what vendors said, and what the ledger counted."""
    return family(name) in FACTS


def is_about_collecting(name: str) -> bool:
    """Whether each replica may show another value that is none of its own counting."""
    return family(name) in ABOUT_COLLECTING


def is_counted(name: str) -> bool:
    """Whether it only grows, so that it needs a rate."""
    kind = TYPES.get(family(name) or "")
    if kind is None:
        return name.endswith(("_total", "_bucket", "_count", "_sum"))
    return kind in {"counter", "histogram"}
