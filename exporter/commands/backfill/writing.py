"""Makes the output of what was read: three histograms, moment by moment, first beside its place.

It knows values and places of a grid, and how nothing was read. Memory does not grow with the length of the
past.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from exporter.commands.backfill.progress import ProgressLost
from exporter.counting import JOIN, MEETING, PEAK
from exporter.metrics.catalogue import JOIN_DURATION, MEETING_DURATION, MEETING_PEAK
from exporter.metrics.past import END, past_family
from exporter.model import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from exporter.commands.backfill.grid import Grid
    from exporter.commands.backfill.progress import Progress
    from exporter.commands.backfill.terms import Terms
    from exporter.config import BucketSettings

FAMILIES: Final = (
    (JOIN_DURATION, JOIN, 1000),
    (MEETING_DURATION, MEETING, 1000),
    (MEETING_PEAK, PEAK, 1),
)
"""Each family, what the counting calls it, and how many of the sum's units make one of the metric's."""


def write_output(progress: Progress, terms: Terms, *, buckets: BucketSettings) -> None:
    """Write all of it, and put it into its place at once; raises `ProgressLost`."""
    path, grid = terms.output, terms.grid
    labels = {"source": terms.source, **dict(terms.labels)}
    beside = beside_of(path)
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as file:
            for family, name, scale in FAMILIES:
                numbers = growth(
                    progress.additions(name), grid=grid, bounds=buckets.of(family.name), scale=scale
                )
                file.writelines(past_family(family, numbers, labels=labels))
            file.write(END)
            file.flush()
            os.fsync(file.fileno())
        progress.finish()
        beside.replace(path)
    except OSError as error:
        raise ProgressLost(
            f"{path} cannot be written ({error.strerror}): look at its folder, the rights of this user "
            "there, and free space"
        ) from error


def beside_of(path: Path) -> Path:
    """Where the output is written before it is complete."""
    return path.with_name(f"{path.name}.part.text")


def growth(
    additions: Iterable[tuple[int, list[tuple[int, int]], int]],
    *,
    grid: Grid,
    bounds: tuple[float, ...],
    scale: int,
) -> Iterator[tuple[int, Distribution]]:
    """What the counters show at each moment: 0 at first, all that was added up to there, and 0 at the end."""
    left = iter(additions)
    due = next(left, None)
    numbers, total = [0] * (len(bounds) + 1), 0
    shown = nothing = _distribution(bounds, numbers, total=0, scale=scale)
    for place, moment in enumerate(grid.moments()):
        if due is not None and due[0] == place:
            for value, number in due[1]:
                numbers[bisect_left(bounds, value)] += number
            total += due[2]
            shown = _distribution(bounds, numbers, total=total, scale=scale)
            due = next(left, None)
        yield moment, shown
    yield grid.reset, nothing


def _distribution(bounds: tuple[float, ...], numbers: list[int], *, total: int, scale: int) -> Distribution:
    return Distribution(bounds, tuple(accumulate(numbers)), total / scale)
