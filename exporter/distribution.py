"""Counts values into histogram buckets; pure arithmetic that knows nothing of rooms, users or metrics."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, repeat
from math import fsum

from exporter.model import Distribution


def distribute(values: Iterable[float], bounds: Sequence[float]) -> Distribution:
    """Count `values` into buckets that end at `bounds`, inclusive; a negative value counts as 0.

    Negative values come from clocks that disagree. `bounds` must rise, from 0 up. Searching and counting
    run in C and take half as long as sorting, which shows at a million people; no order changes the sum.
    """
    counted = list(values)
    found = Counter(map(bisect_left, repeat(bounds), counted))
    cumulative = accumulate(found[bucket] for bucket in range(len(bounds) + 1))
    return Distribution(tuple(bounds), tuple(cumulative), fsum([value for value in counted if value > 0.0]))


def distribute_known(values: Sequence[float], bounds: Sequence[float], *, of: int) -> Distribution | None:
    """Count the values that could be read, `of` so many that there are; None where none of these could be.

    A histogram of nobody beside a head count would be a false zero; where only some are missing, the drift
    counter says how many.
    """
    return distribute(values, bounds) if values or not of else None


class Tally:
    """A distribution that grows by one value at a time; `snapshot()` gives it as a frozen value."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        """Count one value (≥ 0) into its bucket."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def snapshot(self) -> Distribution:
        """What was counted up to now."""
        return Distribution(self._bounds, tuple(accumulate(self._counts)), self._total)
