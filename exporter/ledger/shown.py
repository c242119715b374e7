"""A source's figures as a page shows them: values per whole second become buckets, exemplars find theirs.

Pure; knows no database.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exporter.counting import JOIN, MEETING, PEAK, distribution
from exporter.model import EndedMeetings, Exemplar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.ledger.figures import Figures


@dataclass(frozen=True, slots=True)
class Layout:
    """How a source's figures are shown: the bounds of the three histograms, and whether exemplars are."""

    stays: tuple[float, ...]
    durations: tuple[float, ...]
    peaks: tuple[float, ...]
    exemplars: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """Figures, and what a page shows of them."""

    figures: Figures
    page: EndedMeetings


def show(figures: Figures, layout: Layout, *, persistent: bool, before: Shown | None = None) -> Shown:
    """What a page shows; where nothing was counted since `before`, its buckets are taken as they are."""
    if before is not None and before.figures.counted is figures.counted:
        page = before.page
    else:
        page = _page(figures, layout, persistent=persistent)
    sums = figures.sums
    page = replace(
        page,
        watermark=sums.watermark,
        pending=figures.pending,
        late=sums.late,
        abandoned=sums.abandoned,
        gap_seconds=sums.gap_seconds,
    )
    return Shown(figures, page)


def _page(figures: Figures, layout: Layout, *, persistent: bool) -> EndedMeetings:
    sums, numbers = figures.sums, figures.counted.numbers
    return EndedMeetings(
        stays=distribution(numbers[JOIN], layout.stays, total=sums.join_milliseconds / 1000),
        durations=distribution(numbers[MEETING], layout.durations, total=sums.meeting_milliseconds / 1000),
        peaks=distribution(numbers[PEAK], layout.peaks, total=sums.peak_participants),
        counting_since=sums.counting_since,
        watermark=sums.watermark,
        pending=figures.pending,
        persistent=persistent,
        late=sums.late,
        abandoned=sums.abandoned,
        gap_seconds=sums.gap_seconds,
        exemplars=_by_bucket(figures.counted.exemplars, layout.stays) if layout.exemplars else {},
    )


def _by_bucket(kept: Mapping[int, tuple[str, float]], bounds: Sequence[float]) -> dict[int, Exemplar]:
    """Of each bucket the stay that ended last.

    Its value is the whole second that it was counted at, which is in the bucket as the bounds are whole.
    """
    latest: dict[int, Exemplar] = {}
    for value, (meeting, ended_at) in sorted(kept.items()):
        bucket = bisect_left(bounds, value)
        if bucket not in latest or latest[bucket].ended_at < ended_at:
            latest[bucket] = Exemplar(meeting, float(value), ended_at)
    return latest
