"""Reads the windows of the past, decides on each meeting, and keeps what was decided.

It knows Daily's history and the file that remembers it, and nothing of what is made of them.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from exporter.app import build_fetcher
from exporter.commands.backfill.progress import Fate
from exporter.commands.backfill.telling import telling
from exporter.counting import Sights
from exporter.model import Unconcerned
from exporter.pauses import Pace
from exporter.sources import daily
from exporter.sources.daily.past import PastReader

if TYPE_CHECKING:
    from typing import TextIO

    from exporter.commands.backfill.grid import Grid
    from exporter.commands.backfill.progress import Progress
    from exporter.commands.backfill.terms import Terms
    from exporter.commands.setup import Setup
    from exporter.config import DailySettings
    from exporter.model import ListedMeeting

log = structlog.get_logger(__name__)

REQUESTS_A_MINUTE: Final = 300
"""A quarter of Daily's limit for this endpoint: whatever is configured, no more are sent."""

BEFORE: Final = 86400
"""Seconds before the start from which the history is read: it is listed by starts, and counted by ends."""


class Oddities(Unconcerned):
    """A `SourceObserver` that counts the odd fields; nothing else that happens is shown anywhere."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()

    def drifted(self, field: str, rows: int) -> None:
        """Count."""
        self.rows[field] += rows


async def read(
    progress: Progress, terms: Terms, *, settings: DailySettings, setup: Setup, stream: TextIO
) -> None:
    """Read on from where `progress` is to the end; raises `UpstreamError`, or `ProgressLost`."""
    config, grid = setup.loaded.config, terms.grid
    per_minute = min(config.ledger.requests_per_minute, REQUESTS_A_MINUTE)
    oddities = Oddities()
    # Every request waits for its turn, retries too, instead of failing where the allowance is used up.
    vendor = replace(daily.vendor(settings), pace=Pace(rate=per_minute / 60, burst=1))
    fetcher = build_fetcher(
        settings.http,
        vendor,
        max_bytes=lambda: config.collect.max_response_bytes,
        observer=oddities,
        around=setup.surroundings,
    )
    reader = PastReader(fetcher, oddities, per_minute=per_minute)
    sights, cursor, end = Sights(config.ledger.settle), progress.cursor, math.ceil(grid.end)
    try:
        with telling(terms.source, cursor=cursor, end=end, stream=stream) as tell:
            while cursor < end:
                stretch = await reader.read(cursor, until=end)
                fates = [
                    (each, fate(each, grid=grid, sights=sights, now=stretch.moment))
                    for each in stretch.meetings
                ]
                progress.record(fates, grid=grid, cursor=stretch.end)
                cursor = stretch.end
                tell(stretch)
    finally:
        await fetcher.aclose()
    if odd := +oddities.rows:
        log.warning("odd fields in answers", source=terms.source, **odd)


def fate(meeting: ListedMeeting, *, grid: Grid, sights: Sights, now: float) -> Fate:
    """What becomes of a meeting as it is listed at the moment `now`."""
    if meeting.ongoing:
        return Fate.ONGOING
    if not grid.holds(meeting.end):
        return Fate.OUTSIDE
    return Fate.COUNTED if sights.settled(meeting, now=now) else Fate.UNSETTLED
