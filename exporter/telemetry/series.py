"""The series of one source, in whatever families: remembered, so that they can leave the page with it.

To look for them among those of all sources would stop everything else for seconds where there are many.
It knows labels, and nothing of what is counted.
"""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from prometheus_client import Counter, Gauge, Histogram

Family: TypeAlias = Counter | Gauge | Histogram

F = TypeVar("F", Counter, Gauge, Histogram)


class SourceSeries:
    """All series that have the name of one source as their first label."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._made: set[tuple[Family, tuple[str, ...]]] = set()

    def of(self, family: F, *labels: str) -> F:
        """The series of a family with these further labels; it is on the page from then on."""
        self._made.add((family, labels))
        return family.labels(self._source, *labels)

    def drop(self, gone: Callable[[Family, tuple[str, ...]], bool]) -> None:
        """Take those off the page of which `gone` says so; a page that is being rendered is whole anyway."""
        for family, labels in [each for each in self._made if gone(*each)]:
            family.remove(self._source, *labels)
            self._made.discard((family, labels))
