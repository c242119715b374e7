"""Every family that the exporter can show, as the code has it: of facts, and of this process.

The counters of the process know their labels only by their series, so a source that does not exist is counted
once. It knows no prose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

from prometheus_client import Metric

from exporter.metrics.catalogue import FAMILIES, Family, FamilyType
from exporter.model import Collector, Deadline, Finding, Partial
from exporter.telemetry import BuildInfo, Telemetry

_ENDINGS: Final = {"counter": "_total", "info": "_info"}


class _Question(Collector):
    """A collector of which only the name matters."""

    name = "presence"
    endpoint = "/presence"

    async def collect(self, deadline: Deadline) -> Partial:
        raise NotImplementedError


class _Nobody:
    """A source that is announced and never asked."""

    name = "nobody"
    kind = "daily"
    collectors: Sequence[Collector] = (_Question(),)
    endpoints: Sequence[str] = ("/presence",)
    drift_fields: Sequence[str] = ("room",)

    async def examine(self, deadline: Deadline) -> Sequence[Finding]:
        raise NotImplementedError

    async def aclose(self) -> None:
        """Have nothing to close."""


def families() -> dict[str, Family]:
    """All of them by name, those of facts first, in the order of the page."""
    return {family.name: family for family in (*FAMILIES, *_of_the_process())}


def _of_the_process() -> list[Family]:
    build = BuildInfo(version="", revision="", python="")
    telemetry = Telemetry(build, request_buckets=(1.0,), process_metrics=False, wall=lambda: 0.0)
    telemetry.announce(_Nobody())
    telemetry.announce_handlers(["/metrics"])
    telemetry.observer(_Nobody.name).remaining("/presence", 1)
    return [_family(metric) for metric in telemetry.families()]


def _family(metric: Metric) -> Family:
    labels = tuple(label for label in metric.samples[0].labels if label != "le")
    name = metric.name + _ENDINGS.get(metric.type, "")
    return Family(name, _type(metric.type), labels, metric.documentation)


def _type(name: str) -> FamilyType:
    """One of the types that we have; raises `KeyError` for any other."""
    known: dict[str, FamilyType] = {each: each for each in get_args(FamilyType)}
    return known[name]
