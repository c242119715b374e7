"""Tells of a backfill's way: a bar on a terminal, a line for each window elsewhere; and at the end, all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import structlog

from exporter.commands.backfill.progress import Fate
from exporter.commands.backfill.terms import said
from exporter.commands.backfill.writing import FAMILIES
from exporter.commands.wording import moment, some
from exporter.counting import JOIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from exporter.commands.backfill.progress import Progress
    from exporter.commands.backfill.seam import Seam
    from exporter.commands.backfill.terms import Terms
    from exporter.config import BucketSettings
    from exporter.sources.daily.past import Stretch

log = structlog.get_logger(__name__)


@contextmanager
def telling(source: str, *, cursor: int, end: int, stream: TextIO) -> Iterator[Callable[[Stretch], None]]:
    """Tell on `stream` of the windows from `cursor` to `end` (Unix seconds)."""
    if not stream.isatty():
        yield lambda stretch: log.info(
            "window read",
            source=source,
            start=moment(stretch.start),
            end=moment(stretch.end),
            meetings=len(stretch.meetings),
            left=f"{(end - stretch.end) / 86400:.1f}d",
        )
        return
    with click.progressbar(
        length=end - cursor,
        label=f"Reading {source}",
        file=stream,
        item_show_func=lambda at: at,
    ) as bar:
        yield lambda stretch: bar.update(stretch.end - stretch.start, moment(stretch.end))


def farewell(progress: Progress, terms: Terms, *, seam: Seam, buckets: BucketSettings) -> str:
    """What the output holds and what not, how it joins what is live, and what to do with it."""
    grid = terms.grid
    meetings, stays = progress.number(Fate.COUNTED), progress.counted(JOIN)
    series = sum(len(buckets.of(family.name)) + 3 for family, _, _ in FAMILIES)
    samples = series * (grid.last_place + 2)
    holds = (
        f"{terms.output}: {some(meetings, 'meeting')} with {some(stays, 'stay')} that ended "
        f"from {said(grid.start)} up to {said(grid.end)}, in {some(samples, 'sample')} "
        f"({terms.output.stat().st_size / 2**20:.1f} MiB)."
    )
    lines = [
        holds,
        *_left_out(progress),
        _labels(terms),
        _joined(terms, seam),
        f"Next: promtool tsdb create-blocks-from openmetrics {terms.output} FOLDER (docs/backfill.md)",
    ]
    return "\n".join(lines)


def _left_out(progress: Progress) -> Iterator[str]:
    if unsettled := progress.number(Fate.UNSETTLED):
        yield (
            f"Left out: {some(unsettled, 'meeting')} that had not settled when read: Daily may still correct "
            "what ended within the last hour. A run in an hour, with --force, has them."
        )
    if ongoing := progress.number(Fate.ONGOING):
        yield f"Left out: {some(ongoing, 'meeting')} still going on; the live counters get them at their end."


def _labels(terms: Terms) -> str:
    given = dict(terms.labels)
    written = ", ".join(f'{name}="{value}"' for name, value in [("source", terms.source), *given.items()])
    missing = [name for name in ("job", "instance") if name not in given]
    if not missing:
        return f"Labels: {written}; the live series join these where theirs are the same."
    return (
        f"Labels: {written}. Prometheus gives live series {' and '.join(missing)} as well: without "
        f"{' '.join(f'--label {name}=…' for name in missing)} these do not become the same series."
    )


def _joined(terms: Terms, seam: Seam) -> str:
    end = terms.grid.end
    text = (
        "The counters hold all a minute before --end and are 0 at --end; the live ones go on from 0 at T0: "
        "a plain counter reset, which rate() and increase() count right."
    )
    if seam.counting_since is None:
        return f"{text} T0 is not known: {seam.assumed}."
    if seam.counting_since - end >= 1:
        return f"{text} T0 is {said(seam.counting_since)}: what ended between --end and T0 is in neither."
    return f"{text} T0 is {said(seam.counting_since)}."
