"""What a page says of ended meetings, and whether it says less than the one before; knows lines of text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from exporter.config import BucketSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

HISTOGRAMS: Final = (
    "presence_join_duration_seconds",
    "presence_meeting_duration_seconds",
    "presence_meeting_peak_participants",
)

COUNTERS: Final = (
    "presence_ledger_late_meetings_total",
    "presence_ledger_abandoned_meetings_total",
    "presence_ledger_gap_seconds_total",
)

BOUNDS: Final = {family: BucketSettings().of(family) for family in HISTOGRAMS}

_SAMPLE: Final = re.compile(r'(presence_\w+)\{(?:le="([^"]+)",)?source="[^"]+"(?:,le="([^"]+)")?\} (\S+)')


def samples(page: str) -> dict[str, float]:
    """The samples of a page that have no labels but `source` and `le`, by name and bound."""
    found = {}
    for name, le, later_le, value in _SAMPLE.findall(page):
        bound = le or later_le
        found[f"{name} {bound}" if bound else name] = float(value)
    return found


def histograms(series: Mapping[str, float]) -> dict[str, float]:
    """Those of the three histograms; `_created` is none of their figures."""
    return {
        name: value
        for name, value in series.items()
        if name.startswith(HISTOGRAMS) and not name.endswith("_created")
    }


def differences(page: Mapping[str, float], truth: Mapping[str, float]) -> list[str]:
    """What a page's histograms show otherwise than the truth, more than it, or not at all."""
    counted = histograms(page)
    return [
        f"{name}: {counted.get(name)} instead of {truth.get(name)}"
        for name in sorted(truth.keys() | counted.keys())
        if truth.get(name) != counted.get(name)
    ]


@dataclass(slots=True)
class Scraped:
    """What was scraped so far, of one exporter or of several that must say the same."""

    pages: int = 0
    latest: dict[str, float] = field(default_factory=dict)
    fallen: list[str] = field(default_factory=list)

    def add(self, page: str) -> dict[str, float]:
        """Take in the next page; gives all its samples."""
        series = samples(page)
        self.compare(series)
        return series

    def compare(self, series: Mapping[str, float]) -> None:
        """Note every counter that fell since the last page."""
        growing = histograms(series) | {name: series[name] for name in COUNTERS if name in series}
        self.pages += 1
        for name, value in growing.items():
            before = self.latest.get(name, 0.0)
            if value < before:
                self.fallen.append(f"page {self.pages}: {name} {before} -> {value}")
        self.latest.update(growing)
