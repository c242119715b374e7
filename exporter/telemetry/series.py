"""Which series vanish when sources come, change and go, and how they do; knows nothing of what is counted."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import Counter, Gauge, Histogram

from exporter.model import Source


class Vanishing:
    """What is no longer shown: of sources that are gone all, of changed ones what they do not have now."""

    def __init__(self, fates: Iterable[tuple[Source, Source | None]]) -> None:
        """Each source that was, and what it is now: None where it is gone."""
        self._of: dict[str, Mapping[str, frozenset[str]] | None] = {}
        for before, now in fates:
            if now is None or now.kind != before.kind:
                self._of[before.name] = None
            else:
                self._of[before.name] = _gone(before, now)

    def has(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels is among it."""
        gone = self._of.get(labels["source"], {})
        return gone is None or any(value in gone.get(label, ()) for label, value in labels.items())


def drop(family: Counter | Gauge | Histogram, is_gone: Callable[[Mapping[str, str]], bool]) -> None:
    """Take series off the page; one that is being rendered meanwhile is whole all the same."""
    for metric in family.collect():
        for labels in {_own(sample.labels) for sample in metric.samples}:
            if is_gone(dict(labels)):
                family.remove(*(value for _, value in labels))


def _own(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The labels of the family, in its order: the end of a bucket is none of them."""
    return tuple(each for each in labels.items() if each[0] != "le")


def _gone(before: Source, now: Source) -> Mapping[str, frozenset[str]]:
    """Label → the values that only the source before had."""
    old, new = ([each.name for each in source.collectors] for source in (before, now))
    return {
        "collector": frozenset(old).difference(new),
        "endpoint": frozenset(before.endpoints).difference(now.endpoints),
        "field": frozenset(before.drift_fields).difference(now.drift_fields),
    }
