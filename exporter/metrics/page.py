"""Collects samples into finished families of prometheus_client; knows the types of families and no fact."""

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import Metric
from prometheus_client.samples import Exemplar as WrittenExemplar

from exporter.metrics.catalogue import FAMILIES, Family
from exporter.model import Distribution, Exemplar

EXEMPLAR_LABEL: Final = "meeting_id"
EXEMPLAR_CHARACTERS: Final = 128
"""What OpenMetrics allows for names and values of an exemplar's labels; prometheus_client does not check
it."""

INFINITY: Final = float("inf")

_SUFFIXES: Final = {"counter": "_total", "info": "_info"}
_UNITS: Final = ("seconds", "bytes")


class Page:
    """The families of one page; those without a sample are left out."""

    def __init__(self, *, openmetrics: bool) -> None:
        """`openmetrics` lets histograms show exemplars and when counting began: text has no place for it."""
        self.openmetrics = openmetrics
        self._metrics: dict[str, Metric] = {}

    def metric(self, family: Family) -> Metric:
        """The family to add samples to."""
        metric = self._metrics.get(family.name)
        if metric is None:
            name = family.name.removesuffix(_SUFFIXES.get(family.type, ""))
            metric = self._metrics[family.name] = Metric(name, family.help, family.type, unit_of(name))
        return metric

    def finished(self) -> Iterable[Metric]:
        """The families that got samples, in the order of the catalogue."""
        return [self._metrics[family.name] for family in FAMILIES if family.name in self._metrics]


class Section:
    """One source's samples on a page; `labels` are those that follow the label `source`."""

    def __init__(self, page: Page, source: str) -> None:
        self._page = page
        self._source = source

    def value(self, family: Family, value: float, *labels: str) -> None:
        """Add one sample of a gauge, counter or info."""
        self._page.metric(family).add_sample(family.name, self._named(family, labels), value)

    def values(self, family: Family, values: Mapping[str, float], *labels: str) -> None:
        """Add a sample for each value of the family's last label: of rooms there may be very many."""
        if not values:
            return
        metric = self._page.metric(family)
        *names, varying = family.labels
        common = dict(zip(names, (self._source, *labels), strict=True))
        for last, value in values.items():
            metric.add_sample(family.name, {**common, varying: last}, value)

    def gauge_histogram(self, family: Family, values: Distribution, *labels: str) -> None:
        """Add a distribution that holds at this moment."""
        metric, named = self._buckets(family, values, *labels)
        metric.add_sample(family.name + "_gcount", named, values.count)
        metric.add_sample(family.name + "_gsum", named, values.total)

    def histogram(
        self,
        family: Family,
        values: Distribution,
        *labels: str,
        since: float,
        exemplars: Mapping[int, Exemplar] | None = None,
    ) -> None:
        """Add a distribution that only grows, counted since that Unix time; `exemplars` by bucket."""
        openmetrics = self._page.openmetrics
        metric, named = self._buckets(family, values, *labels, exemplars=exemplars if openmetrics else None)
        metric.add_sample(family.name + "_count", named, values.count)
        metric.add_sample(family.name + "_sum", named, values.total)
        if openmetrics:
            metric.add_sample(family.name + "_created", named, since)

    def _buckets(
        self,
        family: Family,
        values: Distribution,
        *labels: str,
        exemplars: Mapping[int, Exemplar] | None = None,
    ) -> tuple[Metric, dict[str, str]]:
        metric, named = self._page.metric(family), self._named(family, labels)
        for index, (bound, count) in enumerate(
            zip((*values.bounds, INFINITY), values.cumulative, strict=True)
        ):
            le = {**named, "le": bucket_label(bound)}
            metric.add_sample(
                family.name + "_bucket", le, count, exemplar=_exemplar((exemplars or {}).get(index))
            )
        return metric, named

    def _named(self, family: Family, labels: tuple[str, ...]) -> dict[str, str]:
        return dict(zip(family.labels, (self._source, *labels), strict=True))


def _exemplar(example: Exemplar | None) -> WrittenExemplar | None:
    """An exemplar's labels may have 128 characters together; a longer id is left out."""
    if example is None or len(EXEMPLAR_LABEL) + len(example.meeting) > EXEMPLAR_CHARACTERS:
        return None
    return WrittenExemplar({EXEMPLAR_LABEL: example.meeting}, example.value, example.ended_at)


def unit_of(name: str) -> str:
    """The unit that a family's name ends with; empty where it names none."""
    return next((unit for unit in _UNITS if name.endswith("_" + unit)), "")


def bucket_label(bound: float) -> str:
    """The label in the form that all clients write, so that a bucket is the same series everywhere."""
    return "+Inf" if bound == INFINITY else str(float(bound))
