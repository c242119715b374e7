"""The ledger alone, on a file of its own: what recording a backlog takes, and what each scrape pays.

It answers each line with seconds: `record` records all meetings, window by window, as a reading does;
`show` asks what a scrape shows where nothing is new, and `run` what a run asks that finds nothing new.
"""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from exporter import log
from exporter.config import BucketSettings
from exporter.ledger import Layout, Ledger, SourceLedger
from exporter.model import LedgerEntry, ListedMeeting

WINDOW: Final = 800
"""Meetings of one transaction: what a reading takes at once of a busy domain."""

T0: Final = 1_800_000_000.0


def meetings(number: int, people: int) -> Sequence[ListedMeeting]:
    """Ended meetings, one a second, whose stays are of any length, as people's are."""
    chance = random.Random(7)
    return [
        ListedMeeting(
            f"{chance.getrandbits(128):032x}",
            "room",
            T0 + each,
            ongoing=False,
            duration=chance.lognormvariate(7, 1),
            peak=people,
            stays=tuple(chance.lognormvariate(7, 1) for _ in range(people)),
        )
        for each in range(number)
    ]


async def record(ledger: SourceLedger, backlog: Sequence[ListedMeeting]) -> None:
    """All of them, each window asked about before it is written."""
    for start in range(0, len(backlog), WINDOW):
        window = backlog[start : start + WINDOW]
        known = await ledger.known([each.id for each in window])
        new = tuple(each for each in window if each.id not in known)
        await ledger.record(LedgerEntry(T0 + start, count=new, watermark=T0 + start))


async def run(ledger: SourceLedger, backlog: Sequence[ListedMeeting]) -> None:
    """A run that reads again what was counted."""
    window = backlog[-WINDOW:]
    state = await ledger.state(now=T0)
    await ledger.known([each.id for each in window])
    await ledger.record(LedgerEntry(state.active_at + 60, watermark=state.watermark + 60))
    await ledger.figures()


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    """What it takes by the clock."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def main() -> None:
    """Work for each line."""
    log.set_up("error", "logfmt")
    url, number, people = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    bounds = BucketSettings()
    layout = Layout(
        bounds.join_duration_seconds, bounds.meeting_duration_seconds, bounds.meeting_peak_participants
    )
    ledger = Ledger(url)
    source, backlog = ledger.of("bench", layout), meetings(number, people)
    await source.state(now=T0)
    works: dict[str, Callable[[], Awaitable[object]]] = {
        "record": lambda: record(source, backlog),
        "show": source.figures,
        "run": lambda: run(source, backlog),
    }
    print("ready", flush=True)
    for line in sys.stdin:
        print(await seconds(works[line.strip()]), flush=True)
    ledger.close()


asyncio.run(main())
